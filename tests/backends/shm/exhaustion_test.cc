// SPDX-License-Identifier: Apache-2.0
// The transport at the limits of its process: descriptors, descriptors in flight, sizes of files. Each test runs in a
// process of its own, which has nothing else open.
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "tests/backends/shm/raw_consumer.h"

namespace videostream::test {
namespace {

struct ExhaustionTest : ::testing::Test {
  ExhaustionTest() { ::alarm(100); }
  ~ExhaustionTest() override { ::alarm(0); }
  // Runs it in a child; what fails there is printed there.
  static void InChild(const std::function<void()>& work) {
    Child child([&] {
      work();
      return ::testing::Test::HasFailure() ? 1 : 0;
    });
    EXPECT_EQ(child.Wait(), 0) << "see above";
  }
  static void Limit(decltype(RLIMIT_NOFILE) what, rlim_t soft) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(what, &limit), 0);
    limit.rlim_cur = soft;
    ASSERT_EQ(::setrlimit(what, &limit), 0) << std::strerror(errno);
  }
  TempDir dir;
  std::string path = dir / "s";
};

bool Readable(TestHost& host) {
  int32_t fd = -1;
  host.ops.poll_fd(host.self(), &fd, &host.error);
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

// Without a descriptor for the connection that waits the host is told of it again and again: it spins, or fills the
// log.
TEST_F(ExhaustionTest, AConnectionThatCannotBeAcceptedIsLeftAlone) {
  InChild([&] {
    TestHost host({{"socket", path}, {"lease-time", "20000000"}});
    ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
    RawConsumer first(path);
    ASSERT_TRUE(first.Subscribe(host));
    RawConsumer second(path);
    ASSERT_TRUE(second.connected);
    const int probe = ::dup(STDERR_FILENO);
    ::close(probe);
    Limit(RLIMIT_NOFILE, static_cast<rlim_t>(probe));
    const size_t logged = host.logged.size();
    int silent = 0;
    // Between two looks of the timer at it. That may come at any moment when the machine is slow; but if the socket
    // were still listened to it would never be silent.
    for (int looks = 0; looks < 20 || (silent == 0 && looks < 1000); ++looks) {
      ASSERT_TRUE(host.ServeUntil([&] { return Readable(host); }));
      host.Service();
      silent += Readable(host) ? 0 : 1;
    }
    EXPECT_GT(silent, 0) << "times that it was served";
    ASSERT_EQ(host.logged.size(), logged + 1);
    EXPECT_NE(host.logged.back().find("Too many open files"), std::string::npos) << host.logged.back();
    EXPECT_TRUE(host.Publish());
    Limit(RLIMIT_NOFILE, static_cast<rlim_t>(probe) + 30);
    EXPECT_TRUE(second.Subscribe(host)) << "it waited for the limit to be lifted";
  });
}

// Descriptors that nobody reads use up what may be in flight: who comes then is cut off without a word.
TEST_F(ExhaustionTest, DescriptorsInFlightAreSaidToBeTheReason) {
  InChild([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    ASSERT_EQ(::syscall(SYS_capset, &header, none), 0);
    Limit(RLIMIT_NOFILE, 120);
    TestHost host({{"socket", path}});
    ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
    std::vector<std::unique_ptr<RawConsumer>> mute;
    for (uint64_t i = 0; i < 30 && host.Info().refused == 0; ++i) {
      mute.push_back(std::make_unique<RawConsumer>(path));
      mute.back()->Send(wire::Make<wire::Hello>());
      mute.back()->Send(wire::Make<wire::Subscribe>());
      ASSERT_TRUE(host.ServeUntil([&] { return host.Info().connected + host.Info().refused > i; }));
    }
    EXPECT_EQ(host.Info().refused, 1u);
    EXPECT_GE(mute.size(), 10u);
    wire::Welcome welcome;
    ASSERT_TRUE(mute.back()->Await(host, &welcome));
    wire::Refused refused;
    ASSERT_TRUE(mute.back()->Await(host, &refused));
    EXPECT_EQ(refused.reason, static_cast<uint32_t>(wire::Reason::kResources));
    EXPECT_EQ(refused.retry, 1u);
    EXPECT_NE(std::string(refused.text).find("in flight"), std::string::npos) << refused.text;
    EXPECT_NE(std::string(refused.text).find("('ulimit -n')"), std::string::npos) << "cut: " << refused.text;
    mute.erase(mute.begin(), mute.begin() + 3);
    RawConsumer late(path);
    EXPECT_TRUE(late.Subscribe(host)) << "others have gone";
  });
}

// A file beyond the limit of sizes: the kernel's answer is a signal that ends the process.
TEST_F(ExhaustionTest, TheLimitOfFileSizesIsAnErrorAndNoSignal) {
  InChild([&] {
    Limit(RLIMIT_FSIZE, 4096);
    shm::UniqueFd made;
    const backend::Status status = shm::MakeMemfd("test", 4097, false, &made);
    EXPECT_EQ(status.code(), VSTREAM_E_NO_MEMORY);
    EXPECT_EQ(
        status.message(),
        "memfd 'test' of 4097 bytes: files of this process may have 4096 (RLIMIT_FSIZE); raise it with 'ulimit -f "
        "unlimited'");
    EXPECT_TRUE(shm::MakeMemfd("test", 4096, false, &made).ok());
  });
}

}  // namespace
}  // namespace videostream::test
