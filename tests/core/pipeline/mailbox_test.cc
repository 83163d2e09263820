// SPDX-License-Identifier: Apache-2.0
// The mailbox: order, bounds, and above all that a sleeping consumer is always woken and a busy one never.
#include "core/pipeline/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace videostream {
namespace {

bool Readable(int fd) {
  pollfd one = {fd, POLLIN, 0};
  return poll(&one, 1, 0) == 1;
}

// Bug: items out of order, lost at the wrap of the ring, or more of them than there is room for.
TEST(Mailbox, IsABoundedQueue) {
  for (const size_t capacity : {1U, 2U, 3U, 8U}) {
    Mailbox<int> sut(capacity);
    int in = 0, out = 0;
    for (int round = 0; round < 20; ++round) {
      while (sut.Push(in)) ++in;
      ASSERT_EQ(static_cast<size_t>(in - out), capacity);
      for (size_t i = 0; i < capacity - round % 2 * (capacity / 2); ++i) ASSERT_EQ(sut.Pop(), out++);
    }
    while (sut.Pop()) ++out;
    EXPECT_EQ(in, out);
  }
}

// Bug: no room at all, where one was the least that could be meant.
TEST(Mailbox, HasRoomForOneAtLeast) {
  Mailbox<int> sut(0);
  EXPECT_TRUE(sut.Push(1));
  EXPECT_FALSE(sut.Push(2));
}

// Bug: the item is gone although the push failed; what was never popped is leaked.
TEST(Mailbox, MovesItsItemsAndKeepsWhatDoesNotFit) {
  const auto witness = std::make_shared<int>(7);
  {
    Mailbox<std::unique_ptr<std::shared_ptr<int>>> sut(2);
    ASSERT_TRUE(sut.Push(std::make_unique<std::shared_ptr<int>>(witness)));
    ASSERT_TRUE(sut.Push(std::make_unique<std::shared_ptr<int>>(witness)));
    auto third = std::make_unique<std::shared_ptr<int>>(witness);
    EXPECT_FALSE(sut.Push(std::move(third)));
    ASSERT_NE(third, nullptr);
    const auto first = sut.Pop();
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(**first, witness);
    EXPECT_EQ(witness.use_count(), 4);
  }
  EXPECT_EQ(witness.use_count(), 1);
}

// Bug: a popped item that lives on in its slot, and with it a frame that is never given back.
TEST(Mailbox, KeepsNothingOfWhatWasPopped) {
  const auto witness = std::make_shared<int>(7);
  Mailbox<std::shared_ptr<int>> sut(4);
  ASSERT_TRUE(sut.Push(witness));
  (void)sut.Pop();
  EXPECT_EQ(witness.use_count(), 1);
}

// Bug: a system call for each item although the consumer is awake.
TEST(Mailbox, BusyConsumerIsNotWoken) {
  Mailbox<int> sut(100);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(sut.Push(i));
  EXPECT_FALSE(Readable(sut.fd()));
  EXPECT_FALSE(sut.Arm()) << "there are items";
  ASSERT_TRUE(sut.Push(50));
  EXPECT_FALSE(Readable(sut.fd())) << "a refused Arm leaves the consumer awake";
  while (sut.Pop()) {
  }
  ASSERT_TRUE(sut.Arm());
  (void)sut.Pop();  // woken by something else
  ASSERT_TRUE(sut.Push(51));
  EXPECT_FALSE(Readable(sut.fd()));
}

// Bug: a consumer that sleeps on a filled queue, spins on an empty one, or is woken once per item of a burst.
TEST(Mailbox, SleepingConsumerIsWokenOnce) {
  Mailbox<int> sut(100);
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(sut.Arm());
    ASSERT_FALSE(Readable(sut.fd())) << "round " << round;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(sut.Push(i));
    ASSERT_TRUE(Readable(sut.fd()));
    for (int i = 0; i < 10; ++i) ASSERT_EQ(sut.Pop(), i);
    ASSERT_EQ(sut.Pop(), std::nullopt);
  }
  ASSERT_TRUE(sut.Arm());
  ASSERT_TRUE(sut.Push(1));
  uint64_t wakes = 0;
  ASSERT_EQ(read(sut.fd(), &wakes, sizeof wakes), static_cast<ssize_t>(sizeof wakes));
  EXPECT_EQ(wakes, 1U);
}

