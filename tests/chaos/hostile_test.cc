// SPDX-License-Identifier: Apache-2.0
// Consumers that lie in their page, and abuse their descriptors and the socket, while others work: the others lose
// nothing, and nothing is left of the liars.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cerrno>
#include <memory>
#include <random>
#include <vector>

#include "tests/chaos/attackers.h"
#include "tests/chaos/load.h"

namespace videostream::chaos {
namespace {

constexpr uint32_t kLeases = 2;
const uint32_t kPool = LoadOptions().buffers + 2;

uint64_t Frames() { return Soak() ? 40000 : 2000; }

struct HostileTest : testing::Test {
  const testing::ScopedTrace trace{__FILE__, __LINE__, "seed " + std::to_string(Seed())};
  HostileTest() : random(Seed()) { WatchTest(); }
  void SetUp() override { ASSERT_TRUE(load.Start()) << load.Why(); }
  void TearDown() override { AddToProof(load); }

  using Attackers = std::vector<std::unique_ptr<RawAttacker>>;
  // Policies in turn.
  void Subscribe(Load& at, size_t count, Attackers* all) {
    for (size_t i = 0; i < count; ++i) {
      all->push_back(std::make_unique<RawAttacker>(at.path()));
      ASSERT_TRUE(all->back()->Subscribe(i % 3 == 0 ? 0 : static_cast<uint32_t>(i % 5))) << i << "; " << Context();
    }
  }
  // Does something again and again until so many frames have been published meanwhile.
  template <class Work>
  void While(Load& at, uint64_t frames, Work&& work) {
    const uint64_t wanted = at.published() + frames;
    for (uint64_t last = 0; at.published() < wanted;) {
      for (int i = 0; i < 100; ++i) work();
      if (at.published() == last) {
        ASSERT_TRUE(at.AwaitFrames(1)) << at.Why();
      }
      last = at.published();
    }
  }
  uint64_t Word() { return uint64_t{static_cast<uint32_t>(random())} << 32 | static_cast<uint32_t>(random()); }

