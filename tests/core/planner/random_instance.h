// SPDX-License-Identifier: Apache-2.0
// Small machines and profiles made by chance, with everything in them that a plan depends on.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/planner/plan_fixture.h"

namespace videostream {

struct Instance {
  Profile profile;
  Inventory inventory;
  PlanOptions options;
};

class RandomInstance {
 public:
  explicit RandomInstance(uint64_t seed) : random_(seed) {}

  uint32_t Below(uint32_t end) { return static_cast<uint32_t>(random_() % end); }
  bool OneIn(uint32_t n) { return Below(n) == 0; }

  Instance Make(uint32_t most_streams, uint32_t most_outputs) {
    Instance made;
    for (const char* name : {"a", "b", "c"}) {
      std::vector<vstream_device> devices;
      for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) AddDevices(kind, devices);
      BackendReport report = Backend(name, std::move(devices));
      if (OneIn(20)) report.refused = Error{Code::kUnsupported, "refused by chance"};
      made.inventory[name] = std::move(report);
    }
    made.profile.file = "random.yaml";
    FillLists(made.profile.backends, 1);
    made.profile.require = Require(15);
    const uint32_t streams = 1 + Below(most_streams);
    for (uint32_t i = 0; i < streams; ++i) made.profile.streams.push_back(Stream(i, 1 + Below(most_outputs)));
    return made;
  }

  // What a driver might refuse.
  Nogood Refusal() {
    Nogood nogood;
    nogood.backend = Name();
    if (OneIn(2)) nogood.slot = OneIn(2) ? "s0.capture" : "s0.o0.encoder";
    if (OneIn(2)) nogood.device = Id(Below(VSTREAM_KINDS), Below(2));
    if (OneIn(2)) nogood.fourcc = Raw();
    return nogood;
  }

 private:
  static constexpr uint32_t kFormats[] = {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_I420, VSTREAM_FORMAT_YUYV};
  static constexpr const char* kFormatNames[] = {"NV12", "I420", "YUYV"};

  uint32_t Raw() { return kFormats[Below(3)]; }
  std::string Name() { return std::string(1, static_cast<char>('a' + Below(3))); }
  static std::string Id(uint32_t kind, uint32_t number) {
    return std::string("d") + std::to_string(kind) + std::to_string(number);
  }

  uint32_t Memory(bool allocator) {
    constexpr uint32_t kMemfd = VSTREAM_MEMORY_MEMFD, kDmabuf = VSTREAM_MEMORY_DMABUF;
    if (!OneIn(3)) return 0;
    const uint32_t type = OneIn(2) ? kMemfd : kDmabuf;
    const uint32_t contiguous = type == kDmabuf && OneIn(2) ? VSTREAM_MEMORY_CONTIGUOUS : 0;
    if (allocator) return type | contiguous | (OneIn(8) ? 0 : VSTREAM_MEMORY_CPU_ACCESS);
    return (OneIn(3) ? kMemfd | kDmabuf : type) | contiguous;
  }

  vstream_format_range RangeOf(uint32_t fourcc, uint32_t directions) {
    constexpr uint32_t kLargest[] = {640, 1280, 4096, 4096, 4096, 4096};
    vstream_format_range range = Range(fourcc, directions, kLargest[Below(6)]);
    range.memory = Memory(false);
    range.stride_alignment = OneIn(5) ? 64 : 1;
    if (OneIn(10)) range.modifier = 1;
    if (OneIn(6)) range.max_rate = {20, 1};
    return range;
  }

  std::vector<vstream_format_range> Ranges(uint32_t kind) {
    std::vector<vstream_format_range> ranges;
    if (kind == VSTREAM_KIND_ALLOCATOR || kind == VSTREAM_KIND_TRANSPORT) {
      ranges.push_back(Range(0, kOut));
      ranges.back().memory = kind == VSTREAM_KIND_ALLOCATOR ? Memory(true) : OneIn(8) ? VSTREAM_MEMORY_MEMFD : 0;
      return ranges;
    }
    for (const uint32_t fourcc : kFormats) {
      if (kind == VSTREAM_KIND_CAPTURE && !OneIn(4)) ranges.push_back(RangeOf(fourcc, kOut));
      if (kind == VSTREAM_KIND_ENCODER && !OneIn(6)) ranges.push_back(RangeOf(fourcc, kIn));
      if (kind == VSTREAM_KIND_CONVERTER && !OneIn(6)) ranges.push_back(RangeOf(fourcc, kIn));
      if (kind == VSTREAM_KIND_CONVERTER && !OneIn(4)) ranges.push_back(RangeOf(fourcc, kOut));
    }
    if (kind == VSTREAM_KIND_CAPTURE && ranges.empty()) ranges.push_back(RangeOf(VSTREAM_FORMAT_NV12, kOut));
    if (kind == VSTREAM_KIND_ENCODER) ranges.push_back(RangeOf(VSTREAM_FORMAT_H264, kOut));
    return ranges;
  }

