// SPDX-License-Identifier: Apache-2.0
// A frame producer for tests: the transport behind its C table, a pool of memfds, and frames whose content tells their
// number. Also: child processes that report by exit status, and a count of open descriptors.
#pragma once

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "backends/shm/allocator.h"
#include "backends/shm/transport.h"
#include "gtest/gtest.h"

namespace videostream::test {

inline int64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A folder of its own with a short path, removed with all that is in it.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/vsXXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~TempDir() { [[maybe_unused]] const int r = std::system(("rm -rf " + path_).c_str()); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  // Names in it.
  std::vector<std::string> List() const {
    std::vector<std::string> names;
    DIR* dir = ::opendir(path_.c_str());
    for (const dirent* e = ::readdir(dir); e != nullptr; e = ::readdir(dir)) {
      if (e->d_name[0] != '.') names.emplace_back(e->d_name);
    }
    ::closedir(dir);
    return names;
  }

 private:
  std::string path_;
};

inline size_t OpenFds() {
  size_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// A forked process that runs `work` and ends with its result; killed if it is still there at the end. An alarm ends it
// when it hangs.
class Child {
 public:
  explicit Child(const std::function<int()>& work) {
    ::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::alarm(60);
    ::_exit(work());
  }
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    Wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  pid_t pid() const { return pid_; }
  void Signal(int number) const { ::kill(pid_, number); }
  // Has it ended? Does not wait.
  bool Ended() {
    if (pid_ > 0 && ::waitpid(pid_, &status_, WNOHANG) == pid_) pid_ = 0;
    return pid_ == 0;
  }
  int Wait() {
    if (pid_ > 0) {
      ::waitpid(pid_, &status_, 0);
      pid_ = 0;
    }
    return status_;
  }
  int status() const { return status_; }

 private:
  pid_t pid_ = 0;
  int status_ = 0;
};

// Bytes from one process to another: how tests put events in order.
class Signal {
 public:
  Signal() {
    if (::pipe(fds_.data()) != 0) std::abort();
  }
  ~Signal() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;
  void Send() const {
    if (::write(fds_[1], "x", 1) != 1) std::abort();
  }
  void Wait() const {
    char c;
    if (::read(fds_[0], &c, 1) != 1) std::abort();
  }
  bool Arrived() const {
    pollfd p{fds_[0], POLLIN, 0};
    if (::poll(&p, 1, 0) <= 0) return false;
    Wait();
    return true;
  }

 private:
  std::array<int, 2> fds_{};
};

// Words that all tell the number of the frame: a mixture of two frames shows.
inline void FillFrame(uint8_t* data, size_t bytes, uint64_t number) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    const uint64_t word = number * 0x9e3779b97f4a7c15u + i;
    std::memcpy(data + i, &word, 8);
  }
}
inline bool IsFrame(const uint8_t* data, size_t bytes, uint64_t number) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, data + i, 8);
    if (word != number * 0x9e3779b97f4a7c15u + i) return false;
  }
  return true;
}

class TestHost {
 public:
  using Options = std::map<std::string, std::string>;
  static constexpr uint32_t kWidth = 64, kHeight = 64;

  // `lists`: options that are repeated.
  explicit TestHost(const Options& options, const std::vector<std::pair<std::string, std::string>>& lists = {}) {
    host_.struct_size = sizeof host_;
    host_.ctx = this;
    host_.log = [](void* ctx, uint32_t, const char* text, uint64_t bytes) {
      static_cast<TestHost*>(ctx)->logged.emplace_back(text, bytes);
    };
    host_.now_ns = [](void* ctx) {
      const auto* self = static_cast<TestHost*>(ctx);
      return self->frozen_ns.value_or(NowNs()) + self->offset_ns;
    };
    host_.map = &Map;
    host_.unmap = [](void* ctx, uint32_t, uint32_t) { --static_cast<TestHost*>(ctx)->open_maps; };
    std::vector<vstream_option> list;
    for (const auto& [name, value] : options) list.push_back({name.c_str(), value.c_str()});
    for (const auto& [name, value] : lists) list.push_back({name.c_str(), value.c_str()});
    vstream_create_info info{};
    info.struct_size = sizeof info;
    info.option_count = static_cast<uint32_t>(list.size());
    info.options = list.data();
    info.option_stride = sizeof(vstream_option);
    error.struct_size = sizeof error;
    code = ops.create(&host_, &info, &self_, &error);
  }
  ~TestHost() {
    Destroy();
    for (auto& [id, buffer] : buffers_) Free(buffer);
  }
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;

  void Destroy() {
    if (self_ != nullptr) ops.destroy(self_);
    self_ = nullptr;
  }
  bool ok() const { return self_ != nullptr; }

