// SPDX-License-Identifier: Apache-2.0
// A client without a producer: what it costs, and that it finds every producer that comes, by itself.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <atomic>
#include <chrono>

#include "tests/backends/shm/test_host.h"
#include "tests/support/syscall_counter.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

bool Readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

size_t Watches() {
  size_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  for (const dirent* e = ::readdir(dir); e != nullptr; e = ::readdir(dir)) {
    char target[64] = {};
    if (::readlinkat(::dirfd(dir), e->d_name, target, sizeof target - 1) > 0 &&
        std::strcmp(target, "anon_inode:inotify") == 0) {
      ++count;
    }
  }
  ::closedir(dir);
  return count;
}

// A listener of which the test says when it does what.
struct Listener {
  explicit Listener(const std::string& path) : fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  }
  ~Listener() { ::close(fd); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void Listen() const { EXPECT_EQ(::listen(fd, 4), 0) << std::strerror(errno); }
  bool Accepts() const {
    const int socket = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket >= 0) ::close(socket);
    return socket >= 0;
  }
  int fd;
};

struct ReconnectTest : ::testing::Test {
  ReconnectTest() { ::alarm(100); }
  ~ReconnectTest() override { ::alarm(0); }
  TempDir dir;
  std::string path = dir / "s";
};

// Waits without a producer, by futex or as an event loop does, until somebody says that it is enough.
int WaitInVain(const std::string& path, bool event_loop, const std::atomic<bool>& enough) {
  Client client(path);
  const int fd = event_loop ? client.poll_fd() : -1;
  if (event_loop && fd < 0) return 2;
  while (!enough) {
    pollfd p{fd, POLLIN, 0};
    if (event_loop && ::poll(&p, 1, 1000) < 0) return 3;
    if (client.wait_for_frame(event_loop ? nanoseconds(0) : nanoseconds(milliseconds(500)))) return 4;
  }
  return 0;
}

