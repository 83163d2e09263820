// SPDX-License-Identifier: Apache-2.0
// Stations under the test's control: each fake has a shared `Control`, which the test keeps and which outlives the
// instance.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/allocator/allocator.h"
#include "core/capture/capture.h"
#include "core/converter/converter.h"
#include "core/encoder/encoder.h"
#include "core/frame/layout.h"
#include "core/pipeline/stream.h"
#include "core/transport/transport.h"

namespace videostream::fake {

// An eventfd as a level: readable or not.
class Flag {
 public:
  int fd() const { return fd_.get(); }
  void Set(bool on) {
    uint64_t value = 1;
    if (on)
      (void)!write(fd_.get(), &value, sizeof value);
    else
      (void)!read(fd_.get(), &value, sizeof value);
  }

 private:
  UniqueFd fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
};

class MemfdAllocator : public Allocator {
 public:
  Result<vstream_allocator_info> Info() override {
    vstream_allocator_info info{};
    info.struct_size = sizeof info;
    return info;
  }
  Result<Allocation> Allocate(uint64_t bytes, uint32_t, std::string_view) override {
    Allocation allocation{UniqueFd(memfd_create("fake", MFD_CLOEXEC)), {}};
    if (ftruncate(allocation.fd.get(), static_cast<off_t>(bytes)) != 0) return ErrnoError(errno, "ftruncate");
    allocation.desc.struct_size = sizeof allocation.desc;
    allocation.desc.fd_count = 1;
    allocation.desc.fd_size[0] = bytes;
    allocation.desc.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
    return allocation;
  }
};

struct CaptureControl {
  std::mutex mutex;
  std::condition_variable changed;
  Flag ready;
  std::deque<uint32_t> queued;
  std::deque<vstream_frame> filled;
  uint64_t sequence = 0;
  bool ended = false, fail = false, started = false;
  bool end_told = false;  // no buffer is taken any more
  std::atomic<bool> hang{false};
  std::atomic<int> alive{0};
  // What it is configured to; timestamps are those of this rate.
  vstream_layout layout = *ComputeLayout(VSTREAM_FORMAT_GREY, 64, 64);
  vstream_ratio rate{30, 1};
  vstream_colorimetry color{};

  // Fills `count` queued buffers, waiting for each to be queued; `lost` are counted by the device before the first.
  void Deliver(int count, uint64_t lost = 0, uint32_t flags = 0) {
    std::unique_lock lock(mutex);
    sequence += lost;
    for (int i = 0; i < count; ++i) {
      changed.wait(lock, [this] { return started && !queued.empty(); });
      vstream_frame frame{};
      frame.struct_size = sizeof frame;
      frame.buffer_id = queued.front();
      frame.sequence = ++sequence;
      frame.flags = flags;
      frame.pts_ns = 1'000'000'000 + static_cast<int64_t>(sequence * 1'000'000'000 * rate.den / rate.num);
      frame.duration_ns = int64_t{1'000'000'000} * rate.den / rate.num;
      frame.bytes_used[0] = 4096;
      frame.acquire_fence = frame.release_fence = -1;
      queued.pop_front();
      filled.push_back(frame);
    }
    ready.Set(true);
  }
  void End() {
    const std::lock_guard lock(mutex);
    ended = true;
    ready.Set(true);
  }
  void Fail() {
    const std::lock_guard lock(mutex);
    fail = true;
    ready.Set(true);
  }
};

class FakeCapture : public Capture {
 public:
  explicit FakeCapture(std::shared_ptr<CaptureControl> control) : c_(std::move(control)) { ++c_->alive; }
  ~FakeCapture() override { --c_->alive; }
  Result<vstream_capture_config> Configure(const vstream_capture_request&) override {
    vstream_capture_config config{};
    config.struct_size = sizeof config;
    config.role = VSTREAM_ROLE_IMPORTS;
    config.layout = c_->layout;
    config.min_buffers = 2;
    config.max_buffers = 8;
    config.rate = c_->rate;
    config.colorimetry = c_->color;
    return config;
  }
  Status Attach(uint32_t, std::shared_ptr<const Buffer>) override { return {}; }
  Status Detach(uint32_t) override { return {}; }
  Status Start() override {
    const std::lock_guard lock(c_->mutex);
    c_->started = true;
    c_->changed.notify_all();
    return {};
  }
  Status Stop() override {
    const std::lock_guard lock(c_->mutex);
    c_->queued.clear();
    return {};
  }
  Status Queue(uint32_t id) override {
    const std::lock_guard lock(c_->mutex);
    if (c_->end_told) return Fail(Code::kIo, "queue after the end");
    c_->queued.push_back(id);
    c_->changed.notify_all();
    return {};
  }
  Result<int> PollFd() override { return c_->ready.fd(); }
  Result<std::optional<RawFrame>> Dequeue() override {
    while (c_->hang) usleep(1000);
    const std::lock_guard lock(c_->mutex);
    if (c_->fail) return Fail(Code::kIo, "unplugged");
    if (!c_->filled.empty()) {
      RawFrame frame{c_->filled.front()};
      c_->filled.pop_front();
      return std::optional(frame);
    }
    if (c_->ended) {
      c_->end_told = true;
      return Fail(Code::kEndOfStream, "end");
    }
    c_->ready.Set(false);
    return std::optional<RawFrame>();
  }

