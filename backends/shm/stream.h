// SPDX-License-Identifier: Apache-2.0
// One of a socket's two streams: its page, its buffer sets, its subscribers' pages. Knows no sockets.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "backends/shm/fd.h"
#include "backends/shm/memfd.h"
#include "videostream/backend.hpp"
#include "wire/messages.h"
#include "wire/reclaim.h"

namespace videostream::shm {

// A living set: what is announced to consumers, with descriptors of our own.
struct BufferSet {
  wire::BufferSet head;  // all but first, count and buffers
  std::vector<wire::SetBuffer> buffers;
  std::vector<uint32_t> runtime_ids;  // the runtime's ids, in the same order
  std::vector<UniqueFd> fds;          // head.fds_per_buffer per buffer
  std::vector<Mapping> copies;        // of a stream that copies: one per buffer, what consumers see; else empty
};

// A subscriber: the memory shared with it, and the words that are looked at per frame.
struct Subscriber {
  uint32_t slot = 0;
  uint32_t queue = 0;
  UniqueFd bell;       // write end
  UniqueFd bell_read;  // kept open: a write without a reader would be a SIGPIPE
  Mapping page;
  UniqueFd page_fd;  // until it is sent
  uint64_t first_sequence = 0;
  const wire::ClientPage& client() const { return *static_cast<const wire::ClientPage*>(page.data()); }
};

class Stream {
 public:
  struct Config {
    uint32_t stream = 0;
    wire::Producer<>::Config producer;
    bool copy = false;   // consumers get sealed memory of this stream's own, filled at Publish
    backend::Host host;  // with `copy`: maps the buffers of living sets
  };
  static backend::Status Make(const Config& config, std::unique_ptr<Stream>* out);

  backend::Status AddSet(const vstream_buffer_set& set);
  backend::Status RemoveSet(uint32_t epoch);
  const std::list<BufferSet>& sets() const { return sets_; }
  bool HasSet(uint32_t epoch) const;
  bool Owns(uint32_t runtime_id) const { return ids_.contains(runtime_id); }

  // As vstream_transport_ops.publish.
  backend::Status Publish(const vstream_frame& frame);
  // As vstream_transport_ops.reclaim; revoked(slot, holding) for whom leases were taken from.
  template <class Revoked>
  backend::Status Reclaim(std::span<const uint32_t> ids, uint32_t want, int64_t now_ns, uint32_t* taken,
                          uint32_t* taken_count, Revoked&& revoked) {
    uint32_t buffers[wire::kMaxSets * wire::kMaxSetBuffers];
    backend::Status status = Translate(ids, buffers);
    if (!status.ok()) return status;
    want = std::min<uint32_t>(want, static_cast<uint32_t>(ids.size()));
    *taken_count = producer_.Reclaim({buffers, ids.size()}, want, now_ns, taken, revoked);
    for (uint32_t i = 0; i < *taken_count; ++i) taken[i] = runtime_ids_[taken[i]];
    return backend::Ok();
  }
  template <class Revoked>
  void Expire(int64_t now_ns, Revoked&& revoked) {
    producer_.Expire(now_ns, revoked);
  }
  // Changes the state word and wakes everyone.
  void SetState(wire::StreamState state);

  // A subscriber in a free slot; null with a reason in *status when there is no memory or descriptor for it.
  Subscriber* Subscribe(uint32_t queue, backend::Status* status);
  // Everything that it held is free.
  void Unsubscribe(Subscriber* subscriber);

  int page_fd() const { return fd_.get(); }
  uint32_t page_bytes() const { return static_cast<uint32_t>(mapping_.bytes()); }
  wire::Producer<>& producer() { return producer_; }

 private:
  Stream(const Config& config, UniqueFd fd, Mapping mapping);
  backend::Status Translate(std::span<const uint32_t> ids, uint32_t* buffers) const;
  backend::Status CheckBuffer(const vstream_buffer& buffer, const vstream_buffer& first, uint32_t index) const;
  backend::Status TakeBuffer(const vstream_buffer& buffer, uint32_t runtime_id, BufferSet* set);
  // The parts of TakeBuffer: the buffer's own descriptors, or one of a copy.
  backend::Status ShareBuffer(const vstream_buffer& buffer, const std::string& name, BufferSet* set,
                              wire::SetBuffer* out);
  backend::Status MakeCopy(uint32_t runtime_id, const std::string& name, BufferSet* set, wire::SetBuffer* out);
  void DropBuffers(const BufferSet& set);
  // All that wait: those in a futex wait, and by doorbell those armed for `previous_head`.
  void Wake(uint32_t previous_head);

  Config config_;
  UniqueFd fd_;
  Mapping mapping_;
  wire::StreamPage page_;
  wire::Producer<> producer_;
  std::list<BufferSet> sets_;
  struct Place {
    uint32_t buffer;
    const vstream_layout* layout;
    uint32_t epoch;
    std::byte* copy;  // null: consumers see the buffer itself
  };
  backend::Status CopyIn(const vstream_frame& frame, const Place& place) const;
  std::unordered_map<uint32_t, Place> ids_;  // by the runtime's id
  std::vector<uint32_t> runtime_ids_;        // by the page's id
  std::vector<std::unique_ptr<Subscriber>> subscribers_;
  std::vector<bool> slots_;  // in use
  uint64_t last_frame_ = 0;
  bool newcomers_ = false;  // some subscriber waits for its first frame
};

}  // namespace videostream::shm