  void AddDevices(uint32_t kind, std::vector<vstream_device>& devices) {
    const uint32_t count = kind == VSTREAM_KIND_TRANSPORT ? 1 : 1 + Below(2);
    for (uint32_t i = 0; i < count; ++i) {
      vstream_device device = Device(kind, Id(kind, i).c_str(), Ranges(kind));
      if (OneIn(12)) device.reason = VSTREAM_REASON_BUSY;
      device.instances = kind == VSTREAM_KIND_TRANSPORT || !OneIn(3) ? 0 : 1 + Below(3);
      if (OneIn(3)) device.flags |= VSTREAM_DEVICE_HARDWARE;
      if (OneIn(3)) device.flags |= VSTREAM_DEVICE_REALTIME;
      if (kind != VSTREAM_KIND_TRANSPORT && OneIn(4)) device.flags |= VSTREAM_DEVICE_EXCLUSIVE;
      device.cost = 100 * Below(3);
      if (kind == VSTREAM_KIND_CAPTURE) device.min_buffers = OneIn(20) ? 40 : 1 + Below(4);
      // Twins, which count as one: same in all but the name.
      if (i > 0 && OneIn(2)) {
        device = devices.back();
        Set(device.id, Id(kind, i).c_str());
      }
      devices.push_back(device);
    }
  }

  void FillLists(BackendLists& lists, uint32_t one_in) {
    for (size_t kind = 0; kind < kBackendKinds; ++kind) {
      if (!OneIn(one_in)) continue;
      lists[kind].clear();
      std::vector<std::string> names = {"a", "b", "c"};
      std::shuffle(names.begin(), names.end(), random_);
      names.resize(kind == static_cast<size_t>(BackendKind::kTransport) ? 3 : 1 + Below(2));
      for (const std::string& name : names) lists[kind].push_back({name, {}});
    }
  }

  Requirements Require(uint32_t one_in) {
    if (!OneIn(one_in)) return {};
    constexpr const char* kWords[] = {"hardware", "realtime", "zero-copy"};
    return {{kWords[Below(3)], {}}};
  }

  OutputSpec Output(uint32_t index) {
    OutputSpec output;
    output.name.value = "o" + std::to_string(index);
    if (OneIn(2)) output.format = Located<std::string>{kFormatNames[Below(3)], {}};
    if (OneIn(3)) output.size = Located<Size>{{640, 360}, {}};
    if (OneIn(6)) output.flip.value = "horizontal";
    if (OneIn(4)) output.rate.value = {10, 1};
    if (OneIn(3)) output.encoder = Codec("h264");
    if (output.encoder) output.encoder->require = Require(20);
    output.require = Require(20);
    FillLists(output.backends, 10);
    output.publish.emplace_back().transport.value = Name();
    output.publish.front().socket_path = "/run/" + output.name.value;
    return output;
  }

  StreamSpec Stream(uint32_t index, uint32_t outputs) {
    StreamSpec stream;
    stream.name.value = "s" + std::to_string(index);
    if (OneIn(2)) stream.capture.format.value = kFormatNames[Below(3)];
    stream.capture.size.value = OneIn(2) ? Size{1280, 720} : Size{1000, 600};
    if (OneIn(2)) stream.capture.rate.value = {30, 1};
    if (OneIn(12)) stream.capture.device.value = Id(VSTREAM_KIND_CAPTURE, Below(2));
    stream.capture.require = Require(25);
    stream.require = Require(25);
    FillLists(stream.backends, 10);
    for (uint32_t i = 0; i < outputs; ++i) stream.outputs.push_back(Output(i));
    return stream;
  }

  std::mt19937_64 random_;
};

}  // namespace videostream
