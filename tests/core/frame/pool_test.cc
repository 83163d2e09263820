// SPDX-License-Identifier: Apache-2.0
// The pool, move by move: which are legal, which buffer Acquire chooses, what transports can do to it.
#include "core/frame/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/core/frame/fake_transport.h"
#include "tests/core/frame/pool_fixture.h"

namespace videostream {
namespace {

using ::testing::ElementsAre;

// The id, or what went wrong.
std::string Got(const Result<std::optional<uint32_t>>& acquired) {
  if (!acquired) return acquired.error().message;
  return acquired->has_value() ? std::to_string(**acquired) : "none";
}

std::string Text(const Status& status) { return status ? "ok" : status.error().message; }

std::string Text(const Pool::Counts& counts) {
  return "free " + std::to_string(counts.free) + " device " + std::to_string(counts.device) + " in use " +
         std::to_string(counts.in_use) + " published " + std::to_string(counts.published);
}

// Publishes a buffer that is in use, and gives up the use.
void Publish(Pool& pool, uint32_t id, FakeTransport& transport, uint32_t number = 0) {
  transport.Show(id);
  ASSERT_EQ(Text(pool.MarkPublished(id, number)), "ok");
  ASSERT_EQ(Text(pool.Release(id)), "ok");
}

// Bug: a pool that starts with ids it cannot tell apart, or with a transport it cannot count.
TEST(PoolMake, RefusesWhatItCouldNotKeepApart) {
  FakeTransport transport;
  const auto make = [&](std::vector<std::shared_ptr<const Buffer>> buffers, std::vector<uint32_t> ids,
                        std::vector<Transport*> transports, uint32_t stream = 0) {
    const auto sut = Pool::Make(std::move(buffers), std::move(ids), stream, std::move(transports));
    if (sut) return std::string("ok");
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
    return sut.error().message;
  };
  EXPECT_EQ(make(TinyBuffers(2), {65533, 0}, {&transport}), "ok");
  EXPECT_EQ(make(TinyBuffers(1), {0}, {}), "ok");
  EXPECT_EQ(make({}, {}, {}), "pool: 0 buffers and 0 ids");
  EXPECT_EQ(make(TinyBuffers(2), {1}, {}), "pool: 2 buffers and 1 ids");
  EXPECT_EQ(make(TinyBuffers(2), {7, 7}, {}), "pool: buffer 7 is there twice");
  EXPECT_EQ(make(TinyBuffers(1), {65534}, {}), "pool: buffer 65534: ids must be less than 65534");
  EXPECT_EQ(make({nullptr}, {3}, {}), "pool: buffer 3 is null");
  EXPECT_EQ(make({TinyBuffer(), TinyBuffer(9)}, {3, 4}, {}), "pool: buffer 4 has another layout than buffer 3");
  EXPECT_EQ(make(TinyBuffers(1), {0}, {&transport, nullptr}), "pool: a transport is null");
  EXPECT_EQ(make(TinyBuffers(1), {0}, {}, 2), "pool: unknown stream 2");
  EXPECT_EQ(make(TinyBuffers(1), {0}, std::vector<Transport*>(65, &transport)), "pool: 65 transports, at most 64");
  EXPECT_EQ(make(TinyBuffers(1), {0}, std::vector<Transport*>(64, &transport)), "ok");
}

// Bug: an id that names another buffer than it was given for.
TEST(Pool, KnowsItsBuffersByTheirIds) {
  auto buffers = TinyBuffers(2);
  const auto made = Pool::Make(buffers, {40, 3}, 0, {});
  ASSERT_TRUE(made) << made.error().message;
  const Pool& sut = **made;
  EXPECT_EQ(sut.buffer(40), buffers[0]);
  EXPECT_EQ(sut.buffer(3), buffers[1]);
  EXPECT_EQ(sut.buffer(4), nullptr);
  EXPECT_EQ(sut.buffer(41), nullptr);
  EXPECT_EQ(sut.buffer(UINT32_MAX), nullptr);
  EXPECT_THAT(sut.ids(), ElementsAre(40, 3));
  EXPECT_EQ(Text(sut.counts()), "free 2 device 0 in use 0 published 0");
}

// Every state that a buffer can be in, by the moves that lead there from "just acquired".
struct Start {
  const char* name;
  std::function<void(Pool&, uint32_t)> reach;
  // Which moves are legal there.
  bool to_device, from_device, retain, release, publish0, publish1;
};

// Bug: an illegal move that goes through, a legal one that is refused, or a refused one that changes something.
TEST(Pool, EveryMoveFromEveryState) {
  const auto none = [](Pool&, uint32_t) {};
  const Start table[] = {
      {"free", [](Pool& p, uint32_t id) { (void)p.Release(id); }, false, false, false, false, false, false},
      {"in use once", none, true, false, true, true, true, true},
      {"in use twice", [](Pool& p, uint32_t id) { (void)p.Retain(id); }, false, false, true, true, true, true},
      {"device", [](Pool& p, uint32_t id) { (void)p.ToDevice(id); }, false, true, false, false, false, false},
      {"published and in use", [](Pool& p, uint32_t id) { (void)p.MarkPublished(id, 0); }, false, false, true, true,
       false, true},
      {"published on both", [](Pool& p, uint32_t id) { (void)p.MarkPublished(id, 0), (void)p.MarkPublished(id, 1); },
       false, false, true, true, false, false},
      {"published only", [](Pool& p, uint32_t id) { (void)p.MarkPublished(id, 0), (void)p.Release(id); }, false, false,
       true, false, false, false},
  };
  const struct {
    const char* name;
    std::function<Status(Pool&, uint32_t)> make;
    bool Start::*legal;
  } moves[] = {
      {"to device", [](Pool& p, uint32_t id) { return p.ToDevice(id); }, &Start::to_device},
      {"from device", [](Pool& p, uint32_t id) { return p.FromDevice(id); }, &Start::from_device},
      {"retain", [](Pool& p, uint32_t id) { return p.Retain(id); }, &Start::retain},
      {"release", [](Pool& p, uint32_t id) { return p.Release(id); }, &Start::release},
      {"publish on 0", [](Pool& p, uint32_t id) { return p.MarkPublished(id, 0); }, &Start::publish0},
      {"publish on 1", [](Pool& p, uint32_t id) { return p.MarkPublished(id, 1); }, &Start::publish1},
  };
  for (const Start& start : table) {
    for (const auto& move : moves) {
      SCOPED_TRACE(std::string(start.name) + ", " + move.name);
      FakeTransport first, second;
      const auto sut = TinyPool({5, 9}, {&first, &second});
      ASSERT_EQ(Got(sut->Acquire()), "5");
      start.reach(*sut, 5);
      const std::string before = Text(sut->counts());
      const Status status = move.make(*sut, 5);
      EXPECT_EQ(status.has_value(), start.*move.legal) << Text(status);
      if (status) continue;
      EXPECT_EQ(status.error().code, Code::kInternal);
      EXPECT_EQ(Text(sut->counts()), before);
    }
  }
}

// Bug: a foreign id that indexes beyond the arrays, or an error that does not say what was wrong.
TEST(Pool, WrongMovesAreNamed) {
  FakeTransport transport;
  const auto sut = TinyPool({5}, {&transport});
  EXPECT_EQ(Text(sut->Release(6)), "pool: release of buffer 6: there is no such buffer");
  EXPECT_EQ(Text(sut->Retain(UINT32_MAX)), "pool: retain of buffer 4294967295: there is no such buffer");
  EXPECT_EQ(Text(sut->FromDevice(0)), "pool: dequeue of buffer 0: there is no such buffer");
  EXPECT_EQ(Text(sut->MarkPublished(1, 0)), "pool: publication of buffer 1: there is no such buffer");
  EXPECT_EQ(Text(sut->MarkPublished(5, 1)), "pool: publication of buffer 5: there is no transport 1");
  EXPECT_EQ(Text(sut->Release(5)),
            "pool: release of buffer 5: it has 0 user(s), is not with the device and published on 0 transport(s)");
  ASSERT_EQ(Got(sut->Acquire()), "5");
  ASSERT_TRUE(sut->MarkPublished(5, 0));
  EXPECT_EQ(Text(sut->ToDevice(5)),
            "pool: queue of buffer 5: it has 1 user(s), is not with the device and published on 1 transport(s)");
}

// Bug: a buffer counted free while it is being filled, encoded or watched.
TEST(Pool, CountsFollowABufferOnItsWay) {
  FakeTransport transport;
  const auto sut = TinyPool({0, 1, 2}, {&transport});
  ASSERT_EQ(Got(sut->Acquire()), "0");
  EXPECT_EQ(Text(sut->counts()), "free 2 device 0 in use 1 published 0");
  ASSERT_TRUE(sut->ToDevice(0));
  EXPECT_EQ(Text(sut->counts()), "free 2 device 1 in use 0 published 0");
  ASSERT_TRUE(sut->FromDevice(0));
  ASSERT_TRUE(sut->Retain(0));  // the encoder
  Publish(*sut, 0, transport);
  EXPECT_EQ(Text(sut->counts()), "free 2 device 0 in use 1 published 1");
  ASSERT_TRUE(sut->Release(0));
  EXPECT_EQ(Text(sut->counts()), "free 2 device 0 in use 0 published 1");
  sut->TransportGone(0);
  EXPECT_EQ(Text(sut->counts()), "free 3 device 0 in use 0 published 0");
}

// Bug: a frame that a transport has refused is lost to the pool, or taken from another transport.
TEST(PoolWithdraw, UndoesAPublicationAndNothingElse) {
  FakeTransport one;
  FakeTransport two;
  const auto sut = TinyPool({0, 1}, {&one, &two});
  ASSERT_EQ(Got(sut->Acquire()), "0");
  EXPECT_NE(Text(sut->Withdraw(0, 0)), "ok");
  EXPECT_NE(Text(sut->Withdraw(0, 64)), "ok");
  ASSERT_EQ(Text(sut->MarkPublished(0, 0)), "ok");
  ASSERT_EQ(Text(sut->MarkPublished(0, 1)), "ok");
  ASSERT_EQ(Text(sut->Release(0)), "ok");
  EXPECT_EQ(Text(sut->Withdraw(0, 0)), "ok");
  EXPECT_EQ(Text(sut->counts()), "free 1 device 0 in use 0 published 1");
  EXPECT_EQ(Text(sut->Withdraw(0, 1)), "ok");
  EXPECT_EQ(Text(sut->counts()), "free 2 device 0 in use 0 published 0");
  ASSERT_EQ(Got(sut->Acquire()), "0");
  ASSERT_EQ(Text(sut->MarkPublished(0, 1)), "ok");
  EXPECT_EQ(Text(sut->Withdraw(0, 1)), "ok");
  EXPECT_EQ(Text(sut->counts()), "free 1 device 0 in use 1 published 0") << "still used";
}

// Bug: cold buffers chosen while a warm one is there; unused buffers touched for nothing.
TEST(PoolAcquire, TakesTheOneThatBecameFreeLast) {
  const auto sut = TinyPool({0, 1, 2, 3}, {});
  ASSERT_EQ(Got(sut->Acquire()), "0");
  ASSERT_EQ(Got(sut->Acquire()), "1");
  ASSERT_EQ(Got(sut->Acquire()), "2");
  ASSERT_TRUE(sut->Release(0));
  ASSERT_TRUE(sut->Release(2));
  EXPECT_EQ(Got(sut->Acquire()), "2");
  EXPECT_EQ(Got(sut->Acquire()), "0");
  EXPECT_EQ(Got(sut->Acquire()), "3");
  EXPECT_EQ(Got(sut->Acquire()), "none");
}

// Bug: published frames taken from consumers while a free buffer exists.
TEST(PoolAcquire, LeavesPublishedFramesAloneWhileOneIsFree) {
  FakeTransport transport;
  const auto sut = TinyPool({0, 1, 2}, {&transport});
  for (const char* id : {"0", "1"}) {
    ASSERT_EQ(Got(sut->Acquire()), id);
    Publish(*sut, std::stoi(id), transport);
  }
  EXPECT_EQ(Got(sut->Acquire()), "2");
  EXPECT_EQ(transport.calls, 0U);
}

// Bug: a newer frame overwritten before an older one; what is in use offered to the transport; one call per buffer.
TEST(PoolAcquire, AsksOnceForTheOldestThatNobodyUses) {
  FakeTransport transport;
  const auto sut = TinyPool({0, 1, 2, 3}, {&transport});
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(sut->Acquire());
  ASSERT_TRUE(sut->Retain(3));
  for (const uint32_t id : {3U, 1U, 0U, 2U}) Publish(*sut, id, transport);
  EXPECT_EQ(Got(sut->Acquire()), "1");
  EXPECT_EQ(transport.calls, 1U);
  EXPECT_EQ(transport.last_stream, uint32_t{VSTREAM_STREAM_PACKETS});
  EXPECT_THAT(transport.last_wanted, ElementsAre(1, 0, 2));
  EXPECT_EQ(Text(sut->counts()), "free 0 device 0 in use 2 published 3");
  EXPECT_EQ(Got(sut->Acquire()), "0");
  EXPECT_EQ(Got(sut->Acquire()), "none") << "the newest frame stays";
  ASSERT_TRUE(sut->Release(3));
  EXPECT_EQ(Got(sut->Acquire()), "3");
}

// Bug: a buffer that a consumer holds handed to the device.
TEST(PoolAcquire, PassesOverWhatATransportKeeps) {
  FakeTransport transport;
  const auto sut = TinyPool({0, 1, 2}, {&transport});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut->Acquire());
  for (const uint32_t id : {0U, 1U, 2U}) Publish(*sut, id, transport);
  transport.Hold(0);
  EXPECT_EQ(Got(sut->Acquire()), "1");
  EXPECT_EQ(Got(sut->Acquire()), "none");
  transport.LetGo(0);
  EXPECT_EQ(Got(sut->Acquire()), "0");
}

// Bug: a buffer taken that one of two transports still shows; a frame lost on the transport that was asked second.
TEST(PoolAcquire, NeedsEveryTransport) {
  FakeTransport first, second;
  const auto sut = TinyPool({0, 1, 2}, {&first, &second});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut->Acquire());
  for (const uint32_t id : {0U, 1U, 2U}) {
    second.Show(id);
    ASSERT_TRUE(sut->MarkPublished(id, 1));
    Publish(*sut, id, first, 0);
  }
  second.Hold(0);
  // 0 comes back from the first one only, 1 from both; 2 is the newest.
  EXPECT_EQ(Got(sut->Acquire()), "1");
  EXPECT_FALSE(first.WouldGiveBack(0));
  EXPECT_EQ(Text(sut->counts()), "free 0 device 0 in use 1 published 2");
  // The half that is missing is asked of the second one alone.
  const uint32_t calls = first.calls;
  second.LetGo(0);
  EXPECT_EQ(Got(sut->Acquire()), "0");
  EXPECT_EQ(first.calls, calls);
}

