// SPDX-License-Identifier: Apache-2.0
// Many connections: that say nothing, that subscribe and never read, that come and go. `tools/soak crowd` for all of
// it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tests/chaos/load.h"
#include "tests/chaos/newcomer.h"
#include "tests/support/sanitized.h"

namespace videostream::chaos {
namespace {

struct CrowdTest : testing::Test {
  CrowdTest() {
    WatchTest();
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
};

// What the producer maps, and what of it is there, of memfds of one name.
struct Memory {
  uint64_t mappings = 0;
  uint64_t kilobytes = 0;
};
Memory MemoryOf(pid_t pid, const std::string& name) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/smaps");
  Memory memory;
  bool ours = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first.find('-') != std::string::npos && first.back() != ':') {
      ours = line.find("/memfd:" + name) != std::string::npos;
      memory.mappings += ours ? 1 : 0;
    } else if (ours && first == "Rss:") {
      uint64_t here = 0;
      words >> here;
      memory.kilobytes += here;
    }
  }
  return memory;
}

uint64_t AnonymousKilobytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  uint64_t kilobytes = 0;
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) kilobytes = std::strtoull(line.c_str() + 8, nullptr, 10);
  }
  return kilobytes;
}

// Bug: connections that say nothing are kept for ever, take the descriptors of the producer, or keep others out.
TEST_F(CrowdTest, TwoThousandIdleConnectionsKeepNobodyOut) {
  RunUnderLoad({}, [](Load& load) {
    std::vector<int> idle;
    for (int i = 0; i < 2000; ++i) {
      idle.push_back(ConnectTo(load.path()));
      ASSERT_GE(idle.back(), 0) << "connection " << i << "; " << Context();
    }
    Newcomer newcomer(load.path());
    EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
    EXPECT_EQ(newcomer.End(), 0);
    // They are all still here, but the producer has given them up.
    EXPECT_TRUE(load.AwaitOnlyHealthy()) << load.Why();
    for (const int fd : idle) {
      std::byte bytes[wire::kMaxMessageBytes];
      ssize_t n = 0;
      while ((n = ::recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
      }
      EXPECT_TRUE(n == 0 || errno == ECONNRESET) << Context();
      ::close(fd);
    }
  });
}

// Bug: subscribers that never read block the producer, or starve those who do; one too many gets no clear answer, or
// not in when there is room again.
TEST_F(CrowdTest, AsManySubscribersAsThereMayBeThatNeverRead) {
  constexpr uint32_t kClients = 128;
  RunUnderLoad({.clients = kClients}, [](Load& load) {
    std::vector<int> mute;
    for (auto i = static_cast<uint32_t>(load.healthy()); i < kClients; ++i) {
      mute.push_back(ConnectTo(load.path()));
      ASSERT_GE(mute.back(), 0) << "connection " << i << "; " << Context();
      ASSERT_TRUE(SubscribeBlindly(mute.back())) << "connection " << i << "; " << Context();
      // No more at a time than the producer has patience for.
      if (i % 16 == 0) {
        ASSERT_TRUE(load.AwaitBooks([&](const ProducerBooks& b) { return b.consumers == i + 1; })) << load.Why();
      }
    }
    ASSERT_TRUE(load.AwaitBooks([](const ProducerBooks& b) { return b.consumers == kClients; })) << load.Why();
    Newcomer newcomer(load.path());
    EXPECT_TRUE(load.Await([&] { return newcomer.told() > 2 || newcomer.in(); })) << load.Why();
    EXPECT_FALSE(newcomer.in());
    EXPECT_NE(newcomer.text().find("refused: the producer has its 128 consumers"), std::string::npos)
        << newcomer.text();
    EXPECT_TRUE(load.AwaitTurnover()) << load.Why();
    ::close(mute.back());
    mute.pop_back();
    EXPECT_TRUE(load.Await([&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
    EXPECT_EQ(newcomer.End(), 0);
    for (const int fd : mute) ::close(fd);
  });
}

constexpr uint32_t kComings = 5;
const char* const kComingNames[kComings] = {"silent", "hello", "subscribed unread", "read", "with the library"};

// One connection that goes again at once.
void ComeAndGo(const std::string& path, uint32_t kind, bool takes) {
  if (kind == 4) {
    Client client(path, {.name = "guest"});
    ASSERT_TRUE(client.connect(kPatience)) << client.error() << "; " << Context();
    if (takes) {
      EXPECT_TRUE(client.wait_for_frame(kPatience)) << client.error();
    }
    return;
  }
  const int fd = ConnectTo(path);
  ASSERT_GE(fd, 0) << Context();
  if (kind == 1) SendTo(fd, wire::Make<wire::Hello>());
  if (kind >= 2) SubscribeBlindly(fd);
  if (kind == 3) {
    // Until it has been subscribed; its descriptors are thrown away by the kernel.
    std::byte bytes[wire::kMaxMessageBytes];
    EXPECT_GT(::recv(fd, bytes, sizeof bytes, 0), 0) << Context();
    EXPECT_GT(::recv(fd, bytes, sizeof bytes, 0), 0) << Context();
  }
  ::close(fd);
}

// Bug: something is left of every connection: a descriptor, a page, a mapping, a slot, memory.
TEST_F(CrowdTest, ComingAndGoingLeavesNothing) {
  constexpr int kWarmUp = 100;        // what the producer keeps for the next ones is there by then
  constexpr uint64_t kMayGrow = 128;  // kB
  const int rounds = Soak() ? 10'000 : 500;
  RunUnderLoad({}, [&](Load& load) {
    std::mt19937 random(Seed());
    int kinds[kComings] = {};
    const auto come_and_go = [&](int count) {
      for (int i = 0; i < count; ++i) {
        SCOPED_TRACE("round " + std::to_string(i));
        const uint32_t kind = random() % kComings;
        ++kinds[kind];
        ASSERT_NO_FATAL_FAILURE(ComeAndGo(load.path(), kind, i % 2 == 0));
      }
      ASSERT_TRUE(load.AwaitOnlyHealthy()) << load.Why();
    };
    ASSERT_NO_FATAL_FAILURE(come_and_go(kWarmUp));
    const pid_t pid = load.producer();
    const Memory pages = MemoryOf(pid, "videostream-client");
    const Memory all = MemoryOf(pid, "");
    EXPECT_EQ(pages.mappings, load.healthy()) << "one page of each healthy consumer";
    const uint64_t anonymous = AnonymousKilobytes(pid);
    std::fill(std::begin(kinds), std::end(kinds), 0);
    ASSERT_NO_FATAL_FAILURE(come_and_go(rounds));
    EXPECT_EQ(MemoryOf(pid, "videostream-client").mappings, pages.mappings);
    EXPECT_EQ(MemoryOf(pid, "").mappings, all.mappings);
    EXPECT_LE(MemoryOf(pid, "videostream-client").kilobytes, pages.kilobytes);
    EXPECT_LE(MemoryOf(pid, "").kilobytes, all.kilobytes);
    const uint64_t anonymous_then = AnonymousKilobytes(pid);
    if (!test::kSanitized) {
      EXPECT_LE(anonymous_then, anonymous + kMayGrow) << "kB, after " << rounds << " connections";
    }
    std::string text;
    for (uint32_t i = 0; i < kComings; ++i) {
      text += (text.empty() ? "" : ", ") + std::to_string(kinds[i]) + " " + kComingNames[i];
    }
    std::printf(
        "PROOF: %d connects and disconnects (%s) left no descriptor, page or mapping; anonymous memory %llu -> %llu "
        "kB; seed %u\n",
        rounds, text.c_str(), static_cast<unsigned long long>(anonymous),
        static_cast<unsigned long long>(anonymous_then), Seed());
  });
}

}  // namespace
}  // namespace videostream::chaos
