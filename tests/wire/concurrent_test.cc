// SPDX-License-Identifier: Apache-2.0
// A producer and consumers as threads on one mapping: what a consumer reads under a valid lease is one whole frame, no
// wake-up is lost, every frame is accounted for. VIDEOSTREAM_SOAK=1 makes the runs twenty times as long.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>

#include "tests/wire/memory.h"

namespace videostream::wire {
namespace {

constexpr uint32_t kBuffers = 6;
constexpr uint32_t kWords = 64;
constexpr uint32_t kSeed = 7;

uint64_t Frames() { return std::getenv("VIDEOSTREAM_SOAK") != nullptr ? 400'000 : 20'000; }

// The content of buffers as plain memory: the thread sanitizer sees every access that the leases do not order.
struct PlainWords {
  std::array<uint64_t, kWords> words{};
  void Fill(uint64_t value) { words.fill(value); }
  bool IsAll(uint64_t value) const {
    return std::all_of(words.begin(), words.end(), [&](uint64_t word) { return word == value; });
  }
};
// For runs with revocation, where a reader whose lease is void may meet the writer: that is allowed, if it is noticed.
struct RelaxedWords {
  std::array<Word, kWords> words{};
  void Fill(uint64_t value) {
    for (Word& word : words) word.store(value, std::memory_order_relaxed);
  }
  bool IsAll(uint64_t value) const {
    bool all = true;
    for (const Word& word : words) all = all && word.load(std::memory_order_relaxed) == value;
    return all;
  }
};

struct Result {
  uint64_t taken = 0, torn = 0, void_leases = 0, wrong_order = 0, unaccounted = 0;
};

template <class Content>
class Race {
 public:
  // Times are in frames.
  Race(int64_t hold, int64_t lease)
      : memory_(Zeroed(StreamPage::Bytes(8))),
        page_(StreamPage::Create(memory_.get(), 0, 8)),
        producer_(page_, {.consumers = 8, .leases = 2, .hold_ns = hold, .lease_ns = lease}) {
    for (uint32_t i = 0; i < kBuffers; ++i) ids_[i] = producer_.AddBuffer();
  }

  // `stall`: how many of 64 leases are kept for a long time.
  void Run(const std::vector<uint32_t>& queues, uint32_t stall) {
    std::vector<std::thread> threads;
    results_.resize(queues.size());
    for (uint32_t i = 0; i < queues.size(); ++i) {
      pages_.push_back(Zeroed(kClientPageBytes));
      auto* page = new (pages_.back().get()) ClientPage;
      producer_.Connect(i, page, queues[i]);
      taker_configs_.push_back({.consumer = i, .queue = queues[i], .owner = producer_.owner(i)});
    }
    for (uint32_t i = 0; i < queues.size(); ++i) threads.emplace_back([this, i, stall] { Consume(i, stall); });
    Produce();
    for (std::thread& thread : threads) thread.join();
  }

  std::vector<Result> results_;
  uint64_t published_ = 0, dropped_ = 0, revocations_ = 0;

 private:
  void Ring(uint32_t previous_head) {
    for (const uint32_t c : producer_.live()) {
      if (!WantsRing(producer_.page_of(c), previous_head)) continue;
      bells_[c].fetch_add(1, std::memory_order_seq_cst);
      bells_[c].notify_one();
    }
  }

  void Produce() {
    std::mt19937 random(kSeed);
    std::vector<uint32_t> free(ids_.begin(), ids_.end());
    std::vector<uint32_t> used;
    const auto revoked = [this](auto...) { ++revocations_; };
    for (uint64_t n = 0; n < Frames(); ++n) {
      const auto now = static_cast<int64_t>(n);
      if (n % 16 == 0) producer_.Expire(now, revoked);
      if (free.empty()) {
        uint32_t taken[kBuffers];
        const uint32_t count = producer_.Reclaim(used, 1 + random() % 2, now, taken, revoked);
        for (uint32_t i = 0; i < count; ++i) {
          free.push_back(taken[i]);
          std::erase(used, taken[i]);
        }
      }
      if (free.empty()) {
        ++dropped_;
        std::this_thread::yield();
        continue;
      }
      Descriptor d;
      d.buffer = free.back();
      free.pop_back();
      used.push_back(d.buffer);
      const uint64_t sequence = producer_.sequence() + 1;
      content_[d.buffer].Fill(sequence);
      d.frame_sequence = sequence;
      Ring(producer_.Publish(d));
      if (random() % 8 == 0) std::this_thread::yield();
    }
    published_ = producer_.sequence();
    page_.header().state.store(static_cast<uint32_t>(StreamState::kClosing), std::memory_order_seq_cst);
    Ring(AdvanceHead(page_));
  }

