// SPDX-License-Identifier: Apache-2.0
// Consumers of all widths on one host: this program's own, and on x86-64 a 32-bit one, with times of 32 and of 64 bits.
// The 32-bit ones are compiled here, from the sources of the library. Where that cannot be done, or the result cannot
// run, the test is skipped with the command that failed.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "tests/backends/shm/test_host.h"
#include "videostream/pattern.hpp"

namespace videostream::test {
namespace {

// Runs a command to its end; its output and, if it failed, its status.
std::string Failure(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return command + ": " + std::strerror(errno);
  std::string said;
  char line[512];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    if (said.size() < 4000) said += line;
  }
  const int status = ::pclose(pipe);
  return status == 0 ? "" : command + "\nended with status " + std::to_string(status) + ":\n" + said;
}

struct Kind {
  const char* name;
  const char* flags;  // of the compiler; null: this program's own kind
  const char* bits;   // of a pointer and of a time
};

// The program of one kind, compiled once for all tests.
struct Build {
  TempDir dir;
  std::string program = "tests/client/bits_consumer";
  std::string missing;  // why it cannot be had on this machine
  std::string broken;   // why it cannot be had although the machine can
};

void Compile(Build& build, const Kind& kind) {
#if defined(__x86_64__)
  // The kernel's headers of this machine serve both widths; only the package gcc-multilib puts them where -m32 looks.
  const std::string gcc =
      std::string("g++ -m32 ") + kind.flags + " -std=c++20 -idirafter /usr/include/x86_64-linux-gnu ";
  const std::string probe = build.dir / "probe";
  build.missing = Failure("echo '#include <string>\nint main() { return std::string().size(); }' | " + gcc +
                          "-x c++ - -o " + probe);
  if (build.missing.empty()) build.missing = Failure(probe);
  if (!build.missing.empty()) return;
  build.program = build.dir / "consumer";
  build.broken = Failure(gcc + "-O1 -Wall -Wextra -Wshadow -Werror -I. -Iinclude client/*.cc wire/*.cc " +
                         "tests/client/bits_consumer.cc -o " + build.program);
#else
  build.missing = std::string("g++ -m32 ") + kind.flags + ": not on this architecture";
#endif
}

const Build& TheBuild(const Kind& kind) {
  static std::map<std::string, Build> builds;
  const auto [entry, fresh] = builds.try_emplace(kind.name);
  if (fresh && kind.flags != nullptr) Compile(entry->second, kind);
  return entry->second;
}

// The program, at the other ends of two pipes.
class Consumer {
 public:
  explicit Consumer(const std::string& program) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execl(program.c_str(), program.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Consumer() {
    ::close(to_);
    ::close(from_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  void Say(const std::string& line) const {
    if (::write(to_, (line + "\n").c_str(), line.size() + 1) < 0) std::abort();
  }
  // The answer, if it is there.
  bool Answered(std::string* answer) {
    pollfd entry{from_, POLLIN, 0};
    while (::poll(&entry, 1, 0) > 0) {
      char c = 0;
      if (::read(from_, &c, 1) != 1) {
        int status = 0;
        ::waitpid(pid_, &status, WNOHANG);
        *answer = "ended with status " + std::to_string(status);
        return true;
      }
      if (c == '\n') {
        *answer = std::move(line_);
        line_.clear();
        return true;
      }
      line_ += c;
    }
    return false;
  }

 private:
  pid_t pid_ = 0;
  int to_ = -1;
  int from_ = -1;
  std::string line_;
};

class BitsTest : public ::testing::TestWithParam<Kind> {
 protected:
  ~BitsTest() override { ::alarm(0); }
  void SetUp() override {
    const Build& build = TheBuild(GetParam());  // may take its time
    ::alarm(110);
    if (!build.missing.empty()) GTEST_SKIP() << build.missing;
    ASSERT_EQ(build.broken, "");
    ASSERT_TRUE(host.ok() && host.AddPool(12) && host.AddPool(6, VSTREAM_STREAM_PACKETS, 1000)) << host.error.message;
    consumer = std::make_unique<Consumer>(build.program);
    if (GetParam().flags != nullptr) {
      ASSERT_EQ(Ask("bits"), GetParam().bits);
    }
  }
  // Serves the socket until the answer is there.
  std::string Ask(const std::string& command) {
    consumer->Say(command);
    std::string answer = "no answer";
    host.ServeUntil([&] { return consumer->Answered(&answer); });
    return answer;
  }
  bool Publish(uint32_t stream) {
    if (stream != VSTREAM_STREAM_FRAMES) return host.Publish(stream, VSTREAM_FRAME_KEY);
    const uint32_t id = host.Acquire();
    if (id == 0xffffffff) return false;
    pattern::Draw({.frame = host.sequence[0] + 1, .time_ns = NowNs()}, host.data(id), TestHost::kWidth,
                  TestHost::kWidth, TestHost::kHeight);
    return host.PublishBuffer(id, stream, 0);
  }
  vstream_consumer Record() {
    const auto all = host.Consumers();
    return all.size() == 1 ? all[0] : vstream_consumer{};
  }

  TempDir dir;
  std::string path = dir / "s";
  TestHost host{{{"socket", path}, {"buffers", "11"}}};
  std::unique_ptr<Consumer> consumer;
};

// Both sides have a different idea of where a word of the pages or of a message is, of a claim, or of a wait: frames
// are lost or torn, counters do not add up, somebody waits for ever, a load writes to the read-only page.
TEST_P(BitsTest, ReceivesEveryWay) {
  for (const uint32_t stream : {VSTREAM_STREAM_FRAMES, VSTREAM_STREAM_PACKETS}) {
    for (const uint32_t queue : {0u, 8u}) {
      for (const char* how : {"block", "poll"}) {
        SCOPED_TRACE(std::string(how) + " stream " + std::to_string(stream) + " queue " + std::to_string(queue));
        constexpr unsigned kFrames = 32;
        std::ostringstream connect;
        connect << "connect " << path << ' ' << stream << ' ' << queue << ' ' << how;
        ASSERT_EQ(Ask(connect.str()), "connected");
        ASSERT_TRUE(host.WaitForConsumers(1));
        consumer->Say("take " + std::to_string(kFrames));
        std::string answer;
        // A queue is never overrun; `latest` may lose what comes while it reads, and gets its frames all the same.
        ASSERT_TRUE(host.ServeUntil([&] {
          if (consumer->Answered(&answer)) return true;
          const vstream_consumer now = Record();
          if (queue != 0 && (now.published >= kFrames || now.published - now.taken >= queue)) return false;
          EXPECT_TRUE(Publish(stream)) << host.error.message;
          return ::testing::Test::HasFailure();
        }));
        ASSERT_EQ(answer, "took " + std::to_string(kFrames));
        const vstream_consumer record = Record();
        uint64_t skipped = 0;
        for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) skipped += record.skipped[i];
        EXPECT_EQ(record.taken, kFrames);
        EXPECT_EQ(record.revocations, 0u);
        EXPECT_EQ(record.leases_held, 0u);
        if (queue != 0) {
          EXPECT_EQ(record.published, kFrames);
          EXPECT_EQ(skipped, 0u);
        }
        std::istringstream theirs(Ask("stats"));
        uint64_t published = 0;
        uint64_t taken = 0;
        uint64_t lost = 0;
        uint64_t voids = 0;
        theirs >> published >> taken >> lost >> voids;
        EXPECT_EQ(published, taken + lost);
        EXPECT_EQ(taken, kFrames);
        EXPECT_EQ(lost, skipped);
        EXPECT_EQ(voids, 0u);
        ASSERT_EQ(Ask("leave"), "left");
        ASSERT_TRUE(host.WaitForConsumers(0));
      }
    }
  }
}

// A claim with an epoch or a place that the producer does not understand: it pins nothing, or is never void.
TEST_P(BitsTest, ClaimsPinAndAreRevoked) {
  ASSERT_EQ(Ask("connect " + path + " 0 0 block"), "connected");
  ASSERT_TRUE(Publish(0));
  ASSERT_EQ(Ask("hold"), "holds 1");
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(Publish(0));
  EXPECT_EQ(Record().leases_held, 1u);
  EXPECT_EQ(Ask("valid"), "valid");
  for (int i = 0; i < 2; ++i, host.offset_ns += 2'000'000'000) {
    host.ServeUntil([&] { return host.CountEvents(VSTREAM_EVENT_REVOKED) > 0 || i == 0; });
  }
  EXPECT_EQ(host.CountEvents(VSTREAM_EVENT_REVOKED), 1u);
  EXPECT_EQ(Ask("valid"), "void");
  EXPECT_EQ(Ask("release"), "void");
  EXPECT_EQ(Ask("stats").substr(0, 3), "1 1");
  EXPECT_EQ(Ask("take 1"), "took 1");
  EXPECT_EQ(Record().revocations, 1u);
  EXPECT_EQ(Ask("stats"), "41 2 39 1 41");
}

// Times and sizes beyond 32 bits: a long wait that does not wait at all, a large file that is called unusable.
TEST_P(BitsTest, TimesAndSizesBeyond32Bits) {
  EXPECT_EQ(Ask("long-waits"), "fine");
  EXPECT_EQ(Ask("large-files " + dir.path()), "a regular file");
}

INSTANTIATE_TEST_SUITE_P(Kinds, BitsTest,
                         ::testing::Values(Kind{"own", nullptr, ""}, Kind{"m32", "", "32 32"},
                                           Kind{"m32time64", "-D_TIME_BITS=64 -D_FILE_OFFSET_BITS=64", "32 64"}),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace videostream::test
