// SPDX-License-Identifier: Apache-2.0
// The stations of a stream that run foreign code, each on its own thread: what the stream tells them and what they
// answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "core/allocator/allocator.h"
#include "core/capture/capture.h"
#include "core/converter/converter.h"
#include "core/encoder/encoder.h"
#include "core/frame/frame.h"
#include "core/pipeline/device_thread.h"
#include "videostream/runtime.hpp"

namespace videostream {

// ---- capture ----
struct QueueBuffer {
  uint32_t id = 0;
};
struct StartCapture {};
struct StopCapture {};
using CaptureCommand = std::variant<QueueBuffer, StartCapture, StopCapture>;

struct Ended {};    // the source has ended in order
struct Stopped {};  // StopCapture is done: every queued buffer is the stream's again
using CaptureEvent = std::variant<RawFrame, Ended, Stopped, Error>;
using CaptureStage = DeviceThread<Capture, CaptureCommand, CaptureEvent>;

// ---- converter ----
struct ConvertJob {
  RawFrame source;
  uint32_t target_id = 0;
  uint64_t cookie = 0;
};
using ConvertEvent = std::variant<vstream_converter_result, Error>;
using ConverterStage = DeviceThread<Converter, ConvertJob, ConvertEvent>;

// ---- encoder ----
struct EncodeJob {
  RawFrame input;
  uint32_t packet_id = 0;
  uint64_t cookie = 0;
  uint32_t flags = 0;  // VSTREAM_ENCODE_*
};
struct DrainEncoder {};
using EncoderCommand = std::variant<EncodeJob, DrainEncoder>;

struct Drained {};
using EncoderEvent = std::variant<Encoder::Done, Drained, Error>;
using EncoderStage = DeviceThread<Encoder, EncoderCommand, EncoderEvent>;

// The allocator works only while a stream is set up: it takes no commands.
struct Nothing {};
using AllocatorStage = DeviceThread<Allocator, Nothing, Nothing>;

// Gives a stage up whose foreign call has run since before `before_ns`, and says which one. nullopt: there is none.
template <class Stage>
std::optional<StuckCall> AbandonIfStuck(Stage* stage, int64_t before_ns) {
  if (stage == nullptr || stage->abandoned()) return std::nullopt;
  const std::optional<RunningCall> call = stage->RunningSince(before_ns);
  if (!call) return std::nullopt;
  stage->Abandon();
  return StuckCall{stage->slot(), call->name, call->since_ns};
}

// `slot` names the stage in messages: "front.capture". `capacity`: more than the commands or events that can be
// outstanding.
std::unique_ptr<CaptureStage> MakeCaptureStage(std::string slot, size_t capacity);
std::unique_ptr<ConverterStage> MakeConverterStage(std::string slot, size_t capacity);
std::unique_ptr<EncoderStage> MakeEncoderStage(std::string slot, size_t capacity);
std::unique_ptr<AllocatorStage> MakeAllocatorStage(std::string slot);

}  // namespace videostream
