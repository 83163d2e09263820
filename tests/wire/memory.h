// SPDX-License-Identifier: Apache-2.0
// Both sides of the protocol in one process: a stream page, client pages, a producer, consumers.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "wire/lease.h"
#include "wire/reclaim.h"
#include "wire/wake.h"

namespace videostream::wire {

// Rules that call a hook of the test at each step. The hook runs on the thread that takes the step.
struct Hooked : Rules {
  static inline std::function<void(Step)> hook;
  static void At(Step step) {
    if (!hook) return;
    const auto once = std::exchange(hook, nullptr);  // the hook's own steps are not interrupted
    once(step);
    if (!hook) hook = once;
  }
};
// Ends with the test, whatever its outcome.
struct HookScope {
  explicit HookScope(std::function<void(Step)> hook) { Hooked::hook = std::move(hook); }
  ~HookScope() { Hooked::hook = nullptr; }
};

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

// Zeroed memory, aligned like a mapping.
inline std::unique_ptr<void, Free> Zeroed(size_t bytes) {
  void* memory = std::aligned_alloc(4096, bytes);
  std::memset(memory, 0, bytes);
  return std::unique_ptr<void, Free>(memory);
}

inline bool AllKnown(uint32_t, uint32_t) { return true; }

template <class R = Rules>
struct World {
  static constexpr int64_t kHold = 100;
  static constexpr int64_t kLease = 1000;
  static constexpr uint32_t kConsumers = 8;

  explicit World(uint32_t buffers = 4, uint32_t leases = 2)
      : memory(Zeroed(StreamPage::Bytes(kConsumers))),
        page(StreamPage::Create(memory.get(), 0, kConsumers)),
        producer(page, {.consumers = kConsumers, .leases = leases, .hold_ns = kHold, .lease_ns = kLease}) {
    for (uint32_t i = 0; i < buffers; ++i) ids.push_back(producer.AddBuffer());
  }

  struct Consumer {
    std::unique_ptr<void, Free> memory;
    ClientPage* page;
    Taker<R> taker;
    Descriptor d;
    Claim claim;
    bool Take(uint32_t slot = 0) { return taker.Take(slot, AllKnown, &d, &claim) == Taker<R>::Outcome::kTaken; }
  };
  std::unique_ptr<Consumer> Join(uint32_t slot, uint32_t queue = 0, bool await_key = false) {
    auto c = std::make_unique<Consumer>();
    c->memory = Zeroed(kClientPageBytes);
    c->page = new (c->memory.get()) ClientPage;
    producer.Connect(slot, c->page, queue);
    c->taker = Taker<R>(page, c->page,
                        {.consumer = slot,
                         .queue = queue,
                         .await_key = await_key,
                         .owner = producer.owner(slot),
                         .base = producer.base(slot)});
    return c;
  }
  // Publishes a frame in this buffer.
  void Publish(uint32_t buffer, uint32_t flags = 0) {
    Descriptor d;
    d.buffer = buffer;
    d.flags = flags;
    d.frame_sequence = producer.sequence() + 1;
    producer.Publish(d);
  }
  // What Reclaim gives of these buffers.
  std::vector<uint32_t> Reclaim(const std::vector<uint32_t>& of, uint32_t want = 1) {
    std::vector<uint32_t> taken(of.size());
    taken.resize(producer.Reclaim(of, want, now, taken.data(),
                                  [this](uint32_t consumer, const auto&) { revoked.push_back(consumer); }));
    return taken;
  }
  void Expire() {
    producer.Expire(now, [this](uint32_t consumer, const auto&) { revoked.push_back(consumer); });
  }

  using Ids = std::vector<uint32_t>;
  std::unique_ptr<void, Free> memory;
  StreamPage page;
  Producer<R> producer;
  Ids ids;
  Ids revoked;  // consumers, in the order in which leases were taken from them
  int64_t now = 0;
};

}  // namespace videostream::wire
