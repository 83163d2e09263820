// SPDX-License-Identifier: Apache-2.0
// What a Frame points to, and the slots in which such objects live: one per lease, so that taking a frame allocates
// nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "client/mapping.h"
#include "wire/lease.h"

namespace videostream::client_internal {

class Session;

// One claimed frame. Destroyed by whichever thread drops the last handle on it.
class Lease {
 public:
  Lease(std::shared_ptr<const MappedSet> set, uint32_t index, const wire::Descriptor& descriptor,
        const wire::Claim& claim, Session* session);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  bool Valid() const { return claim_.Valid(); }
  const wire::Descriptor& descriptor() const { return descriptor_; }
  const MappedSet& set() const { return *set_; }
  const uint8_t* Data(uint32_t plane) const { return set_->Data(index_, plane); }

 private:
  std::shared_ptr<const MappedSet> set_;  // shared with the session and other leases: outlives its announcement
  uint32_t index_;
  wire::Descriptor descriptor_;
  wire::Claim claim_;
  Session* session_;  // alive: the slot in which this object lives is part of it
};

// Room for a Lease and the control block of its shared_ptr.
struct LeaseSlot {
  static constexpr size_t kBytes = 640;
  std::atomic<bool> used{false};
  alignas(std::max_align_t) std::byte room[kBytes];
};

// For std::allocate_shared: gives out one slot, and keeps the session alive until the slot is free again.
template <class T>
class SlotAllocator {
 public:
  using value_type = T;
  SlotAllocator(std::shared_ptr<Session> session, LeaseSlot* slot) : session_(std::move(session)), slot_(slot) {}
  template <class U>
  SlotAllocator(const SlotAllocator<U>& other) : session_(other.session_), slot_(other.slot_) {}  // NOLINT: as required

  T* allocate(size_t) {
    static_assert(sizeof(T) <= LeaseSlot::kBytes && alignof(T) <= alignof(std::max_align_t));
    slot_->used.store(true, std::memory_order_relaxed);
    return reinterpret_cast<T*>(slot_->room);
  }
  void deallocate(T*, size_t) { slot_->used.store(false, std::memory_order_release); }
  template <class U>
  bool operator==(const SlotAllocator<U>& other) const {
    return slot_ == other.slot_;
  }

 private:
  template <class U>
  friend class SlotAllocator;
  std::shared_ptr<Session> session_;
  LeaseSlot* slot_;
};

}  // namespace videostream::client_internal
