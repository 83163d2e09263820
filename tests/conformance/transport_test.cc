// SPDX-License-Identifier: Apache-2.0
// Conformance of the kind `transport` (transport.h): without a consumer.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/base/unique_fd.h"
#include "tests/conformance/resources.h"
#include "tests/conformance/transport_session.h"

namespace videostream::conformance {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint32_t kA = TransportSession::kFirstId, kB = kA + 1, kC = kA + 2, kD = kA + 3;
constexpr uint32_t kFrames = VSTREAM_STREAM_FRAMES, kPackets = VSTREAM_STREAM_PACKETS;

bool IsSocket(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

class TransportConformance : public BorderTest {
 protected:
  Result<std::unique_ptr<Transport>> At(const std::string& socket) {
    return MakeTransport(TransportSession::Args(socket));
  }
  TransportSession sut_{[](const BackendCreateArgs& args) { return MakeTransport(args); }};
};
VS_CONFORMANCE_SUITE(TransportConformance);

// Would catch an error that does not say which folder, and a transport that makes folders on its own.
TEST_P(TransportConformance, AMissingFolderIsNotFound) {
  const auto made = At(sut_.dir.path() + "/missing/s");
  VS_EXPECT_CODE(made, Code::kNotFound);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("missing"));
}

// Would catch a path that is cut to fit: the socket would be somewhere else.
TEST_P(TransportConformance, APathThatIsTooLongIsInvalidAndNamesBothNumbers) {
  const std::string path = sut_.dir.path() + "/" + std::string(120, 'x');
  const auto made = At(path);
  VS_EXPECT_CODE(made, Code::kInvalidArgument);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr(std::to_string(path.size())));
  EXPECT_THAT(made.error().message, testing::ContainsRegex("10[78]"));
}

// Would catch a second daemon that takes the consumers of the first.
TEST_P(TransportConformance, ASocketOfALiveHostIsBusy) {
  sut_.Create();
  VS_EXPECT_CODE(At(sut_.socket), Code::kBusy);
  EXPECT_TRUE(IsSocket(sut_.socket)) << "the live one's socket is gone";
}

// Would catch a daemon that cannot start again after a crash.
TEST_P(TransportConformance, ASocketOfADeadHostIsReplaced) {
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    sut_.socket.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  }
  ASSERT_TRUE(IsSocket(sut_.socket));
  sut_.Create();
}

// Would catch a mistyped path that costs somebody a file.
TEST_P(TransportConformance, AFileThatIsNoSocketStays) {
  std::ofstream(sut_.socket) << "precious";
  EXPECT_FALSE(At(sut_.socket));
  std::string text;
  std::ifstream(sut_.socket) >> text;
  EXPECT_EQ(text, "precious");
}

// Would catch sockets that pile up, and a host that removes the socket of the one that replaced it.
TEST_P(TransportConformance, DestroyRemovesItsSocketAndNoOther) {
  sut_.Create();
  ASSERT_TRUE(IsSocket(sut_.socket));
  sut_.transport.reset();
  EXPECT_FALSE(IsSocket(sut_.socket));
  sut_.Create();
  ASSERT_EQ(::unlink(sut_.socket.c_str()), 0);
  std::ofstream(sut_.socket) << "someone else's";
  sut_.transport.reset();
  struct stat info {};
  EXPECT_EQ(::lstat(sut_.socket.c_str(), &info), 0) << "a file that it has not made is gone";
}

// Would catch numbers by which no pool can be made.
TEST_P(TransportConformance, InfoIsSane) {
  sut_.Create();
  const auto info = sut_.transport->Info();
  ASSERT_TRUE(info) << Why(info);
  EXPECT_GE(info->extra_buffers, 1u) << "the newest frame is in a buffer, too";
  EXPECT_GE(info->max_buffers, info->extra_buffers);
  EXPECT_LE(info->max_buffers, 64u);
  EXPECT_NE(info->memory & (VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF), 0u);
  EXPECT_EQ(info->connected, 0u);
  EXPECT_EQ(info->refused, 0u);
  EXPECT_STREQ(info->address, sut_.socket.c_str());
  EXPECT_NE(info->fields[0], '\0') << "for explain";
}

