// SPDX-License-Identifier: Apache-2.0
// A transport that lies.
#include "core/plugin/transport_adapter.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/core/plugin/lying_backend.h"

namespace videostream {
namespace {

using testing::GreyBuffer;
using testing::kThunk;
using testing::Liar;
using testing::Said;
using testing::Say;

vstream_transport_ops Ops() {
  auto ops = testing::BasicOps<vstream_transport_ops>();
  ops.info = kThunk<&Liar::transport_info>;
  ops.add_set = kThunk<&Liar::add_set>;
  ops.remove_set = kThunk<&Liar::remove_set>;
  ops.publish = kThunk<&Liar::publish>;
  ops.reclaim = kThunk<&Liar::reclaim>;
  ops.poll_fd = kThunk<&Liar::poll_fd>;
  ops.service = kThunk<&Liar::service>;
  ops.next_event = kThunk<&Liar::next_event>;
  ops.set_state = kThunk<&Liar::set_state>;
  ops.consumers = kThunk<&Liar::consumers>;
  return ops;
}

class TransportAdapterTest : public ::testing::Test {
 protected:
  TransportAdapterTest() : sut_(MakeTransportAdapter("liar", Ops(), {}).value()) {}

  // Asks for up to `want` of the buffers 1 to 4, of which `given` come back.
  Result<uint32_t> Reclaim(size_t want, const std::vector<uint32_t>& given, uint32_t count = UINT32_MAX) {
    backend_.reclaim = [&](uint32_t, const uint32_t* ids, uint32_t ids_count, uint32_t wanted, uint32_t* taken,
                           uint32_t* taken_count, vstream_error*) {
      EXPECT_EQ(ids_count, 4U);
      EXPECT_EQ(ids[0], 1U);
      for (size_t i = 0; i < given.size() && i < wanted; ++i) taken[i] = given[i];
      *taken_count = count != UINT32_MAX ? count : static_cast<uint32_t>(given.size());
      return VSTREAM_OK;
    };
    const std::array<uint32_t, 4> ids = {1, 2, 3, 4};
    taken_.assign(want, 0);
    return sut_->Reclaim(VSTREAM_STREAM_FRAMES, ids, taken_);
  }

