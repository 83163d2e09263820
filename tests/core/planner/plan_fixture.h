// SPDX-License-Identifier: Apache-2.0
// Machines and profiles made by hand: what the tests of the planner start from.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "core/planner/plan.h"
#include "videostream/backend.h"

namespace videostream {

template <size_t N>
inline void Set(char (&to)[N], const char* text) {
  std::strncpy(to, text, N - 1);
}

inline vstream_format_range Range(uint32_t fourcc, uint32_t directions, uint32_t max_width = 4096) {
  vstream_format_range range{};
  range.fourcc = fourcc;
  range.directions = directions;
  range.min_width = range.min_height = 16;
  range.max_width = range.max_height = max_width;
  return range;
}

inline vstream_device Device(uint32_t kind, const char* id, std::vector<vstream_format_range> formats) {
  vstream_device device{};
  device.struct_size = sizeof device;
  device.kind = kind;
  Set(device.id, id);
  device.format_count = static_cast<uint32_t>(formats.size());
  std::copy(formats.begin(), formats.end(), device.formats);
  return device;
}

inline BackendReport Backend(const char* name, std::vector<vstream_device> devices) {
  BackendReport report;
  report.name = name;
  report.path = std::string("/lib/") + name + ".so";
  Set(report.identity.name, name);
  for (const vstream_device& device : devices) report.identity.kinds |= VSTREAM_KIND_BIT(device.kind);
  report.devices = std::move(devices);
  return report;
}

inline constexpr uint32_t kIn = VSTREAM_DIRECTION_INPUT, kOut = VSTREAM_DIRECTION_OUTPUT;

// A machine with one camera backend, one software backend that can do everything, and shm.
class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0", {Range(VSTREAM_FORMAT_NV12, kOut, 1920)})}));
    Add(Backend(
        "soft",
        {Device(VSTREAM_KIND_CAPTURE, "pattern", {Range(VSTREAM_FORMAT_NV12, kOut), Range(VSTREAM_FORMAT_I420, kOut)}),
         Device(VSTREAM_KIND_CONVERTER, "cpu", {Range(VSTREAM_FORMAT_NV12, kIn), Range(VSTREAM_FORMAT_RGB24, kOut)}),
         Device(VSTREAM_KIND_ENCODER, "h264", {Range(VSTREAM_FORMAT_I420, kIn), Range(VSTREAM_FORMAT_H264, kOut)})}));
    Add(Backend("shm", {Device(VSTREAM_KIND_ALLOCATOR, "memfd", {}), Device(VSTREAM_KIND_TRANSPORT, "seqpacket", {})}));

    profile_.file = "p.yaml";
    Prefer(BackendKind::kAllocator, {"shm"});
    Prefer(BackendKind::kCapture, {"cam", "soft"});
    Prefer(BackendKind::kConverter, {"soft"});
    Prefer(BackendKind::kEncoder, {"soft"});
    Prefer(BackendKind::kTransport, {"shm"});
    StreamSpec stream;
    stream.name.value = "front";
    stream.capture.format.value = "NV12";
    stream.capture.size.value = {1280, 720};
    stream.capture.rate.value = {30, 1};
    OutputSpec output;
    output.name.value = "full";
    PublishSpec publish;
    publish.socket_path = "/run/x.sock";
    output.publish.push_back(publish);
    stream.outputs.push_back(output);
    profile_.streams.push_back(stream);
  }

  void Add(BackendReport report) { inventory_[report.name] = std::move(report); }
  void Prefer(BackendKind kind, std::initializer_list<const char*> names) {
    auto& list = profile_.backends[static_cast<size_t>(kind)];
    list.clear();
    for (const char* name : names) list.push_back({name, {}});
  }
  OutputSpec& output() { return profile_.streams[0].outputs[0]; }
  CaptureSpec& capture() { return profile_.streams[0].capture; }

  static const Slot& FindSlot(const Planning& planning, const std::string& name) {
    for (const Slot& slot : planning.slots) {
      if (slot.name == name) return slot;
    }
    ADD_FAILURE() << "no slot " << name;
    static const Slot none;
    return none;
  }

  Profile profile_;
  Inventory inventory_;
};

// The same with a camera that also gives YUYV and, in every size, MJPEG; converters for what outputs may ask for; and
// an encoder for each codec, of which that for H.264 takes I420 only.
class RichPlanTest : public PlanTest {
 protected:
  RichPlanTest() {
    Add(Backend("cam", {Device(VSTREAM_KIND_CAPTURE, "cam0",
                               {Range(VSTREAM_FORMAT_NV12, kOut, 1920), Range(VSTREAM_FORMAT_YUYV, kOut, 1920),
                                Range(VSTREAM_FORMAT_MJPEG, kOut)})}));
    Add(Backend("soft", {Device(VSTREAM_KIND_CONVERTER, "cpu",
                                {Range(VSTREAM_FORMAT_NV12, kIn | kOut), Range(VSTREAM_FORMAT_YUYV, kIn),
                                 Range(VSTREAM_FORMAT_MJPEG, kIn), Range(VSTREAM_FORMAT_I420, kIn | kOut),
                                 Range(VSTREAM_FORMAT_RGB24, kOut), Range(VSTREAM_FORMAT_GREY, kOut)}),
                         Device(VSTREAM_KIND_ENCODER, "h264",
                                {Range(VSTREAM_FORMAT_I420, kIn), Range(VSTREAM_FORMAT_H264, kOut)}),
                         Device(VSTREAM_KIND_ENCODER, "jpeg",
                                {Range(VSTREAM_FORMAT_NV12, kIn), Range(VSTREAM_FORMAT_I420, kIn),
                                 Range(VSTREAM_FORMAT_MJPEG, kOut)})}));
    Prefer(BackendKind::kCapture, {"cam"});
  }

  // A further output of the first stream.
  OutputSpec& AddOutput(const char* name) {
    OutputSpec output;
    output.name.value = name;
    output.publish.emplace_back().socket_path = std::string("/run/") + name + ".sock";
    return profile_.streams[0].outputs.emplace_back(output);
  }
};

inline Located<std::string> Word(const char* text) { return {text, {}}; }

inline EncoderSpec Codec(const char* name) {
  EncoderSpec encoder;
  encoder.codec.value = name;
  return encoder;
}

}  // namespace videostream