// Bug: the first transport is emptied for nothing when it is the one that refuses.
TEST(PoolAcquire, AsksNoFurtherTransportAfterARefusal) {
  FakeTransport first, second;
  const auto sut = TinyPool({0, 1}, {&first, &second});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(sut->Acquire());
  for (const uint32_t id : {0U, 1U}) {
    second.Show(id);
    ASSERT_TRUE(sut->MarkPublished(id, 1));
    Publish(*sut, id, first, 0);
  }
  first.Hold(0);
  EXPECT_EQ(Got(sut->Acquire()), "none");
  EXPECT_EQ(second.calls, 0U);
  EXPECT_TRUE(second.WouldGiveBack(0));
}

// Bug: the pool drained by a transport that died; a dead transport still called.
TEST(Pool, TransportGoneGivesEverythingBack) {
  FakeTransport first, second;
  const auto sut = TinyPool({0, 1, 2}, {&first, &second});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut->Acquire());
  Publish(*sut, 0, first);
  first.Show(1), second.Show(1);
  ASSERT_TRUE(sut->MarkPublished(1, 0));
  Publish(*sut, 1, second, 1);
  ASSERT_TRUE(sut->MarkPublished(2, 0));
  first.Clear();
  sut->TransportGone(0);
  for (const uint32_t unknown : {2U, 64U, 65U, UINT32_MAX}) sut->TransportGone(unknown);
  EXPECT_EQ(Text(sut->counts()), "free 1 device 0 in use 1 published 1");
  EXPECT_EQ(Got(sut->Acquire()), "0");
  EXPECT_EQ(Got(sut->Acquire()), "none");
  EXPECT_EQ(first.calls, 0U);
  EXPECT_EQ(second.calls, 1U);
  ASSERT_TRUE(sut->Release(2)) << "it was in use, published on the dead one only";
  EXPECT_EQ(Got(sut->Acquire()), "2");
}

