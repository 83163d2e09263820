// SPDX-License-Identifier: Apache-2.0
// The life of a lease, and what a Frame tells about it.
#include "client/lease.h"

#include <utility>

#include "client/session.h"
#include "videostream/client.hpp"

namespace videostream {
namespace client_internal {

void Lease::Begin(std::shared_ptr<Session> session, std::shared_ptr<const MappedSet> set, uint32_t index) {
  session_ = std::move(session);
  set_ = std::move(set);
  index_ = index;
  handles_.store(1, std::memory_order_relaxed);
  used_.store(true, std::memory_order_relaxed);
  set_->BeginRead(index_);
}

void Lease::Drop() {
  // Who finds 1 has the last handle: there is nobody left to add one.
  if (handles_.load(std::memory_order_acquire) != 1 && handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  set_->EndRead(index_);
  if (!claim_.Valid()) session_->CountVoid();
  claim_.Release();
  set_.reset();
  const std::shared_ptr<Session> session = std::move(session_);  // and with it this object, perhaps
  used_.store(false, std::memory_order_release);
}

}  // namespace client_internal

uint32_t Frame::format() const { return lease_->set().layout().fourcc; }
uint32_t Frame::width() const { return lease_->set().layout().width; }
uint32_t Frame::height() const { return lease_->set().layout().height; }
uint32_t Frame::plane_count() const { return lease_->set().layout().plane_count; }

const uint8_t* Frame::data(uint32_t plane) const { return plane < plane_count() ? lease_->Data(plane) : nullptr; }

uint32_t Frame::stride(uint32_t plane) const {
  return plane < plane_count() ? lease_->set().layout().planes[plane].stride : 0;
}

size_t Frame::size(uint32_t plane) const {
  return plane < plane_count() ? static_cast<size_t>(lease_->descriptor().bytes_used[plane]) : 0;
}

vstream_rect Frame::visible() const {
  const vstream_rect& rect = lease_->descriptor().visible;
  return rect.width != 0 ? rect : vstream_rect{0, 0, width(), height()};
}

vstream_colorimetry Frame::colorimetry() const {
  // 0 is no value of ISO/IEC 23091-2: the frame does not say, the stream does.
  const vstream_colorimetry& own = lease_->descriptor().colorimetry;
  return own.primaries != 0 ? own : lease_->set().colorimetry();
}
vstream_ratio Frame::rate() const { return lease_->set().rate(); }
uint32_t Frame::flags() const { return lease_->descriptor().flags; }
uint64_t Frame::sequence() const { return lease_->descriptor().frame_sequence; }
int64_t Frame::pts_ns() const { return lease_->descriptor().pts_ns; }
int64_t Frame::duration_ns() const { return lease_->descriptor().duration_ns; }
int64_t Frame::published_ns() const { return lease_->descriptor().published_ns; }

std::chrono::nanoseconds Frame::age() const {
  return std::chrono::nanoseconds(client_internal::NowNs() - lease_->descriptor().pts_ns);
}

bool Frame::valid() const { return lease_ != nullptr && lease_->Valid(); }

Frame Frame::share() const {
  if (lease_ != nullptr) lease_->Share();
  return Frame(lease_);
}

void Frame::Drop() {
  if (lease_ != nullptr) std::exchange(lease_, nullptr)->Drop();
}

bool Frame::release() {
  const bool was_valid = valid();
  Drop();
  return was_valid;
}

}  // namespace videostream
