// SPDX-License-Identifier: Apache-2.0
// What the stream's thread does with a frame at each station: capture, converter, publishing, encoder.
#include <algorithm>
#include <utility>

#include "core/base/clock.h"
#include "core/pipeline/stream.h"

namespace videostream {

// ---- the source ----------------------------------------------------------------------------------------------------

void Stream::BeginCapture() {
  phase_ = Phase::kFlowing;
  started_ns_ = NowNs();
  for (uint32_t i = 0; i < device_buffers_; ++i) {
    auto id = DevicePool().Acquire();
    if (!id || !id->has_value()) return FailWith({Code::kInternal, "no buffer for the device at the start"});
    GiveToDevice(**id);
  }
  capture_->Post(StartCapture{});
}

bool Stream::HandleCapture() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<CaptureEvent> event = capture_->Next();
    if (!event) return !capture_->Arm();
    if (const auto* frame = std::get_if<RawFrame>(&*event)) {
      OnFrame(*frame);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      capture_open_ = false;
      FailWith(InSlot("capture", std::move(*error)));
    } else {
      // Ended or Stopped: either way no more frames come.
      if (std::holds_alternative<Ended>(*event)) ended_ = true;
      capture_open_ = false;
    }
  }
  return true;
}

void Stream::OnFrame(RawFrame frame) {
  vstream_frame& record = frame.record;
  Check(DevicePool().FromDevice(record.buffer_id));
  if (last_device_sequence_ != 0 && record.sequence > last_device_sequence_ + 1) {
    const uint64_t lost = record.sequence - last_device_sequence_ - 1;
    frames_flow_.In(lost);
    frames_flow_.Drop(VSTREAM_DROP_DEVICE_GAP, lost);
    record.flags |= VSTREAM_FRAME_DISCONTINUITY;
  }
  last_device_sequence_ = record.sequence;
  frames_flow_.In();

  // The device gets a buffer back for the one that it gave. If there is none, the frame itself has to serve.
  if (!spare_) {
    if (auto id = DevicePool().Acquire(); id) spare_ = *id;
  }
  const bool damaged = (record.flags & VSTREAM_FRAME_CORRUPTED) != 0;
  if (damaged || !spare_) {
    frames_flow_.Drop(damaged ? VSTREAM_DROP_DEVICE_ERROR : VSTREAM_DROP_NO_FREE_BUFFER);
    return GiveToDevice(record.buffer_id);
  }
  if (converter_)
    Convert(frame);
  else
    PublishFrame(record);
  FeedDevice();
}

// After publishing, so that consumers do not wait for it.
void Stream::FeedDevice() {
  if (!spare_) return;
  GiveToDevice(*spare_);
  spare_.reset();
  if (auto next = DevicePool().Acquire(); next) spare_ = *next;
}

// `id` is in use by one user: by nobody else than the caller.
void Stream::GiveToDevice(uint32_t id) {
  if (!capture_open_ || phase_ != Phase::kFlowing) return Check(DevicePool().Release(id));
  Check(DevicePool().ToDevice(id));
  if (!capture_->Post(QueueBuffer{id}))
    FailWith({Code::kInternal, "the mailbox of '" + capture_->slot() + "' is full"});
}

// ---- the converter -------------------------------------------------------------------------------------------------

void Stream::Convert(const RawFrame& frame) {
  const auto drop = [&](uint32_t reason) {
    frames_flow_.Drop(reason);
    Check(captured_->Release(frame.record.buffer_id));
  };
  if (converter_->abandoned()) return drop(VSTREAM_DROP_CONVERT_ERROR);
  if (converting_.size() >= converter_needs_.max_jobs) return drop(VSTREAM_DROP_NO_FREE_BUFFER);
  auto target = published_->Acquire();
  if (!target || !target->has_value()) return drop(VSTREAM_DROP_NO_FREE_BUFFER);
  const uint64_t cookie = ++cookie_;
  converting_[cookie] = {frame.record.buffer_id, **target, frame.record};
  converter_->Post({frame, **target, cookie});
}

bool Stream::HandleConverter() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<ConvertEvent> event = converter_->Next();
    if (!event) return !converter_->Arm();
    if (const auto* result = std::get_if<vstream_converter_result>(&*event)) {
      OnConverted(*result);
    } else {
      FailWith(InSlot("converter", std::move(std::get<Error>(*event))));
      DropConversions();
    }
  }
  return true;
}

