// SPDX-License-Identifier: Apache-2.0
// Counting in /proc/self.
#include "tests/conformance/resources.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace videostream::conformance {
namespace {

std::vector<std::string> OpenFds() {
  std::vector<std::string> fds;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
    char target[PATH_MAX];
    const ssize_t length = ::readlink(entry.path().c_str(), target, sizeof target);
    if (length < 0) continue;
    std::string text(target, static_cast<size_t>(length));
    if (text.find("/proc/") == 0 && text.find("/fd") != text.npos) continue;  // the iterator's own
    fds.push_back(std::move(text));
  }
  std::sort(fds.begin(), fds.end());
  return fds;
}

size_t Threads() {
  std::error_code ignored;
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task", ignored),
                                           std::filesystem::directory_iterator()));
}

size_t SharedMappings() {
  std::ifstream maps("/proc/self/maps");
  size_t count = 0;
  for (std::string line; std::getline(maps, line);) {
    const size_t space = line.find(' ');
    if (space != line.npos && line.size() > space + 4 && line[space + 4] == 's') ++count;
  }
  return count;
}

}  // namespace

Resources Resources::Count() { return {OpenFds(), Threads(), SharedMappings()}; }

std::string LeftBehind(const Resources& before) {
  constexpr int kRounds = 200;  // of 10 ms
  for (int round = 0;; ++round) {
    const Resources now = Resources::Count();
    const bool clean = now.fds.size() <= before.fds.size() && now.threads <= before.threads &&
                       now.shared_mappings <= before.shared_mappings;
    if (clean) return {};
    if (round < kRounds) {
      ::poll(nullptr, 0, 10);
      continue;
    }
    std::vector<std::string> more;
    std::set_difference(now.fds.begin(), now.fds.end(), before.fds.begin(), before.fds.end(), std::back_inserter(more));
    std::string text = std::to_string(before.fds.size()) + " fds, " + std::to_string(before.threads) + " threads, " +
                       std::to_string(before.shared_mappings) + " shared mappings before; " +
                       std::to_string(now.fds.size()) + ", " + std::to_string(now.threads) + ", " +
                       std::to_string(now.shared_mappings) + " after";
    for (const std::string& fd : more) text += "; new: " + fd;
    return text;
  }
}

}  // namespace videostream::conformance
