// SPDX-License-Identifier: Apache-2.0
// A transport in memory, which keeps the rules of the contract and does on request what a bad one would do.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/transport/transport.h"

namespace videostream {

// The methods that the pool does not call: nothing happens.
class QuietTransport : public Transport {
 public:
  Result<vstream_transport_info> Info() override { return vstream_transport_info{}; }
  Status AddSet(const Set&) override { return {}; }
  Status RemoveSet(uint32_t) override { return {}; }
  Status Publish(uint32_t, const vstream_frame&) override { return {}; }
  Result<int> PollFd() override { return -1; }
  Status Service() override { return {}; }
  Result<std::optional<vstream_transport_event>> NextEvent() override {
    return std::optional<vstream_transport_event>();
  }
  Status SetState(uint32_t, uint32_t) override { return {}; }
  Result<std::vector<vstream_consumer>> Consumers() override { return std::vector<vstream_consumer>(); }
};

// What is published is taken back on request, except the newest frame and what a consumer holds.
class FakeTransport : public QuietTransport {
 public:
  // What the stream does beside Pool::MarkPublished.
  void Show(uint32_t id) { published_.push_back(id); }
  // A consumer takes a lease, or ends it.
  void Hold(uint32_t id) { held_.insert(id); }
  void LetGo(uint32_t id) { held_.erase(id); }
  void Clear() {
    published_.clear();
    held_.clear();
  }

  bool WouldGiveBack(uint32_t id) const {
    return !published_.empty() && published_.back() != id && !held_.contains(id) &&
           std::ranges::find(published_, id) != published_.end();
  }

  // One of these is the answer of the next calls.
  std::optional<Error> failure;
  std::optional<uint32_t> lie;

  // What the calls were about.
  uint32_t calls = 0;
  uint32_t last_stream = UINT32_MAX;
  std::vector<uint32_t> last_wanted;

  Result<uint32_t> Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) override {
    ++calls;
    last_stream = stream;
    last_wanted.assign(ids.begin(), ids.end());
    if (failure) return *failure;
    if (lie) {
      taken[0] = *lie;
      return 1U;
    }
    uint32_t count = 0;
    for (const uint32_t id : ids) {
      if (count == taken.size()) break;
      if (!WouldGiveBack(id)) continue;
      std::erase(published_, id);
      taken[count++] = id;
    }
    return count;
  }

  Status Publish(uint32_t, const vstream_frame& frame) override {
    Show(frame.buffer_id);
    return {};
  }

 private:
  std::vector<uint32_t> published_;  // the newest is at the end
  std::set<uint32_t> held_;
};

}  // namespace videostream
