// SPDX-License-Identifier: Apache-2.0
// Many connections: that say nothing, that subscribe and never read, that come and go. `tools/soak crowd` for all of
// it.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <sstream>

#include "tests/chaos/load.h"
#include "tests/chaos/newcomer.h"

namespace videostream::chaos {
namespace {

struct CrowdTest : testing::Test {
  CrowdTest() {
    e2e::Watchdog(Soak() ? 3000 : 280);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
};

// Waits for something that the load's processes bring about, while the load lives.
bool Await(Load& load, const std::function<bool()>& condition) {
  for (const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count(); !condition();) {
    if (NowNs() > end || !load.AwaitFrames(1)) return false;
  }
  return true;
}

// What the producer maps and what of it is there, of memfds of one name: "4 mappings, 16 kB".
std::string Memory(pid_t pid, const std::string& name) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/smaps");
  uint64_t mappings = 0;
  uint64_t kilobytes = 0;
  bool ours = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first.find('-') != std::string::npos && first.back() != ':') {
      ours = line.find("/memfd:" + name) != std::string::npos;
      mappings += ours ? 1 : 0;
    } else if (ours && first == "Rss:") {
      uint64_t here = 0;
      words >> here;
      kilobytes += here;
    }
  }
  return std::to_string(mappings) + " mappings, " + std::to_string(kilobytes) + " kB";
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
    EXPECT_TRUE(Await(load, [&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
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
    for (uint32_t i = 4; i < kClients; ++i) {
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
    EXPECT_TRUE(Await(load, [&] { return newcomer.told() > 2 || newcomer.in(); })) << load.Why();
    EXPECT_FALSE(newcomer.in());
    EXPECT_NE(newcomer.text().find("refused: the producer has its 128 consumers"), std::string::npos)
        << newcomer.text();
    EXPECT_TRUE(load.AwaitTurnover()) << load.Why();
    ::close(mute.back());
    mute.pop_back();
    EXPECT_TRUE(Await(load, [&] { return newcomer.in(); })) << newcomer.text() << "\n" << load.Why();
    EXPECT_EQ(newcomer.End(), 0);
    for (const int fd : mute) ::close(fd);
  });
}

// Bug: something is left of every connection: a descriptor, a page, a mapping, a slot.
TEST_F(CrowdTest, ComingAndGoingLeavesNothing) {
  const int rounds = Soak() ? 10'000 : 500;
  RunUnderLoad({}, [&](Load& load) {
    std::mt19937 random(Seed());
    const std::string pages = Memory(load.producer(), "videostream-client");
    const std::string all = Memory(load.producer(), "");
    EXPECT_EQ(pages.substr(0, 11), "4 mappings,") << "one page of each healthy consumer";
    const uint64_t anonymous = AnonymousKilobytes(load.producer());
    int kinds[5] = {};
    for (int i = 0; i < rounds; ++i) {
      const uint32_t kind = random() % 5;
      ++kinds[kind];
      if (kind == 4) {
        Client client(load.path(), {.name = "guest"});
        ASSERT_TRUE(client.connect(kPatience)) << "round " << i << ": " << client.error() << "; " << Context();
        if (i % 2 == 0) {
          EXPECT_TRUE(client.wait_for_frame(kPatience)) << "round " << i << ": " << client.error();
        }
        continue;
      }
      const int fd = ConnectTo(load.path());
      ASSERT_GE(fd, 0) << "round " << i << "; " << Context();
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
    EXPECT_TRUE(load.AwaitOnlyHealthy()) << load.Why();
    EXPECT_EQ(Memory(load.producer(), "videostream-client"), pages);
    EXPECT_EQ(Memory(load.producer(), ""), all);
    std::printf(
        "PROOF: %d connects and disconnects (%d silent, %d hello, %d subscribed unread, %d read, %d with the "
        "library) left no descriptor, page or mapping; anonymous memory %llu -> %llu kB; seed %u\n",
        rounds, kinds[0], kinds[1], kinds[2], kinds[3], kinds[4], static_cast<unsigned long long>(anonymous),
        static_cast<unsigned long long>(AnonymousKilobytes(load.producer())), Seed());
  });
}

}  // namespace
}  // namespace videostream::chaos
