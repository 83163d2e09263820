// SPDX-License-Identifier: Apache-2.0
// See stages.h. Everything in here runs on the thread of the one instance it is about.
#include "core/pipeline/stages.h"

#include <utility>

namespace videostream {
namespace {

// Frames taken per wake-up: bounded, so that commands are not kept waiting by a source that is always ready.
constexpr int kBatch = 8;

void ExecuteCapture(Capture& capture, CaptureCommand& command, const CaptureStage::Emit& emit) {
  if (const auto* queue = std::get_if<QueueBuffer>(&command)) {
    if (Status status = capture.Queue(queue->id); !status) emit(std::move(status.error()));
    return;
  }
  if (std::holds_alternative<StartCapture>(command)) {
    if (Status status = capture.Start(); !status) emit(std::move(status.error()));
    return;
  }
  if (Status status = capture.Stop(); !status) emit(std::move(status.error()));
  emit(Stopped{});
}

bool CollectCapture(Capture& capture, const CaptureStage::Emit& emit) {
  for (int i = 0; i < kBatch; ++i) {
    Result<std::optional<RawFrame>> frame = capture.Dequeue();
    if (!frame) {
      if (frame.error().code == Code::kEndOfStream)
        emit(Ended{});
      else
        emit(std::move(frame.error()));
      return false;
    }
    if (!frame->has_value()) return true;
    emit(**frame);
  }
  return true;
}

void ExecuteConvert(Converter& converter, ConvertJob& job, const ConverterStage::Emit& emit) {
  if (Status status = converter.Submit(job.source, job.target_id, job.cookie); !status) {
    vstream_converter_result failed{};
    failed.struct_size = sizeof failed;
    failed.status = VSTREAM_E_IO;
    failed.cookie = job.cookie;
    emit(failed);
  }
}

bool CollectConverted(Converter& converter, const ConverterStage::Emit& emit) {
  for (int i = 0; i < kBatch; ++i) {
    Result<std::optional<vstream_converter_result>> done = converter.Collect();
    if (!done) {
      emit(std::move(done.error()));
      return false;
    }
    if (!done->has_value()) return true;
    emit(**done);
  }
  return true;
}

void ExecuteEncode(Encoder& encoder, EncoderCommand& command, const EncoderStage::Emit& emit) {
  if (const auto* job = std::get_if<EncodeJob>(&command)) {
    if (Status status = encoder.Submit(job->input, job->packet_id, job->cookie, job->flags); !status) {
      Encoder::Done failed;
      failed.status = VSTREAM_E_IO;
      failed.cookie = job->cookie;
      emit(failed);
    }
    return;
  }
  if (Status status = encoder.Drain(); !status) emit(std::move(status.error()));
}

bool CollectEncoded(Encoder& encoder, const EncoderStage::Emit& emit) {
  for (int i = 0; i < kBatch; ++i) {
    Result<std::optional<Encoder::Done>> done = encoder.Collect();
    if (!done) {
      if (done.error().code == Code::kEndOfStream)
        emit(Drained{});
      else
        emit(std::move(done.error()));
      return false;
    }
    if (!done->has_value()) return true;
    emit(**done);
  }
  return true;
}

}  // namespace

std::unique_ptr<CaptureStage> MakeCaptureStage(std::string slot, size_t capacity) {
  return std::make_unique<CaptureStage>(std::move(slot), capacity, CaptureStage::Hooks{ExecuteCapture, CollectCapture});
}

std::unique_ptr<ConverterStage> MakeConverterStage(std::string slot, size_t capacity) {
  return std::make_unique<ConverterStage>(std::move(slot), capacity,
                                          ConverterStage::Hooks{ExecuteConvert, CollectConverted});
}

std::unique_ptr<EncoderStage> MakeEncoderStage(std::string slot, size_t capacity) {
  return std::make_unique<EncoderStage>(std::move(slot), capacity, EncoderStage::Hooks{ExecuteEncode, CollectEncoded});
}

std::unique_ptr<AllocatorStage> MakeAllocatorStage(std::string slot) {
  return std::make_unique<AllocatorStage>(std::move(slot), 2, AllocatorStage::Hooks{});
}

}  // namespace videostream