 private:
  std::shared_ptr<CaptureControl> c_;
};

// Shared by converter and encoder: jobs wait until the test lets them finish.
struct JobControl {
  std::mutex mutex;
  std::condition_variable changed;
  Flag ready;
  std::deque<std::pair<uint64_t, uint32_t>> jobs;  // cookie, target id
  std::vector<uint32_t> flags;                     // of every submit to an encoder
  std::vector<vstream_frame> submitted;            // to a converter
  vstream_converter_config conversion{};           // as configured
  vstream_encoder_config encoding{};
  int allowed = 0;  // jobs that may finish
  bool drain = false, fail = false;
  std::atomic<bool> hang{false};  // a converter: in collect; an encoder: while its bit rate is set
  bool takes_bitrate = false, fail_bitrate = false;
  std::vector<uint64_t> bitrates;  // as set while it ran
  std::atomic<int> alive{0};
  int32_t status = VSTREAM_OK;
  uint32_t max_jobs = 2;
  uint32_t latency_frames = 0;

  void Allow(int count) {
    const std::lock_guard lock(mutex);
    allowed += count;
    Update();
  }
  void WaitForJobs(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return jobs.size() >= count; });
  }
  void FailNow() {
    const std::lock_guard lock(mutex);
    fail = true;
    Update();
  }
  void WaitForSubmitted(size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return submitted.size() >= count; });
  }
  void Update() {
    ready.Set(fail || (!jobs.empty() && (allowed > 0 || drain)) || (jobs.empty() && drain));
    changed.notify_all();
  }
  // Under the mutex: the next job that may be answered.
  std::optional<std::pair<uint64_t, uint32_t>> Take() {
    if (jobs.empty() || (allowed == 0 && !drain)) {
      ready.Set(false);
      return std::nullopt;
    }
    const auto job = jobs.front();
    jobs.pop_front();
    if (!drain) --allowed;
    return job;
  }
};

class FakeEncoder : public Encoder {
 public:
  explicit FakeEncoder(std::shared_ptr<JobControl> control) : c_(std::move(control)) {}
  Result<vstream_encoder_needs> Configure(const vstream_encoder_config& config) override {
    c_->encoding = config;
    vstream_encoder_needs needs{};
    needs.struct_size = sizeof needs;
    needs.max_jobs = c_->max_jobs;
    needs.max_packet_bytes = 4096;
    needs.latency_frames = c_->latency_frames;
    needs.stride_alignment = 1;
    return needs;
  }
  Status Attach(uint32_t, std::shared_ptr<const Buffer>) override { return {}; }
  Status Detach(uint32_t) override { return {}; }
  Status Submit(const RawFrame&, uint32_t packet, uint64_t cookie, uint32_t flags) override {
    const std::lock_guard lock(c_->mutex);
    c_->jobs.emplace_back(cookie, packet);
    c_->flags.push_back(flags);
    c_->Update();
    return {};
  }
  Result<int> PollFd() override { return c_->ready.fd(); }
  Result<std::optional<Done>> Collect() override {
    const std::lock_guard lock(c_->mutex);
    if (c_->fail) return Fail(Code::kIo, "encoder is gone");
    if (c_->drain && c_->jobs.empty()) return Fail(Code::kEndOfStream, "drained");
    const auto job = c_->Take();
    if (!job) return std::optional<Done>();
    Done done;
    done.status = c_->status;
    done.cookie = job->first;
    done.packet.record.struct_size = sizeof done.packet.record;
    done.packet.record.buffer_id = job->second;
    done.packet.record.bytes_used[0] = 100;
    done.packet.record.acquire_fence = done.packet.record.release_fence = -1;
    return std::optional(done);
  }
  Status Drain() override {
    const std::lock_guard lock(c_->mutex);
    c_->drain = true;
    c_->Update();
    return {};
  }
  Status SetBitrate(uint64_t bits_per_second) override {
    while (c_->hang) usleep(1000);
    const std::lock_guard lock(c_->mutex);
    if (c_->fail_bitrate) return Fail(Code::kInvalidArgument, "no such rate");
    c_->bitrates.push_back(bits_per_second);
    return {};
  }
  bool CanSetBitrate() const override { return c_->takes_bitrate; }

 private:
  std::shared_ptr<JobControl> c_;
};

