// SPDX-License-Identifier: Apache-2.0
// The life of a lease, and what a Frame tells about it.
#include "client/lease.h"

#include "client/session.h"
#include "videostream/client.hpp"

namespace videostream {
namespace client_internal {

Lease::Lease(std::shared_ptr<const MappedSet> set, uint32_t index, const wire::Descriptor& descriptor,
             const wire::Claim& claim, Session* session)
    : set_(std::move(set)), index_(index), descriptor_(descriptor), claim_(claim), session_(session) {
  set_->BeginRead(index_);
}

Lease::~Lease() {
  set_->EndRead(index_);
  if (!claim_.Valid()) session_->CountVoid();
  claim_.Release();
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

Frame Frame::share() const { return Frame(lease_); }

bool Frame::release() {
  const bool was_valid = valid();
  lease_.reset();
  return was_valid;
}

}  // namespace videostream
