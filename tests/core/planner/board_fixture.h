// SPDX-License-Identifier: Apache-2.0
// A board with camera, 2D engine and encoder in hardware, the CPU beside them, and two kinds of memory.
#pragma once

#include <string>
#include <vector>

#include "tests/core/planner/plan_fixture.h"

namespace videostream {

inline constexpr uint32_t kContiguous = VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CONTIGUOUS;
inline constexpr uint32_t kByCpu = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CPU_ACCESS;

struct Board {
  Board() {
    MakeHardware();
    MakeSoftware();
    profile.file = "board.yaml";
    Prefer(BackendKind::kAllocator, {"heap", "shm"});
    Prefer(BackendKind::kCapture, {"v4l2", "soft"});
    Prefer(BackendKind::kConverter, {"g2d", "soft"});
    Prefer(BackendKind::kEncoder, {"vpu", "soft"});
    Prefer(BackendKind::kTransport, {"shm"});
    AddStream("front");
  }

  void Prefer(BackendKind kind, std::initializer_list<const char*> names) {
    auto& list = profile.backends[static_cast<size_t>(kind)];
    list.clear();
    for (const char* name : names) list.push_back({name, {}});
  }

  // NV12 1280x720 at 30, one output `full` with H.264.
  StreamSpec& AddStream(const char* name) {
    StreamSpec& stream = profile.streams.emplace_back();
    stream.name.value = name;
    stream.capture.format.value = "NV12";
    stream.capture.size.value = {1280, 720};
    stream.capture.rate.value = {30, 1};
    AddOutput(stream, "full").encoder = Codec("h264");
    return stream;
  }

  static OutputSpec& AddOutput(StreamSpec& stream, const char* name) {
    OutputSpec& output = stream.outputs.emplace_back();
    output.name.value = name;
    output.publish.emplace_back().socket_path = "/run/" + stream.name.value + "-" + name;
    return output;
  }

  StreamSpec& front() { return profile.streams[0]; }
  OutputSpec& full() { return front().outputs[0]; }
  vstream_device& device(const char* backend, size_t index = 0) { return inventory[backend].devices[index]; }
  Planning Plan() const { return MakePlan(profile, inventory, options); }

  Profile profile;
  Inventory inventory;
  PlanOptions options;

 private:
  static vstream_format_range In(uint32_t fourcc, uint32_t directions, uint32_t memory, uint32_t alignment = 1) {
    vstream_format_range range = Range(fourcc, directions);
    range.memory = memory;
    range.stride_alignment = alignment;
    return range;
  }

  void Add(BackendReport report) { inventory[report.name] = std::move(report); }

  void MakeHardware() {
    constexpr uint32_t kFast = VSTREAM_DEVICE_HARDWARE | VSTREAM_DEVICE_REALTIME;
    vstream_device camera =
        Device(VSTREAM_KIND_CAPTURE, "cam0",
               {In(VSTREAM_FORMAT_NV12, kOut, kContiguous, 64), In(VSTREAM_FORMAT_YUYV, kOut, kContiguous, 64)});
    camera.flags = kFast | VSTREAM_DEVICE_EXCLUSIVE;
    camera.min_buffers = 3;
    vstream_device second = camera;
    Set(second.id, "cam1");
    Add(Backend("v4l2", {camera, second}));
    vstream_device engine =
        Device(VSTREAM_KIND_CONVERTER, "g2d0",
               {In(VSTREAM_FORMAT_NV12, kIn, kContiguous, 16), In(VSTREAM_FORMAT_YUYV, kIn, kContiguous, 16),
                In(VSTREAM_FORMAT_RGBA, kOut, kContiguous, 64), In(VSTREAM_FORMAT_NV12, kOut, kContiguous, 64)});
    engine.flags = kFast;
    engine.min_buffers = engine.max_buffers = 2;
    Add(Backend("g2d", {engine}));
    vstream_device encoder =
        Device(VSTREAM_KIND_ENCODER, "h1",
               {In(VSTREAM_FORMAT_NV12, kIn, kContiguous, 16), In(VSTREAM_FORMAT_H264, kOut, kContiguous)});
    encoder.flags = kFast;
    encoder.instances = 2;
    encoder.min_buffers = encoder.max_buffers = 3;
    Add(Backend("vpu", {encoder}));
    vstream_device cma = Device(VSTREAM_KIND_ALLOCATOR, "cma",
                                {In(0, kOut, kContiguous | VSTREAM_MEMORY_CPU_ACCESS | VSTREAM_MEMORY_CACHED)});
    vstream_device system =
        Device(VSTREAM_KIND_ALLOCATOR, "system", {In(0, kOut, VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CPU_ACCESS)});
    Add(Backend("heap", {cma, system}));
  }

  void MakeSoftware() {
    constexpr uint32_t kCpu = VSTREAM_MEMORY_CPU_ACCESS;
    vstream_device pattern = Device(VSTREAM_KIND_CAPTURE, "pattern", {In(VSTREAM_FORMAT_NV12, kOut, kCpu)});
    pattern.cost = 30;
    pattern.min_buffers = 1;
    vstream_device convert = Device(VSTREAM_KIND_CONVERTER, "cpu",
                                    {In(VSTREAM_FORMAT_NV12, kIn | kOut, kCpu), In(VSTREAM_FORMAT_YUYV, kIn, kCpu),
                                     In(VSTREAM_FORMAT_RGB24, kOut, kCpu), In(VSTREAM_FORMAT_RGBA, kOut, kCpu)});
    convert.cost = 100;
    vstream_device encode =
        Device(VSTREAM_KIND_ENCODER, "x264", {In(VSTREAM_FORMAT_NV12, kIn, kCpu), In(VSTREAM_FORMAT_H264, kOut, kCpu)});
    encode.cost = 700;
    encode.min_buffers = encode.max_buffers = 4;
    Add(Backend("soft", {pattern, convert, encode}));
    Add(Backend(
        "shm", {Device(VSTREAM_KIND_ALLOCATOR, "memfd",
                       {In(0, kOut,
                           VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT |
                               VSTREAM_MEMORY_CPU_ACCESS)}),
                Device(VSTREAM_KIND_TRANSPORT, "native", {In(0, kIn, VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF)})}));
  }
};

}  // namespace videostream
