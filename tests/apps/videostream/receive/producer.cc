// SPDX-License-Identifier: Apache-2.0
// The shm transport with a pool of memfds, on the thread of the test.
#include "tests/apps/videostream/receive/producer.h"

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "backends/shm/transport.h"
#include "videostream/pattern.hpp"

namespace videostream::test {
namespace {

constexpr int64_t kPatienceNs = 60'000'000'000;

int64_t Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Check(const backend::Status& status, const char* what) {
  if (status.ok()) return;
  fprintf(stderr, "test producer: %s: %s\n", what, status.message().c_str());
  abort();
}

const vstream_runtime* Host() {
  static const vstream_runtime host = [] {
    vstream_runtime h{};
    h.struct_size = sizeof h;
    h.log = [](void*, uint32_t, const char*, uint64_t) {};
    h.now_ns = [](void*) { return Now(); };
    return h;
  }();
  return &host;
}

vstream_layout LayoutOf(const ProducerFormat& format) {
  vstream_layout layout{};
  layout.fourcc = format.fourcc;
  layout.width = format.width;
  layout.height = format.height;
  const uint64_t pixels = uint64_t{format.width} * format.height;
  layout.plane_count = 1;
  switch (format.fourcc) {
    case VSTREAM_FORMAT_H264:
      layout.planes[0] = {0, 0, 0, format.packet_bytes};
      break;
    case VSTREAM_FORMAT_RGB24:
      layout.planes[0] = {0, 3 * format.width, 0, 3 * pixels};
      break;
    case VSTREAM_FORMAT_GREY:
      layout.planes[0] = {0, format.width, 0, pixels};
      break;
    default:
      layout.plane_count = 2;
      layout.planes[0] = {0, format.width, 0, pixels};
      layout.planes[1] = {0, format.width, pixels, pixels / 2};
      break;
  }
  return layout;
}

}  // namespace

struct Producer::Buffer {
  explicit Buffer(const ProducerFormat& format, uint32_t number) : id(number), layout(LayoutOf(format)) {
    for (uint32_t i = 0; i < layout.plane_count; ++i) bytes += layout.planes[i].size;
    fd = memfd_create("test-pool", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) abort();
    data = static_cast<uint8_t*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    if (data == MAP_FAILED) abort();
  }
  ~Buffer() {
    munmap(data, bytes);
    close(fd);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  uint32_t id;
  vstream_layout layout;
  size_t bytes = 0;
  int fd = -1;
  uint8_t* data = nullptr;
  uint64_t sequence = 0;  // of the frame it holds; 0: free
};

Producer::Producer(const std::string& socket, const ProducerFormat& format, uint32_t leases, uint32_t pool)
    : format_(format),
      stream_(format.fourcc == VSTREAM_FORMAT_H264 ? VSTREAM_STREAM_PACKETS : VSTREAM_STREAM_FRAMES),
      transport_(std::make_unique<shm::Transport>()) {
  const std::string lease_text = std::to_string(leases), pool_text = std::to_string(pool);
  const vstream_option options[] = {
      {"socket", socket.c_str()}, {"leases", lease_text.c_str()}, {"buffers", pool_text.c_str()}};
  vstream_create_info info{};
  info.struct_size = sizeof info;
  info.option_count = std::size(options);
  info.options = options;
  info.option_stride = sizeof(vstream_option);
  transport_->SetHost(backend::Host(Host()));
  Check(transport_->Open(backend::Options(info)), "open");
  std::vector<vstream_buffer> set_buffers;
  std::vector<uint32_t> ids;
  for (uint32_t i = 0; i < format.buffers; ++i) {
    buffers_.push_back(std::make_unique<Buffer>(format, i + 1));
    vstream_buffer buffer{};
    buffer.struct_size = sizeof buffer;
    buffer.fd_count = 1;
    std::fill(std::begin(buffer.fds), std::end(buffer.fds), -1);
    buffer.fds[0] = buffers_.back()->fd;
    buffer.fd_size[0] = buffers_.back()->bytes;
    buffer.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
    buffer.layout = buffers_.back()->layout;
    set_buffers.push_back(buffer);
    ids.push_back(i + 1);
  }
  vstream_buffer_set set{};
  set.struct_size = sizeof set;
  set.stream = stream_;
  set.epoch = 1;
  set.buffer_count = format.buffers;
  set.buffers = set_buffers.data();
  set.buffer_ids = ids.data();
  set.buffer_stride = sizeof(vstream_buffer);
  set.rate = format.rate;
  Check(transport_->AddSet(set), "add_set");
}

Producer::~Producer() = default;

bool Producer::ServeUntil(const std::function<bool()>& done) {
  int32_t fd = -1;
  Check(transport_->PollFd(&fd), "poll_fd");
  const int64_t end = Now() + kPatienceNs;
  while (Now() < end) {
    Check(transport_->Service(), "service");
    if (done()) return true;
    pollfd readable{fd, POLLIN, 0};
    poll(&readable, 1, 1);
  }
  return false;
}

std::vector<vstream_consumer> Producer::Consumers() {
  std::vector<vstream_consumer> consumers;
  Check(transport_->Consumers(&consumers), "consumers");
  return consumers;
}

bool Producer::WaitForConsumers(size_t count) {
  return ServeUntil([&] { return Consumers().size() == count; });
}

bool Producer::WaitUntilTaken() {
  return ServeUntil([&] {
    const std::vector<vstream_consumer> consumers = Consumers();
    return std::all_of(consumers.begin(), consumers.end(), [](const vstream_consumer& consumer) {
      uint64_t seen = consumer.taken;
      for (const uint64_t skipped : consumer.skipped) seen += skipped;
      return consumer.leases_held == 0 && seen == consumer.published;
    });
  });
}

Producer::Buffer* Producer::Acquire() {
  Check(transport_->Service(), "service");
  std::vector<Buffer*> used;
  for (const auto& buffer : buffers_) {
    if (buffer->sequence == 0) return buffer.get();
    used.push_back(buffer.get());
  }
  std::sort(used.begin(), used.end(), [](const Buffer* a, const Buffer* b) { return a->sequence < b->sequence; });
  std::vector<uint32_t> ids;
  ids.reserve(used.size());
  for (const Buffer* buffer : used) ids.push_back(buffer->id);
  uint32_t taken = 0, count = 0;
  Check(transport_->Reclaim(stream_, ids.data(), static_cast<uint32_t>(ids.size()), 1, &taken, &count), "reclaim");
  if (count == 0) return nullptr;
  Buffer* buffer = buffers_[taken - 1].get();
  buffer->sequence = 0;
  return buffer;
}

bool Producer::Publish(Buffer* buffer, uint64_t bytes, uint32_t flags, int64_t pts_ns) {
  vstream_frame frame{};
  frame.struct_size = sizeof frame;
  frame.flags = flags;
  frame.buffer_id = buffer->id;
  frame.sequence = buffer->sequence = ++sequence_;
  frame.pts_ns = pts_ns;
  for (uint32_t i = 0; i < buffer->layout.plane_count; ++i) frame.bytes_used[i] = buffer->layout.planes[i].size;
  if (stream_ == VSTREAM_STREAM_PACKETS) frame.bytes_used[0] = bytes;
  frame.acquire_fence = frame.release_fence = -1;
  Check(transport_->Publish(stream_, frame), "publish");
  return true;
}

bool Producer::PublishPattern(uint64_t number) {
  Buffer* buffer = Acquire();
  if (buffer == nullptr) return false;
  std::memset(buffer->data, 128, buffer->bytes);
  const int64_t now = Now();
  if (!pattern::Draw({number, now}, buffer->data, format_.width, format_.width, format_.height)) abort();
  return Publish(buffer, buffer->bytes, 0, now);
}

bool Producer::PublishTorn(uint64_t number) {
  Buffer* buffer = Acquire();
  if (buffer == nullptr) return false;
  std::vector<uint8_t> other(size_t{format_.width} * format_.height);
  const int64_t now = Now();
  pattern::Draw({number, now}, buffer->data, format_.width, format_.width, format_.height);
  pattern::Draw({number + 1, now}, other.data(), format_.width, format_.width, format_.height);
  std::memcpy(buffer->data + other.size() / 2, other.data() + other.size() / 2, other.size() / 2);
  return Publish(buffer, buffer->bytes, 0, now);
}

bool Producer::PublishBytes(const std::function<uint8_t(size_t)>& fill) {
  Buffer* buffer = Acquire();
  if (buffer == nullptr) return false;
  for (size_t i = 0; i < buffer->bytes; ++i) buffer->data[i] = fill(i);
  return Publish(buffer, buffer->bytes, 0, Now());
}

bool Producer::PublishPacket(std::span<const uint8_t> bytes, bool key, int64_t pts_ns) {
  Buffer* buffer = Acquire();
  if (buffer == nullptr || bytes.size() > buffer->bytes) return false;
  std::memcpy(buffer->data, bytes.data(), bytes.size());
  return Publish(buffer, bytes.size(), key ? VSTREAM_FRAME_KEY | VSTREAM_FRAME_PARAMETER_SETS : 0, pts_ns);
}

bool Producer::Close() {
  Check(transport_->SetState(stream_, VSTREAM_TRANSPORT_STATE_CLOSING), "set_state");
  const bool taken = WaitUntilTaken();
  transport_.reset();
  return taken;
}

}  // namespace videostream::test
