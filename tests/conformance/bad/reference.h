// SPDX-License-Identifier: Apache-2.0
// Small backends of every kind that keep to the contract, without threads. Each file beside this one derives from one
// of them and breaks one rule; reference.cc breaks none, and shows that it was that rule which was noticed.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <string>

#include "videostream/backend.hpp"
#include "videostream/backend_worker.hpp"

namespace videostream::reference {

using backend::Again;
using backend::Flag;
using backend::Host;
using backend::Mapping;
using backend::Ok;
using backend::Options;
using backend::Status;

inline constexpr char kDevice[] = "reference";

inline Status CheckDevice(const Options& options) {
  if (options.device().empty() || options.device() == kDevice) return Ok();
  return {VSTREAM_E_NOT_FOUND, "device '" + std::string(options.device()) + "': no such device"};
}

inline vstream_device Record(uint32_t kind) { return backend::MakeDevice(kind, kDevice, "for tests of the suite"); }

inline std::string Name(uint32_t fourcc) {
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {VSTREAM_FORMAT_NV12, "NV12"},   {VSTREAM_FORMAT_NV21, "NV21"}, {VSTREAM_FORMAT_I420, "I420"},
      {VSTREAM_FORMAT_YUYV, "YUYV"},   {VSTREAM_FORMAT_UYVY, "UYVY"}, {VSTREAM_FORMAT_RGB24, "RGB24"},
      {VSTREAM_FORMAT_BGR24, "BGR24"}, {VSTREAM_FORMAT_RGBX, "RGBX"}, {VSTREAM_FORMAT_RGBA, "RGBA"},
      {VSTREAM_FORMAT_BGRX, "BGRX"},   {VSTREAM_FORMAT_BGRA, "BGRA"}, {VSTREAM_FORMAT_GREY, "GREY"},
      {VSTREAM_FORMAT_H264, "H264"},   {VSTREAM_FORMAT_VP8, "VP8"}};
  for (const auto& [code, name] : kNames) {
    if (code == fourcc) return name;
  }
  return "format " + std::to_string(fourcc);
}

inline std::string Describe(const vstream_layout& layout) {
  return Name(layout.fourcc) + " " + std::to_string(layout.width) + "x" + std::to_string(layout.height);
}

inline vstream_layout GreyLayout(uint32_t width, uint32_t height) {
  vstream_layout layout{};
  layout.fourcc = VSTREAM_FORMAT_GREY;
  layout.plane_count = 1;
  layout.width = width;
  layout.height = height;
  layout.planes[0] = {0, width, 0, uint64_t{width} * height};
  return layout;
}

inline vstream_format_range GreyRange(uint32_t directions, uint32_t fourcc = VSTREAM_FORMAT_GREY) {
  vstream_format_range range{};
  range.fourcc = fourcc;
  range.directions = directions;
  range.min_width = range.min_height = 16;
  range.max_width = range.max_height = 2048;
  range.step_width = range.step_height = 1;
  range.stride_alignment = 1;
  return range;
}

// Attached buffers; `users` are jobs, or 1 while queued.
struct Attached {
  vstream_layout layout{};
  uint32_t users = 0;
};

class Buffers {
 public:
  Status Attach(uint32_t id, const vstream_buffer& buffer) {
    if (id == UINT32_MAX || all_.contains(id)) return {VSTREAM_E_INVALID, "attach: the id is in use"};
    if ((buffer.memory & VSTREAM_MEMORY_CPU_ACCESS) == 0) return {VSTREAM_E_UNSUPPORTED, "attach: no CPU access"};
    all_[id].layout = buffer.layout;
    return Ok();
  }
  Status Detach(uint32_t id) {
    Attached* buffer = Find(id);
    if (buffer == nullptr) return NotFound(id);
    if (buffer->users != 0) return {VSTREAM_E_BUSY, "detach: in use"};
    all_.erase(id);
    return Ok();
  }
  Attached* Find(uint32_t id) {
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
  }
  std::map<uint32_t, Attached>& all() { return all_; }
  static Status NotFound(uint32_t id) {
    return {VSTREAM_E_NOT_FOUND, "buffer " + std::to_string(id) + ": not attached"};
  }

 private:
  std::map<uint32_t, Attached> all_;
};

// ---- Allocator

