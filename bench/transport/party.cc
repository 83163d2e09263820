// SPDX-License-Identifier: Apache-2.0
// One process of a cell, as bench/transport/board.h describes it: of a floor or of our own transport.
#include "bench/transport/party.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace videostream::bench::transport {

int Complain(const std::string& what) {
  fprintf(stderr, "%s: %s\n", what.c_str(), std::strerror(errno));
  return 1;
}

namespace {

int Main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  std::string path;
  uint32_t index = 0;
  PartyOptions options;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string flag = argv[i];
    if (flag == "--board") path = argv[i + 1];
    if (flag == "--index") index = static_cast<uint32_t>(std::atoi(argv[i + 1]));
    if (flag == "--backend-dir") options.backend_dirs.emplace_back(argv[i + 1]);
  }
  if ((role != "producer" && role != "consumer") || path.empty()) {
    fprintf(stderr, "usage: %s producer|consumer --board PATH [--index I] [--backend-dir DIR]...\n", argv[0]);
    return 2;
  }
  Board* board = OpenBoard(path.c_str());
  if (board == nullptr) return Complain("board '" + path + "'");
  if (index >= std::max(board->settings.consumers, 1U)) return Complain("no such consumer");
  const bool floor = std::strncmp(board->settings.backend, "floor-", 6) == 0;
  if (role == "producer") return floor ? RunFloorProducer(board) : RunHost(board, options);
  if (std::strcmp(board->settings.mode, "join") == 0) return RunJoiner(board, index);
  if (std::strncmp(board->settings.mode, "restart", 7) == 0) return RunRestarted(board, index);
  return floor ? RunFloorConsumer(board, index) : RunClient(board, index);
}

}  // namespace
}  // namespace videostream::bench::transport

int main(int argc, char** argv) { return videostream::bench::transport::Main(argc, argv); }