  void Consume(uint32_t me, uint32_t stall) {
    std::mt19937 random(kSeed + 1 + me);
    auto* page = static_cast<ClientPage*>(pages_[me].get());
    Taker<> taker(page_, page, taker_configs_[me]);
    Result& result = results_[me];
    std::array<std::pair<Claim, uint64_t>, 2> held{};  // claim and sequence; a null word is a free slot
    std::array<uint32_t, 2> buffers{};
    uint64_t last = 0;
    const StreamPage& shared = page_;
    const auto finish = [&](uint32_t slot) {
      auto& [claim, sequence] = held[slot];
      const bool whole = content_[buffers[slot]].IsAll(sequence);
      if (!claim.Valid()) {
        ++result.void_leases;
      } else if (!whole) {
        ++result.torn;
      }
      claim.Release();
      claim.word = nullptr;
    };
    uint32_t turn = 0;
    for (;;) {
      const uint32_t slot = turn++ % 2;
      if (held[slot].first.word != nullptr) {
        const bool keep = random() % 64 < stall;
        for (int i = keep ? 200 : 0; i > 0; --i) std::this_thread::yield();
        finish(slot);
      }
      const uint32_t bell = bells_[me].load(std::memory_order_seq_cst);
      const uint32_t seen = shared.header().head.load(std::memory_order_seq_cst);
      const bool closing =
          shared.header().state.load(std::memory_order_seq_cst) == static_cast<uint32_t>(StreamState::kClosing);
      Descriptor d;
      if (taker.Take(slot, AllKnown, &d, &held[slot].first) == Taker<>::Outcome::kTaken) {
        held[slot].second = d.sequence;
        buffers[slot] = d.buffer;
        result.wrong_order += d.sequence <= last ? 1 : 0;
        last = d.sequence;
        continue;
      }
      held[slot].first.word = nullptr;
      if (closing) break;
      if (Arm(*page, page_, seen)) bells_[me].wait(bell, std::memory_order_seq_cst);
    }
    for (uint32_t slot = 0; slot < 2; ++slot) {
      if (held[slot].first.word != nullptr) finish(slot);
    }
    result.taken = taker.taken();
    uint64_t sum = taker.taken();
    for (uint32_t i = 0; i < VSTREAM_DROP_REASONS; ++i) sum += taker.skipped(i);
    result.unaccounted = shared.header().sequence.load() - sum;
  }

  std::unique_ptr<void, Free> memory_;
  StreamPage page_;
  Producer<> producer_;
  std::array<uint32_t, kBuffers> ids_{};
  std::vector<std::unique_ptr<void, Free>> pages_;
  std::vector<Taker<>::Config> taker_configs_;
  std::array<Content, kMaxBuffers> content_;
  std::array<std::atomic<uint32_t>, 8> bells_{};
};

struct ConcurrentTest : ::testing::Test {
  ConcurrentTest() { ::alarm(std::getenv("VIDEOSTREAM_SOAK") != nullptr ? 800 : 100); }  // a lost wake-up hangs
  ~ConcurrentTest() override { ::alarm(0); }
};

// The writer touches a buffer that somebody holds; a wake-up is lost; a frame is in no counter.
TEST_F(ConcurrentTest, WithoutRevocationNoLeaseIsEverTouched) {
  constexpr int64_t kNever = int64_t{1} << 60;
  auto race = std::make_unique<Race<PlainWords>>(kNever, kNever);
  race->Run({0, 3, 0}, 1);
  for (const Result& result : race->results_) {
    EXPECT_EQ(result.torn, 0u) << "seed " << kSeed;
    EXPECT_EQ(result.void_leases, 0u);
    EXPECT_EQ(result.wrong_order, 0u);
    EXPECT_EQ(result.unaccounted, 0u);
    EXPECT_GT(result.taken, 0u);
  }
  EXPECT_EQ(race->revocations_, 0u);
  EXPECT_EQ(race->published_ + race->dropped_, Frames());
}

// A reader whose lease was taken away is told that it still holds.
TEST_F(ConcurrentTest, RevokedLeasesAreNoticed) {
  auto race = std::make_unique<Race<RelaxedWords>>(4, 64);
  race->Run({0, 3, 0, 2}, 16);
  uint64_t void_leases = 0;
  for (const Result& result : race->results_) {
    EXPECT_EQ(result.torn, 0u) << "seed " << kSeed;
    EXPECT_EQ(result.wrong_order, 0u);
    EXPECT_EQ(result.unaccounted, 0u);
    EXPECT_GT(result.taken, 0u);
    void_leases += result.void_leases;
  }
  EXPECT_GT(race->revocations_, 0u) << "nothing was tested";
  RecordProperty("void_leases", static_cast<int>(void_leases));
}

}  // namespace
}  // namespace videostream::wire
