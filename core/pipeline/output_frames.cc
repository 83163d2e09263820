// SPDX-License-Identifier: Apache-2.0
// What the stream's thread does with a frame in one output: rate, converter, publishing, encoder.
#include <algorithm>
#include <utility>

#include "core/base/clock.h"
#include "core/pipeline/output.h"

namespace videostream {
namespace {

constexpr int kBatch = 8;  // events taken in one go

}  // namespace

void Output::OnGap(uint64_t count) {
  frames_.In(count);
  frames_.Drop(VSTREAM_DROP_DEVICE_GAP, count);
  discontinuity_ = true;
}

void Output::Miss(const vstream_frame& record, uint32_t reason) {
  frames_.In();
  Drop(record, reason);
}

void Output::Take(const RawFrame& captured) {
  frames_.In();
  RawFrame frame = captured;
  vstream_frame& record = frame.record;
  if (std::exchange(discontinuity_, false)) record.flags |= VSTREAM_FRAME_DISCONTINUITY;
  if (lost_) return Drop(record, lost_reason_);
  // A device without timestamps: the time of arrival.
  if (!limiter_.Takes(record.pts_ns == 0 ? NowNs() : record.pts_ns)) return Drop(record, VSTREAM_DROP_RATE_LIMIT);
  if (limiter_.active() && record.duration_ns != 0) record.duration_ns = limiter_.period_ns();
  if (converts()) return Convert(frame);
  if (!HasRoom()) return Drop(record, lost_ ? lost_reason_ : VSTREAM_DROP_NO_FREE_BUFFER);
  PublishFrame(record);
}

void Output::AfterFrame() {
  if (!lost_ && !converts()) (void)HasRoom();
}

void Output::Drop(const vstream_frame& record, uint32_t reason) {
  frames_.Drop(reason);
  if ((record.flags & VSTREAM_FRAME_DISCONTINUITY) != 0) discontinuity_ = true;
}

// In a pool that is shared, an output whose consumers hold all of its part gets no more.
bool Output::HasRoom() {
  if (quota_ == 0) return true;
  const Result<bool> room = published_->MakeRoom(transport_index_, quota_);
  if (!room) CheckTransport(room.error());
  return room && *room;
}

// From a pool that nobody but this output's transport publishes.
std::optional<uint32_t> Output::Acquire(Pool& pool) {
  Result<std::optional<uint32_t>> id = pool.Acquire();
  if (id) return *id;
  CheckTransport(id.error());
  return std::nullopt;
}

// ---- the converter -------------------------------------------------------------------------------------------------

void Output::Convert(const RawFrame& frame) {
  if (conversions_.size() >= converter_needs_.max_jobs) return Drop(frame.record, VSTREAM_DROP_NO_FREE_BUFFER);
  const std::optional<uint32_t> target = Acquire(*converted_);
  if (!target) return Drop(frame.record, lost_ ? lost_reason_ : VSTREAM_DROP_NO_FREE_BUFFER);
  Check(captured_->Retain(frame.record.buffer_id));
  const uint64_t cookie = ++cookie_;
  const bool taken = conversions_.Add(cookie, {frame.record.buffer_id, *target, frame.record}) &&
                     converter_->Post({frame, *target, cookie});
  if (!taken) owner_.OnDefect({Code::kInternal, "the mailbox of '" + converter_->slot() + "' is full"});
}

bool Output::HandleConverter() {
  for (int i = 0; i < kBatch; ++i) {
    std::optional<ConvertEvent> event = converter_->Next();
    if (!event) return !converter_->Arm();
    if (const auto* result = std::get_if<vstream_converter_result>(&*event)) {
      OnConverted(*result);
    } else {
      Lose(InSlot("converter", std::move(std::get<Error>(*event))), VSTREAM_DROP_CONVERT_ERROR);
    }
  }
  return true;
}

void Output::OnConverted(const vstream_converter_result& result) {
  const std::optional<Conversion> job = conversions_.Take(result.cookie);
  if (!job) return;  // dropped when the converter was lost
  Check(captured_->Release(job->source_id));
  if (result.status != VSTREAM_OK) {
    Drop(job->record, VSTREAM_DROP_CONVERT_ERROR);
    return Check(converted_->Release(job->target_id));
  }
  vstream_frame record = job->record;
  record.buffer_id = job->target_id;
  std::copy(std::begin(result.bytes_used), std::end(result.bytes_used), std::begin(record.bytes_used));
  record.flags &= ~(VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS);  // of coded pictures
  record.visible = {};
  record.colorimetry = color_;
  PublishFrame(record);
  Check(converted_->Release(job->target_id));
}

// What a lost converter may still read or write stays its own: the pools were made with room for that.
void Output::DropConversions() {
  conversions_.TakeAll([this](const Conversion& job) {
    Drop(job.record, lost_ ? lost_reason_ : VSTREAM_DROP_CONVERT_ERROR);
    if (lost_) return;
    Check(captured_->Release(job.source_id));
    Check(converted_->Release(job.target_id));
  });
}

// ---- publishing and the encoder ------------------------------------------------------------------------------------

// The buffer has a user: the caller.
void Output::PublishFrame(vstream_frame record) {
  if (!transport_ || lost_) return Drop(record, lost_reason_);
  record.sequence = sequence_[VSTREAM_STREAM_FRAMES] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_FRAMES, record); !status) {
    Drop(record, VSTREAM_DROP_DEVICE_ERROR);
    return CheckTransport(status);
  }
  ++sequence_[VSTREAM_STREAM_FRAMES];
  uint64_t bytes = 0;
  for (const uint64_t used : record.bytes_used) bytes += used;
  frames_.Published(bytes);
  if (first_frame_ns_ == 0) first_frame_ns_ = NowNs();
  Check(published_->MarkPublished(record.buffer_id, transport_index_));
  if (encoder_) Encode(record);
}

