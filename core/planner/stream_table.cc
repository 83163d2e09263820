// SPDX-License-Identifier: Apache-2.0
// One stream: given what is captured and the allocator of those buffers, its outputs have nothing to do with each other
// but the limited devices, and the slots of an output nothing but its allocator and the strides between two of them.
#include "core/planner/stream_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/planner/domains.h"
#include "core/planner/ports.h"

namespace videostream {
namespace {

constexpr uint32_t kReads = VSTREAM_DIRECTION_INPUT, kWrites = VSTREAM_DIRECTION_OUTPUT;
constexpr vstream_ratio kUsualRate = {30, 1};

// What one output adds to its stream.
struct Bundle {
  Cost cost;
  OutputPick pick;
};
using BundleTable = std::map<Usage, Bundle>;

int CompareOutputs(const OutputPick& a, const OutputPick& b) {
  for (const BackendKind kind :
       {BackendKind::kConverter, BackendKind::kEncoder, BackendKind::kAllocator, BackendKind::kTransport}) {
    if (const int order = ComparePicks(a.at(kind), b.at(kind)); order != 0) return order;
  }
  return 0;
}

bool Better(const Bundle& a, const Bundle& b) {
  if (a.cost != b.cost) return a.cost < b.cost;
  return CompareOutputs(a.pick, b.pick) < 0;
}

bool Better(const StreamEntry& a, const StreamEntry& b) { return CompareEntries(a, b) < 0; }

template <class Table, class Entry>
void Keep(Table& table, const Usage& usage, Entry entry) {
  const auto [found, added] = table.try_emplace(usage, std::move(entry));
  if (!added && Better(entry, found->second)) found->second = std::move(entry);
}

uint64_t ConvertedPerSecond(const Pick& converter, const PlannedFormat& captured, const PlannedFormat& published) {
  vstream_ratio rate = published.rate.den != 0 ? published.rate : captured.rate;
  if (rate.den == 0) rate = kUsualRate;
  return BytesWritten(*converter.device, published) * rate.num / rate.den;
}

class StreamSearch {
 public:
  StreamSearch(const Rules& rules, const StreamSpec& stream, const UsageCounter& counter, StepBudget& budget)
      : rules_(rules), stream_(stream), counter_(counter), budget_(budget) {
    for (const auto& [name, report] : rules.inventory()) device_count_ += report.devices.size();
  }

  StreamTable Run() {
    if (stream_.outputs.empty()) return {};
    for (const Head& head : Heads(rules_, counter_.capacity(), stream_)) {
      Look(head);
      if (budget_.empty()) break;
      if (!devices_.complete) continue;
      for (const Pick& allocator : devices_.outputs[devices_.pictures.allocating].allocators) {
        TryHead(head, allocator);
      }
    }
    return std::move(result_);
  }

 private:
  // What the outputs may choose from depends on the picture, not on who captures it.
  void Look(const Head& head) {
    if (seen_ && seen_->captured.fourcc == head.captured.fourcc && seen_->captured.width == head.captured.width &&
        seen_->captured.height == head.captured.height && seen_->may_be == head.may_be) {
      return;
    }
    if (!budget_.Take((device_count_ + 1) * stream_.outputs.size())) return;
    devices_ = DevicesFor(rules_, counter_.capacity(), stream_, head);
    seen_ = head;
  }

  void TryHead(const Head& head, const Pick& allocator) {
    captured_memory_ = MemoryOf(*allocator.device);
    if (!PortTakes(*head.capture.device, kWrites, head.captured, captured_memory_)) return;
    StreamEntry entry;
    entry.cost.parts[Cost::kCaptureOrder] = head.capture.rank;
    entry.cost.parts[Cost::kPicture] = head.size_place;
    entry.cost.parts[Cost::kWork] = head.capture.device->cost;
    entry.pick = {head.captured, head.capture, std::vector<OutputPick>(stream_.outputs.size())};
    entry.format_place = head.format_place;
    entry.size_place = head.size_place;
    Usage usage = counter_.None();
    counter_.Add(head.capture, usage);
    if (!counter_.Fits(usage)) return;
    StreamTable table;
    table.emplace(usage, std::move(entry));
    for (size_t i = 0; i < stream_.outputs.size() && !table.empty(); ++i) {
      table = Extend(table, i, Bundles(head, i, i == devices_.pictures.allocating ? &allocator : nullptr));
    }
    for (auto& [used, best] : table) Keep(result_, used, std::move(best));
  }

  [[nodiscard]] StreamTable Extend(const StreamTable& table, size_t output, const BundleTable& bundles) {
    StreamTable extended;
    Usage usage;
    for (const auto& [used, entry] : table) {
      for (const auto& [more, bundle] : bundles) {
        if (!budget_.Take()) return {};
        if (!counter_.Sum(used, more, usage)) continue;
        StreamEntry longer = entry;
        longer.cost += bundle.cost;
        longer.pick.outputs[output] = bundle.pick;
        Keep(extended, usage, std::move(longer));
      }
    }
    return extended;
  }

  // `allocator`: that of the captured buffers where it is this output's, else null.
  [[nodiscard]] BundleTable Bundles(const Head& head, size_t output, const Pick* allocator) {
    static const std::vector<Pick> kNobody(1);
    BundleTable table;
    const OutputDevices& devices = devices_.outputs[output];
    const auto& converters = devices_.pictures.converts[output] ? devices.converters : kNobody;
    const auto& encoders = stream_.outputs[output].encoder ? devices.encoders : kNobody;
    const std::vector<Pick> allocators = allocator != nullptr ? std::vector<Pick>{*allocator} : devices.allocators;
    for (const Pick& memory : allocators) {
      for (const Pick& converter : converters) {
        if (!ConverterFits(head, output, memory, converter)) continue;
        for (const Pick& encoder : encoders) {
          if (!EncoderFits(head, output, memory, converter, encoder)) continue;
          for (const Pick& transport : devices.transports) {
            if (!budget_.Take()) return table;
            AddBundle(output, {converter, encoder, memory, transport}, table);
          }
        }
      }
    }
    return table;
  }

