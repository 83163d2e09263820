// SPDX-License-Identifier: Apache-2.0
// The pools of a stream, and who touches each.
#include "core/planner/picks.h"

#include <cstring>

#include "core/planner/picture.h"
#include "core/planner/ports.h"

namespace videostream {
namespace {

constexpr uint32_t kReads = VSTREAM_DIRECTION_INPUT, kWrites = VSTREAM_DIRECTION_OUTPUT;

// Somebody who touches a pool: direction 0 is a transport, of which only the kind of memory counts.
struct Port {
  const Pick* pick = nullptr;
  Place place;
  uint32_t direction = 0;
  PlannedFormat format;
};

struct PoolPorts {
  const Pick* allocator = nullptr;
  Place place;  // of the allocator
  std::vector<Port> ports;
};

bool Same(const Place& a, const Place& b) {
  return a.kind == b.kind && (a.kind == BackendKind::kCapture || a.output == b.output);
}

PlannedFormat WithoutRate(PlannedFormat format) {
  format.rate = {};
  return format;
}

class Way {
 public:
  Way(const StreamPictures& pictures, const StreamPick& picks) : pictures_(pictures), picks_(picks) {}

  [[nodiscard]] std::vector<PoolPorts> Pools() const {
    std::vector<PoolPorts> pools;
    const size_t first = pictures_.allocating;
    PoolPorts captured{&picks_.outputs[first].allocator, {BackendKind::kAllocator, first}, {}};
    captured.ports.push_back(Capture());
    for (size_t i = 0; i < picks_.outputs.size(); ++i) {
      if (pictures_.converts[i]) {
        captured.ports.push_back(At(BackendKind::kConverter, i, kReads, pictures_.captured));
      } else {
        AddPublished(i, captured);
      }
    }
    pools.push_back(std::move(captured));
    for (size_t i = 0; i < picks_.outputs.size(); ++i) AddOwn(i, pools);
    return pools;
  }

  // From a writer to each of its readers.
  [[nodiscard]] std::vector<std::pair<Port, Port>> Strides() const {
    std::vector<std::pair<Port, Port>> pairs;
    for (size_t i = 0; i < picks_.outputs.size(); ++i) {
      const PlannedFormat& published = pictures_.outputs[i].published;
      const Port encoder = At(BackendKind::kEncoder, i, kReads, published);
      if (!pictures_.converts[i]) {
        pairs.emplace_back(Capture(), encoder);
        continue;
      }
      pairs.emplace_back(Capture(), At(BackendKind::kConverter, i, kReads, pictures_.captured));
      pairs.emplace_back(At(BackendKind::kConverter, i, kWrites, published), encoder);
    }
    return pairs;
  }

 private:
  [[nodiscard]] Port Capture() const {
    return {&picks_.capture, {BackendKind::kCapture, 0}, kWrites, pictures_.captured};
  }

  [[nodiscard]] Port At(BackendKind kind, size_t output, uint32_t direction, const PlannedFormat& format) const {
    return {&picks_.outputs[output].at(kind), {kind, output}, direction, WithoutRate(format)};
  }

  void AddPublished(size_t output, PoolPorts& pool) const {
    pool.ports.push_back(At(BackendKind::kEncoder, output, kReads, pictures_.outputs[output].published));
    pool.ports.push_back(At(BackendKind::kTransport, output, 0, {}));
  }

  void AddOwn(size_t output, std::vector<PoolPorts>& pools) const {
    const Pick* allocator = &picks_.outputs[output].allocator;
    if (pictures_.converts[output]) {
      PoolPorts converted{allocator, {BackendKind::kAllocator, output}, {}};
      converted.ports.push_back(At(BackendKind::kConverter, output, kWrites, pictures_.outputs[output].published));
      AddPublished(output, converted);
      pools.push_back(std::move(converted));
    }
    if (pictures_.outputs[output].codec == 0) return;
    PoolPorts packets{allocator, {BackendKind::kAllocator, output}, {}};
    PlannedFormat coded;
    coded.fourcc = pictures_.outputs[output].codec;
    packets.ports.push_back(At(BackendKind::kEncoder, output, kWrites, coded));
    packets.ports.push_back(At(BackendKind::kTransport, output, 0, {}));
    pools.push_back(std::move(packets));
  }