void Output::Encode(const vstream_frame& record) {
  packets_.In();
  if (encodings_.size() >= encoder_needs_.max_jobs || encoder_->abandoned() || !encoder_open_) {
    return packets_.Drop(VSTREAM_DROP_ENCODER_BUSY);
  }
  const std::optional<uint32_t> packet = Acquire(*packet_pool_);
  if (!packet) return packets_.Drop(VSTREAM_DROP_NO_FREE_BUFFER);
  Check(published_->Retain(record.buffer_id));
  const uint64_t cookie = ++cookie_;
  const uint32_t flags = std::exchange(force_key_, false) ? VSTREAM_ENCODE_FORCE_KEY : 0;
  const bool taken = encodings_.Add(cookie, {record.buffer_id, *packet}) &&
                     encoder_->Post(EncodeJob{RawFrame{record}, *packet, cookie, flags});
  if (!taken) owner_.OnDefect({Code::kInternal, "the mailbox of '" + encoder_->slot() + "' is full"});
}

bool Output::HandleEncoder() {
  for (int i = 0; i < kBatch; ++i) {
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

void Output::OnEncoded(const Encoder::Done& done) {
  const std::optional<Encoding> job = encodings_.Take(done.cookie);
  if (!job) return;
  Check(published_->Release(job->input_id));
  if (done.status != VSTREAM_OK || !transport_) {
    packets_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    force_key_ = true;  // what follows must not refer to the lost one
    return Check(packet_pool_->Release(job->packet_id));
  }
  vstream_frame record = done.packet.record;
  record.sequence = sequence_[VSTREAM_STREAM_PACKETS] + 1;
  if (Status status = transport_->Publish(VSTREAM_STREAM_PACKETS, record); !status) {
    packets_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    CheckTransport(status);
  } else {
    ++sequence_[VSTREAM_STREAM_PACKETS];
    packets_.Published(record.bytes_used[0]);
    Check(packet_pool_->MarkPublished(job->packet_id, 0));
  }
  Check(packet_pool_->Release(job->packet_id));
}

void Output::DropEncodings() {
  encodings_.TakeAll([this](const Encoding& job) {
    packets_.Drop(VSTREAM_DROP_DEVICE_ERROR);
    Check(published_->Release(job.input_id));
    Check(packet_pool_->Release(job.packet_id));
  });
}

bool Output::HandleStations() {
  const bool more = converter_ && HandleConverter();
  return (encoder_ && HandleEncoder()) || more;
}

}  // namespace videostream