  [[nodiscard]] bool ConverterFits(const Head& head, size_t output, const Pick& memory, const Pick& converter) const {
    if (converter.empty()) return true;
    const StreamPictures& pictures = devices_.pictures;
    const PlannedFormat published = Still(pictures.outputs[output].published);
    const PlannedFormat captured = Still(pictures.captured);
    return PortTakes(*converter.device, kReads, captured, captured_memory_) &&
           PortTakes(*converter.device, kWrites, published, MemoryOf(*memory.device)) &&
           StridesFit(*head.capture.device, *converter.device, captured);
  }

  [[nodiscard]] bool EncoderFits(const Head& head, size_t output, const Pick& memory, const Pick& converter,
                                 const Pick& encoder) const {
    if (encoder.empty()) return true;
    const OutputPlan& plan = devices_.pictures.outputs[output];
    const PlannedFormat published = Still(plan.published);
    PlannedFormat coded;
    coded.fourcc = plan.codec;
    const uint32_t frames = converter.empty() ? captured_memory_ : MemoryOf(*memory.device);
    const vstream_device& writer = converter.empty() ? *head.capture.device : *converter.device;
    return PortTakes(*encoder.device, kReads, published, frames) &&
           PortTakes(*encoder.device, kWrites, coded, MemoryOf(*memory.device)) &&
           StridesFit(writer, *encoder.device, published);
  }

  void AddBundle(size_t output, const OutputPick& pick, BundleTable& table) {
    const uint32_t own = MemoryOf(*pick.allocator.device);
    const uint32_t frames = pick.converter.empty() ? captured_memory_ : own;
    if (!TransportTakes(*pick.transport.device, frames)) return;
    if (!pick.encoder.empty() && !TransportTakes(*pick.transport.device, own)) return;
    Bundle bundle{{}, pick};
    auto& parts = bundle.cost.parts;
    parts[Cost::kTransportOrder] = pick.transport.rank;
    parts[Cost::kRestOrder] = pick.allocator.rank;
    parts[Cost::kCopies] = stream_.outputs[output].publish.front().protect.value == "copy" ? 1 : 0;
    if (!pick.encoder.empty()) {
      parts[Cost::kEncoderOrder] = pick.encoder.rank;
      parts[Cost::kWork] += pick.encoder.device->cost;
    }
    if (!pick.converter.empty()) {
      const StreamPictures& pictures = devices_.pictures;
      parts[Cost::kConverted] =
          ConvertedPerSecond(pick.converter, pictures.captured, pictures.outputs[output].published);
      parts[Cost::kWork] += pick.converter.device->cost;
      parts[Cost::kRestOrder] += pick.converter.rank;
    }
    Usage usage = counter_.None();
    for (const Pick* one : {&pick.converter, &pick.encoder, &pick.allocator, &pick.transport}) {
      counter_.Add(*one, usage);
    }
    if (counter_.Fits(usage)) Keep(table, usage, bundle);
  }

  static PlannedFormat Still(PlannedFormat format) {
    format.rate = {};
    return format;
  }

  const Rules& rules_;
  const StreamSpec& stream_;
  const UsageCounter& counter_;
  StepBudget& budget_;
  uint64_t device_count_ = 0;
  std::optional<Head> seen_;  // that devices_ is for
  StreamDevices devices_;
  uint32_t captured_memory_ = 0;
  StreamTable result_;
};

}  // namespace

void UsageCounter::Add(const Pick& pick, Usage& usage) const {
  if (pick.empty() || counted_.empty()) return;
  const size_t index = capacity_.ClassOf(*pick.report, *pick.device);
  const auto found = std::find(counted_.begin(), counted_.end(), index);
  if (found != counted_.end()) ++usage[static_cast<size_t>(found - counted_.begin())];
}

bool UsageCounter::Sum(const Usage& a, const Usage& b, Usage& sum) const {
  sum = a;
  for (size_t i = 0; i < sum.size(); ++i) {
    const uint32_t count = uint32_t{a[i]} + b[i];
    if (count > capacity_.Limit(counted_[i]) || count > UINT8_MAX) return false;
    sum[i] = static_cast<uint8_t>(count);
  }
  return true;
}

bool UsageCounter::Fits(const Usage& usage) const {
  for (size_t i = 0; i < usage.size(); ++i) {
    if (usage[i] > capacity_.Limit(counted_[i])) return false;
  }
  return true;
}

int CompareEntries(const StreamEntry& a, const StreamEntry& b) {
  if (a.cost != b.cost) return a.cost < b.cost ? -1 : 1;
  if (a.format_place != b.format_place) return a.format_place < b.format_place ? -1 : 1;
  if (a.size_place != b.size_place) return a.size_place < b.size_place ? -1 : 1;
  if (const int order = ComparePicks(a.pick.capture, b.pick.capture); order != 0) return order;
  for (size_t i = 0; i < a.pick.outputs.size(); ++i) {
    if (const int order = CompareOutputs(a.pick.outputs[i], b.pick.outputs[i]); order != 0) return order;
  }
  return 0;
}

StreamTable MakeStreamTable(const Rules& rules, const StreamSpec& stream, const UsageCounter& counter,
                            StepBudget& budget) {
  return StreamSearch(rules, stream, counter, budget).Run();
}

}  // namespace videostream
