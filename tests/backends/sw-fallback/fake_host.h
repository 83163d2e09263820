// SPDX-License-Identifier: Apache-2.0
// Host services for tests: buffers on the heap with guard bytes, a log that is kept, the real clock.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backends/sw-fallback/image.h"

namespace videostream::sw_fallback {

class FakeHost {
 public:
  FakeHost() {
    table_.struct_size = sizeof table_;
    table_.ctx = this;
    table_.log = [](void* self, uint32_t level, const char* text, uint64_t length) {
      auto& host = *static_cast<FakeHost*>(self);
      const std::lock_guard lock(host.mutex_);
      host.log_.push_back(std::to_string(level) + " " + std::string(text, length));
    };
    table_.now_ns = [](void*) -> int64_t {
      timespec now{};
      ::clock_gettime(CLOCK_MONOTONIC, &now);
      return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    };
    table_.map = [](void* self, uint32_t id, uint32_t, vstream_mapping* out, vstream_error* error) -> int32_t {
      auto& host = *static_cast<FakeHost*>(self);
      const std::lock_guard lock(host.mutex_);
      const auto found = host.buffers_.find(id);
      if (found == host.buffers_.end()) {
        backend::SetText(error->message, "no such buffer");
        return VSTREAM_E_NOT_FOUND;
      }
      ++host.mapped_;
      const vstream_layout& layout = found->second->buffer.layout;
      out->plane_count = layout.plane_count;
      for (uint32_t i = 0; i < layout.plane_count; ++i) {
        out->data[i] = found->second->bytes.data() + kGuard + layout.planes[i].offset;
        out->size[i] = std::min(layout.planes[i].size, found->second->map_limit);
      }
      return VSTREAM_OK;
    };
    table_.unmap = [](void* self, uint32_t, uint32_t) {
      auto& host = *static_cast<FakeHost*>(self);
      const std::lock_guard lock(host.mutex_);
      --host.mapped_;
    };
  }

  const vstream_runtime* table() const { return &table_; }
  backend::Host handle() const { return backend::Host(&table_); }

  // Adds a buffer; every byte of it, and of the guards around, is kFill.
  const vstream_buffer& Add(uint32_t id, const vstream_layout& layout) {
    auto entry = std::make_unique<Entry>();
    entry->buffer.struct_size = sizeof entry->buffer;
    entry->buffer.fd_count = 1;
    for (int32_t& fd : entry->buffer.fds) fd = -1;
    entry->buffer.memory = VSTREAM_MEMORY_CPU_ACCESS;
    entry->buffer.layout = layout;
    uint64_t end = 0;
    for (uint32_t i = 0; i < layout.plane_count; ++i) {
      end = std::max(end, layout.planes[i].offset + layout.planes[i].size);
    }
    entry->bytes.assign(end + 2 * kGuard, kFill);
    const std::lock_guard lock(mutex_);
    buffers_[id] = std::move(entry);
    return buffers_[id]->buffer;
  }

  uint8_t* Plane(uint32_t id, uint32_t plane) {
    Entry& entry = *buffers_.at(id);
    return entry.bytes.data() + kGuard + entry.buffer.layout.planes[plane].offset;
  }

  Image Picture(uint32_t id) {
    const vstream_layout& layout = buffers_.at(id)->buffer.layout;
    Image image{FindFormat(layout.fourcc), layout.width, layout.height, {}, {}};
    for (uint32_t i = 0; i < layout.plane_count; ++i) {
      image.data[i] = Plane(id, i);
      image.stride[i] = layout.planes[i].stride;
    }
    return image;
  }

  // True when nothing was written outside of the rows' pixels: not between rows, not around the buffer.
  bool GuardsIntact(uint32_t id) {
    Entry& entry = *buffers_.at(id);
    std::vector<uint8_t> copy = entry.bytes;
    const vstream_layout& layout = entry.buffer.layout;
    const Format& format = *FindFormat(layout.fourcc);
    for (uint32_t i = 0; i < layout.plane_count; ++i) {
      for (uint32_t y = 0; y < Rows(format.planes[i], layout.height); ++y) {
        std::fill_n(copy.begin() + kGuard + static_cast<ptrdiff_t>(layout.planes[i].offset) +
                        ptrdiff_t{y} * layout.planes[i].stride,
                    RowBytes(format.planes[i], layout.width), kFill);
      }
    }
    return std::all_of(copy.begin(), copy.end(), [](uint8_t byte) { return byte == kFill; });
  }

  std::vector<std::string> Log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  int mapped() {
    const std::lock_guard lock(mutex_);
    return mapped_;
  }
  // Mappings of this buffer claim no more bytes per plane than this.
  void LimitMapping(uint32_t id, uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    buffers_.at(id)->map_limit = bytes;
  }

  static constexpr uint8_t kFill = 0xA5;

 private:
  struct Entry {
    vstream_buffer buffer{};
    std::vector<uint8_t> bytes;
    uint64_t map_limit = UINT64_MAX;
  };
  static constexpr ptrdiff_t kGuard = 64;

  vstream_runtime table_{};
  std::mutex mutex_;
  std::map<uint32_t, std::unique_ptr<Entry>> buffers_;
  std::vector<std::string> log_;
  int mapped_ = 0;
};

// The arguments of a create call, kept alive.
class CreateInfo {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CreateInfo(const std::string& device, Pairs pairs) : pairs_(std::move(pairs)) {
    for (const auto& [name, value] : pairs_) options_.push_back({name.c_str(), value.c_str()});
    info_.struct_size = sizeof info_;
    info_.option_count = static_cast<uint32_t>(options_.size());
    info_.options = options_.data();
    info_.option_stride = sizeof(vstream_option);
    backend::SetText(info_.device, device);
  }
  CreateInfo(const CreateInfo&) = delete;
  CreateInfo& operator=(const CreateInfo&) = delete;
  backend::Options options() const { return backend::Options(info_); }
  const vstream_create_info& info() const { return info_; }

 private:
  Pairs pairs_;
  std::vector<vstream_option> options_;
  vstream_create_info info_{};
};

// A layout with `padding` bytes more per row, and planes apart.
inline vstream_layout PaddedLayout(uint32_t fourcc, uint32_t width, uint32_t height, uint32_t padding) {
  vstream_layout layout = MinimalLayout(fourcc, width, height);
  uint64_t offset = 0;
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    vstream_plane& plane = layout.planes[i];
    plane.stride += padding;
    plane.offset = offset;
    plane.size = uint64_t{plane.stride} * Rows(FindFormat(fourcc)->planes[i], height);
    offset += plane.size + padding;
  }
  return layout;
}

inline bool Readable(int fd, int timeout_ms = 0) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, timeout_ms) == 1;
}

// A directory of its own, removed with what is in it (no subdirectories).
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/vsswXXXXXX";
    path_ = ::mkdtemp(name) != nullptr ? name : "/nonexistent";
  }
  ~TempDir() {
    for (const std::string& file : files_) ::unlink(file.c_str());
    ::rmdir(path_.c_str());
  }
  std::string File(const std::string& name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

// Ends a hanging test with a core instead of the runner's patience.
class Watchdog {
 public:
  Watchdog() { ::alarm(100); }
  ~Watchdog() { ::alarm(0); }
};

}  // namespace videostream::sw_fallback
