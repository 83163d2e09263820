// SPDX-License-Identifier: Apache-2.0
// The producers and consumers of the floors and of our own transport; party.cc starts the one that a board asks for.
#pragma once

#include <string>
#include <vector>

#include "bench/transport/board.h"

namespace videostream::bench::transport {

// Each runs its side of the cell until the board says so. The result is the exit code; why it is not 0 is on stderr.
struct PartyOptions {
  std::vector<std::string> backend_dirs;  // of our own producer
};

int RunFloorProducer(Board* board);
int RunFloorConsumer(Board* board, uint32_t index);

int RunHost(Board* board, const PartyOptions& options);
int RunClient(Board* board, uint32_t index);
// Mode "join": subscribes anew, at random moments, until kStop. The record's latencies are those from a subscription to
// the first frame, `frames` the joins, `skipped` the frames published in between that it was not given.
int RunJoiner(Board* board, uint32_t index);
// Modes "restart" and "restart-epoll": stays while producers come and go. When it is connected once more, wall_ns is
// the time of that, and `seen` is one more. The producer's wall_ns is when it began to listen.
int RunRestarted(Board* board, uint32_t index);

// The socket of a cell of ours.
inline std::string SocketOf(const Settings& settings) { return std::string(settings.folder) + "/s"; }

// "FOO: why", from errno, on stderr. The exit code.
int Complain(const std::string& what);

}  // namespace videostream::bench::transport