// Bug: one failing transport starves the pool although another has buffers; or its failure is never seen.
TEST(PoolAcquire, FailureOfATransportIsReportedWhenNothingElseIsThere) {
  FakeTransport first, second;
  const auto sut = TinyPool({0, 1, 2}, {&first, &second});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut->Acquire());
  Publish(*sut, 0, first, 0);
  Publish(*sut, 1, second, 1);
  Publish(*sut, 2, second, 1);
  first.failure = Error{Code::kIo, "socket closed"};
  EXPECT_EQ(Got(sut->Acquire()), "1");
  const auto failed = sut->Acquire();
  EXPECT_EQ(Got(failed), "pool: reclaim from transport 0: socket closed");
  EXPECT_EQ(failed.error().code, Code::kIo);
  EXPECT_EQ(Text(sut->counts()), "free 0 device 0 in use 1 published 2");
}

// Bug: a transport that gives back what is with the device, or what does not exist, and is believed.
TEST(PoolAcquire, DoesNotBelieveATransportThatGivesBackTheWrongBuffer) {
  FakeTransport transport;
  const auto sut = TinyPool({0, 1, 2}, {&transport});
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(sut->Acquire());
  Publish(*sut, 0, transport);
  Publish(*sut, 1, transport);
  ASSERT_TRUE(sut->ToDevice(2));
  for (const uint32_t lie : {2U, 77U, UINT32_MAX}) {
    transport.lie = lie;
    const auto sut_answer = sut->Acquire();
    ASSERT_FALSE(sut_answer) << lie;
    EXPECT_EQ(sut_answer.error().code, Code::kInternal);
    EXPECT_EQ(Got(sut_answer), "pool: reclaim from transport 0: it gave back 1 buffer(s), the first is " +
                                   std::to_string(lie) + ", where one of 2 others was asked for");
    EXPECT_EQ(Text(sut->counts()), "free 0 device 1 in use 0 published 2");
  }
}

