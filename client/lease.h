// SPDX-License-Identifier: Apache-2.0
// What a Frame points to: one object per claim word, part of its session, used again and again, so that taking a frame
// allocates and copies nothing.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "client/mapping.h"
#include "wire/lease.h"

namespace videostream::client_internal {

class Session;

// One claimed frame, or room for one. It has handles (Frames), counted here; whichever thread drops the last one ends
// the lease and makes room for the next.
class Lease {
 public:
  Lease() = default;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Client's thread, as the next four. A free lease is filled in place: Taker::Take writes descriptor and claim.
  bool free() const { return !used_.load(std::memory_order_acquire); }
  wire::Descriptor* descriptor_room() { return &descriptor_; }
  wire::Claim* claim_room() { return &claim_; }
  // Makes it a lease with one handle. `session` lives as long as it.
  void Begin(std::shared_ptr<Session> session, std::shared_ptr<const MappedSet> set, uint32_t index);
  // Asks for the lines that the next Take writes. A hint.
  void Prefetch() const {
    constexpr size_t kLine = 64;
    const auto* line = reinterpret_cast<const std::byte*>(this);
    for (size_t at = 0; at < offsetof(Lease, descriptor_) + offsetof(wire::Descriptor, tlv); at += kLine) {
      __builtin_prefetch(line + at, 1);
    }
  }

  // Holders of a handle, any thread.
  bool Valid() const { return claim_.Valid(); }
  const wire::Descriptor& descriptor() const { return descriptor_; }
  const MappedSet& set() const { return *set_; }
  const uint8_t* Data(uint32_t plane) const { return set_->Data(index_, plane); }
  void Share() { handles_.fetch_add(1, std::memory_order_relaxed); }
  // Gives one handle back. The lease is not to be touched after it.
  void Drop();

 private:
  std::atomic<bool> used_{false};
  uint32_t index_ = 0;
  std::atomic<uint32_t> handles_{0};
  wire::Claim claim_;
  std::shared_ptr<const MappedSet> set_;  // shared with the session and other leases: outlives its announcement
  std::shared_ptr<Session> session_;      // of which this is a part
  wire::Descriptor descriptor_;
};

}  // namespace videostream::client_internal
