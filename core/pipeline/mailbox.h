// SPDX-License-Identifier: Apache-2.0
// A bounded queue from one thread to another whose consumer can sleep in poll. Neither side takes a lock or waits for
// the other, and only a consumer that may be asleep costs the producer a system call.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/unique_fd.h"

namespace videostream {

// One thread calls Push (the producer), one Pop and Arm (the consumer); fd() is constant. T is movable. What is still
// in the queue is destroyed with it. Nothing allocates after the constructor, apart from T itself.
//
// The consumer's loop:
//   for (;;) {
//     while (auto item = mailbox.Pop()) Use(*item);
//     if (!mailbox.Arm()) continue;   // something has arrived in between
//     poll(mailbox.fd() and others);  // fd: readable once there is something to pop
//   }
// Poll only after Arm has returned true: until then the producer sees a busy consumer and does not make fd readable.
// Rarely fd is readable with nothing to pop; the loop above takes that in its stride. Do not read from fd: Arm does.
template <class T>
class Mailbox {
 public:
  // Room for `capacity` items (at least 1). Without a free file descriptor fd() is -1: check it once.
  explicit Mailbox(size_t capacity)
      : capacity_(capacity == 0 ? 1 : capacity),
        slots_(std::bit_ceil(capacity_)),
        event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // False: full, and `item` is untouched. Everything written before is seen by the consumer who pops the item.
  bool Push(T&& item) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - known_head_ == capacity_) {
      known_head_ = head_.load(std::memory_order_acquire);
      if (tail - known_head_ == capacity_) return false;
    }
    slots_[tail & (slots_.size() - 1)].emplace(std::move(item));
    // Store tail, then look at armed_; Arm stores armed_, then looks at tail. In the single order of these four at
    // least one side sees the other, so that no wake-up is lost.
    tail_.store(tail + 1, std::memory_order_seq_cst);
    if (armed_.load(std::memory_order_seq_cst) && armed_.exchange(false, std::memory_order_seq_cst)) Wake();
    return true;
  }
  bool Push(const T& item) requires std::is_copy_constructible_v<T> {
    T copy(item);
    return Push(std::move(copy));
  }

  // The oldest item; nullopt: there is none now.
  std::optional<T> Pop() {
    Disarm();
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head == known_tail_) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head == known_tail_) return std::nullopt;
    }
    std::optional<T> item = std::exchange(slots_[head & (slots_.size() - 1)], std::nullopt);
    head_.store(head + 1, std::memory_order_release);
    return item;
  }

  // True: fd becomes readable with the next item, it is safe to poll. False: there is an item to pop.
  bool Arm() {
    Disarm();
    Drain();
    armed_.store(true, std::memory_order_seq_cst);
    waiting_ = true;
    if (tail_.load(std::memory_order_seq_cst) == head_.load(std::memory_order_relaxed)) return true;
    Disarm();
    return false;
  }

  // Borrowed: an eventfd, non-blocking.
  int fd() const { return event_.get(); }

 private:
  // The consumer is awake. If the producer has seen it armed, a write to the eventfd was or will be made: `owed_`
  // counts those, since it may not have happened yet, and would else leave fd readable for ever.
  void Disarm() {
    if (!waiting_) return;
    waiting_ = false;
    if (!armed_.exchange(false, std::memory_order_seq_cst)) ++owed_;
  }

  void Drain() {
    uint64_t writes = 0;
    if (owed_ != 0 && read(event_.get(), &writes, sizeof writes) == sizeof writes) owed_ -= writes;
  }

  void Wake() {
    const uint64_t one = 1;
    while (write(event_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
  }

  // Constant after construction.
  const size_t capacity_;
  std::vector<std::optional<T>> slots_;  // a power of two of them
  UniqueFd event_;

  // Positions only grow. Padding keeps each side's variables off the cache lines of the other side: alignment would do,
  // but gcc 12 does not give it to variables on the stack under the address sanitizer.
  static constexpr size_t kCacheLine = 64;
  char before_[kCacheLine] = {};
  std::atomic<size_t> tail_{0};
  size_t known_head_ = 0;  // the producer's last look at head_
  char between_[kCacheLine] = {};
  std::atomic<size_t> head_{0};
  size_t known_tail_ = 0;  // the consumer's last look at tail_
  uint64_t owed_ = 0;      // wake-ups written or about to be, not read yet
  bool waiting_ = false;   // armed, and not looked at since
  char behind_[kCacheLine] = {};
  std::atomic<bool> armed_{false};
};

}  // namespace videostream