  // A pool of `count` pictures (see `fourcc`), or of packet slots of `slot_bytes`.
  bool AddPool(uint32_t count, uint32_t stream = VSTREAM_STREAM_FRAMES, uint64_t slot_bytes = 0) {
    std::vector<vstream_buffer> buffers;
    std::vector<uint32_t> ids;
    for (uint32_t i = 0; i < count; ++i) {
      Buffer mine = Allocate(slot_bytes != 0 ? slot_bytes : uint64_t{stride()} * height, slot_bytes != 0);
      mine.stream = stream;
      mine.epoch = epoch_ + 1;
      buffers.push_back(mine.buffer);
      ids.push_back(next_id_);
      buffers_[next_id_++] = mine;
    }
    vstream_buffer_set set{};
    set.struct_size = sizeof set;
    set.stream = stream;
    set.epoch = ++epoch_;
    set.buffer_count = count;
    set.buffers = buffers.data();
    set.buffer_ids = ids.data();
    set.buffer_stride = sizeof(vstream_buffer);
    set.rate = {30, 1};
    set.colorimetry = {1, 1, 1, VSTREAM_RANGE_LIMITED, 1, 0, {}};
    code = ops.add_set(self_, &set, &error);
    return code == VSTREAM_OK;
  }
  bool RemovePool(uint32_t epoch) {
    code = ops.remove_set(self_, epoch, &error);
    return code == VSTREAM_OK;
  }
  // The memory of a pool that was removed. Consumers keep their own mappings.
  void FreePool(uint32_t epoch) {
    std::erase_if(buffers_, [&](const auto& entry) {
      if (entry.second.epoch == epoch) Free(entry.second);
      return entry.second.epoch == epoch;
    });
  }

  // A buffer to write to: a free one, or one that the transport gives back; 0xffffffff: none.
  uint32_t Acquire(uint32_t stream = VSTREAM_STREAM_FRAMES) {
    std::vector<uint32_t> published;
    for (const auto& [id, buffer] : buffers_) {
      if (buffer.stream != stream || buffer.epoch != CurrentEpoch(stream)) continue;
      if (!buffer.published) return id;
      published.push_back(id);
    }
    std::sort(published.begin(), published.end(),
              [&](uint32_t a, uint32_t b) { return buffers_[a].sequence < buffers_[b].sequence; });
    uint32_t taken = 0;
    uint32_t count = 0;
    code = ops.reclaim(self_, stream, published.data(), static_cast<uint32_t>(published.size()), 1, &taken, &count,
                       &error);
    if (code != VSTREAM_OK || count == 0) return 0xffffffff;
    buffers_[taken].published = false;
    return taken;
  }
  // Fills and publishes the next frame. False: no buffer (dropped counts it), or an error (code).
  bool Publish(uint32_t stream = VSTREAM_STREAM_FRAMES, uint32_t flags = 0) {
    const uint32_t id = Acquire(stream);
    if (id == 0xffffffff) {
      ++dropped;
      return false;
    }
    Buffer& buffer = buffers_[id];
    FillFrame(buffer.data, buffer.bytes, sequence[stream] + 1);
    return PublishBuffer(id, stream, flags);
  }
  bool PublishBuffer(uint32_t id, uint32_t stream, uint32_t flags) {
    vstream_frame frame{};
    frame.struct_size = sizeof frame;
    frame.flags = flags;
    frame.buffer_id = id;
    frame.sequence = sequence[stream] + 1;
    frame.pts_ns = NowNs();
    frame.bytes_used[0] = buffers_[id].bytes;
    frame.acquire_fence = frame.release_fence = -1;
    code = ops.publish(self_, stream, &frame, &error);
    if (code != VSTREAM_OK) return false;
    buffers_[id].published = true;
    buffers_[id].sequence = ++sequence[stream];
    return true;
  }

  void Service() { code = ops.service(self_, &error); }
  // Serves the socket until the condition holds; false after ten seconds.
  bool ServeUntil(const std::function<bool()>& done) {
    int32_t fd = -1;
    ops.poll_fd(self_, &fd, &error);
    for (const int64_t end = NowNs() + 10'000'000'000; NowNs() < end;) {
      Service();
      if (done()) return true;
      pollfd p{fd, POLLIN, 0};
      ::poll(&p, 1, 5);
    }
    return false;
  }
  bool WaitForConsumers(uint64_t count) {
    return ServeUntil([&] { return Info().connected == count; });
  }
  vstream_transport_info Info() {
    vstream_transport_info info{};
    info.struct_size = sizeof info;
    ops.info(self_, &info, &error);
    return info;
  }
  std::vector<vstream_consumer> Consumers() {
    std::vector<vstream_consumer> all(64);
    uint32_t count = 0;
    for (auto& c : all) c.struct_size = sizeof c;
    ops.consumers(self_, all.data(), sizeof(vstream_consumer), 64, &count, &error);
    all.resize(count);
    return all;
  }
  std::vector<vstream_transport_event> Events() {
    std::vector<vstream_transport_event> all;
    for (;;) {
      vstream_transport_event event{};
      event.struct_size = sizeof event;
      ops.next_event(self_, &event, &error);
      if (event.type == VSTREAM_EVENT_NONE) return all;
      all.push_back(event);
    }
  }
  // The number of events of a type among all so far.
  size_t CountEvents(uint32_t type) {
    for (const auto& event : Events()) seen_.push_back(event);
    return static_cast<size_t>(
        std::count_if(seen_.begin(), seen_.end(), [&](const auto& e) { return e.type == type; }));
  }
  const std::vector<vstream_transport_event>& seen_events() const { return seen_; }
  void SetState(uint32_t state, uint32_t stream = VSTREAM_STREAM_FRAMES) {
    code = ops.set_state(self_, stream, state, &error);
  }
  uint32_t epoch() const { return epoch_; }
  void* self() { return self_; }
  const vstream_runtime* services() const { return &host_; }
  uint8_t* data(uint32_t id) { return buffers_[id].data; }
  int fd(uint32_t id) { return buffers_[id].buffer.fds[0]; }
  std::vector<uint32_t> ids() const {
    std::vector<uint32_t> all;
    for (const auto& [id, buffer] : buffers_) all.push_back(id);
    return all;
  }
  size_t published_count() const {
    return static_cast<size_t>(
        std::count_if(buffers_.begin(), buffers_.end(), [](const auto& b) { return b.second.published; }));
  }

