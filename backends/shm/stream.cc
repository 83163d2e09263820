// SPDX-License-Identifier: Apache-2.0
// The producer's side of a stream: publishing and waking. Nothing on the way of a frame allocates or waits.
#include "backends/shm/stream.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "wire/layout.h"

namespace videostream::shm {

using backend::Ok;
using backend::Status;

Stream::Stream(const Config& config, UniqueFd fd, Mapping mapping)
    : config_(config),
      fd_(std::move(fd)),
      mapping_(std::move(mapping)),
      page_(wire::StreamPage::Create(mapping_.data(), config.stream, config.producer.consumers)),
      producer_(page_, config.producer),
      runtime_ids_(wire::kMaxBuffers),
      slots_(config.producer.consumers) {
  subscribers_.reserve(config.producer.consumers);
}

Status Stream::Make(const Config& config, std::unique_ptr<Stream>* out) {
  const uint32_t bytes = wire::StreamPage::Bytes(config.producer.consumers);
  UniqueFd fd;
  Mapping mapping;
  if (Status s = MakeMemfd("videostream-stream", bytes, false, &fd); !s.ok()) return s;
  if (Status s = Map(fd.get(), bytes, PROT_READ | PROT_WRITE, "stream page", &mapping); !s.ok()) return s;
  if (Status s = Seal(fd.get(), kReadOnlySeals, "stream page"); !s.ok()) return s;
  out->reset(new Stream(config, std::move(fd), std::move(mapping)));
  return Ok();
}

Status Stream::Publish(const vstream_frame& frame) {
  const auto found = ids_.find(frame.buffer_id);
  if (found == ids_.end()) {
    return {VSTREAM_E_NOT_FOUND, "buffer " + std::to_string(frame.buffer_id) + ": in no set of this stream"};
  }
  const Place& place = found->second;
  if (producer_.IsPublished(place.buffer)) {
    return {VSTREAM_E_BUSY, "buffer " + std::to_string(frame.buffer_id) + ": published and not reclaimed yet"};
  }
  if (frame.sequence <= last_frame_) {
    return {VSTREAM_E_INVALID, "frame " + std::to_string(frame.sequence) + ": the last one was " +
                                   std::to_string(last_frame_) + ", sequences rise"};
  }
  if (frame.acquire_fence != -1 || frame.release_fence != -1) return {VSTREAM_E_UNSUPPORTED, "frame with a fence"};
  if (frame.tlv_bytes > VSTREAM_FRAME_TLV_BYTES) {
    return {VSTREAM_E_INVALID, "frame with " + std::to_string(frame.tlv_bytes) + " bytes of TLV data"};
  }
  if (std::string why = wire::CheckFrame(*place.layout, frame.bytes_used, frame.visible); !why.empty()) {
    return {VSTREAM_E_INVALID, "frame " + std::to_string(frame.sequence) + ": " + why};
  }
  if (place.copy != nullptr) {
    if (Status s = CopyIn(frame, place); !s.ok()) return s;
  }
  wire::Descriptor d;
  d.buffer = place.buffer;
  d.set = place.epoch;
  d.frame_sequence = last_frame_ = frame.sequence;
  d.pts_ns = frame.pts_ns;
  d.duration_ns = frame.duration_ns;
  d.flags = frame.flags;
  d.timestamp_source = frame.timestamp_source;
  std::copy_n(frame.bytes_used, VSTREAM_MAX_PLANES, d.bytes_used);
  d.visible = frame.visible;
  d.colorimetry = frame.colorimetry;
  d.tlv_bytes = frame.tlv_bytes;
  std::copy_n(frame.tlv, frame.tlv_bytes, d.tlv);
  if (std::exchange(newcomers_, false)) {
    for (const auto& subscriber : subscribers_) {
      if (subscriber->first_sequence == 0) subscriber->first_sequence = frame.sequence;
    }
  }
  // Last: who is woken may have to wait for this core.
  Wake(producer_.Publish(d, [this] { return config_.host.NowNs(); }));
  return Ok();
}

// Consumers look at the copy only when its frame has been published, and not any more when the buffer was given back.
Status Stream::CopyIn(const vstream_frame& frame, const Place& place) const {
  const std::string_view what = ", copy for consumers ('protect: copy'): ";
  backend::Mapping from;
  if (Status s = config_.host.Map(frame.buffer_id, VSTREAM_ACCESS_READ, &from); !s.ok()) {
    return {s.code(), "frame " + std::to_string(frame.sequence) + std::string(what) + s.message(), s.os_error()};
  }
  for (uint32_t i = 0; i < place.layout->plane_count; ++i) {
    if (frame.bytes_used[i] > from.size(i) || (from.data(i) == nullptr && frame.bytes_used[i] != 0)) {
      return {VSTREAM_E_IO, "frame " + std::to_string(frame.sequence) + std::string(what) + "plane " +
                                std::to_string(i) + " is mapped with " + std::to_string(from.size(i)) + " bytes, " +
                                std::to_string(frame.bytes_used[i]) + " are used"};
    }
  }
  for (uint32_t i = 0; i < place.layout->plane_count; ++i) {
    if (frame.bytes_used[i] == 0) continue;
    std::memcpy(place.copy + place.layout->planes[i].offset, from.data(i), frame.bytes_used[i]);
  }
  return Ok();
}

void Stream::SetState(wire::StreamState state) {
  page_.header().state.store(static_cast<uint32_t>(state), std::memory_order_seq_cst);
  Wake(wire::AdvanceHead(page_));
}

void Stream::Wake(uint32_t previous_head) {
  for (const auto& subscriber : subscribers_) {
    if (!wire::WantsRing(subscriber->client(), previous_head)) continue;
    // Full (EAGAIN) is as good as rung.
    [[maybe_unused]] const ssize_t n = ::write(subscriber->bell.get(), "", 1);
  }
  ::syscall(SYS_futex, &page_.header().head, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

Status Stream::Translate(std::span<const uint32_t> ids, uint32_t* buffers) const {
  if (ids.size() > size_t{wire::kMaxSets} * wire::kMaxSetBuffers) {
    return {VSTREAM_E_INVALID, "reclaim of " + std::to_string(ids.size()) + " buffers"};
  }
  for (const uint32_t id : ids) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) {
      return {VSTREAM_E_NOT_FOUND, "buffer " + std::to_string(id) + ": in no set of this stream"};
    }
    *buffers++ = found->second.buffer;
  }
  return Ok();
}

Subscriber* Stream::Subscribe(uint32_t queue, Status* status) {
  const auto free = std::find(slots_.begin(), slots_.end(), false);
  if (free == slots_.end()) {
    *status = {VSTREAM_E_BUSY, "all " + std::to_string(slots_.size()) + " consumer slots are taken"};
    return nullptr;
  }
  auto s = std::make_unique<Subscriber>();
  s->slot = static_cast<uint32_t>(free - slots_.begin());
  s->queue = queue;
  // Made, sealed and kept here: a page of the consumer's own making could be truncated under us.
  *status = MakeMemfd("videostream-client", wire::kClientPageBytes, false, &s->page_fd);
  if (status->ok()) *status = Seal(s->page_fd.get(), kFixedSizeSeals, "client page");
  if (status->ok()) *status = Map(s->page_fd.get(), wire::kClientPageBytes, PROT_READ, "client page", &s->page);
  int ends[2] = {-1, -1};
  // A pipe, not an eventfd: the flags of an eventfd's description would be the consumer's as well.
  if (status->ok() && ::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) *status = Status::Errno("doorbell", errno);
  if (!status->ok()) return nullptr;
  s->bell_read = UniqueFd(ends[0]);
  s->bell = UniqueFd(ends[1]);
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);  // the smallest there is; a failure only costs memory
  *free = true;
  newcomers_ = true;
  producer_.Connect(s->slot, &s->client(), queue);
  subscribers_.push_back(std::move(s));
  return subscribers_.back().get();
}

void Stream::Unsubscribe(Subscriber* subscriber) {
  producer_.Disconnect(subscriber->slot);
  slots_[subscriber->slot] = false;
  std::erase_if(subscribers_, [&](const auto& one) { return one.get() == subscriber; });
}

}  // namespace videostream::shm