// Bug: arming twice forgets a wake-up, or counts one that was never sent.
TEST(Mailbox, ArmMayBeRepeated) {
  Mailbox<int> sut(4);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut.Arm());
  ASSERT_TRUE(sut.Push(1));
  EXPECT_TRUE(Readable(sut.fd()));
  EXPECT_FALSE(sut.Arm());
  ASSERT_EQ(sut.Pop(), 1);
  ASSERT_TRUE(sut.Arm());
  EXPECT_FALSE(Readable(sut.fd()));
}

// Bug: a crash where the process has run out of descriptors.
TEST(Mailbox, SaysThatItHasNoDescriptor) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  Mailbox<int> sut(4);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(sut.fd(), -1);
  EXPECT_TRUE(sut.Push(1));
  EXPECT_EQ(sut.Pop(), 1);
}

struct Traffic {
  uint64_t sleeps = 0;
  uint64_t idle_wakes = 0;
  bool in_order = true;
  bool lost_wake_up = false;
};

// The loop of the header, until `total` items are there. Nothing but the mailbox wakes it.
Traffic Consume(Mailbox<uint64_t>& sut, uint64_t total, std::atomic<uint64_t>& consumed) {
  constexpr int kWatchdogMs = 30000;
  Traffic traffic;
  for (uint64_t next = 0; next < total;) {
    const uint64_t before = next;
    while (const auto item = sut.Pop()) {
      traffic.in_order = traffic.in_order && *item == next;
      consumed.store(++next, std::memory_order_release);
    }
    traffic.idle_wakes += next == before ? 1 : 0;
    if (next == total || !sut.Arm()) continue;
    ++traffic.sleeps;
    pollfd one = {sut.fd(), POLLIN, 0};
    if (poll(&one, 1, kWatchdogMs) != 1) {
      traffic.lost_wake_up = true;
      return traffic;
    }
  }
  return traffic;
}

// Pushes in bursts of `burst`; waits after each until it has been consumed, so that the consumer falls asleep.
void RunTraffic(size_t capacity, uint64_t total, uint64_t burst) {
  Mailbox<uint64_t> sut(capacity);
  std::atomic<uint64_t> consumed{0};
  std::atomic<bool> stop{false};
  std::thread producer([&] {
    for (uint64_t i = 0; i < total && !stop.load(std::memory_order_relaxed); ++i) {
      while (!sut.Push(i) && !stop.load(std::memory_order_relaxed)) std::this_thread::yield();
      if ((i + 1) % burst != 0) continue;
      while (consumed.load(std::memory_order_acquire) <= i && !stop.load(std::memory_order_relaxed)) {
        std::this_thread::yield();
      }
    }
  });
  const Traffic traffic = Consume(sut, total, consumed);
  stop = true;
  producer.join();
  EXPECT_FALSE(traffic.lost_wake_up) << "asleep after " << consumed << " of " << total << " items";
  EXPECT_TRUE(traffic.in_order);
  // Each sleep is ended by one write; a write that comes late ends one more. Anything beyond is a spin.
  EXPECT_LE(traffic.idle_wakes, traffic.sleeps / 2 + 1000);
  std::cout << "sleeps " << traffic.sleeps << ", woken for nothing " << traffic.idle_wakes << "\n";
}

// Bug: a wake-up lost between the last look and the sleep, an item seen before it is whole (thread sanitizer).
TEST(MailboxTraffic, MillionItemsArriveInOrder) { RunTraffic(64, 1000000, 1000); }

// Bug: the same, where the consumer sleeps before almost every item.
TEST(MailboxTraffic, NoWakeUpIsLostWhenEachItemMeetsASleeper) { RunTraffic(4, 50000, 1); }

// Bug: the same, where the queue is full or empty all the time.
TEST(MailboxTraffic, NoWakeUpIsLostInAQueueOfOne) { RunTraffic(1, 100000, 7); }

}  // namespace
}  // namespace videostream