void Stream::OnConverted(const vstream_converter_result& result) {
  const auto found = converting_.find(result.cookie);
  if (found == converting_.end()) return;  // dropped when the converter failed
  const Conversion job = found->second;
  converting_.erase(found);
  Check(captured_->Release(job.source_id));
  if (result.status != VSTREAM_OK) {
    frames_flow_.Drop(VSTREAM_DROP_CONVERT_ERROR);
    Check(published_->Release(job.target_id));
    return;
  }
  vstream_frame record = job.record;
  record.buffer_id = job.target_id;
  std::copy(std::begin(result.bytes_used), std::end(result.bytes_used), std::begin(record.bytes_used));
  record.visible = {};
  record.colorimetry = published_color_;
  PublishFrame(record);
}

void Stream::DropConversions() {
  for (const auto& [cookie, job] : converting_) {
    frames_flow_.Drop(VSTREAM_DROP_CONVERT_ERROR);
    Check(captured_->Release(job.source_id));
    Check(published_->Release(job.target_id));
  }
  converting_.clear();
}

// ---- publishing and the encoder ------------------------------------------------------------------------------------

void Stream::PublishFrame(vstream_frame record) {
  const uint32_t id = record.buffer_id;
  record.sequence = sequence_[VSTREAM_STREAM_FRAMES] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_FRAMES, record); !status) {
    frames_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    FailWith(InSlot("transport", std::move(status.error())));
  } else {
    ++sequence_[VSTREAM_STREAM_FRAMES];
    uint64_t bytes = 0;
    for (const uint64_t used : record.bytes_used) bytes += used;
    frames_flow_.Published(bytes);
    if (first_frame_ns_ == 0) first_frame_ns_ = NowNs();
    Check(published_->MarkPublished(id, 0));
    if (encoder_) Encode(record);
  }
  Check(published_->Release(id));
}

void Stream::Encode(const vstream_frame& record) {
  packets_flow_.In();
  if (encoding_.size() >= encoder_needs_.max_jobs || encoder_->abandoned() || !encoder_open_) {
    return packets_flow_.Drop(VSTREAM_DROP_ENCODER_BUSY);
  }
  auto packet = packets_->Acquire();
  if (!packet || !packet->has_value()) return packets_flow_.Drop(VSTREAM_DROP_NO_FREE_BUFFER);
  Check(published_->Retain(record.buffer_id));
  const uint64_t cookie = ++cookie_;
  encoding_[cookie] = {record.buffer_id, **packet};
  encoder_->Post(EncodeJob{RawFrame{record}, **packet, cookie, force_key_ ? VSTREAM_ENCODE_FORCE_KEY : 0});
  force_key_ = false;
}

bool Stream::HandleEncoder() {
  for (int batch = 0; batch < 8; ++batch) {
    std::optional<EncoderEvent> event = encoder_->Next();
    if (!event) return !encoder_->Arm();
    if (const auto* done = std::get_if<Encoder::Done>(&*event)) {
      OnEncoded(*done);
    } else if (auto* error = std::get_if<Error>(&*event)) {
      LoseEncoder(InSlot("encoder", std::move(*error)));
      DropEncodings();
    } else {
      encoder_open_ = false;  // drained
    }
  }
  return true;
}

void Stream::OnEncoded(const Encoder::Done& done) {
  const auto found = encoding_.find(done.cookie);
  if (found == encoding_.end()) return;
  const Encoding job = found->second;
  encoding_.erase(found);
  Check(published_->Release(job.input_id));
  if (done.status != VSTREAM_OK) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    force_key_ = true;  // what follows must not refer to the lost one
    Check(packets_->Release(job.packet_id));
    return;
  }
  vstream_frame record = done.packet.record;
  record.sequence = sequence_[VSTREAM_STREAM_PACKETS] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_PACKETS, record); !status) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    FailWith(InSlot("transport", std::move(status.error())));
  } else {
    ++sequence_[VSTREAM_STREAM_PACKETS];
    packets_flow_.Published(record.bytes_used[0]);
    Check(packets_->MarkPublished(job.packet_id, 0));
  }
  Check(packets_->Release(job.packet_id));
}

void Stream::DropEncodings() {
  for (const auto& [cookie, job] : encoding_) {
    packets_flow_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    Check(published_->Release(job.input_id));
    Check(packets_->Release(job.packet_id));
  }
  encoding_.clear();
}

}  // namespace videostream
