// SPDX-License-Identifier: Apache-2.0
// Publishes 30 frames a second that it draws itself, until Ctrl-C or until FRAMES are out.
// Usage: host_basic SOCKET [FRAMES]. The other side: client_basic.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <thread>
#include <utility>

#include "videostream/host.hpp"

namespace {

volatile std::sig_atomic_t stop = 0;

// A grey that gets brighter from frame to frame. NV12: a plane of luma, then one of chroma, where 128 is no colour.
// Rows are `stride` bytes apart, which may be more than they hold.
void Draw(const videostream::WriteBuffer& buffer, uint64_t number) {
  const auto luma = static_cast<int>(16 + number % 220);
  for (uint32_t y = 0; y < buffer.height(); ++y) {
    std::memset(buffer.data(0) + size_t{y} * buffer.stride(0), luma, buffer.width());
  }
  std::memset(buffer.data(1), 128, buffer.size(1));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: host_basic SOCKET [FRAMES]\n";
    return 2;
  }
  const uint64_t limit = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : UINT64_MAX;
  std::signal(SIGINT, [](int) { stop = 1; });

  auto host = videostream::Host::create(argv[1], {.width = 640, .height = 480, .rate = {30, 1}});
  if (!host) {
    std::cerr << "host_basic: " << host.error() << "\n";
    return 1;
  }
  std::cout << "publishing on " << host.socket_path() << ", memory from " << host.allocator() << std::endl;

  auto next = std::chrono::steady_clock::now();
  while (stop == 0 && host.stats().published < limit) {
    if (videostream::WriteBuffer buffer = host.get_write_buffer()) {
      Draw(buffer, host.stats().published);
      if (!host.publish_frame(std::move(buffer))) {
        std::cerr << "host_basic: " << host.error() << "\n";
        return 1;
      }
    }  // else every buffer is held by consumers: this frame is left out, and counted
    std::this_thread::sleep_until(next += std::chrono::milliseconds(33));
  }
  for (const videostream::HostConsumer& consumer : host.consumers()) {
    std::cout << "consumer " << consumer.name << ": " << consumer.taken << " taken, " << consumer.lag() << " behind\n";
  }
  const videostream::HostStats stats = host.stats();
  std::cout << "published " << stats.published << " frames, left out " << stats.refused << "\n";
}