  std::mt19937 random;
  Load load{{.leases = kLeases}};
};

// Bug: the producer believes something that stands in a client page.
TEST_F(HostileTest, RandomBytesInClientPages) {
  Attackers attackers;
  ASSERT_NO_FATAL_FAILURE(Subscribe(load, 6, &attackers));
  While(load, Frames(), [&] {
    RawAttacker& one = *attackers[random() % attackers.size()];
    auto* words = reinterpret_cast<wire::Word*>(&one.page());
    switch (random() % 4) {
      case 0:  // somewhere
        words[random() % (wire::kClientPageBytes / 8)].store(Word());
        break;
      case 1:  // everywhere
        for (size_t i = 0; i < wire::kClientPageBytes / 8; ++i) words[i].store(Word(), std::memory_order_relaxed);
        break;
      case 2:  // where it is looked at with each frame
        words[random() % (2 + kLeases)].store(random() % 2 == 0 ? Word() : ~uint64_t{0});
        break;
      default:  // half of a word
        reinterpret_cast<wire::Word32*>(words)[random() % (wire::kClientPageBytes / 4)].store(
            static_cast<uint32_t>(random()));
    }
    if (random() % 8 == 0) one.Arm();
  });
  attackers.clear();
  load.Finish();
}

// Bug: claims that nobody has made by the rules pin more than a consumer may hold, or unread frames of others.
TEST_F(HostileTest, ClaimsOnEverything) {
  Attackers attackers;
  ASSERT_NO_FATAL_FAILURE(Subscribe(load, 6, &attackers));
  While(load, Frames(), [&] {
    RawAttacker& one = *attackers[random() % attackers.size()];
    wire::ClientPage& page = one.page();
    for (auto& claim : page.claim) claim.store(one.Claim(random() % (kPool + 16)));
    // The newest frame's buffer above all, without looking further.
    const uint64_t newest = one.stream().header().sequence.load();
    const uint64_t buffer = one.stream().descriptor(newest)[wire::kBuffer].load() & 0xffff;
    page.claim[random() % kLeases].store(one.Claim(static_cast<uint32_t>(buffer)));
    page.cursor.store(random() % 2 == 0 ? 0 : newest + random() % 3);
    one.Arm();
  });
  attackers.clear();
  load.Finish();
}

// Bug: a lease that is given back twice, or by somebody who never had it, frees a frame of somebody else.
TEST_F(HostileTest, ReleasesTwiceAndWhatIsNotOwned) {
  Attackers attackers;
  ASSERT_NO_FATAL_FAILURE(Subscribe(load, 4, &attackers));
  std::vector<wire::Taker<>> takers;
  for (const auto& one : attackers) {
    const wire::Subscribed& s = one->subscribed;
    takers.push_back(wire::Taker<>(one->stream(), &one->page(),
                                   {.consumer = s.consumer, .queue = s.queue, .owner = s.owner, .base = s.base}));
  }
  uint64_t taken = 0;
  While(load, Frames(), [&] {
    const size_t i = random() % attackers.size();
    wire::Descriptor descriptor;
    wire::Claim claim;
    const auto known = [](uint32_t, uint32_t) { return true; };
    const uint32_t slot = random() % kLeases;
    if (takers[i].Take(slot, known, &descriptor, &claim) == wire::Taker<>::Outcome::kTaken) {
      ++taken;
      claim.Release();
      claim.Release();
    }
    for (auto& word : attackers[i]->page().claim) word.store(0);
    // A buffer that is somebody else's lease now, most likely: named, and taken back.
    attackers[i]->page().claim[slot].store(attackers[i]->Claim(random() % kPool));
    attackers[i]->page().claim[slot].store(0);
  });
  EXPECT_GT(taken, 0U);
  attackers.clear();
  load.Finish();
}

// Bug: a consumer takes memory away that the producer or others use, or makes the producer wait at its doorbell.
TEST_F(HostileTest, DescriptorsCanBeNeitherCutNorJammed) {
  Attackers attackers;
  ASSERT_NO_FATAL_FAILURE(Subscribe(load, 6, &attackers));
  const auto ring = [&] {
    for (const auto& one : attackers) one->Arm();
  };
  std::vector<int> writers;
  for (size_t i = 0; i < attackers.size(); ++i) {
    RawAttacker& one = *attackers[i];
    wire::BufferSet set;
    ASSERT_TRUE(one.Await(&set)) << Context();
    ASSERT_GT(one.raw.fds.size(), 3U);
    for (size_t k = 0; k < one.raw.fds.size(); ++k) {
      if (k == 2) continue;  // the doorbell
      for (const off_t size : {0, 1, 100, 1 << 24}) {
        EXPECT_EQ(::ftruncate(one.raw.fds[k], size), -1) << "descriptor " << k << " to " << size;
        EXPECT_TRUE(errno == EPERM || errno == EINVAL) << Context();
      }
      EXPECT_EQ(::fcntl(one.raw.fds[k], F_ADD_SEALS, F_SEAL_WRITE), -1) << k;
    }
    // Cleared at any time, which is all it can do to its own page.
    EXPECT_EQ(::fallocate(one.raw.fds[1], FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0) << Context();
    const int bell = one.raw.fds[2];
    EXPECT_EQ(::fcntl(bell, F_SETFL, 0), 0) << Context();  // blocking, as far as it can
    if (i % 2 == 0) {
      EXPECT_GT(::fcntl(bell, F_SETPIPE_SZ, 1 << 16), 0) << Context();
    }
    const std::string link = "/proc/self/fd/" + std::to_string(bell);
    const int writer = ::open(link.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    ASSERT_GE(writer, 0) << Context();
    const char noise[512] = {};
    while (::write(writer, noise, sizeof noise) > 0) {
    }
    EXPECT_EQ(errno, EAGAIN);
    EXPECT_EQ(::fcntl(writer, F_SETFL, 0), 0) << Context();
    writers.push_back(writer);
    While(load, Frames() / 10, ring);
    if (i % 3 == 1) {
      ::close(bell);
      one.raw.fds[2] = -1;
    }
  }
  While(load, Frames() / 4, ring);
  for (const int writer : writers) ::close(writer);
  While(load, Frames() / 4, ring);
  attackers.clear();
  load.Finish();
}

// Bug: what comes over one socket holds up, ends or confuses the service of all.
TEST_F(HostileTest, GarbageOnSocketsAtEveryStage) {
  const int rounds = Soak() ? 4000 : 200;
  std::vector<char> bytes(70000);
  for (int round = 0; round < rounds; ++round) {
    RawAttacker one(load.path());
    ASSERT_TRUE(one.raw.connected) << Context();
    const uint32_t stage = random() % 3;
    ASSERT_TRUE(stage != 1 || one.SayHello()) << round << "; " << Context();
    ASSERT_TRUE(stage != 2 || one.Subscribe(random() % 5)) << round << "; " << Context();
    for (char& byte : bytes) byte = static_cast<char>(random());
    // A header that is right makes it further.
    auto subscribe = wire::Make<wire::Subscribe>();
    if (random() % 2 == 0) std::memcpy(bytes.data(), &subscribe.header, sizeof subscribe.header);
    // Empty, short, as long as it says, a little too long, far too long.
    const size_t sizes[] = {0,
                            1,
                            sizeof(wire::Header) - 1,
                            sizeof(wire::Header),
                            sizeof subscribe,
                            sizeof subscribe + 1,
                            wire::kMaxMessageBytes,
                            wire::kMaxMessageBytes + 1,
                            bytes.size()};
    const size_t size = sizes[random() % std::size(sizes)];
    const std::vector<int> with(random() % 4 == 0 ? 1 + random() % 100 : 0, STDERR_FILENO);
    const ssize_t sent = one.raw.SendRaw(bytes.data(), size, with);
    ASSERT_TRUE(sent >= 0 || errno == EPIPE || errno == ECONNRESET) << size << "; " << Context();
    // And again, as fast as it goes, by some.
    for (uint32_t i = random() % 3 == 0 ? 50 : 0; i > 0; --i) one.raw.SendRaw(bytes.data(), 1 + random() % 1000);
    // Some are gone before they have heard of it.
    if (random() % 4 != 0 && sent >= 0) {
      EXPECT_TRUE(one.AwaitClose()) << size << " bytes at stage " << stage;
    }
  }
  load.Finish();
}

// Bug: when more is claimed than there is, the producer waits, or never gets anything back.
TEST(HostileCrowdTest, MoreClaimsThanBuffersStopNobody) {
  WatchTest();
  SCOPED_TRACE("seed " + std::to_string(Seed()));
  Load load({.buffers = 8, .leases = kLeases, .may_refuse = true});
  ASSERT_TRUE(load.Start()) << load.Why();
  std::vector<std::unique_ptr<RawAttacker>> crowd;
  for (uint32_t i = 0; i < 12; ++i) {
    crowd.push_back(std::make_unique<RawAttacker>(load.path()));
    ASSERT_TRUE(crowd.back()->Subscribe(i % 3)) << i << "; " << Context();
  }
  std::mt19937 random(Seed());
  // Each claims two buffers of its own, for as long as it is let; a revocation takes them both.
  for (const uint64_t wanted = load.published() + (Soak() ? 2000 : 100); load.published() < wanted;) {
    for (uint32_t i = 0; i < crowd.size(); ++i) {
      for (uint32_t k = 0; k < kLeases; ++k) {
        const uint64_t claim = crowd[i]->page().claim[k].load();
        const bool counts = claim != 0 && wire::ClaimHasEpoch(claim, crowd[i]->revoked());
        if (!counts) crowd[i]->page().claim[k].store(crowd[i]->Claim((i * kLeases + k) % 10));
      }
    }
    ASSERT_TRUE(load.AwaitFrames(1)) << load.Why();
  }
  crowd.clear();
  load.Finish();
  EXPECT_GT(load.final_books().refused, 0U) << "the pool never ran empty: this test has proved nothing";
  AddToProof(load);
}

}  // namespace
}  // namespace videostream::chaos
