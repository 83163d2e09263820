// SPDX-License-Identifier: Apache-2.0
// The producer of a load: publishes as fast as the healthy queue consumers follow, and tells what it holds.
#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>

#include "tests/chaos/load_parts.h"
#include "videostream/error.h"
#include "videostream/host.hpp"

namespace videostream::chaos {
namespace {

uint32_t Entries(const char* folder, const char* kind) {
  uint32_t count = 0;
  DIR* dir = ::opendir(folder);
  if (dir == nullptr) return 0;
  for (const dirent* entry = ::readdir(dir); entry != nullptr; entry = ::readdir(dir)) {
    if (entry->d_name[0] == '.') continue;
    if (kind != nullptr) {
      char target[256];
      const ssize_t n = ::readlinkat(::dirfd(dir), entry->d_name, target, sizeof target - 1);
      if (n < 0 || std::strncmp(target, kind, std::strlen(kind)) != 0) continue;
    }
    ++count;
  }
  ::closedir(dir);
  return count;
}

uint32_t MemfdMappings() {
  std::ifstream maps("/proc/self/maps");
  uint32_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find("/memfd:") != std::string::npos ? 1 : 0;
  return count;
}

class LoadedProducer {
 public:
  LoadedProducer(const LoadOptions& options, const std::string& path, Books& books)
      : options_(options), path_(path), books_(books) {}

  int Run() {
    if (options_.in_producer) options_.in_producer();
    HostOptions wish;
    wish.width = options_.width;
    wish.height = options_.height;
    wish.format = VSTREAM_FORMAT_GREY;
    wish.allocators = {"shm"};
    wish.buffers = options_.buffers;
    wish.leases = options_.leases;
    wish.lease_time = options_.lease_time;
    wish.clients = options_.clients;
    host_ = Host::create(path_, wish);
    if (!host_) return Fail("Host::create"), 1;
    books_.listening.store(1, std::memory_order_release);
    while (books_.finish.load(std::memory_order_acquire) == 0) {
      Answer();
      const bool paused = books_.pause.load(std::memory_order_acquire) != 0;
      books_.paused.store(paused ? 1 : 0, std::memory_order_release);
      const uint64_t room = paused || books_.go.load(std::memory_order_acquire) == 0 ? 0 : Room();
      if (room == 0) Breathe();
      for (uint64_t i = 0; i < room; ++i) {
        if (!PublishOne()) return 1;
        if (books_.asked.load(std::memory_order_relaxed) != answered_) break;
      }
    }
    // The healthy ones take what is left before they end; the Host must be there until then.
    while (!HealthyAreDone()) {
      Answer();
      Breathe();
    }
    Answer();
    host_.close();
    return 0;
  }

 private:
  bool Fail(const char* what) {
    std::snprintf(books_.producer_error, sizeof books_.producer_error, "%s: %s (code %d, errno %d %s)", what,
                  host_.error().c_str(), host_.error_code(), errno, std::strerror(errno));
    return false;
  }

  bool IsHealthy(int32_t pid) const {
    for (size_t i = 0; i < options_.healthy.size(); ++i) {
      if (books_.healthy[i].pid == pid) return true;
    }
    return false;
  }
  bool HealthyAreDone() const {
    for (size_t i = 0; i < options_.healthy.size(); ++i) {
      if (books_.healthy[i].done.load(std::memory_order_acquire) == 0) return false;
    }
    return true;
  }

  // Frames that may be published before one of the healthy queue consumers has more waiting than it asked for.
  uint64_t Room() const {
    uint64_t room = 8;
    for (const HostConsumer& consumer : host_.consumers()) {
      if (consumer.queue == 0 || !IsHealthy(consumer.pid)) continue;
      room = std::min(room, consumer.queue - std::min<uint64_t>(consumer.lag(), consumer.queue));
    }
    return room;
  }

  bool PublishOne() {
    ++attempts_;
    WriteBuffer buffer = host_.get_write_buffer();
    if (!buffer) {
      if (host_.error_code() != VSTREAM_E_AGAIN) return Fail("get_write_buffer");
      ++refused_;
      Breathe();  // somebody has to give one back
      return true;
    }
    FillCode(buffer.data(), buffer.size(), published_ + 1);
    if (!host_.publish_frame(std::move(buffer))) return Fail("publish_frame");
    books_.published.store(++published_, std::memory_order_release);
    return true;
  }

  void Answer() {
    const uint32_t asked = books_.asked.load(std::memory_order_acquire);
    if (asked == answered_) return;
    ProducerBooks& books = books_.producer;
    books.attempts = attempts_;
    books.published = published_;
    books.refused = refused_;
    const HostStats stats = host_.stats();
    books.stats_published = stats.published;
    books.stats_refused = stats.refused;
    books.connections_refused = stats.connections_refused;
    books.fds = Entries("/proc/self/fd", nullptr);
    books.memfds = Entries("/proc/self/fd", "/memfd:");
    books.mappings = MemfdMappings();
    books.threads = Entries("/proc/self/task", nullptr);
    const std::vector<HostConsumer> consumers = host_.consumers();
    books.consumers = static_cast<uint32_t>(consumers.size());
    for (size_t i = 0; i < std::min<size_t>(consumers.size(), kMaxListed); ++i) {
      const HostConsumer& from = consumers[i];
      ConsumerLine& line = books.lines[i];
      line.pid = from.pid;
      line.queue = from.queue;
      line.held = from.held;
      line.published = from.published;
      line.taken = from.taken;
      line.skipped = std::accumulate(from.skipped.begin(), from.skipped.end(), uint64_t{0});
      line.revoked = from.revoked;
      std::snprintf(line.name, sizeof line.name, "%s", from.name.c_str());
    }
    answered_ = asked;
    books_.answered.store(asked, std::memory_order_release);
  }

  const LoadOptions& options_;
  const std::string& path_;
  Books& books_;
  Host host_;
  uint64_t attempts_ = 0;
  uint64_t published_ = 0;
  uint64_t refused_ = 0;
  uint32_t answered_ = 0;
};

}  // namespace

int RunProducer(const LoadOptions& options, const std::string& path, Books& books) {
  return LoadedProducer(options, path, books).Run();
}

}  // namespace videostream::chaos