class FakeConverter : public Converter {
 public:
  explicit FakeConverter(std::shared_ptr<JobControl> control) : c_(std::move(control)) { ++c_->alive; }
  ~FakeConverter() override { --c_->alive; }
  Result<vstream_converter_needs> Configure(const vstream_converter_config& config) override {
    c_->conversion = config;
    vstream_converter_needs needs{};
    needs.struct_size = sizeof needs;
    needs.max_jobs = c_->max_jobs;
    needs.stride_alignment = 32;
    return needs;
  }
  Status Attach(uint32_t, std::shared_ptr<const Buffer>) override { return {}; }
  Status Detach(uint32_t) override { return {}; }
  Status Submit(const RawFrame& source, uint32_t target, uint64_t cookie) override {
    const std::lock_guard lock(c_->mutex);
    c_->submitted.push_back(source.record);
    c_->jobs.emplace_back(cookie, target);
    c_->Update();
    return {};
  }
  Result<int> PollFd() override { return c_->ready.fd(); }
  Result<std::optional<vstream_converter_result>> Collect() override {
    while (c_->hang) usleep(1000);
    const std::lock_guard lock(c_->mutex);
    if (c_->fail) return Fail(Code::kIo, "converter is gone");
    const auto job = c_->Take();
    if (!job) return std::optional<vstream_converter_result>();
    vstream_converter_result result{};
    result.struct_size = sizeof result;
    result.status = c_->status;
    result.cookie = job->first;
    result.bytes_used[0] = 1024;
    return std::optional(result);
  }

 private:
  std::shared_ptr<JobControl> c_;
};

struct TransportControl {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<vstream_frame> published[VSTREAM_STREAMS];
  std::set<uint32_t> visible[VSTREAM_STREAMS];  // ids that are published and not taken back
  std::vector<Transport::Set> sets;             // as announced
  bool hold_all = false;                        // no reclaim gives anything back
  bool fail_publish = false, fail_reclaim = false, fail_events = false;
  uint32_t consumers = 0;
  uint64_t lag = 0;     // frames that each consumer has not taken
  uint32_t leases = 0;  // that each consumer holds
  uint32_t state = VSTREAM_TRANSPORT_STATE_RUNNING;
  bool fail_add_set = false;
  std::deque<uint32_t> events;
  Flag ready;
  std::atomic<int> alive{0};

  void WaitForPublished(uint32_t stream, size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return published[stream].size() >= count; });
  }
  void Raise(uint32_t event) {
    const std::lock_guard lock(mutex);
    events.push_back(event);
    ready.Set(true);
  }
};

class FakeTransport : public Transport {
 public:
  explicit FakeTransport(std::shared_ptr<TransportControl> control) : c_(std::move(control)) { ++c_->alive; }
  ~FakeTransport() override { --c_->alive; }
  Result<vstream_transport_info> Info() override {
    vstream_transport_info info{};
    info.struct_size = sizeof info;
    info.extra_buffers = 3;
    std::strcpy(info.fields, "1 newest + 2 leases");
    return info;
  }
  Status AddSet(const Set& set) override {
    if (c_->fail_add_set) return Fail(Code::kNoMemory, "no room for the set");
    c_->sets.push_back(set);
    return {};
  }
  Status RemoveSet(uint32_t) override { return {}; }
  Status Publish(uint32_t stream, const vstream_frame& frame) override {
    const std::lock_guard lock(c_->mutex);
    if (c_->fail_publish) return Fail(Code::kIo, "transport is gone");
    if (!c_->visible[stream].insert(frame.buffer_id).second) return Fail(Code::kBusy, "published already");
    c_->published[stream].push_back(frame);
    c_->changed.notify_all();
    return {};
  }
  Result<uint32_t> Reclaim(uint32_t stream, std::span<const uint32_t> ids, std::span<uint32_t> taken) override {
    const std::lock_guard lock(c_->mutex);
    if (c_->fail_reclaim) return Fail(Code::kIo, "it gives nothing back");
    uint32_t count = 0;
    for (const uint32_t id : ids) {
      const bool newest = !c_->published[stream].empty() && c_->published[stream].back().buffer_id == id;
      if (count == taken.size() || newest || c_->hold_all || c_->visible[stream].erase(id) == 0) continue;
      taken[count++] = id;
    }
    return count;
  }
  Result<int> PollFd() override { return c_->ready.fd(); }
  Status Service() override {
    const std::lock_guard lock(c_->mutex);
    c_->ready.Set(false);
    return {};
  }
  Result<std::optional<vstream_transport_event>> NextEvent() override {
    const std::lock_guard lock(c_->mutex);
    if (c_->fail_events) return Fail(Code::kIo, "events are garbage");
    if (c_->events.empty()) return std::optional<vstream_transport_event>();
    vstream_transport_event event{};
    event.struct_size = sizeof event;
    event.type = c_->events.front();
    c_->events.pop_front();
    return std::optional(event);
  }
  Status SetState(uint32_t, uint32_t state) override {
    const std::lock_guard lock(c_->mutex);
    c_->state = state;
    return {};
  }
  Result<std::vector<vstream_consumer>> Consumers() override {
    const std::lock_guard lock(c_->mutex);
    std::vector<vstream_consumer> all(c_->consumers);
    for (vstream_consumer& consumer : all) {
      consumer.published = c_->lag;
      consumer.leases_held = c_->leases;
    }
    return all;
  }

 private:
  std::shared_ptr<TransportControl> c_;
};

}  // namespace videostream::fake