// Seen by forked processes as well.
struct SharedFlag {
  SharedFlag()
      : flag(static_cast<std::atomic<bool>*>(
            ::mmap(nullptr, sizeof *flag, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (flag == MAP_FAILED) std::abort();
  }
  ~SharedFlag() { ::munmap(flag, sizeof *flag); }
  SharedFlag(const SharedFlag&) = delete;
  SharedFlag& operator=(const SharedFlag&) = delete;
  std::atomic<bool>* flag;
};

constexpr uint64_t kAttempts = 10;  // that are awaited

// While `noise` runs in a process of its own, again and again, each way of waiting makes few attempts and few calls.
void ExpectFewAttempts(const std::string& path, const std::function<void(int)>& noise) {
  if (const std::string why = SyscallCounter::Unavailable(); !why.empty()) GTEST_SKIP() << why;
  for (const bool event_loop : {false, true}) {
    std::unique_ptr<Child> noisy;
    if (noise) {
      noisy = std::make_unique<Child>([&] {
        for (int i = 0;; ++i) noise(i);
        return 0;
      });
    }
    const int64_t start = NowNs();
    const SharedFlag enough;
    SyscallCounter waiter([&] {
      BeginCounting();
      const int status = WaitInVain(path, event_loop, *enough.flag);
      EndCounting();
      return status;
    });
    const int64_t patience = start + 30'000'000'000;
    while (waiter.Count(SYS_connect) < kAttempts && NowNs() < patience) ::poll(nullptr, 0, 1);
    *enough.flag = true;
    ASSERT_EQ(waiter.Wait(), 0) << waiter.Why();
    const auto attempts = static_cast<int64_t>(waiter.Count(SYS_connect));
    const int64_t elapsed_ms = (NowNs() - start) / 1'000'000;
    std::printf("%lld attempts in %lld ms: %s\n", static_cast<long long>(attempts), static_cast<long long>(elapsed_ms),
                waiter.Text().c_str());
    EXPECT_GE(attempts, static_cast<int64_t>(kAttempts)) << "it does try";
    // The first one, 6 out of the budget, and 15 in each second.
    EXPECT_LE(attempts, 15 * elapsed_ms / 1000 + 7) << elapsed_ms << " ms: " << waiter.Text();
    // Between two attempts it may be woken 32 times by what is not its business.
    EXPECT_LE(waiter.Total(), (static_cast<uint64_t>(attempts) + 1) * (noise ? 250 : 20)) << waiter.Text();
  }
}

// A client that waits for its producer eats a processor.
TEST_F(ReconnectTest, WaitingForAProducerCostsNextToNothing) { ExpectFewAttempts(path, nullptr); }

// The same where a dead producer has left its socket.
TEST_F(ReconnectTest, ADeadSocketCostsNextToNothing) {
  { const Listener dead(path); }
  ExpectFewAttempts(path, nullptr);
}

// Somebody who makes files next to the socket makes every client connect with each of them.
TEST_F(ReconnectTest, ABusyFolderCausesNoStorm) {
  ExpectFewAttempts(path, [&](int i) {
    const std::string file = dir / std::to_string(i % 16);
    ::close(::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ::unlink(file.c_str());
  });
}

// The same with the socket file itself.
TEST_F(ReconnectTest, ARestlessSocketFileCausesNoStorm) {
  { const Listener dead(path); }
  ExpectFewAttempts(path, [&](int i) { ::chmod(path.c_str(), i % 2 == 0 ? 0600 : 0660); });
}

// Every way in which a producer comes to be there; a client that misses it waits for ever.
TEST_F(ReconnectTest, FindsAProducerHoweverItComes) {
  const std::string folder = dir / "run";
  const std::string socket = folder + "/s";
  const struct {
    const char* name;
    std::function<std::unique_ptr<Listener>()> come;
  } ways[] = {
      {"in a new folder",
       [&] {
         ::mkdir(folder.c_str(), 0700);
         return std::make_unique<Listener>(socket);
       }},
      {"over the socket of a dead one",
       [&] {
         { const Listener dead(socket); }
         ::unlink(socket.c_str());
         return std::make_unique<Listener>(socket);
       }},
      {"by rename",
       [&] {
         auto listener = std::make_unique<Listener>(folder + "/new");
         listener->Listen();
         ::rename((folder + "/new").c_str(), socket.c_str());
         return listener;
       }},
      {"by rename of its folder",
       [&] {
         ::mkdir((dir / "next").c_str(), 0700);
         auto listener = std::make_unique<Listener>(dir / "next/s");
         ::rename(folder.c_str(), (dir / "last").c_str());
         ::rename((dir / "next").c_str(), folder.c_str());
         return listener;
       }},
      {"in a folder that was removed and made again",
       [&] {
         ::rmdir(folder.c_str());
         ::mkdir(folder.c_str(), 0700);
         return std::make_unique<Listener>(socket);
       }},
  };
  for (const bool event_loop : {false, true}) {
    for (const auto& way : ways) {
      SCOPED_TRACE(std::string(way.name) + (event_loop ? ", event loop" : ", blocking"));
      Client client(socket);
      const int fd = event_loop ? client.poll_fd() : -1;
      EXPECT_FALSE(client.wait_for_frame(milliseconds(1)));
      EXPECT_EQ(client.state(), Client::State::kConnecting);
      const auto listener = way.come();
      EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));  // may find that nobody listens yet
      listener->Listen();
      while (!listener->Accepts()) {
        pollfd p{fd, POLLIN, 0};
        if (event_loop) ::poll(&p, 1, -1);
        EXPECT_FALSE(client.wait_for_frame(event_loop ? nanoseconds(0) : milliseconds(20)));
      }
      EXPECT_EQ(client.state(), Client::State::kConnecting) << client.error();
      ::unlink(socket.c_str());
    }
    [[maybe_unused]] const int r = std::system(("rm -rf " + folder + " " + (dir / "last")).c_str());
  }
}

// A new socket waits for the next look of the client.
TEST_F(ReconnectTest, PollFdIsReadableAsSoonAsTheSocketAppears) {
  Client client(path);
  const int fd = client.poll_fd();
  ASSERT_GE(fd, 0);
  do {
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  } while (Readable(fd));
  const Listener listener(path);
  EXPECT_TRUE(Readable(fd));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
}

// Takes a frame, or in an event loop all that are there; false: there was none.
bool TakeAll(Client& client, int poll_fd) {
  if (poll_fd < 0) return static_cast<bool>(client.wait_for_frame(seconds(30)));
  bool any = false;
  while (!any) {
    pollfd p{poll_fd, POLLIN, 0};
    if (::poll(&p, 1, 30'000) != 1) return false;
    while (client.wait_for_frame(nanoseconds(0))) any = true;
  }
  return true;
}

// A watch that stays open for good: one descriptor more per client, of which a user has few.
TEST_F(ReconnectTest, WatchesOnlyWhileThereIsNoProducer) {
  for (const bool event_loop : {false, true}) {
    Client client(path);
    const int fd = event_loop ? client.poll_fd() : -1;
    for (int round = 0; round < 2; ++round) {
      EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
      while (client.state() == Client::State::kConnected || Watches() == 0) client.wait_for_frame(milliseconds(5));
      TestHost host({{"socket", path}});
      ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
      ASSERT_TRUE(host.ServeUntil([&] { return client.connect(nanoseconds(0)); })) << client.error();
      while (Watches() != 0) {  // closed when that costs nothing
        ASSERT_TRUE(host.Publish()) << host.error.message;
        EXPECT_TRUE(TakeAll(client, fd)) << client.error();
      }
      EXPECT_EQ(client.state(), Client::State::kConnected);
    }
  }
  // Where there is a producer at once nothing is watched at all.
  TestHost host({{"socket", path}});
  ASSERT_TRUE(host.ok());
  Client other(path);
  EXPECT_FALSE(other.wait_for_frame(nanoseconds(0)));
  EXPECT_EQ(Watches(), 0u);
}

// A client that gives up keeps what it has watched with.
TEST_F(ReconnectTest, NothingIsWatchedInTheEnd) {
  {
    Client client(path);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    ::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    EXPECT_FALSE(client.wait_for_frame(seconds(30)));
    EXPECT_EQ(client.state(), Client::State::kFailed) << "a regular file";
    EXPECT_EQ(Watches(), 0u);
  }
  {
    ::unlink(path.c_str());
    Client client(path);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(Watches(), 1u);
  }
  EXPECT_EQ(Watches(), 0u);
}

}  // namespace
}  // namespace videostream::test
