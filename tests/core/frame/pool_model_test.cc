// SPDX-License-Identifier: Apache-2.0
// Random operations on a pool with three transports, against a model that is too simple to be wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/frame/pool.h"
#include "tests/core/frame/fake_transport.h"
#include "tests/core/frame/pool_fixture.h"
#include "tests/core/frame/random.h"

namespace videostream {
namespace {

constexpr uint32_t kTransports = 3;

struct ModelBuffer {
  uint32_t users = 0;
  bool device = false;
  std::set<uint32_t> shown_on;
  uint64_t shown_at = 0;  // when it was first published
  uint64_t free_at = 0;   // when it became free

  bool free() const { return users == 0 && !device && shown_on.empty(); }
};

class PoolModel : public testing::Test {
 protected:
  void Start(size_t count) {
    std::vector<uint32_t> ids;
    for (size_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<uint32_t>(i * 7 + 2));
      model_[ids.back()].free_at = count - i;
    }
    clock_ = count;
    sut_ = TinyPool(ids, {&transports_[0], &transports_[1], &transports_[2]});
  }

  uint32_t RandomId() { return sut_->ids()[Between(random_, 0, sut_->ids().size() - 1)]; }
  uint32_t RandomTransport() { return static_cast<uint32_t>(Between(random_, 0, kTransports - 1)); }

  // What Acquire must answer; the model and the transports agree on who gives back what.
  std::optional<uint32_t> Expected() {
    std::optional<uint32_t> best;
    for (const auto& [id, buffer] : model_) {
      if (buffer.free() && (!best || buffer.free_at > model_[*best].free_at)) best = id;
    }
    if (best) return best;
    std::vector<uint32_t> candidates;
    for (const auto& [id, buffer] : model_) {
      if (!buffer.shown_on.empty() && buffer.users == 0) candidates.push_back(id);
    }
    std::ranges::sort(candidates, {}, [&](uint32_t id) { return model_[id].shown_at; });
    for (const uint32_t id : candidates) {
      while (!model_[id].shown_on.empty()) {
        const uint32_t transport = *model_[id].shown_on.begin();
        if (!transports_[transport].WouldGiveBack(id)) break;
        model_[id].shown_on.erase(transport);
      }
      if (model_[id].shown_on.empty()) return id;
    }
    return std::nullopt;
  }

  void Acquire() {
    const std::optional<uint32_t> expected = Expected();
    const auto got = sut_->Acquire();
    ASSERT_TRUE(got) << got.error().message;
    ASSERT_EQ(*got, expected);
    if (expected) model_[*expected].users = 1;
  }

  void Move(uint32_t id, uint32_t what) {
    ModelBuffer& buffer = model_[id];
    if (what == 0) {
      const bool legal = buffer.users == 1 && buffer.shown_on.empty();
      ASSERT_EQ(sut_->ToDevice(id).has_value(), legal);
      if (legal) buffer.users = 0, buffer.device = true;
    } else if (what == 1) {
      ASSERT_EQ(sut_->FromDevice(id).has_value(), buffer.device);
      if (buffer.device) buffer.users = 1, buffer.device = false;
    } else if (what == 2) {
      const bool legal = buffer.users > 0 || !buffer.shown_on.empty();
      ASSERT_EQ(sut_->Retain(id).has_value(), legal);
      if (legal) ++buffer.users;
    } else {
      ASSERT_EQ(sut_->Release(id).has_value(), buffer.users > 0);
      if (buffer.users > 0)
        --buffer.users;
      else
        return;
      if (buffer.free()) buffer.free_at = ++clock_;
    }
  }

  void Publish(uint32_t id, uint32_t transport) {
    ModelBuffer& buffer = model_[id];
    const bool legal = buffer.users > 0 && !buffer.shown_on.contains(transport);
    ASSERT_EQ(sut_->MarkPublished(id, transport).has_value(), legal);
    if (!legal) return;
    transports_[transport].Show(id);
    if (buffer.shown_on.empty()) buffer.shown_at = ++clock_;
    buffer.shown_on.insert(transport);
  }

  void Gone(uint32_t transport) {
    transports_[transport].Clear();
    sut_->TransportGone(transport);
    // Those that it freed become free in the order of their publication.
    std::vector<uint32_t> freed;
    for (auto& [id, buffer] : model_) {
      if (buffer.shown_on.erase(transport) != 0 && buffer.free()) freed.push_back(id);
    }
    std::ranges::sort(freed, {}, [&](uint32_t id) { return model_[id].shown_at; });
    for (const uint32_t id : freed) model_[id].free_at = ++clock_;
  }

  void Step() {
    const uint64_t dice = Between(random_, 0, 99);
    if (dice < 25)
      Acquire();
    else if (dice < 60)
      Move(RandomId(), static_cast<uint32_t>(Between(random_, 0, 3)));
    else if (dice < 85)
      Publish(RandomId(), RandomTransport());
    else if (dice < 91)
      transports_[RandomTransport()].Hold(RandomId());
    else if (dice < 99)
      transports_[RandomTransport()].LetGo(RandomId());
    else
      Gone(RandomTransport());
  }

  void Compare() {
    Pool::Counts expected;
    for (const auto& [id, buffer] : model_) {
      expected.free += buffer.free() ? 1 : 0;
      expected.device += buffer.device ? 1 : 0;
      expected.in_use += buffer.users != 0 ? 1 : 0;
      expected.published += buffer.shown_on.empty() ? 0 : 1;
    }
    const Pool::Counts got = sut_->counts();
    ASSERT_EQ(got.free, expected.free);
    ASSERT_EQ(got.device, expected.device);
    ASSERT_EQ(got.in_use, expected.in_use);
    ASSERT_EQ(got.published, expected.published);
  }

  std::mt19937_64 random_ = SeededRandom();
  std::array<FakeTransport, kTransports> transports_;
  std::map<uint32_t, ModelBuffer> model_;
  uint64_t clock_ = 0;
  std::unique_ptr<Pool> sut_;
};

// Bug: any sequence of operations after which the pool chooses another buffer, or believes another state, than the
// rules say.
TEST_F(PoolModel, AgreesWithThePoolAfterEveryStep) {
  for (int game = 0; game < 60; ++game) {
    model_.clear();
    for (FakeTransport& transport : transports_) transport.Clear();
    Start(Between(random_, 1, 10));
    for (int step = 0; step < 1500; ++step) {
      SCOPED_TRACE("game " + std::to_string(game) + " step " + std::to_string(step));
      ASSERT_NO_FATAL_FAILURE(Step());
      ASSERT_NO_FATAL_FAILURE(Compare());
    }
  }
}

}  // namespace
}  // namespace videostream
