// SPDX-License-Identifier: Apache-2.0
// See receiver.h.
#include "tests/core/runtime/receiver.h"

#include <numeric>

#include "videostream/client.hpp"

namespace videostream {

Received ReceiveAll(const std::string& socket) {
  Received received;
  ClientOptions options;
  options.queue = 3;
  options.reconnect = false;
  Client client(socket, options);
  while (client.state() != Client::State::kEnded && client.state() != Client::State::kFailed) {
    const Frame frame = client.wait_for_frame(std::chrono::seconds(1));
    if (!frame) continue;
    received.fourcc = frame.format();
    received.width = frame.width();
    received.height = frame.height();
    received.rate = frame.rate();
    received.sequences.push_back(frame.sequence());
  }
  const ClientStats stats = client.stats();
  received.published = stats.published;
  received.skipped = std::accumulate(stats.skipped.begin(), stats.skipped.end(), uint64_t{0});
  if (client.state() == Client::State::kFailed) received.error = client.error();
  return received;
}

}  // namespace videostream