class Allocator : public backend::Allocator {
 public:
  static Status Probe(const Host&, backend::DeviceList& devices) {
    devices.push_back(Record(VSTREAM_KIND_ALLOCATOR));
    return Ok();
  }
  Status Open(const Options& options) override { return CheckDevice(options); }
  Status Info(vstream_allocator_info* out) override {
    out->memory = kMemory;
    out->offset_alignment = 64;
    out->max_buffer_bytes = uint64_t{1} << 28U;
    return Ok();
  }
  Status Allocate(const vstream_allocation_request& request, vstream_buffer* out) override {
    if (request.bytes == 0) return {VSTREAM_E_INVALID, "0 bytes"};
    if (request.bytes > uint64_t{1} << 28U) return {VSTREAM_E_UNSUPPORTED, "too large"};
    if ((request.required_memory & ~kMemory) != 0) return {VSTREAM_E_UNSUPPORTED, "memfds are not such memory"};
    const int fd = ::memfd_create("reference", Flags());
    if (fd < 0) return Status::Errno("memfd_create", errno);
    if (const int error = Commit(fd, request.bytes); error != 0) {
      ::close(fd);
      return Status::Errno("fallocate", error);
    }
    out->fd_count = 1;
    out->fds[0] = fd;
    out->fd_size[0] = request.bytes;
    out->memory = kMemory;
    return Ok();
  }

 protected:
  static constexpr uint32_t kMemory =
      VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;
  virtual unsigned Flags() { return MFD_CLOEXEC | MFD_ALLOW_SEALING; }
  virtual int Commit(int fd, uint64_t bytes) { return ::posix_fallocate(fd, 0, static_cast<off_t>(bytes)); }
};

// ---- Capture: fills a buffer when it is taken

class Capture : public backend::Capture {
 public:
  static Status Probe(const Host&, backend::DeviceList& devices) {
    vstream_device device = Record(VSTREAM_KIND_CAPTURE);
    device.min_buffers = 1;
    device.max_buffers = 16;
    device.format_count = 1;
    device.formats[0] = GreyRange(VSTREAM_DIRECTION_OUTPUT);
    devices.push_back(device);
    return Ok();
  }
  Status Open(const Options& options) override {
    if (Status status = CheckDevice(options); !status.ok()) return status;
    return ready_.Open();
  }
  Status Configure(const vstream_capture_request& request, vstream_capture_config* out) override {
    if (started_) return {VSTREAM_E_BUSY, "configure: started"};
    if (request.modifier != 0 || (request.fourcc != 0 && request.fourcc != VSTREAM_FORMAT_GREY)) {
      return {VSTREAM_E_UNSUPPORTED, "only GREY, linear"};
    }
    const auto fit = [](uint32_t wish) { return wish == 0 ? 64U : std::clamp(wish, 16U, 2048U); };
    layout_ = out->layout = GreyLayout(fit(request.width), fit(request.height));
    out->min_buffers = 1;
    out->max_buffers = 16;
    out->memory = VSTREAM_MEMORY_CPU_ACCESS;
    return Ok();
  }
  Status Attach(uint32_t id, const vstream_buffer& buffer) override {
    if (buffer.layout.fourcc != layout_.fourcc || buffer.layout.width != layout_.width ||
        buffer.layout.height != layout_.height || layout_.width == 0) {
      return {VSTREAM_E_INVALID, "attach: " + Describe(buffer.layout) + " found, " + Describe(layout_) + " expected"};
    }
    return buffers_.Attach(id, buffer);
  }
  Status Detach(uint32_t id) override { return buffers_.Detach(id); }
  Status Start() override {
    started_ = true;
    Update();
    return Ok();
  }
  Status Stop() override {
    started_ = false;
    for (auto& [id, buffer] : buffers_.all()) buffer.users = 0;
    queue_.clear();
    Update();
    return Ok();
  }
  Status Queue(uint32_t id) override {
    Attached* buffer = buffers_.Find(id);
    if (buffer == nullptr) return Buffers::NotFound(id);
    if (buffer->users != 0) return {VSTREAM_E_BUSY, "queue: queued already"};
    buffer->users = 1;
    queue_.push_back(id);
    Update();
    return Ok();
  }
  Status PollFd(int32_t* fd) override {
    *fd = ready_.fd();
    return Ok();
  }
  Status Dequeue(vstream_frame* out) override {
    if (!started_ || queue_.empty()) return Again();
    const uint32_t id = queue_.front();
    queue_.pop_front();
    Attached& buffer = *buffers_.Find(id);
    buffer.users = 0;
    Update();
    out->buffer_id = id;
    out->sequence = ++sequence_;
    out->pts_ns = host().NowNs();
    out->timestamp_source = VSTREAM_TIMESTAMP_SYNTHETIC;
    out->bytes_used[0] = buffer.layout.planes[0].size;
    return Fill(id, buffer.layout);
  }