  Liar backend_;
  std::unique_ptr<Transport> sut_;
  std::vector<uint32_t> taken_;
};

// Catches: a buffer that is given back lost on its way.
TEST_F(TransportAdapterTest, PassesReclaimedBuffersOn) {
  EXPECT_EQ(Reclaim(2, {3, 1}).value(), 2U);
  EXPECT_EQ(taken_, (std::vector<uint32_t>{3, 1}));
  EXPECT_EQ(Reclaim(2, {}).value(), 0U);
}

// Catches: a buffer written again while a consumer reads it (INV-8), because the transport names a wrong one.
TEST_F(TransportAdapterTest, RefusesBuffersThatWereNotAskedFor) {
  EXPECT_EQ(Said(Reclaim(2, {5})), "internal: backend 'liar': reclaim: buffer 5 was not asked for (BE-30)");
  EXPECT_EQ(Said(Reclaim(2, {2, 2})), "internal: backend 'liar': reclaim: buffer 2 given back twice (BE-30)");
  EXPECT_EQ(Said(Reclaim(1, {1}, 2)),
            "internal: backend 'liar': reclaim: 2 buffers given back, at most 1 wanted (BE-30)");
  EXPECT_EQ(Said(Reclaim(1, {1}, UINT32_MAX - 1)),
            "internal: backend 'liar': reclaim: 4294967294 buffers given back, at most 1 wanted (BE-30)");
}

// Catches: more asked for than there are buffers, by which `taken` could be filled beyond what is checked.
TEST_F(TransportAdapterTest, NeverWantsMoreThanThereIs) {
  backend_.reclaim = [](uint32_t, const uint32_t*, uint32_t, uint32_t want, uint32_t*, uint32_t* count,
                        vstream_error*) {
    EXPECT_EQ(want, 1U);
    return *count = 0, VSTREAM_OK;
  };
  const std::array<uint32_t, 1> ids = {1};
  std::array<uint32_t, 8> taken{};
  EXPECT_EQ(sut_->Reclaim(0, ids, taken).value(), 0U);
}

// Catches: sets announced with another number of ids than buffers, or without their sizes.
TEST_F(TransportAdapterTest, AnnouncesASetWithItsBuffers) {
  Transport::Set set;
  set.stream = VSTREAM_STREAM_PACKETS;
  set.epoch = 7;
  set.buffers = {GreyBuffer(), GreyBuffer()};
  set.ids = {40, 41};
  backend_.add_set = [&](const vstream_buffer_set* out, vstream_error*) {
    EXPECT_EQ(out->struct_size, sizeof *out);
    EXPECT_EQ(out->stream, uint32_t{VSTREAM_STREAM_PACKETS});
    EXPECT_EQ(out->epoch, 7U);
    EXPECT_EQ(out->buffer_count, 2U);
    EXPECT_EQ(out->buffer_stride, sizeof(vstream_buffer));
    EXPECT_EQ(out->buffer_ids[1], 41U);
    EXPECT_EQ(out->buffers[1].struct_size, sizeof(vstream_buffer));
    EXPECT_EQ(out->buffers[1].fds[0], set.buffers[1]->desc().fds[0]);
    return VSTREAM_OK;
  };
  EXPECT_EQ(Said(sut_->AddSet(set)), "ok");
  set.ids.pop_back();
  EXPECT_EQ(Said(sut_->AddSet(set)),
            "invalid_argument: backend 'liar': add_set: 2 buffers with 1 ids found, 1 to 64 of both expected");
  EXPECT_EQ(Said(sut_->AddSet({})),
            "invalid_argument: backend 'liar': add_set: 0 buffers with 0 ids found, 1 to 64 of both expected");
}

// Catches: a transport that makes copies finds nothing to copy from, or holds on to buffers of a set that has ended.
TEST_F(TransportAdapterTest, MapsTheBuffersOfLivingSets) {
  const auto map = [&](uint32_t id) {
    vstream_mapping planes{};
    planes.struct_size = sizeof planes;
    const vstream_runtime& host = *backend_.host;
    const int32_t code = host.map(host.ctx, id, VSTREAM_ACCESS_READ, &planes, nullptr);
    if (code == VSTREAM_OK) host.unmap(host.ctx, id, VSTREAM_ACCESS_READ);
    return code == VSTREAM_OK ? planes.data[0] : nullptr;
  };
  Transport::Set set;
  set.epoch = 7;
  set.buffers = {GreyBuffer(), GreyBuffer()};
  set.ids = {40, 41};
  int32_t answer = VSTREAM_E_NO_MEMORY;
  backend_.add_set = [&](const vstream_buffer_set*, vstream_error* error) {
    EXPECT_EQ(map(41), set.buffers[1]->plane(0)) << "within add_set already";
    vstream_mapping planes{};
    planes.struct_size = sizeof planes;
    const vstream_runtime& host = *backend_.host;
    EXPECT_EQ(host.map(host.ctx, 41, VSTREAM_ACCESS_WRITE, &planes, nullptr), VSTREAM_E_INVALID) << "to read only";
    return Say(error, answer, "full");
  };
  EXPECT_NE(Said(sut_->AddSet(set)), "ok");
  EXPECT_EQ(map(40), nullptr) << "of a set that was refused";
  answer = VSTREAM_OK;
  ASSERT_EQ(Said(sut_->AddSet(set)), "ok");
  EXPECT_EQ(map(40), set.buffers[0]->plane(0));
  EXPECT_EQ(map(42), nullptr);
  Transport::Set next = set;
  next.epoch = 8;
  next.ids = {50, 41};
  EXPECT_EQ(Said(sut_->AddSet(next)),
            "invalid_argument: backend 'liar': add_set: buffer id 41 is in use by a living set");
  EXPECT_EQ(map(50), nullptr) << "of a set that was refused";
  EXPECT_EQ(map(41), set.buffers[1]->plane(0));
  backend_.remove_set = [&](uint32_t, vstream_error* error) { return Say(error, answer, "no"); };
  answer = VSTREAM_E_NOT_FOUND;
  EXPECT_NE(Said(sut_->RemoveSet(7)), "ok");
  EXPECT_NE(map(41), nullptr) << "it lives on";
  answer = VSTREAM_OK;
  const std::weak_ptr<const Buffer> buffer = set.buffers[0];
  set.buffers.clear();
  next.buffers.clear();
  ASSERT_EQ(Said(sut_->RemoveSet(7)), "ok");
  EXPECT_EQ(map(40), nullptr);
  EXPECT_TRUE(buffer.expired());
}

// Catches: an event of another version, or a detail without end, in the log of the operator.
TEST_F(TransportAdapterTest, ChecksEvents) {
  const auto next = [&](uint32_t type, uint32_t stream) {
    backend_.next_event = [=](vstream_transport_event* out, vstream_error*) {
      out->type = type;
      out->stream = stream;
      std::memset(out->detail, 'd', sizeof out->detail);
      out->detail[0] = '\n';
      return VSTREAM_OK;
    };
    return sut_->NextEvent();
  };
  EXPECT_FALSE(next(VSTREAM_EVENT_NONE, 0).value().has_value());
  const auto event = next(VSTREAM_EVENT_REFUSED, 1);
  ASSERT_TRUE(event && event->has_value()) << Said(event);
  EXPECT_EQ((*event)->detail, "?" + std::string(sizeof vstream_transport_event{}.detail - 2, 'd'));
  EXPECT_EQ(Said(next(6, 0)), "internal: backend 'liar': next_event: type 6 of stream 0 (BE-31)");
  EXPECT_EQ(Said(next(1, 2)), "internal: backend 'liar': next_event: type 1 of stream 2 (BE-31)");
}

// Catches: consumers beyond the first page unseen, and names that drive a terminal.
TEST_F(TransportAdapterTest, ListsEveryConsumer) {
  backend_.consumers = [](vstream_consumer* out, uint32_t stride, uint32_t capacity, uint32_t* count, vstream_error*) {
    EXPECT_EQ(stride, sizeof *out);
    *count = 100;
    for (uint32_t i = 0; i < std::min(capacity, *count); ++i) {
      out[i].struct_size = sizeof out[i];
      out[i].id = i + 1;
      std::memset(out[i].name, '\x1b', sizeof out[i].name);
    }
    return VSTREAM_OK;
  };
  const auto all = sut_->Consumers();
  ASSERT_TRUE(all) << Said(all);
  ASSERT_EQ(all->size(), 100U);
  EXPECT_EQ(all->back().id, 100U);
  EXPECT_EQ(all->back().name, std::string(31, '?'));
}

// Catches: numbers of a transport that make the pool grow without end.
TEST_F(TransportAdapterTest, ChecksItsInfo) {
  const auto info = [&](uint32_t extra, uint32_t most, uint32_t memory) {
    backend_.transport_info = [=](vstream_transport_info* out, vstream_error*) {
      out->extra_buffers = extra;
      out->max_buffers = most;
      out->memory = memory;
      std::memset(out->address, 'a', sizeof out->address);
      return VSTREAM_OK;
    };
    return sut_->Info();
  };
  const auto good = info(7, 4'000'000'000, VSTREAM_MEMORY_MEMFD);
  ASSERT_TRUE(good) << Said(good);
  EXPECT_EQ(good->max_buffers, 64U);
  EXPECT_EQ(good->address, std::string(107, 'a'));
  EXPECT_EQ(Said(info(65, 64, 1)),
            "internal: backend 'liar': info: max_buffers 64, extra_buffers 65, memory 0x1 (BE-24)");
  EXPECT_EQ(Said(info(1, 0, 1)), "internal: backend 'liar': info: max_buffers 0, extra_buffers 1, memory 0x1 (BE-24)");
  EXPECT_EQ(Said(info(1, 1, 0x900)),
            "internal: backend 'liar': info: max_buffers 1, extra_buffers 1, memory 0x900 (BE-24)");
}

// Catches: arguments swapped on the way to the table.
TEST_F(TransportAdapterTest, PassesTheSimpleCallsOn) {
  std::vector<std::string> calls;
  backend_.publish = [&](uint32_t stream, const vstream_frame* frame, vstream_error*) {
    EXPECT_EQ(frame->struct_size, sizeof *frame);
    calls.push_back("publish " + std::to_string(stream) + " " + std::to_string(frame->sequence));
    return VSTREAM_OK;
  };
  backend_.remove_set = [&](uint32_t epoch, vstream_error* e) {
    calls.push_back("remove_set " + std::to_string(epoch));
    return Say(e, VSTREAM_E_NOT_FOUND, "no such set");
  };
  backend_.set_state = [&](uint32_t stream, uint32_t state, vstream_error*) {
    calls.push_back("set_state " + std::to_string(stream) + " " + std::to_string(state));
    return VSTREAM_OK;
  };
  backend_.service = [&](vstream_error*) { return calls.emplace_back("service"), VSTREAM_OK; };
  vstream_frame frame{};
  frame.sequence = 9;
  EXPECT_TRUE(sut_->Publish(1, frame));
  EXPECT_EQ(Said(sut_->RemoveSet(7)), "not_found: backend 'liar': no such set");
  EXPECT_TRUE(sut_->SetState(1, VSTREAM_TRANSPORT_STATE_CLOSING));
  EXPECT_TRUE(sut_->Service());
  EXPECT_EQ(calls, (std::vector<std::string>{"publish 1 9", "remove_set 7", "set_state 1 2", "service"}));
}

}  // namespace
}  // namespace videostream
