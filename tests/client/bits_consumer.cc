// SPDX-License-Identifier: Apache-2.0
// A consumer that does what it reads on stdin, one line of answer each: what bits_test.cc compiles for 32 bits, and
// runs beside its own.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string>

#include "client/mapping.h"
#include "client/system.h"
#include "videostream/client.hpp"
#include "videostream/pattern.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

std::unique_ptr<Client> client;
bool events = false;
Frame held;

// By a blocking wait, or through the descriptor for event loops.
Frame Next() {
  if (!events) return client->wait_for_frame(seconds(30));
  for (;;) {
    if (Frame frame = client->wait_for_frame(nanoseconds(0))) return frame;
    if (client->state() != Client::State::kConnected) return {};
    pollfd entry{client->poll_fd(), POLLIN, 0};
    if (::poll(&entry, 1, 30'000) <= 0) return {};
  }
}

// The test's host numbers what it publishes: pictures by their code, packets by their words.
std::string Check(const Frame& frame) {
  if (frame.width() != 0) {
    const auto read = pattern::Read(frame.format(), frame.data(), frame.stride(), frame.width(), frame.height());
    if (!read.is_pattern) return "no test picture";
    if (read.torn) return "torn in row " + std::to_string(read.first_bad);
    if (read.stamp.frame != frame.sequence()) return "shows " + std::to_string(read.stamp.frame);
  } else {
    for (size_t i = 0; i + 8 <= frame.size(); i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, frame.data() + i, sizeof word);
      if (word != frame.sequence() * 0x9e3779b97f4a7c15u + i) return "wrong from byte " + std::to_string(i);
    }
  }
  if (frame.pts_ns() <= 0 || frame.published_ns() < frame.pts_ns()) return "times";
  return frame.valid() ? "" : "void";
}

std::string Take(unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    const Frame frame = Next();
    if (!frame) return "nothing after " + std::to_string(i) + ": " + client->error();
    if (std::string why = Check(frame); !why.empty()) return "frame " + std::to_string(frame.sequence()) + ": " + why;
  }
  return "took " + std::to_string(count);
}

std::string Stats() {
  const ClientStats s = client->stats();
  uint64_t skipped = 0;
  for (const uint64_t one : s.skipped) skipped += one;
  std::ostringstream out;
  out << s.published << ' ' << s.taken << ' ' << skipped << ' ' << s.void_leases << ' ' << s.last_sequence;
  return out.str();
}

// A wait that is longer than 32 bits have seconds for: a kernel that finds no time in it gives back at once, and the
// byte that is there is not seen.
std::string LongWaits() {
  int ends[2];
  if (::pipe(ends) != 0 || ::write(ends[1], "x", 1) != 1) return "pipe";
  for (const int64_t years : {0, 1, 67, 69, 100, 135, 137, 200, 292}) {
    const int64_t ns = years * 31'556'952 * int64_t{1'000'000'000};
    if (!client_internal::WaitReadable(ends[0], ns))
      return "missed input in a wait of " + std::to_string(years) + " years";
    const wire::Word32 word(2);
    // EAGAIN for a word that is another one, or EINVAL for the time.
    if (!client_internal::WaitWhile(word, 1, ns) || errno != EAGAIN) {
      return "futex wait of " + std::to_string(years) + " years: " + std::strerror(errno);
    }
  }
  const wire::Word32 word(1);
  if (client_internal::WaitWhile(word, 1, 1'000'000)) return "a wait of a millisecond has no end";
  ::close(ends[0]);
  ::close(ends[1]);
  return "fine";
}

// Files beyond what 32 bits count: a longer file than announced is as good, and what is at a path is named.
std::string LargeFiles(const std::string& folder) {
  constexpr auto kLarge = uint64_t{5} << 30;
  client_internal::UniqueFd memfd(::memfd_create("large", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::ftruncate64(memfd.get(), static_cast<off64_t>(kLarge)) != 0)
    return std::string("memfd: ") + std::strerror(errno);
  if (::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) return "seals";
  client_internal::Mapping mapping;
  if (std::string why = client_internal::MapClientPage(memfd, &mapping); !why.empty()) return why;
  const std::string path = folder + "/large";
  const client_internal::UniqueFd file(::open64(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  if (::ftruncate64(file.get(), static_cast<off64_t>(kLarge)) != 0) return std::string("file: ") + std::strerror(errno);
  const char* kind = client_internal::OtherKindOfFile(path);
  ::unlink(path.c_str());
  return kind != nullptr ? kind : "not seen";
}

std::string Do(const std::string& line) {
  std::istringstream words(line);
  std::string command;
  words >> command;
  if (command == "bits") return std::to_string(sizeof(void*) * 8) + " " + std::to_string(sizeof(time_t) * 8);
  if (command == "connect") {
    std::string path;
    std::string how;
    uint32_t stream = 0;
    uint32_t queue = 0;
    words >> path >> stream >> queue >> how;
    held = {};
    client = std::make_unique<Client>(
        path, ClientOptions{.name = "bits", .stream = static_cast<Stream>(stream), .queue = queue});
    events = how == "poll";
    if (!client->connect(seconds(30))) return client->error();
    if (events && client->poll_fd() < 0) return client->error();
    return "connected";
  }
  if (command == "take") {
    unsigned count = 0;
    words >> count;
    return Take(count);
  }
  if (command == "hold") {
    held = Next();
    return held ? "holds " + std::to_string(held.sequence()) : client->error();
  }
  if (command == "valid") return held.valid() ? "valid" : "void";
  if (command == "release") return held.release() ? "valid" : "void";
  if (command == "stats") return Stats();
  if (command == "leave") {
    client.reset();
    return "left";
  }
  if (command == "long-waits") return LongWaits();
  if (command == "large-files") {
    std::string folder;
    words >> folder;
    return LargeFiles(folder);
  }
  return "unknown command";
}

}  // namespace
}  // namespace videostream::test

int main() {
  char line[256];
  while (std::fgets(line, sizeof line, stdin) != nullptr) {
    ::alarm(90);
    std::printf("%s\n", videostream::test::Do(line).c_str());
    std::fflush(stdout);
  }
  return 0;
}