// Would catch a set that consumers could not tell from another, or that is too large for them.
TEST_P(TransportConformance, AddSetRefusesWhatIsNoSet) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  auto set = sut_.MakeSet(2, 2, 40);
  const auto refused = [&](const char* what, const Transport::Set& wrong, Code code) {
    SCOPED_TRACE(what);
    VS_EXPECT_CODE(sut_.transport->AddSet(wrong), code);
  };
  auto wrong = set;
  wrong.ids = {40, 40};
  refused("an id twice", wrong, Code::kInvalidArgument);
  wrong.ids = {40, kA};
  refused("an id of a living set", wrong, Code::kInvalidArgument);
  wrong = set;
  wrong.epoch = 1;
  refused("the epoch of before", wrong, Code::kInvalidArgument);
  wrong.epoch = 0;
  refused("an epoch that falls", wrong, Code::kInvalidArgument);
  wrong = set;
  wrong.stream = VSTREAM_STREAMS;
  refused("a stream that there is not", wrong, Code::kInvalidArgument);
  refused("too many buffers", sut_.MakeSet(2, 65, 100), Code::kInvalidArgument);
  wrong = set;
  wrong.buffers.clear();
  wrong.ids.clear();
  refused("no buffers", wrong, Code::kInvalidArgument);
  VS_EXPECT_OK(sut_.transport->AddSet(set));
  VS_EXPECT_OK(sut_.Publish(kA, 1));
  VS_EXPECT_OK(sut_.Publish(40, 2));
}

// Would catch memory that no consumer can map.
TEST_P(TransportConformance, AddSetRefusesMemoryThatCannotBeShared) {
  sut_.Create();
  ASSERT_FALSE(HasFailure());
  auto set = sut_.MakeSet(1, 1, kA);
  auto made = TestBuffer::Make({set.buffers[0]->layout(), 0, false, VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF});
  ASSERT_TRUE(made) << Why(made);
  set.buffers[0] = (*made)->buffer();
  VS_EXPECT_CODE(sut_.transport->AddSet(set), Code::kUnsupported);
}

// Would catch frames that a consumer can write to, or cut off under everyone's feet.
TEST_P(TransportConformance, MemfdsAreSealed) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  for (const auto& buffer : sut_.buffers) {
    if ((buffer->buffer()->desc().memory & VSTREAM_MEMORY_MEMFD) == 0) GTEST_SKIP() << "no memfds";
    const int seals = ::fcntl(buffer->buffer()->desc().fds[0], F_GET_SEALS);
    constexpr int kFutureWrite = 0x0010;  // F_SEAL_FUTURE_WRITE, of Linux 5.1
    EXPECT_EQ(seals & (F_SEAL_SHRINK | F_SEAL_GROW), F_SEAL_SHRINK | F_SEAL_GROW);
    EXPECT_NE(seals & (kFutureWrite | F_SEAL_WRITE), 0);
  }
}

// Would catch frames of unknown memory, counters that go back, and a buffer in two frames at once.
TEST_P(TransportConformance, PublishRefusesWhatIsNoFrame) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_CODE(sut_.Publish(4711, 1), Code::kNotFound);
  VS_EXPECT_OK(sut_.Publish(kA, 5));
  VS_EXPECT_CODE(sut_.Publish(kB, 5), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.Publish(kB, 4), Code::kInvalidArgument);
  VS_EXPECT_CODE(sut_.Publish(kA, 6), Code::kBusy);
  auto frame = sut_.Frame(kB, 6);
  frame.bytes_used[0] += 1;
  VS_EXPECT_CODE(sut_.transport->Publish(kFrames, frame), Code::kInvalidArgument);
  frame = sut_.Frame(kB, 6);
  frame.tlv_bytes = VSTREAM_FRAME_TLV_BYTES + 1;
  VS_EXPECT_CODE(sut_.transport->Publish(kFrames, frame), Code::kInvalidArgument);
  EXPECT_FALSE(sut_.transport->Publish(VSTREAM_STREAMS, sut_.Frame(kB, 6)));
  VS_EXPECT_OK(sut_.Publish(kB, 6)) << "a refusal changes nothing";
  VS_EXPECT_OK(sut_.Publish(kC, 100)) << "numbers may be left out";
}

