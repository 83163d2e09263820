// SPDX-License-Identifier: Apache-2.0
// Pool sizes and the memory budget.
#include "core/planner/pools.h"

#include <algorithm>
#include <string>

#include "core/planner/ports.h"
#include "core/planner/words.h"

namespace videostream {
namespace {

constexpr uint32_t kDeviceExtra = 1;  // so that the device has one to fill while it gives one back
constexpr uint32_t kMostJobs = 16;    // that the pipeline gives to one converter or encoder
constexpr uint32_t kUsualJobs = 4;    // of one that does not say

uint32_t Jobs(const Pick& pick) {
  if (pick.empty()) return 0;
  const uint32_t said = pick.device->min_buffers != 0 ? pick.device->min_buffers : pick.device->max_buffers;
  return said == 0 ? kUsualJobs : std::min(said, kMostJobs);
}

bool IsContiguous(const Pick& allocator) { return (MemoryOf(*allocator.device) & VSTREAM_MEMORY_CONTIGUOUS) != 0; }

class PoolMath {
 public:
  PoolMath(const StreamSpec& stream, const StreamPick& pick)
      : stream_(stream), pick_(pick), pictures_(MakePictures(stream, pick.captured)) {}

  void AddTo(std::vector<PoolPlan>& pools) {
    pools.push_back(Captured());
    for (size_t i = 0; i < stream_.outputs.size(); ++i) AddOwn(i, pools);
  }

 private:
  static void Part(PoolPlan& pool, const std::string& what, uint32_t count) {
    if (count == 0) return;
    pool.parts.emplace_back(what, count);
    pool.count += count;
  }

  // What the transport keeps for consumers.
  static void AddTransport(PoolPlan& pool, const PublishSpec& publish, const std::string& of) {
    const uint32_t buffers = publish.buffers.value;
    const uint32_t leases = std::min(publish.leases.value, buffers - 1);
    Part(pool, "newest" + of, 1);
    Part(pool, "leases" + of, leases);
    Part(pool, "queue" + of, buffers - 1 - leases);
  }

  [[nodiscard]] PoolPlan Captured() const {
    const bool alone = stream_.outputs.size() == 1;
    PoolPlan pool{.output = stream_.name.value, .what = "captured", .parts = {}, .count = 0, .bytes = 0};
    Part(pool, "device", pick_.capture.device->min_buffers + kDeviceExtra);
    uint32_t filling = 1;
    for (size_t i = 0; i < stream_.outputs.size(); ++i) {
      if (!alone && !pictures_.converts[i]) ++filling;
    }
    Part(pool, "filling", filling);
    const auto of = [&](size_t i) { return alone ? std::string() : " of " + stream_.outputs[i].name.value; };
    for (size_t i = 0; i < stream_.outputs.size(); ++i) {
      if (pictures_.converts[i]) Part(pool, "converter" + of(i), Jobs(pick_.outputs[i].converter));
    }
    for (size_t i = 0; i < stream_.outputs.size(); ++i) {
      if (!pictures_.converts[i]) Part(pool, "encoder" + of(i), Jobs(pick_.outputs[i].encoder));
    }
    for (size_t i = 0; i < stream_.outputs.size(); ++i) {
      if (!pictures_.converts[i]) AddTransport(pool, stream_.outputs[i].publish.front(), of(i));
    }
    pool.bytes = BytesWritten(*pick_.capture.device, pick_.captured);
    pool.contiguous = IsContiguous(pick_.outputs[pictures_.allocating].allocator);
    return pool;
  }

