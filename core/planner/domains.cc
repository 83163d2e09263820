// SPDX-License-Identifier: Apache-2.0
// Domains of the search.
#include "core/planner/domains.h"

#include <algorithm>
#include <iterator>

#include "core/planner/open_format.h"
#include "core/planner/picture.h"

namespace videostream {
namespace {

// The sizes of a device that has only single ones of this format, the largest first; empty for one with ranges.
std::vector<Size> SingleSizes(const vstream_device& device, const PlannedFormat& wanted) {
  std::vector<Size> sizes;
  for (uint32_t i = 0; i < device.format_count; ++i) {
    const vstream_format_range& range = device.formats[i];
    if (!RangeFits(range, VSTREAM_DIRECTION_OUTPUT, wanted)) continue;
    if (range.min_width != range.max_width || range.min_height != range.max_height) return {};
    sizes.push_back({range.max_width, range.max_height});
  }
  const auto larger = [](const Size& a, const Size& b) {
    const uint64_t area_a = uint64_t{a.width} * a.height, area_b = uint64_t{b.width} * b.height;
    return area_a != area_b ? area_a > area_b : a.width > b.width;
  };
  std::sort(sizes.begin(), sizes.end(), larger);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

Demand CaptureDemand(const StreamSpec& stream, const PlannedFormat& captured) {
  Demand demand;
  demand.device = stream.capture.device.value;
  demand.out = captured;
  return demand;
}

void AddHeads(const Pick& capture, const PlannedFormat& captured, uint32_t format_place, std::vector<Head>& heads) {
  Head head{capture, captured, format_place, 0, {}};
  if (captured.width != 0 || captured.fourcc == 0) {
    heads.push_back(std::move(head));
    return;
  }
  const std::vector<Size> sizes = SingleSizes(*capture.device, captured);
  head.may_be = sizes;
  heads.push_back(std::move(head));
  if (sizes.size() < 2) return;
  for (const Size& size : sizes) {
    Head one{capture, captured, format_place, heads.back().size_place + 1, {}};
    one.captured.width = size.width;
    one.captured.height = size.height;
    heads.push_back(std::move(one));
  }
}

// A and B, both in the order of ComparePicks.
std::vector<Pick> Both(const std::vector<Pick>& a, const std::vector<Pick>& b) {
  std::vector<Pick> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both),
                        [](const Pick& x, const Pick& y) { return ComparePicks(x, y) < 0; });
  return both;
}

}  // namespace

std::vector<Pick> Devices(const Rules& rules, const Capacity& capacity, const SlotRef& slot, const Demand& demand) {
  std::vector<Pick> picks;
  for (const Listed& listed : rules.List(slot)) {
    const BackendReport* report = rules.Serving(listed.name.value, slot.kind);
    if (report == nullptr) continue;
    for (const vstream_device& device : report->devices) {
      if (!rules.Considers(slot, *report, device) || !capacity.Represents(*report, device)) continue;
      if (rules.Judge(slot, *report, device, demand).verdict != Verdict::kTaken) continue;
      picks.push_back({report, &device, listed.rank});
    }
  }
  std::sort(picks.begin(), picks.end(), [](const Pick& a, const Pick& b) { return ComparePicks(a, b) < 0; });
  return picks;
}

std::vector<Head> Heads(const Rules& rules, const Capacity& capacity, const StreamSpec& stream) {
  const SlotRef slot = CaptureSlot(stream);
  PlannedFormat captured = CapturedPicture(stream.capture);
  std::vector<uint32_t> formats = {captured.fourcc};
  if (captured.fourcc == 0) formats = OpenFormats(rules, stream);
  std::vector<Head> heads;
  for (size_t i = 0; i < formats.size(); ++i) {
    captured.fourcc = formats[i];
    for (const Pick& capture : Devices(rules, capacity, slot, CaptureDemand(stream, captured))) {
      AddHeads(capture, captured, static_cast<uint32_t>(i), heads);
    }
  }
  return heads;
}

namespace {

OutputDevices DevicesOfOutput(const Rules& rules, const Capacity& capacity, const StreamSpec& stream,
                              const StreamPictures& pictures, size_t index) {
  const OutputSpec& output = stream.outputs[index];
  OutputDevices devices;
  if (pictures.converts[index]) {
    devices.converters = Devices(rules, capacity, OutputSlot(stream, output, BackendKind::kConverter),
                                 ConverterDemand(pictures.captured, pictures.outputs[index]));
  }
  if (output.encoder) {
    devices.encoders = Devices(rules, capacity, OutputSlot(stream, output, BackendKind::kEncoder),
                               EncoderDemand(pictures.captured, pictures.outputs[index]));
  }
  devices.allocators = Devices(rules, capacity, OutputSlot(stream, output, BackendKind::kAllocator), {});
  devices.transports = Devices(rules, capacity, OutputSlot(stream, output, BackendKind::kTransport), {});
  return devices;
}

}  // namespace

StreamDevices DevicesFor(const Rules& rules, const Capacity& capacity, const StreamSpec& stream, const Head& head) {
  StreamDevices devices;
  devices.pictures = MakePictures(stream, head.captured);
  for (size_t i = 0; i < stream.outputs.size() && devices.complete; ++i) {
    OutputDevices& one = devices.outputs.emplace_back(DevicesOfOutput(rules, capacity, stream, devices.pictures, i));
    for (const Size& size : head.may_be) {
      PlannedFormat captured = head.captured;
      captured.width = size.width;
      captured.height = size.height;
      const StreamPictures pictures = MakePictures(stream, captured);
      const OutputDevices then = DevicesOfOutput(rules, capacity, stream, pictures, i);
      if (devices.pictures.converts[i] && pictures.converts[i]) one.converters = Both(one.converters, then.converters);
      if (stream.outputs[i].encoder) one.encoders = Both(one.encoders, then.encoders);
    }
    devices.complete = !one.allocators.empty() && !one.transports.empty() &&
                       (!devices.pictures.converts[i] || !one.converters.empty()) &&
                       (!stream.outputs[i].encoder || !one.encoders.empty());
  }
  return devices;
}

}  // namespace videostream