// Would catch the frame that every new consumer starts with, overwritten.
TEST_P(TransportConformance, ReclaimNeverGivesTheNewest) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Publish(kA, 1));
  EXPECT_THAT(sut_.Reclaim({kA}, 1), IsEmpty());
  VS_ASSERT_OK(sut_.Publish(kB, 2));
  EXPECT_THAT(sut_.Reclaim({kA, kB}, 4), ElementsAre(kA));
  EXPECT_THAT(sut_.Reclaim({kB}, 1), IsEmpty());
}

// Would catch a buffer that two frames are written into at once.
TEST_P(TransportConformance, ReclaimGivesEachBufferOnce) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Publish(kA, 1));
  VS_ASSERT_OK(sut_.Publish(kB, 2));
  VS_ASSERT_OK(sut_.Publish(kC, 3));
  EXPECT_THAT(sut_.Reclaim({kA, kB, kC}, 3), ElementsAre(kA, kB));
  EXPECT_THAT(sut_.Reclaim({kA, kB, kC}, 3), IsEmpty());
  VS_EXPECT_OK(sut_.Publish(kA, 4)) << "what came back may be published again";
  EXPECT_THAT(sut_.Reclaim({kA, kB, kC}, 3), ElementsAre(kC));
}

// Would catch newer frames given away while older ones are there, and more than was wanted.
TEST_P(TransportConformance, ReclaimGivesTheOldestFirstAndNoMoreThanWanted) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  uint64_t sequence = 0;
  for (const uint32_t id : {kC, kA, kD, kB}) VS_ASSERT_OK(sut_.Publish(id, ++sequence));
  EXPECT_THAT(sut_.Reclaim({kC, kA, kD, kB}, 0), IsEmpty());
  EXPECT_THAT(sut_.Reclaim({kC, kA, kD, kB}, 1), ElementsAre(kC));
  EXPECT_THAT(sut_.Reclaim({kA, kD, kB}, 2), ElementsAre(kA, kD));
}

// Would catch buffers that were not asked for, never published, or not there at all.
TEST_P(TransportConformance, ReclaimGivesOnlyPublishedBuffersThatWereAskedFor) {
  sut_.Prepare();
  ASSERT_FALSE(HasFailure());
  VS_ASSERT_OK(sut_.Publish(kA, 1));
  VS_ASSERT_OK(sut_.Publish(kB, 2));
  EXPECT_THAT(sut_.Reclaim({kC, kD}, 2), IsEmpty()) << "not published";
  EXPECT_THAT(sut_.Reclaim({}, 2), IsEmpty());
  std::vector<uint32_t> taken(2);
  const std::vector<uint32_t> unknown = {4711, 4712};
  const auto count = sut_.transport->Reclaim(kFrames, unknown, taken);
  EXPECT_TRUE(!count || *count == 0) << "unknown";
  EXPECT_THAT(sut_.Reclaim({kA}, 2), ElementsAre(kA));
}

// Would catch a transport that wears out: buffer ids, ring entries, counters that wrap.
TEST_P(TransportConformance, ThousandsOfFramesGoThrough) {
  sut_.Prepare(3);
  ASSERT_FALSE(HasFailure());
  std::vector<uint32_t> free = {kA, kB, kC}, published;
  for (uint64_t sequence = 1; sequence <= 3000; ++sequence) {
    if (free.empty()) {
      free = sut_.Reclaim(published, 1);
      ASSERT_EQ(free.size(), 1u) << "frame " << sequence;
      published.erase(std::find(published.begin(), published.end(), free[0]));
    }
    VS_ASSERT_OK(sut_.Publish(free.back(), sequence));
    published.push_back(free.back());
    free.pop_back();
  }
}