  const StreamPictures& pictures_;
  const StreamPick& picks_;
};

bool Takes(const Port& port, const Pick& allocator) {
  if (port.pick->empty() || allocator.empty()) return true;
  const uint32_t memory = MemoryOf(*allocator.device);
  if (port.direction == 0) return TransportTakes(*port.pick->device, memory);
  return PortTakes(*port.pick->device, port.direction, port.format, memory);
}

std::string Who(const StreamPictures& pictures, const Place& place, const Pick& pick) {
  std::string text = std::string(kBackendKindNames.at(static_cast<size_t>(place.kind))) + " '" + pick.report->name +
                     "/" + pick.device->id + "'";
  if (place.kind != BackendKind::kCapture) text += " of output '" + pictures.outputs[place.output].name + "'";
  return text;
}

std::string Needs(const Port& port) {
  if (port.direction == 0) return MemoryWords(MemoryOf(*port.pick->device));
  return PortWords(*port.pick->device, port.direction, port.format);
}

Conflict MemoryConflict(const StreamPictures& pictures, const PoolPorts& pool, const Port& port, bool of_allocator) {
  return {[&pictures, pool, port, of_allocator] {
    const std::string memory = MemoryWords(MemoryOf(*pool.allocator->device));
    if (of_allocator) {
      return "its memory is " + memory + ", and " + Who(pictures, port.place, *port.pick) + " needs " + Needs(port);
    }
    return "it needs " + Needs(port) + ", and the memory of " + Who(pictures, pool.place, *pool.allocator) + " is " +
           memory;
  }};
}

Conflict StrideConflict(const StreamPictures& pictures, const Port& from, const Port& to, bool of_writer) {
  return {[&pictures, from, to, of_writer] {
    const std::string writes = StrideWords(*from.pick->device, kWrites, from.format);
    const std::string reads = StrideWords(*to.pick->device, kReads, to.format);
    return of_writer ? "it writes " + writes + ", and " + Who(pictures, to.place, *to.pick) + " needs " + reads
                     : "it needs " + reads + ", and " + Who(pictures, from.place, *from.pick) + " writes " + writes;
  }};
}

}  // namespace

int ComparePicks(const Pick& a, const Pick& b) {
  if (a.empty() || b.empty()) return static_cast<int>(b.empty()) - static_cast<int>(a.empty());
  if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
  return std::strcmp(a.device->id, b.device->id);
}

Pick& OutputPick::at(BackendKind kind) {
  if (kind == BackendKind::kConverter) return converter;
  if (kind == BackendKind::kEncoder) return encoder;
  return kind == BackendKind::kAllocator ? allocator : transport;
}

const Pick& OutputPick::at(BackendKind kind) const {
  if (kind == BackendKind::kConverter) return converter;
  if (kind == BackendKind::kEncoder) return encoder;
  return kind == BackendKind::kAllocator ? allocator : transport;
}

StreamPictures MakePictures(const StreamSpec& stream, const PlannedFormat& captured) {
  StreamPictures pictures;
  pictures.captured = captured;
  pictures.allocating = stream.outputs.size();
  for (const OutputSpec& output : stream.outputs) {
    pictures.outputs.push_back(OutputPicture(captured, output));
    pictures.converts.push_back(NeedsConverter(captured, pictures.outputs.back()));
    if (!pictures.converts.back() && pictures.allocating == stream.outputs.size()) {
      pictures.allocating = pictures.outputs.size() - 1;
    }
  }
  if (pictures.allocating == stream.outputs.size()) pictures.allocating = 0;
  return pictures;
}

std::optional<Conflict> FindConflict(const StreamPictures& pictures, const StreamPick& picks, const Place& place) {
  const Way way(pictures, picks);
  for (const PoolPorts& pool : way.Pools()) {
    const bool of_allocator = Same(pool.place, place);
    for (const Port& port : pool.ports) {
      if ((of_allocator || Same(port.place, place)) && !Takes(port, *pool.allocator)) {
        return MemoryConflict(pictures, pool, port, of_allocator);
      }
    }
  }
  for (const auto& [from, to] : way.Strides()) {
    if (from.pick->empty() || to.pick->empty() || (!Same(from.place, place) && !Same(to.place, place))) continue;
    if (StridesFit(*from.pick->device, *to.pick->device, WithoutRate(from.format))) continue;
    return StrideConflict(pictures, from, to, Same(from.place, place));
  }
  return {};
}

}  // namespace videostream
