// SPDX-License-Identifier: Apache-2.0
// The table of handles: whatever value comes in, only an open handle of that kind is found.
#include "client/handles.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace videostream::capi {
namespace {

using Table = HandleTable<std::unique_ptr<int>, Kind::kClient>;

std::unique_ptr<int> Number(int n) { return std::make_unique<int>(n); }

// A name that loses a part of what it is made of.
TEST(NameTest, KeepsGenerationAndSlot) {
  for (const uint32_t slot : {1U, 255U, 256U, kMaxHandles}) {
    for (const uint32_t generation : {1U, 77U, Name::kLastGeneration}) {
      const void* handle = Name::Make(Kind::kHost, generation, slot);
      const auto name = Name::Read(Kind::kHost, handle);
      ASSERT_TRUE(name.has_value());
      EXPECT_EQ(name->generation, generation);
      EXPECT_EQ(name->slot, slot);
      EXPECT_FALSE(Name::Read(Kind::kHostBuffer, handle).has_value());
    }
  }
}

// A real address passes for a handle.
TEST(NameTest, AddressesAreNoNames) {
  int on_stack = 0;
  const auto on_heap = Number(1);
  for (const void* address : {static_cast<const void*>(&on_stack), static_cast<const void*>(on_heap.get()),
                              reinterpret_cast<const void*>(&::getpid), static_cast<const void*>(nullptr)}) {
    for (const Kind kind : {Kind::kClient, Kind::kClientFrame, Kind::kHost, Kind::kHostBuffer}) {
      EXPECT_FALSE(Name::Read(kind, address).has_value() && sizeof(void*) == 8) << address;
    }
  }
}

// A closed handle finds the object that has taken its slot since.
TEST(HandleTableTest, ClosedHandlesStayClosed) {
  static constinit Table table;
  std::vector<void*> closed;
  for (int i = 0; i < 3000; ++i) {
    void* handle = table.Add(Number(i));
    ASSERT_NE(handle, nullptr);
    ASSERT_EQ(**table.Find(handle), i);
    const auto object = table.Take(handle);
    ASSERT_TRUE(object.has_value());
    ASSERT_EQ(**object, i);
    ASSERT_FALSE(table.Take(handle).has_value());
    closed.push_back(handle);
  }
  void* open = table.Add(Number(7));
  for (void* handle : closed) ASSERT_FALSE(table.Find(handle));
  EXPECT_TRUE(table.Find(open));
  EXPECT_EQ(std::set<void*>(closed.begin(), closed.end()).size(), closed.size());
  EXPECT_TRUE(table.Take(open).has_value());
}

// Garbage that looks like a handle is followed out of the table, or finds somebody's object.
TEST(HandleTableTest, GarbageIsNotFound) {
  static constinit Table table;
  void* open = table.Add(Number(1));
  const auto value = reinterpret_cast<uintptr_t>(open);
  for (unsigned bit = 0; bit < 8 * sizeof value; ++bit) {
    EXPECT_FALSE(table.Find(reinterpret_cast<void*>(value ^ uintptr_t{1} << bit))) << bit;
  }
  std::mt19937_64 random(20'240'607);
  for (int i = 0; i < 1'000'000; ++i) {
    auto garbage = static_cast<uintptr_t>(random());
    if (i % 2 == 0) garbage = (value & ~uintptr_t{0xffff'ffff}) | (garbage & 0xffff'ffff);  // with the right kind
    if (garbage == value) continue;
    ASSERT_FALSE(table.Find(reinterpret_cast<void*>(garbage))) << garbage;
  }
  EXPECT_TRUE(table.Take(open).has_value());
}

// One too many overwrites the first; a full table stays full.
TEST(HandleTableTest, TakesAsManyAsItSays) {
  static constinit Table table;
  std::vector<void*> open;
  for (uint32_t i = 0; i < kMaxHandles; ++i) {
    open.push_back(table.Add(Number(static_cast<int>(i))));
    ASSERT_NE(open.back(), nullptr) << i;
  }
  EXPECT_EQ(table.Add(Number(0)), nullptr);
  for (uint32_t i = 0; i < kMaxHandles; ++i) ASSERT_EQ(**table.Find(open[i]), static_cast<int>(i));
  EXPECT_TRUE(table.Take(open[5]).has_value());
  open[5] = table.Add(Number(-5));
  EXPECT_EQ(**table.Find(open[5]), -5);
  for (void* handle : open) ASSERT_TRUE(table.Take(handle).has_value());
}

// An object that is handed out while it is in use, or a pin that does not see that it should end.
TEST(HandleTableTest, TakeWaitsForPinsAndTellsThem) {
  static constinit Table table;
  for (int i = 0; i < 200; ++i) {
    void* handle = table.Add(Number(i));
    std::atomic<bool> pinned{false};
    std::atomic<bool> in_use{false};
    std::thread user([&] {
      const auto pin = table.Find(handle);
      ASSERT_TRUE(pin);
      in_use = true;
      pinned = true;
      pinned.notify_one();
      while (!pin.closing()) std::this_thread::yield();
      EXPECT_FALSE(table.Find(handle)) << "found while being closed";
      EXPECT_EQ(**pin, i);
      in_use = false;
    });
    pinned.wait(false);
    const auto object = table.Take(handle);
    EXPECT_FALSE(in_use);
    EXPECT_TRUE(object.has_value());
    user.join();
  }
}

// A race between look-ups, closing and opening: an object seen by two owners, or after its end.
TEST(HandleTableTest, ThreadsShareIt) {
  static constinit Table table;
  std::array<std::atomic<void*>, 4> shared{};
  std::atomic<int> added{0};
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::minstd_rand random(static_cast<unsigned>(t + 1));
      for (int i = 0; i < 5000; ++i) {
        auto& place = shared[random() % shared.size()];
        if (const auto pin = table.Find(place.load())) {
          EXPECT_EQ(**pin % 10, 3);
        }
        if (random() % 2 == 0) {
          void* old = place.exchange(table.Add(Number(10 * i + 3)));
          ++added;
          if (table.Take(old).has_value()) ++taken;
        } else if (table.Take(place.load()).has_value()) {
          ++taken;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& place : shared) {
    if (table.Take(place.load()).has_value()) ++taken;
  }
  EXPECT_EQ(added, taken);
}

}  // namespace
}  // namespace videostream::capi