 protected:
  virtual Status Fill(uint32_t id, const vstream_layout& layout) {
    Mapping mapping;
    if (Status status = host().Map(id, VSTREAM_ACCESS_WRITE, &mapping); !status.ok()) return status;
    std::memset(mapping.data(0), static_cast<int>(sequence_ % 200), layout.planes[0].size);
    return Ok();
  }
  virtual void Update() { started_ && !queue_.empty() ? ready_.Raise() : ready_.Lower(); }

  bool started_ = false;
  uint64_t sequence_ = 0;
  vstream_layout layout_{};
  Buffers buffers_;
  std::deque<uint32_t> queue_;
  Flag ready_;
};

// ---- Converter: GREY, any size, by taking the nearest pixel

class Converter : public backend::Converter {
 public:
  static Status Probe(const Host&, backend::DeviceList& devices) {
    vstream_device device = Record(VSTREAM_KIND_CONVERTER);
    device.format_count = 1;
    device.formats[0] = GreyRange(VSTREAM_DIRECTION_INPUT | VSTREAM_DIRECTION_OUTPUT);
    devices.push_back(device);
    return Ok();
  }
  Status Open(const Options& options) override {
    if (Status status = CheckDevice(options); !status.ok()) return status;
    return ready_.Open();
  }
  Status Configure(const vstream_converter_config& config, vstream_converter_needs* out) override {
    if (!done_.empty()) return {VSTREAM_E_BUSY, "configure: jobs in flight"};
    const std::string what = Describe(config.source) + " to " + Describe(config.target);
    if (config.source.fourcc != VSTREAM_FORMAT_GREY || config.target.fourcc != VSTREAM_FORMAT_GREY) {
      return {VSTREAM_E_UNSUPPORTED, what + ": only GREY"};
    }
    const vstream_rect& crop = config.crop;
    if (uint64_t{crop.x} + crop.width > config.source.width || uint64_t{crop.y} + crop.height > config.source.height) {
      return {VSTREAM_E_INVALID, what + ": the crop is outside of the source"};
    }
    if (crop.width != 0) return {VSTREAM_E_UNSUPPORTED, what + ": no crop"};
    out->max_jobs = kMaxJobs;
    out->stride_alignment = 1;
    out->memory = VSTREAM_MEMORY_CPU_ACCESS;
    return Ok();
  }
  Status Attach(uint32_t id, const vstream_buffer& buffer) override { return buffers_.Attach(id, buffer); }
  Status Detach(uint32_t id) override { return buffers_.Detach(id); }
  Status Submit(const vstream_converter_job& job) override {
    Attached *source = buffers_.Find(job.source.buffer_id), *target = buffers_.Find(job.target_id);
    if (source == nullptr) return Buffers::NotFound(job.source.buffer_id);
    if (target == nullptr) return Buffers::NotFound(job.target_id);
    if (done_.size() == kMaxJobs) return {VSTREAM_E_BUSY, "submit: the queue is full"};
    if (Status status = Convert(job, source->layout, target->layout); !status.ok()) return status;
    ++source->users;
    ++target->users;
    Finish(job);
    ready_.Raise();
    return Ok();
  }
  Status PollFd(int32_t* fd) override {
    *fd = ready_.fd();
    return Ok();
  }
  Status Collect(vstream_converter_result* out) override {
    if (done_.empty()) return Again();
    const vstream_converter_job job = done_.front();
    done_.pop_front();
    if (done_.empty()) ready_.Lower();
    out->cookie = job.cookie;
    if (Attached* source = buffers_.Find(job.source.buffer_id)) --source->users;
    if (Attached* target = buffers_.Find(job.target_id)) {
      --target->users;
      out->bytes_used[0] = target->layout.planes[0].size;
    }
    return Ok();
  }

 protected:
  static constexpr size_t kMaxJobs = 3;
  virtual void Finish(const vstream_converter_job& job) { done_.push_back(job); }
  virtual Status Convert(const vstream_converter_job& job, const vstream_layout& from, const vstream_layout& to) {
    Mapping source, target;
    if (Status s = host().Map(job.source.buffer_id, VSTREAM_ACCESS_READ, &source); !s.ok()) return s;
    if (Status s = host().Map(job.target_id, VSTREAM_ACCESS_WRITE, &target); !s.ok()) return s;
    for (uint32_t y = 0; y < to.height; ++y) {
      const uint8_t* row = source.data(0) + size_t{y} * from.height / to.height * from.planes[0].stride;
      for (uint32_t x = 0; x < to.width; ++x) {
        target.data(0)[size_t{y} * to.planes[0].stride + x] = row[size_t{x} * from.width / to.width];
      }
    }
    return Ok();
  }

  Buffers buffers_;
  std::deque<vstream_converter_job> done_;
  Flag ready_;
};

}  // namespace videostream::reference