// Bug: one transport's consumers keep the whole of a shared pool, or lose frames that are within their part.
TEST(PoolMakeRoom, TakesBackWhatIsAboveTheTransportsPart) {
  FakeTransport one, two;
  auto made = Pool::Make(TinyBuffers(6), {0, 1, 2, 3, 4, 5}, 0, {&one, &two});
  ASSERT_TRUE(made) << made.error().message;
  Pool& sut = **made;
  const auto room = [&](uint32_t transport, uint32_t limit) {
    const Result<bool> result = sut.MakeRoom(transport, limit);
    return result ? std::string(*result ? "yes" : "no") : result.error().message;
  };
  std::vector<uint32_t> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(**sut.Acquire());
    Publish(sut, ids.back(), one, 0);
  }
  EXPECT_EQ(room(0, 4), "yes");
  EXPECT_EQ(one.calls, 0U);  // nothing to take back
  EXPECT_EQ(room(1, 0), "yes");
  EXPECT_EQ(room(0, 2), "yes");
  EXPECT_EQ(Text(sut.counts()), "free 4 device 0 in use 0 published 2");

  // What a consumer holds stays, however old; what is in use or on the other transport does not become free.
  const uint32_t both = **sut.Acquire();
  one.Show(both);
  two.Show(both);
  EXPECT_EQ(Text(sut.MarkPublished(both, 0)), "ok");
  EXPECT_EQ(Text(sut.MarkPublished(both, 1)), "ok");
  EXPECT_EQ(Text(sut.Release(both)), "ok");
  Publish(sut, **sut.Acquire(), one, 0);
  one.Hold(ids[2]);
  EXPECT_EQ(room(0, 1), "no");  // the one that is held and the newest
  EXPECT_EQ(Text(sut.counts()), "free 3 device 0 in use 0 published 3");
  EXPECT_EQ(room(1, 0), "no");  // the newest there
  one.LetGo(ids[2]);
  EXPECT_EQ(room(0, 1), "yes");
  EXPECT_EQ(Text(sut.counts()), "free 4 device 0 in use 0 published 2");
}