  void AddOwn(size_t index, std::vector<PoolPlan>& pools) const {
    const OutputPick& pick = pick_.outputs[index];
    const PublishSpec& publish = stream_.outputs[index].publish.front();
    const std::string name = stream_.name.value + "." + stream_.outputs[index].name.value;
    PoolPlan pool{.output = name, .what = "frames", .parts = {}, .count = 0, .bytes = 0};
    pool.contiguous = IsContiguous(pick.allocator);
    uint32_t published = pools.back().count;
    uint64_t bytes = 0;
    if (pictures_.converts[index]) {
      Part(pool, "filling", 1);
      Part(pool, "converter", Jobs(pick.converter));
      Part(pool, "encoder", Jobs(pick.encoder));
      AddTransport(pool, publish, "");
      pool.bytes = BytesWritten(*pick.converter.device, pictures_.outputs[index].published);
      published = pool.count;
      bytes = pool.bytes;
      pools.push_back(pool);
    } else {
      for (const PoolPlan& other : pools) {
        if (other.output != stream_.name.value || other.what != "captured") continue;
        published = other.count;
        bytes = other.bytes;
      }
    }
    if (publish.protect.value == "copy") {
      pools.push_back({.output = name,
                       .what = "copies",
                       .parts = {{"one for each frame", published}},
                       .count = published,
                       .bytes = bytes,
                       .contiguous = false});
    }
    if (pick.encoder.empty()) return;
    PoolPlan packets{.output = name, .what = "packets", .parts = {}, .count = 0, .bytes = 0};
    packets.contiguous = IsContiguous(pick.allocator);
    Part(packets, "encoder", Jobs(pick.encoder));
    Part(packets, "filling", 1);
    AddTransport(packets, publish, "");
    pools.push_back(std::move(packets));
  }

  const StreamSpec& stream_;
  const StreamPick& pick_;
  const StreamPictures pictures_;
};

std::string Mebibytes(uint64_t bytes) { return std::to_string((bytes + (1U << 20U) - 1) >> 20U) + " MiB"; }

// The key that makes this pool smaller.
std::string Lower(const Profile& profile, const PoolPlan& pool) {
  for (const StreamSpec& stream : profile.streams) {
    for (const OutputSpec& output : stream.outputs) {
      const std::string name = stream.name.value + "." + output.name.value;
      if (pool.output != name && pool.output != stream.name.value) continue;
      return "lower 'buffers' of output '" + name + "'" + AtLine(profile, output.publish.front().buffers.pos);
    }
  }
  return "lower 'buffers'";
}

std::optional<Error> CheckSum(const Profile& profile, const std::vector<PoolPlan>& pools, bool contiguous,
                              uint64_t available) {
  if (available == 0) return {};
  uint64_t sum = 0;
  const PoolPlan* largest = nullptr;
  for (const PoolPlan& pool : pools) {
    if (contiguous && !pool.contiguous) continue;
    sum += pool.count * pool.bytes;
    if (largest == nullptr || pool.count * pool.bytes > largest->count * largest->bytes) largest = &pool;
  }
  if (sum <= available) return {};
  const std::string memory = contiguous ? "contiguous memory" : "memory";
  return Error{Code::kUnsupported, "the pools need " + Mebibytes(sum) + " of " + memory + ", " + Mebibytes(available) +
                                       " are free: the largest, '" + largest->output + "' " + largest->what + ", is " +
                                       std::to_string(largest->count) + " buffers of " +
                                       std::to_string(largest->bytes) + " bytes; " + Lower(profile, *largest) +
                                       ", or a 'size'" + (contiguous ? ", or give the kernel more (cma=)" : "")};
}

}  // namespace

std::vector<PoolPlan> MakePools(const Profile& profile, const Solution& solution) {
  std::vector<PoolPlan> pools;
  for (size_t i = 0; i < solution.streams.size(); ++i) {
    PoolMath(profile.streams[i], solution.streams[i]).AddTo(pools);
  }
  return pools;
}

std::optional<Error> CheckPools(const Profile& profile, const std::vector<PoolPlan>& pools,
                                const MachineLimits& limits) {
  for (const PoolPlan& pool : pools) {
    if (pool.count <= kMaxPoolBuffers) continue;
    return Error{Code::kUnsupported, "the pool of '" + pool.output + "' " + pool.what + " needs " + SumOf(pool) +
                                         " buffers, " + std::to_string(kMaxPoolBuffers) + " are possible; " +
                                         Lower(profile, pool)};
  }
  if (auto error = CheckSum(profile, pools, true, limits.cma_free)) return error;
  return CheckSum(profile, pools, false, limits.memory_available);
}

}  // namespace videostream
