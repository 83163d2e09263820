// SPDX-License-Identifier: Apache-2.0
// The public classes: thin handles on a Producer, which may be gone.
#include "videostream/host.hpp"

#include <algorithm>
#include <utility>

#include "core/host/producer.h"

namespace videostream {

using host_internal::Producer;
using host_internal::Writing;

namespace {

constexpr uint32_t kFlags = VSTREAM_FRAME_DISCONTINUITY | VSTREAM_FRAME_CORRUPTED | VSTREAM_FRAME_NO_SIGNAL;
constexpr const char* kNoHost = "host: there is none: not created, or moved elsewhere";

const std::string& NoText() {
  static const std::string kNone;
  return kNone;
}

const vstream_layout& LayoutOf(const std::unique_ptr<Writing>& writing) {
  static constexpr vstream_layout kNone{};
  return writing != nullptr ? writing->buffer->layout() : kNone;
}

const vstream_plane& PlaneOf(const std::unique_ptr<Writing>& writing, uint32_t plane) {
  static constexpr vstream_plane kNone{};
  const vstream_layout& layout = LayoutOf(writing);
  return plane < layout.plane_count ? layout.planes[plane] : kNone;
}

}  // namespace

// What consumers report may be anything; it never makes them be ahead.
uint64_t HostConsumer::lag() const {
  uint64_t behind = published - std::min(published, taken);
  for (const uint64_t count : skipped) behind -= std::min(behind, count);
  return behind;
}

// ---- WriteBuffer ---------------------------------------------------------------------------------------------------

WriteBuffer::WriteBuffer() = default;
WriteBuffer::WriteBuffer(std::unique_ptr<Writing> writing) : writing_(std::move(writing)) {}
WriteBuffer::WriteBuffer(WriteBuffer&&) noexcept = default;
WriteBuffer& WriteBuffer::operator=(WriteBuffer&& other) noexcept {
  if (this != &other) Producer::Discard(std::exchange(writing_, std::move(other.writing_)));
  return *this;
}
WriteBuffer::~WriteBuffer() {
  if (writing_ != nullptr) Producer::Discard(std::move(writing_));
}

uint32_t WriteBuffer::format() const { return LayoutOf(writing_).fourcc; }
uint32_t WriteBuffer::width() const { return LayoutOf(writing_).width; }
uint32_t WriteBuffer::height() const { return LayoutOf(writing_).height; }
uint32_t WriteBuffer::plane_count() const { return LayoutOf(writing_).plane_count; }
uint8_t* WriteBuffer::data(uint32_t plane) const { return writing_ ? writing_->buffer->plane(plane) : nullptr; }
uint32_t WriteBuffer::stride(uint32_t plane) const { return PlaneOf(writing_, plane).stride; }
size_t WriteBuffer::size(uint32_t plane) const { return PlaneOf(writing_, plane).size; }

void WriteBuffer::set_pts_ns(int64_t pts_ns) {
  if (writing_) writing_->pts_ns = pts_ns;
}
void WriteBuffer::set_duration_ns(int64_t duration_ns) {
  if (writing_) writing_->duration_ns = std::max<int64_t>(duration_ns, 0);
}
void WriteBuffer::set_flags(uint32_t flags) {
  if (writing_) writing_->flags = flags & kFlags;
}
void WriteBuffer::set_visible(vstream_rect visible) {
  if (writing_) writing_->visible = visible;
}
void WriteBuffer::set_colorimetry(vstream_colorimetry colorimetry) {
  if (writing_) writing_->colorimetry = colorimetry;
}

// ---- Host ----------------------------------------------------------------------------------------------------------

Host::Host() = default;
Host::Host(Host&&) noexcept = default;
Host& Host::operator=(Host&& other) noexcept {
  if (this == &other) return *this;
  close();
  producer_ = std::move(other.producer_);
  return *this;
}
Host::~Host() { close(); }

// NOLINTNEXTLINE(performance-unnecessary-value-param): as the contract has it
Host Host::create(std::string socket_path, HostOptions options) {
  Host host;
  host.producer_ = std::make_shared<Producer>(std::move(socket_path));
  host.producer_->Open(options);
  return host;
}

Host::operator bool() const { return producer_ != nullptr && producer_->open(); }

WriteBuffer Host::get_write_buffer() { return WriteBuffer(producer_ ? producer_->Begin() : nullptr); }

bool Host::publish_frame(WriteBuffer buffer) { return producer_ && producer_->Publish(std::move(buffer.writing_)); }

bool Host::wait_for_consumers(size_t count, std::chrono::nanoseconds timeout) {
  return producer_ && producer_->WaitForConsumers(count, timeout);
}

std::vector<HostConsumer> Host::consumers() const {
  return producer_ ? producer_->Consumers() : std::vector<HostConsumer>();
}
HostStats Host::stats() const { return producer_ ? producer_->Stats() : HostStats(); }
const std::string& Host::socket_path() const { return producer_ ? producer_->path() : NoText(); }
const std::string& Host::allocator() const { return producer_ ? producer_->allocator() : NoText(); }

std::string Host::error() const { return producer_ ? producer_->error() : kNoHost; }
int Host::error_code() const { return producer_ ? producer_->error_code() : VSTREAM_E_INVALID; }

void Host::close() {
  if (producer_) producer_->Close();
}

}  // namespace videostream