// Would catch ids or epochs that are never free again, and sets that end with their neighbours.
TEST_P(TransportConformance, RemoveSetEndsThatSetOnly) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_CODE(sut_.transport->RemoveSet(77), Code::kNotFound);
  VS_ASSERT_OK(sut_.transport->AddSet(sut_.MakeSet(2, 2, 40)));
  VS_ASSERT_OK(sut_.Publish(kA, 1));
  VS_ASSERT_OK(sut_.Publish(40, 2));
  VS_ASSERT_OK(sut_.transport->RemoveSet(1));
  VS_EXPECT_CODE(sut_.transport->RemoveSet(1), Code::kNotFound);
  VS_EXPECT_CODE(sut_.Publish(kA, 3), Code::kNotFound);
  VS_EXPECT_OK(sut_.Publish(41, 3));
  EXPECT_THAT(sut_.Reclaim({40, 41}, 2), ElementsAre(40));
  VS_EXPECT_OK(sut_.transport->AddSet(sut_.MakeSet(3, 2, kA))) << "the ids are free again";
  VS_EXPECT_OK(sut_.Publish(kA, 4));
}

// Would catch descriptors or ids that are lost with each switch of resolution.
TEST_P(TransportConformance, ManySetsComeAndGo) {
  sut_.Create();
  ASSERT_FALSE(HasFailure());
  Resources before;
  for (uint32_t epoch = 1; epoch <= 300; ++epoch) {
    VS_ASSERT_OK(sut_.transport->AddSet(sut_.MakeSet(epoch, 4, kA)));
    VS_ASSERT_OK(sut_.Publish(kA, epoch));
    VS_ASSERT_OK(sut_.transport->RemoveSet(epoch));
    sut_.buffers.clear();
    if (epoch == 1) before = Resources::Count();
  }
  EXPECT_EQ(LeftBehind(before), "");
}

// Would catch packets among the frames, and counters of one stream that hold for the other.
TEST_P(TransportConformance, BothStreamsOfASocketAreIndependent) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  const auto set = sut_.MakeSet(2, 2, 60, kPackets);
  VS_ASSERT_OK(sut_.transport->AddSet(set));
  VS_ASSERT_OK(sut_.Publish(kA, 9));
  auto packet = sut_.Frame(60, 1);
  packet.bytes_used[0] = 100;
  VS_EXPECT_OK(sut_.transport->Publish(kPackets, packet));
  packet.buffer_id = 61;
  packet.sequence = 2;
  VS_EXPECT_CODE(sut_.transport->Publish(kFrames, packet), Code::kNotFound);
  VS_EXPECT_OK(sut_.transport->Publish(kPackets, packet));
  EXPECT_THAT(sut_.Reclaim({60, 61}, 2, kPackets), ElementsAre(60));
}

// Would catch a state that is taken for another.
TEST_P(TransportConformance, StatesAreThoseOfTheContract) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  VS_EXPECT_OK(sut_.transport->SetState(kFrames, VSTREAM_TRANSPORT_STATE_NO_SIGNAL));
  VS_EXPECT_OK(sut_.transport->SetState(kFrames, VSTREAM_TRANSPORT_STATE_RUNNING));
  VS_EXPECT_CODE(sut_.transport->SetState(kFrames, 99), Code::kInvalidArgument);
  EXPECT_FALSE(sut_.transport->SetState(VSTREAM_STREAMS, VSTREAM_TRANSPORT_STATE_RUNNING));
  VS_EXPECT_OK(sut_.transport->SetState(kFrames, VSTREAM_TRANSPORT_STATE_CLOSING));
}

