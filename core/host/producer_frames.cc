// SPDX-License-Identifier: Apache-2.0
// The way of a frame: from the pool to the caller, to the transport, and back. Nothing here allocates but for errors.
#include <iterator>
#include <numeric>
#include <utility>

#include "core/base/clock.h"
#include "core/frame/layout.h"
#include "core/host/producer.h"

namespace videostream::host_internal {

std::unique_ptr<Writing> Producer::Begin() {
  std::unique_ptr<Writing> writing;
  {
    const std::unique_lock lock = Lock();
    if (state_ != State::kOpen) {
      FailClosed("get_write_buffer");
      return nullptr;
    }
    if (spare_.empty()) {
      Fail(VSTREAM_E_BUSY, "get_write_buffer: as many buffers are being written as write_buffers allows");
      return nullptr;
    }
    Result<std::optional<uint32_t>> id = pool_->Acquire();
    if (!id || !id->has_value()) {
      ++stats_.refused;
      if (id) Fail(VSTREAM_E_AGAIN, "get_write_buffer: every buffer is held by consumers; drop this frame");
      if (!id) Fail(VSTREAM_E_IO, id.error().message);
      return nullptr;
    }
    writing = std::move(spare_.back());
    spare_.pop_back();
    writing->producer = shared_from_this();
    writing->buffer = pool_->buffer(**id);
    writing->id = **id;
  }
  const Status begun = writing->buffer->BeginCpuAccess(VSTREAM_ACCESS_WRITE);
  if (begun) return writing;
  TakeBack(std::move(writing));
  const std::unique_lock lock = Lock();
  Fail(VSTREAM_E_IO, name_ + begun.error().message);
  return nullptr;
}

bool Producer::Publish(std::unique_ptr<Writing> writing) {
  if (writing == nullptr || writing->producer.get() != this) {
    const bool none = writing == nullptr;
    Discard(std::move(writing));
    const std::unique_lock lock = Lock();
    return Fail(VSTREAM_E_INVALID,
                name_ + (none ? "publish_frame: no buffer" : "publish_frame: the buffer is another host's"));
  }
  writing->buffer->EndCpuAccess(VSTREAM_ACCESS_WRITE);
  const vstream_layout& layout = writing->buffer->layout();
  vstream_frame frame{};
  frame.struct_size = sizeof frame;
  frame.flags = writing->flags;
  frame.buffer_id = writing->id;
  frame.timestamp_source = writing->pts_ns ? VSTREAM_TIMESTAMP_UNKNOWN : VSTREAM_TIMESTAMP_SYNTHETIC;
  frame.pts_ns = writing->pts_ns.value_or(NowNs());
  frame.duration_ns = writing->duration_ns;
  for (uint32_t i = 0; i < layout.plane_count; ++i) frame.bytes_used[i] = layout.planes[i].size;
  frame.visible = writing->visible;
  frame.colorimetry = writing->colorimetry.value_or(colorimetry_);
  frame.acquire_fence = frame.release_fence = -1;
  const Status checked = CheckFrame(frame, layout);
  // May be the last of their kind: not to end under the lock.
  const std::shared_ptr<Producer> self = std::move(writing->producer);
  writing->buffer.reset();
  const std::unique_lock lock = Lock();
  Status status;
  const bool open = state_ == State::kOpen;
  if (open && checked) status = pool_->MarkPublished(frame.buffer_id, 0);
  // Now rather than when the frame is out: whom it wakes may have to wait for this core.
  Recycle(std::move(writing));
  if (!open) return FailClosed("publish_frame");
  if (!checked) return Fail(VSTREAM_E_INVALID, name_ + "publish_frame: " + checked.error().message);
  if (status) status = Send(&frame);
  return status.has_value() || Fail(VSTREAM_E_IO, status.error().message);
}

// A buffer that is marked as published already.
Status Producer::Send(vstream_frame* frame) {
  const auto bytes = std::accumulate(std::begin(frame->bytes_used), std::end(frame->bytes_used), uint64_t{0});
  frame->sequence = ++sequence_;
  ++stats_.published;
  stats_.bytes += bytes;
  Status status = transport_->Publish(VSTREAM_STREAM_FRAMES, *frame);
  if (status) return status;
  --sequence_;
  --stats_.published;
  stats_.bytes -= bytes;
  (void)pool_->Withdraw(frame->buffer_id, 0);
  return status;
}

void Producer::Discard(std::unique_ptr<Writing> writing) {
  if (writing == nullptr) return;
  writing->buffer->EndCpuAccess(VSTREAM_ACCESS_WRITE);
  const std::shared_ptr<Producer> producer = writing->producer;  // it may go with its last buffer
  producer->TakeBack(std::move(writing));
}

void Producer::TakeBack(std::unique_ptr<Writing> writing) {
  const std::shared_ptr<Producer> self = std::move(writing->producer);
  const std::shared_ptr<const Buffer> buffer = std::move(writing->buffer);
  const std::unique_lock lock = Lock();
  Recycle(std::move(writing));
}

// The caller's part in the buffer ends, published or not. What it shares has been taken out.
void Producer::Recycle(std::unique_ptr<Writing> writing) {
  const uint32_t id = writing->id;
  *writing = {};
  if (pool_ != nullptr) {
    if (Status status = pool_->Release(id); !status) Fail(VSTREAM_E_INTERNAL, status.error().message);
  }
  spare_.push_back(std::move(writing));
}

}  // namespace videostream::host_internal
