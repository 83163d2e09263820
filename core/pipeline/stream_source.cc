// SPDX-License-Identifier: Apache-2.0
// What the stream's thread does at the source: buffers to the device, frames from it to every output.
#include <utility>

#include "core/base/clock.h"
#include "core/frame/format.h"
#include "core/pipeline/stream.h"

namespace videostream {

void StreamRunner::AwaitConsumers(bool late, bool stop) {
  if (stop) return Enter(Phase::kDone, {});
  size_t count = 0;
  for (const auto& output : outputs_) count += output->consumer_count();
  if (count >= wait_for_) return BeginCapture();
  if (late) {
    FailWith({Code::kTimeout, "stream '" + plan_.name + "': " + std::to_string(count) + " of " +
                                  std::to_string(wait_for_) + " consumers subscribed in time"});
  }
}

void StreamRunner::BeginCapture() {
  phase_ = Phase::kFlowing;
  started_ns_ = NowNs();
  for (uint32_t i = 0; i < device_buffers_; ++i) {
    auto id = captured_->Acquire();
    if (!id || !id->has_value()) return FailWith({Code::kInternal, "no buffer for the device at the start"});
    GiveToDevice(**id);
  }
  capture_->Post(StartCapture{});
  const vstream_layout& layout = capture_config_.layout;
  Tell("stream_started", false,
       "captures " + FormatName(layout.fourcc) + " " + std::to_string(layout.width) + "x" +
           std::to_string(layout.height));
}

bool StreamRunner::HandleCapture() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<CaptureEvent> event = capture_->Next();
    if (!event) return !capture_->Arm();
    if (const auto* frame = std::get_if<RawFrame>(&*event)) {
      OnFrame(*frame);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      // One that has ended need not take buffers any more, which were on their way to it.
      if (std::exchange(capture_open_, false)) FailWith(InCapture(std::move(*error)));
    } else {
      // Ended or Stopped: either way no more frames come.
      if (std::holds_alternative<Ended>(*event)) ended_ = true;
      capture_open_ = false;
    }
  }
  return true;
}

void StreamRunner::OnFrame(const RawFrame& frame) {
  const vstream_frame& record = frame.record;
  if (Status known = captured_->FromDevice(record.buffer_id); !known) return Check(known);
  const uint64_t last = last_device_sequence_.value_or(record.sequence);
  if (record.sequence > last && record.sequence - last > 1) {
    for (const auto& output : outputs_) output->OnGap(record.sequence - last - 1);
  }
  last_device_sequence_ = record.sequence;

  // The device gets a buffer back for the one that it gave. If there is none, the frame itself has to serve.
  if (!spare_) TakeSpare();
  // A call that was given up may return when the outputs have closed their books already.
  const bool late = phase_ > Phase::kConverting;
  const bool useless = late || (record.flags & VSTREAM_FRAME_CORRUPTED) != 0;
  if (useless || !spare_) {
    const uint32_t reason = useless ? VSTREAM_DROP_DEVICE_ERROR : VSTREAM_DROP_NO_FREE_BUFFER;
    for (const auto& output : outputs_) output->Miss(record, reason);
    return GiveToDevice(record.buffer_id);
  }
  for (const auto& output : outputs_) output->Take(frame);
  Check(captured_->Release(record.buffer_id));

  // After publishing, so that consumers do not wait for it.
  GiveToDevice(*std::exchange(spare_, std::nullopt));
  for (const auto& output : outputs_) output->AfterFrame();
  TakeSpare();
}

// Without one, frames are dropped. A transport that fails is looked after by its output, but for that of an only one,
// which has no part of its own to make room in.
void StreamRunner::TakeSpare() {
  auto id = captured_->Acquire();
  if (id) {
    spare_ = *id;
  } else if (outputs_.size() == 1) {
    FailWith(outputs_.front()->InSlot("transport", std::move(id.error())));
  }
}

// `id` is in use by one user: by nobody else than the caller.
void StreamRunner::GiveToDevice(uint32_t id) {
  if (!capture_open_ || phase_ != Phase::kFlowing) return Check(captured_->Release(id));
  Check(captured_->ToDevice(id));
  if (!capture_->Post(QueueBuffer{id}))
    FailWith({Code::kInternal, "the mailbox of '" + capture_->slot() + "' is full"});
}

}  // namespace videostream