  static constexpr vstream_transport_ops ops = backend::internal::TransportOps<shm::Transport>();
  int32_t code = 0;
  vstream_error error{};
  uint32_t fourcc = VSTREAM_FORMAT_GREY;  // of pools to come: GREY, or YUYV
  uint32_t width = kWidth, height = kHeight;
  int64_t offset_ns = 0;             // added to the clock that the transport sees
  std::optional<int64_t> frozen_ns;  // that clock, standing still
  std::vector<std::string> logged;
  uint32_t memory = 0;            // what pools say they are in, whatever it is; 0: the truth
  int32_t map_code = VSTREAM_OK;  // what `map` answers
  int open_maps = 0;
  uint64_t maps = 0;  // that were made
  uint64_t sequence[VSTREAM_STREAMS] = {};
  uint64_t dropped = 0;

 private:
  struct Buffer {
    vstream_buffer buffer{};
    uint8_t* data = nullptr;
    size_t bytes = 0;
    uint32_t stream = 0;
    uint32_t epoch = 0;
    bool published = false;
    uint64_t sequence = 0;
  };

  static int32_t Map(void* ctx, uint32_t id, uint32_t access, vstream_mapping* out, vstream_error* error) {
    auto* self = static_cast<TestHost*>(ctx);
    const auto found = self->buffers_.find(id);
    const int32_t code = found == self->buffers_.end()   ? VSTREAM_E_NOT_FOUND
                         : access != VSTREAM_ACCESS_READ ? VSTREAM_E_INVALID
                                                         : self->map_code;
    if (code != VSTREAM_OK) {
      error->code = code;
      backend::SetText(error->message, "map of buffer " + std::to_string(id));
      return code;
    }
    out->plane_count = 1;
    out->data[0] = found->second.data;
    out->size[0] = found->second.bytes;
    ++self->open_maps;
    ++self->maps;
    return VSTREAM_OK;
  }

  uint32_t stride() const { return fourcc == VSTREAM_FORMAT_GREY ? width : 2 * width; }
  uint32_t CurrentEpoch(uint32_t stream) const {
    uint32_t epoch = 0;
    for (const auto& [id, buffer] : buffers_) {
      if (buffer.stream == stream) epoch = std::max(epoch, buffer.epoch);
    }
    return epoch;
  }

  Buffer Allocate(uint64_t bytes, bool packets) {
    Buffer mine;
    shm::Allocator allocator;
    vstream_create_info info{};
    if (!allocator.Open(backend::Options(info)).ok()) std::abort();
    vstream_allocation_request request{};
    request.struct_size = sizeof request;
    request.bytes = bytes;
    backend::SetText(request.label, "test");
    mine.buffer.struct_size = sizeof mine.buffer;
    std::fill(std::begin(mine.buffer.fds), std::end(mine.buffer.fds), -1);
    if (!allocator.Allocate(request, &mine.buffer).ok()) std::abort();
    if (memory != 0) mine.buffer.memory = memory;
    mine.bytes = bytes;
    mine.data = static_cast<uint8_t*>(
        ::mmap(nullptr, mine.buffer.fd_size[0], PROT_READ | PROT_WRITE, MAP_SHARED, mine.buffer.fds[0], 0));
    vstream_layout& layout = mine.buffer.layout;
    layout.fourcc = packets ? VSTREAM_FORMAT_H264 : fourcc;
    layout.plane_count = 1;
    layout.width = packets ? 0 : width;
    layout.height = packets ? 0 : height;
    layout.planes[0] = {0, packets ? 0 : stride(), 0, bytes};
    return mine;
  }
  static void Free(const Buffer& buffer) {
    ::munmap(buffer.data, buffer.buffer.fd_size[0]);
    ::close(buffer.buffer.fds[0]);
  }

  vstream_runtime host_{};
  void* self_ = nullptr;
  std::map<uint32_t, Buffer> buffers_;
  uint32_t next_id_ = 100;
  uint32_t epoch_ = 0;
  std::vector<vstream_transport_event> seen_;
};

}  // namespace videostream::test
