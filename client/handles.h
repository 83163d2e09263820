// SPDX-License-Identifier: Apache-2.0
// Handles of the C API: names of objects, not their addresses. Used by the C API of the client and of the host.
//
// A handle is a pointer only by type: its value tells kind, generation and slot, and nothing is read through it. So any
// value may be looked up (null, closed, of another kind, garbage) and is found or not.
// Threads: everything may be called from any thread. Memory of slots is used again and never given back, so that a
// look-up needs no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace videostream::capi {

enum class Kind : uint32_t { kClient = 1, kClientFrame = 2, kHost = 3, kHostBuffer = 4 };

inline constexpr uint32_t kMaxHandles = 65'535;  // of each kind

// The value of a handle. 64 bits: 'V', kind | generation | slot, which is no address of any process. 32 bits: the same
// with shorter fields.
struct Name {
  static constexpr bool kWide = sizeof(void*) == 8;
  static constexpr unsigned kSlotBits = 16;
  static constexpr unsigned kGenerationBits = kWide ? 32 : 13;
  static constexpr uint32_t kLastGeneration = kWide ? 0xffff'ffffU : 0x1fffU;

  static constexpr uint64_t Top(Kind kind) { return (kWide ? uint64_t{'V'} << 8 : 0) | static_cast<uint64_t>(kind); }
  // `slot`: 1..kMaxHandles.
  static void* Make(Kind kind, uint32_t generation, uint32_t slot) {
    const uint64_t value = Top(kind) << (kGenerationBits + kSlotBits) | uint64_t{generation} << kSlotBits | slot;
    return reinterpret_cast<void*>(static_cast<uintptr_t>(value));
  }
  static std::optional<Name> Read(Kind kind, const void* handle) {
    const uint64_t value = reinterpret_cast<uintptr_t>(handle);
    if (value >> (kGenerationBits + kSlotBits) != Top(kind)) return std::nullopt;
    return Name{static_cast<uint32_t>(value >> kSlotBits) & kLastGeneration,
                static_cast<uint32_t>(value & ((1U << kSlotBits) - 1))};
  }

  uint32_t generation;
  uint32_t slot;
};

// All objects of one kind. Meant to be a constinit global: objects that are still open when the program ends are not
// destroyed.
template <class T, Kind kKind>
class HandleTable {
  static_assert(std::is_nothrow_move_constructible_v<T>);
  struct Slot;

 public:
  // Keeps the object alive while it exists; empty if there was none.
  class Pin {
   public:
    Pin() = default;
    Pin(Pin&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    Pin& operator=(Pin&&) = delete;
    Pin(const Pin&) = delete;
    Pin& operator=(const Pin&) = delete;
    ~Pin() {
      if (slot_ == nullptr) return;
      const uint64_t before = slot_->state.fetch_sub(1, std::memory_order_acq_rel);
      if ((before & kClosing) != 0) slot_->state.notify_all();
    }
    explicit operator bool() const { return slot_ != nullptr; }
    T* operator->() const { return slot_->object(); }
    T& operator*() const { return *slot_->object(); }
    // Somebody waits in Take for this pin: end the call soon.
    bool closing() const { return (slot_->state.load(std::memory_order_acquire) & kClosing) != 0; }

   private:
    friend class HandleTable;
    explicit Pin(Slot* slot) : slot_(slot) {}
    Slot* slot_ = nullptr;
  };

  constexpr HandleTable() = default;
  HandleTable(const HandleTable&) = delete;
  HandleTable& operator=(const HandleTable&) = delete;

  // A new handle; null: kMaxHandles are open. Allocates when more are open than ever before, in chunks.
  void* Add(T&& object) {
    const uint32_t index = TakeFree();
    if (index == 0) return nullptr;
    Slot& slot = *At(index);
    slot.generation = slot.generation == Name::kLastGeneration ? 1 : slot.generation + 1;
    new (slot.room) T(std::move(object));
    slot.state.store(uint64_t{slot.generation} << 32 | kOpen, std::memory_order_release);
    return Name::Make(kKind, slot.generation, index);
  }

  Pin Find(const void* handle) {
    Slot* slot = Change(handle, [](uint64_t state) { return state + 1; });
    return Pin(slot);
  }

  // Closes the handle: from now on it is not found. Waits until no pin is left, then hands out the object. Empty if
  // there was none, or another thread has been faster.
  std::optional<T> Take(const void* handle) {
    Slot* slot = Change(handle, [](uint64_t state) { return state | kClosing; });
    if (slot == nullptr) return std::nullopt;
    for (uint64_t state = 0; ((state = slot->state.load(std::memory_order_acquire)) & kPins) != 0;) {
      slot->state.wait(state, std::memory_order_acquire);
    }
    std::optional<T> object(std::move(*slot->object()));
    slot->object()->~T();
    slot->state.store(0, std::memory_order_relaxed);
    GiveBack(Name::Read(kKind, handle)->slot);
    return object;
  }

 private:
  // State of a slot: generation << 32, kOpen, kClosing, number of pins. 0: no object.
  static constexpr uint64_t kOpen = uint64_t{1} << 31;
  static constexpr uint64_t kClosing = uint64_t{1} << 30;
  static constexpr uint64_t kPins = kClosing - 1;
  static constexpr uint32_t kChunk = 256;

  struct Slot {
    T* object() { return std::launder(reinterpret_cast<T*>(room)); }
    std::atomic<uint64_t> state{0};
    uint32_t generation = 0;  // of the last object
    uint32_t next_free = 0;   // guarded by mutex_
    alignas(T) std::byte room[sizeof(T)];
  };

  Slot* At(uint32_t index) {
    Slot* chunk = index == 0 ? nullptr : chunks_[index / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk + index % kChunk;
  }

  // The slot, if the handle is open and not being closed, after its state was changed.
  template <class F>
  Slot* Change(const void* handle, F change) {
    const auto name = Name::Read(kKind, handle);
    Slot* slot = name.has_value() ? At(name->slot) : nullptr;
    if (slot == nullptr) return nullptr;
    uint64_t state = slot->state.load(std::memory_order_acquire);
    do {
      if (state >> 32 != name->generation || (state & (kOpen | kClosing)) != kOpen) return nullptr;
    } while (
        !slot->state.compare_exchange_weak(state, change(state), std::memory_order_acq_rel, std::memory_order_acquire));
    return slot;
  }

  // First in, first out: it takes long until a name is used again.
  uint32_t TakeFree() {
    const std::lock_guard lock(mutex_);
    if (first_free_ == 0) Grow();
    const uint32_t index = first_free_;
    if (index != 0) first_free_ = At(index)->next_free;
    return index;
  }
  void GiveBack(uint32_t index) {
    const std::lock_guard lock(mutex_);
    Append(index);
  }
  void Append(uint32_t index) {
    At(index)->next_free = 0;
    if (first_free_ == 0) {
      first_free_ = index;
    } else {
      At(last_free_)->next_free = index;
    }
    last_free_ = index;
  }
  void Grow() {
    if (made_ > kMaxHandles) return;
    chunks_[made_ / kChunk].store(new Slot[kChunk], std::memory_order_release);
    for (uint32_t end = made_ + kChunk; made_ < end; ++made_) {
      if (made_ != 0) Append(made_);
    }
  }

  std::array<std::atomic<Slot*>, (kMaxHandles + 1) / kChunk> chunks_{};
  std::mutex mutex_;
  uint32_t first_free_ = 0;  // 0: none
  uint32_t last_free_ = 0;
  uint32_t made_ = 0;  // slots that exist, with slot 0, which is never used
};

}  // namespace videostream::capi