// Bug: a buffer that is being encoded is given to the device when its transport lets it go.
TEST(PoolMakeRoom, ABufferInUseIsNotFree) {
  FakeTransport transport;
  auto made = Pool::Make(TinyBuffers(2), {0, 1}, 0, {&transport});
  ASSERT_TRUE(made) << made.error().message;
  Pool& sut = **made;
  const uint32_t id = **sut.Acquire();
  EXPECT_EQ(Text(sut.Retain(id)), "ok");
  Publish(sut, id, transport);
  Publish(sut, **sut.Acquire(), transport);
  EXPECT_TRUE(*sut.MakeRoom(0, 1));
  EXPECT_EQ(Text(sut.counts()), "free 0 device 0 in use 1 published 1");
  EXPECT_EQ(Text(sut.Release(id)), "ok");
  EXPECT_EQ(Text(sut.counts()), "free 1 device 0 in use 0 published 1");
}

// Bug: a transport that fails or lies makes room that is not there.
TEST(PoolMakeRoom, ReportsATransportThatFails) {
  FakeTransport transport;
  auto made = Pool::Make(TinyBuffers(2), {0, 1}, 0, {&transport});
  ASSERT_TRUE(made) << made.error().message;
  Pool& sut = **made;
  for (int i = 0; i < 2; ++i) Publish(sut, **sut.Acquire(), transport);
  transport.failure = Error{Code::kIo, "it is gone"};
  const Result<bool> room = sut.MakeRoom(0, 1);
  ASSERT_FALSE(room);
  EXPECT_EQ(room.error().message, "pool: reclaim from transport 0: it is gone");
  EXPECT_EQ(Text(sut.counts()), "free 0 device 0 in use 0 published 2");
  EXPECT_FALSE(sut.MakeRoom(1, 1));  // there is no such transport
}

}  // namespace
}  // namespace videostream
