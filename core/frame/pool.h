// SPDX-License-Identifier: Apache-2.0
// A set of equal buffers and the state of each: free, with the device, in use in this process (n users), published.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/frame/buffer.h"

namespace videostream {

class Transport;

// Not thread-safe: belongs to the stream's thread. Every state change is checked; a wrong one (an id that is not in the
// pool, a release without a user, a queue of a published buffer) is kInternal and changes nothing. Nothing here
// allocates after Make, unless there is an error to report. Acquire and all state changes cost O(buffers).
//
// States combine: a buffer may be published and in use (being encoded) at once. It is free when it is neither with the
// device, nor in use, nor published.
class Pool {
 public:
  struct Counts {
    uint32_t free = 0, device = 0, in_use = 0, published = 0;  // in_use and published overlap
  };

  // `stream`: VSTREAM_STREAM_* under which `transports` carry these buffers; the transports are borrowed and outlive
  // the pool. ids[i] names buffers[i]. kInvalidArgument: no buffers, layouts that differ, ids that are not one per
  // buffer, unique and < 65534, more than 64 transports, null pointers.
  static Result<std::unique_ptr<Pool>> Make(std::vector<std::shared_ptr<const Buffer>> buffers,
                                            std::vector<uint32_t> ids, uint32_t stream,
                                            std::vector<Transport*> transports);

  // A buffer to be filled: a free one, else the oldest published one, not in use, that every transport gives back. It
  // is returned in use by one user. nullopt: nothing can be had now (the frame is to be dropped as no_free_buffer).
  // Never waits.
  //
  // Of the free ones it is that which became free last: its lines are the likeliest to be in a cache still, and the
  // pages of buffers that are not needed stay untouched. What one transport gives back while another does not stays
  // published on the latter only. A transport that fails, or gives back what it was not asked for (kInternal), is
  // reported only if no buffer was to be had without it.
  Result<std::optional<uint32_t>> Acquire();

  // in use (exactly one user, not published) -> with the device, and back.
  Status ToDevice(uint32_t id);
  Status FromDevice(uint32_t id);

  // One more user of a buffer that is in use or published / one less.
  Status Retain(uint32_t id);
  Status Release(uint32_t id);

  // Now visible on transport number `transport` (index into `transports`). Must be in use, and not published there yet.
  // Its age counts from the first transport that it is published on.
  Status MarkPublished(uint32_t id, uint32_t transport);

  // It is not, after all: this transport has not taken it. Free if nobody uses it.
  Status Withdraw(uint32_t id, uint32_t transport);

  // True: at most `limit` buffers are published on this transport, the oldest of which were taken back if there were
  // more (whether or not they are in use or published elsewhere; what is neither is free then). False: it does not give
  // them back now. For pools that several transports share: none can have more than its part.
  Result<bool> MakeRoom(uint32_t transport, uint32_t limit);

  // A transport has given everything back (its set was removed or it died). It is not called any more, until something
  // is published on it again.
  void TransportGone(uint32_t transport);

  const std::shared_ptr<const Buffer>& buffer(uint32_t id) const;  // null: no such id
  const std::vector<uint32_t>& ids() const { return ids_; }
  Counts counts() const;

 private:
  struct State {
    std::shared_ptr<const Buffer> buffer;
    uint32_t users = 0;
    bool device = false;
    uint64_t published = 0;  // bit per transport
  };
  Pool() = default;
  State* Find(uint32_t id);
  Status Wrong(const char* operation, uint32_t id) const;
  std::optional<uint32_t> TakeFree();
  Result<std::optional<uint32_t>> TakePublished();
  Result<std::optional<uint32_t>> Reclaim(uint32_t transport, std::span<const uint32_t> wanted);

  std::vector<uint32_t> ids_;
  std::vector<State> states_;    // as ids_
  std::vector<uint16_t> index_;  // buffer id -> position, UINT16_MAX: none
  // All three have room for every id from the start.
  std::vector<uint32_t> free_;       // what became free last is at the end
  std::vector<uint32_t> published_;  // oldest first
  std::vector<uint32_t> scratch_;    // what Acquire asks for
  uint32_t stream_ = 0;
  std::vector<Transport*> transports_;
};

}  // namespace videostream
