// SPDX-License-Identifier: Apache-2.0
// Receives frames and tells how bright they are, until Ctrl-C or until FRAMES have come.
// Usage: client_basic SOCKET [FRAMES]. The other side: host_basic, or `videostream run`.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <iostream>

#include "videostream/client.hpp"

namespace {

volatile std::sig_atomic_t stop = 0;

// Mean of the first plane: luma of YUV formats. Rows are `stride` bytes apart, which may be more than they hold.
uint64_t Brightness(const videostream::Frame& frame) {
  uint64_t sum = 0;
  for (uint32_t y = 0; y < frame.height(); ++y) {
    const uint8_t* row = frame.data(0) + size_t{y} * frame.stride(0);
    for (uint32_t x = 0; x < frame.width(); ++x) sum += row[x];
  }
  return sum / (uint64_t{frame.width()} * frame.height());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: client_basic SOCKET [FRAMES]\n";
    return 2;
  }
  const uint64_t limit = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : UINT64_MAX;
  std::signal(SIGINT, [](int) { stop = 1; });
  std::cout << std::unitbuf;  // each line at once, also into a pipe

  videostream::Client client(argv[1]);
  while (stop == 0 && client.stats().taken < limit) {
    const videostream::Frame frame = client.wait_for_frame(std::chrono::seconds(1));
    if (frame) {
      std::cout << "frame " << frame.sequence() << ": " << frame.width() << "x" << frame.height() << ", brightness "
                << Brightness(frame) << "\n";
      // Asked after the last look at the bytes: was the frame still ours?
      if (!frame.valid()) std::cout << "  (held for too long, taken back by the producer)\n";
    } else if (client.state() == videostream::Client::State::kFailed) {
      std::cerr << "client_basic: " << client.error() << "\n";
      return 1;
    } else {
      std::cerr << "no frame for 1 s, still waiting" << (client.error().empty() ? "" : ": ") << client.error() << "\n";
    }
  }
  const videostream::ClientStats stats = client.stats();
  std::cout << "received " << stats.taken << " of " << stats.published << " frames\n";
}