// Would catch events and consumers out of nothing, and a service that waits.
TEST_P(TransportConformance, NothingHappensWithoutConsumers) {
  sut_.Prepare(2);
  ASSERT_FALSE(HasFailure());
  for (int i = 0; i < 100; ++i) VS_ASSERT_OK(sut_.transport->Service());
  EXPECT_TRUE(sut_.Events().empty());
  const auto consumers = sut_.transport->Consumers();
  ASSERT_TRUE(consumers) << Why(consumers);
  EXPECT_TRUE(consumers->empty());
  const auto fd = sut_.transport->PollFd(), again = sut_.transport->PollFd();
  ASSERT_TRUE(fd && again);
  EXPECT_EQ(*fd, *again);
}

// Would catch what a stream costs each time that it is switched off and on.
TEST_P(TransportConformance, AWholeLifeLeavesNothingBehind) {
  const auto live = [] {
    TransportSession session([](const BackendCreateArgs& args) { return MakeTransport(args); });
    session.Prepare();
    VS_EXPECT_OK(session.Publish(kA, 1));
  };
  live();
  const Resources before = Resources::Count();
  for (int i = 0; i < 5; ++i) live();
  EXPECT_EQ(LeftBehind(before), "");
}

class TransportBorder : public testing::Test {
 protected:
  void SetUp() override { VS_ASSERT_OK(sut_.Create(TransportSession::Args(dir_.path() + "/s"))); }
  const vstream_transport_ops& ops_ = *Subject::Get().table().transport;
  const TempDir dir_;
  CInstance sut_{VSTREAM_KIND_TRANSPORT};
};

// Would catch records written by the size of the backend's header.
TEST_F(TransportBorder, RecordsOfOtherSizesAreFine) {
  const size_t older = offsetof(vstream_transport_info, fields), newer = sizeof(vstream_transport_info) + 64;
  for (const size_t size : {older, newer}) {
    SizedOutput<vstream_transport_info> info(size);
    sut_.call("info", ops_.info, sut_.self, info.get());
    ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
    EXPECT_TRUE(info.TailUntouched()) << "struct_size " << size;
    EXPECT_GE(info.Read().max_buffers, 1u);
  }
  const size_t short_event = offsetof(vstream_transport_event, detail),
               long_event = sizeof(vstream_transport_event) + 64;
  for (const size_t size : {short_event, long_event}) {
    SizedOutput<vstream_transport_event> event(size);
    sut_.call("next_event", ops_.next_event, sut_.self, event.get());
    ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
    EXPECT_TRUE(event.TailUntouched()) << "struct_size " << size;
    EXPECT_EQ(event.Read().type, uint32_t{VSTREAM_EVENT_NONE});
  }
}

// Would catch buffers read at the stride of the backend's header: the second would have the fds of the first.
TEST_F(TransportBorder, AddSetKeepsToTheStride) {
  TransportSession buffers([](const BackendCreateArgs& args) { return MakeCTransport(args); });
  const Transport::Set set = buffers.MakeSet(1, 3, kA);
  struct LongBuffer {
    vstream_buffer buffer;
    uint64_t newer[3];
  };
  std::vector<LongBuffer> records;
  for (const auto& buffer : set.buffers) records.push_back({buffer->desc(), {~0ULL, ~0ULL, ~0ULL}});
  auto out = EmptyRecord<vstream_buffer_set>();
  out.epoch = 1;
  out.buffer_count = 3;
  out.buffers = &records[0].buffer;
  out.buffer_ids = set.ids.data();
  out.buffer_stride = sizeof(LongBuffer);
  sut_.call("add_set", ops_.add_set, sut_.self, &out);
  ASSERT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
  auto frame = buffers.Frame(kC, 1);
  sut_.call("publish", ops_.publish, sut_.self, kFrames, &frame);
  EXPECT_EQ(sut_.call.code(), VSTREAM_OK) << sut_.call.message();
}

}  // namespace
}  // namespace videostream::conformance
