// SPDX-License-Identifier: Apache-2.0
// The transport's functions against their contract, without consumers.
#include "backends/shm/transport.h"

#include <fcntl.h>

#include "tests/backends/shm/test_host.h"

namespace videostream::test {
namespace {

struct TransportTest : ::testing::Test {
  // What create says to these options.
  std::string Refusal(TestHost::Options options, int32_t code = VSTREAM_E_INVALID) {
    options.try_emplace("socket", dir / "s");
    TestHost sut(options);
    EXPECT_EQ(sut.code, code);
    return sut.ok() ? "" : sut.error.message;
  }
  vstream_frame Frame(uint32_t id, uint64_t sequence) {
    vstream_frame frame{};
    frame.struct_size = sizeof frame;
    frame.buffer_id = id;
    frame.sequence = sequence;
    frame.bytes_used[0] = 4096;
    frame.acquire_fence = frame.release_fence = -1;
    return frame;
  }
  int32_t Publish(const vstream_frame& frame, uint32_t stream = 0) {
    return TestHost::ops.publish(host.self(), stream, &frame, &host.error);
  }
  int32_t Reclaim(const std::vector<uint32_t>& ids, uint32_t want, std::vector<uint32_t>* taken) {
    taken->assign(ids.size() + 1, 0);
    uint32_t count = 0;
    const int32_t code = TestHost::ops.reclaim(host.self(), 0, ids.data(), static_cast<uint32_t>(ids.size()), want,
                                               taken->data(), &count, &host.error);
    taken->resize(count);
    return code;
  }
  TempDir dir;
  TestHost host{{{"socket", dir / "h"}}};
};

// Options out of range are used as they are, or the message does not help.
TEST_F(TransportTest, OptionsAreChecked) {
  EXPECT_NE(Refusal({{"mode", "rw"}}).find("expected octal permissions"), std::string::npos);
  EXPECT_NE(Refusal({{"mode", "1777"}}), "");
  EXPECT_EQ(Refusal({{"leases", "33"}, {"buffers", "64"}}), "leases 33: expected 1 to 32");
  EXPECT_EQ(Refusal({{"buffers", "2"}, {"leases", "2"}}), "buffers 2, leases 2: one consumer could hold every buffer");
  EXPECT_NE(Refusal({{"clients", "0"}}), "");
  EXPECT_NE(Refusal({{"clients", "4097"}}), "");
  EXPECT_NE(Refusal({{"lease-time", "1"}}), "");
  EXPECT_NE(Refusal({{"hold-time", "-1"}}), "");
  EXPECT_NE(Refusal({{"socket", dir / "none/s"}}, VSTREAM_E_NOT_FOUND), "");
  EXPECT_NE(Refusal({{"socket", dir / "h"}}, VSTREAM_E_BUSY), "");
  EXPECT_EQ(Refusal({{"clients", "4096"}}, VSTREAM_OK), "");
}

// `explain` prints another sum than the pool is made by.
TEST_F(TransportTest, InfoAddsUp) {
  TestHost sut({{"socket", dir / "s"}, {"buffers", "9"}, {"leases", "3"}});
  ASSERT_TRUE(sut.ok()) << sut.error.message;
  const vstream_transport_info info = sut.Info();
  EXPECT_EQ(info.extra_buffers, 9u);
  EXPECT_STREQ(info.fields, "1 newest + 3 leases + 5 queue");
  EXPECT_EQ(info.max_buffers, 64u);
  EXPECT_EQ(std::string(info.address), dir / "s");
}

// A frame in no buffer, in a published one, out of order or beyond its buffer is shown to consumers.
TEST_F(TransportTest, PublishChecksItsFrame) {
  ASSERT_TRUE(host.AddPool(3));
  EXPECT_EQ(Publish(Frame(99, 1)), VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(Publish(Frame(100, 1), 1), VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(Publish(Frame(100, 1), 7), VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(Publish(Frame(100, 0)), VSTREAM_E_INVALID);
  vstream_frame frame = Frame(100, 1);
  frame.bytes_used[0] = 4097;
  EXPECT_EQ(Publish(frame), VSTREAM_E_INVALID);
  EXPECT_STREQ(host.error.message, "frame 1: plane 0: 4097 bytes used of 4096");
  frame = Frame(100, 1);
  frame.visible = {60, 0, 5, 5};
  EXPECT_EQ(Publish(frame), VSTREAM_E_INVALID);
  frame = Frame(100, 1);
  frame.tlv_bytes = 129;
  EXPECT_EQ(Publish(frame), VSTREAM_E_INVALID);
  frame = Frame(100, 1);
  frame.acquire_fence = 3;
  EXPECT_EQ(Publish(frame), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(Publish(Frame(100, 5)), VSTREAM_OK) << "gaps are allowed";
  EXPECT_EQ(Publish(Frame(101, 5)), VSTREAM_E_INVALID);
  EXPECT_EQ(Publish(Frame(100, 6)), VSTREAM_E_BUSY);
  EXPECT_EQ(Publish(Frame(101, 6)), VSTREAM_OK);
}

// Buffers come back that were not asked for, twice, or under the page's numbers.
TEST_F(TransportTest, ReclaimSpeaksTheRuntimesIds) {
  ASSERT_TRUE(host.AddPool(4));
  for (uint32_t i = 0; i < 3; ++i) ASSERT_EQ(Publish(Frame(100 + i, i + 1)), VSTREAM_OK);
  std::vector<uint32_t> taken;
  EXPECT_EQ(Reclaim({101}, 1, &taken), VSTREAM_OK);
  EXPECT_EQ(taken, std::vector<uint32_t>{101});
  EXPECT_EQ(Reclaim({100, 101, 102, 103}, 4, &taken), VSTREAM_OK);
  EXPECT_EQ(taken, std::vector<uint32_t>{100}) << "101 is back already, 102 is the newest, 103 was never out";
  EXPECT_EQ(Reclaim({}, 4, &taken), VSTREAM_OK);
  EXPECT_TRUE(taken.empty());
  EXPECT_EQ(Reclaim({100, 999}, 4, &taken), VSTREAM_E_NOT_FOUND);
  EXPECT_EQ(Reclaim(std::vector<uint32_t>(600, 100), 4, &taken), VSTREAM_E_INVALID);
}

// Sets that share ids, go back in time, or pile up.
TEST_F(TransportTest, SetsAreCheckedAndBounded) {
  EXPECT_FALSE(host.RemovePool(1));
  EXPECT_EQ(host.code, VSTREAM_E_NOT_FOUND);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(host.AddPool(1)) << host.error.message;
  EXPECT_FALSE(host.AddPool(1));
  EXPECT_EQ(host.code, VSTREAM_E_NO_MEMORY);
  EXPECT_TRUE(host.AddPool(1, VSTREAM_STREAM_PACKETS, 100)) << host.error.message;
  ASSERT_TRUE(host.RemovePool(3));
  EXPECT_FALSE(host.RemovePool(3));
  EXPECT_TRUE(host.AddPool(64)) << host.error.message;
  EXPECT_TRUE(host.RemovePool(host.epoch()));
  EXPECT_FALSE(host.AddPool(65));
  EXPECT_EQ(host.code, VSTREAM_E_INVALID);
}

// Buffers that cannot be protected, or are smaller than they say, are announced.
TEST_F(TransportTest, BuffersAreChecked) {
  const size_t fds = OpenFds();
  const auto add = [&](auto change) {
    vstream_buffer buffer{};
    buffer.struct_size = sizeof buffer;
    buffer.fd_count = 1;
    buffer.memory = VSTREAM_MEMORY_MEMFD;
    shm::UniqueFd fd;
    EXPECT_TRUE(shm::MakeMemfd("t", 4096, false, &fd).ok());
    buffer.fds[0] = fd.get();
    buffer.fd_size[0] = 4096;
    buffer.layout.fourcc = VSTREAM_FORMAT_GREY;
    buffer.layout.plane_count = 1;
    buffer.layout.width = buffer.layout.height = 64;
    buffer.layout.planes[0] = {0, 64, 0, 4096};
    std::vector<vstream_buffer> buffers(2, buffer);
    std::vector<uint32_t> ids{1, 2};
    change(buffers, ids);
    vstream_buffer_set set{};
    set.struct_size = sizeof set;
    set.epoch = 1000;
    set.buffer_count = 2;
    set.buffers = buffers.data();
    set.buffer_ids = ids.data();
    set.buffer_stride = sizeof buffer;
    return TestHost::ops.add_set(host.self(), &set, &host.error);
  };
  using Buffers = std::vector<vstream_buffer>;
  using Ids = std::vector<uint32_t>;
  const int plain = ::memfd_create("plain", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(plain, 4096), 0);
  EXPECT_EQ(add([&](Buffers& b, Ids&) { b[1].fds[0] = plain; }), VSTREAM_E_UNSUPPORTED) << host.error.message;
  ::close(plain);
  EXPECT_EQ(add([](Buffers& b, Ids&) { b[1].fd_size[0] = 8192; }), VSTREAM_E_INVALID);
  EXPECT_STREQ(host.error.message, "buffer set 1000: buffer 2: descriptor of 4096 bytes, said to have 8192");
  EXPECT_EQ(add([](Buffers& b, Ids&) { b[1].layout.planes[0].stride = 63; }), VSTREAM_E_INVALID);
  EXPECT_EQ(add([](Buffers& b, Ids&) { b[0].layout.planes[0].size = 4095; }), VSTREAM_E_INVALID);
  EXPECT_EQ(add([](Buffers& b, Ids&) { b[0].memory = b[1].memory = VSTREAM_MEMORY_CPU_ACCESS; }),
            VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(add([](Buffers& b, Ids&) { b[0].fd_count = b[1].fd_count = 1000; }), VSTREAM_E_INVALID);
  EXPECT_EQ(add([](Buffers&, Ids& ids) { ids[1] = 1; }), VSTREAM_E_INVALID);
  EXPECT_EQ(OpenFds(), fds) << "a refused set leaves descriptors";
  EXPECT_EQ(add([](Buffers&, Ids&) {}), VSTREAM_OK) << host.error.message;
  EXPECT_EQ(add([](Buffers&, Ids&) {}), VSTREAM_E_INVALID) << "the same epoch again";
}

// A state that consumers do not know.
TEST_F(TransportTest, StatesAreChecked) {
  host.SetState(VSTREAM_TRANSPORT_STATE_NO_SIGNAL);
  EXPECT_EQ(host.code, VSTREAM_OK);
  host.SetState(17);
  EXPECT_EQ(host.code, VSTREAM_E_INVALID);
  host.SetState(VSTREAM_TRANSPORT_STATE_RUNNING, 1);
  EXPECT_EQ(host.code, VSTREAM_E_NOT_FOUND);
}

// An instance that ends leaves its socket, descriptors or events.
TEST_F(TransportTest, NothingIsLeftBehind) {
  const size_t fds = OpenFds();
  {
    TestHost sut({{"socket", dir / "s"}});
    ASSERT_TRUE(sut.ok());
    EXPECT_TRUE(sut.Events().empty());
  }
  EXPECT_EQ(OpenFds(), fds);
  EXPECT_EQ(dir.List(), std::vector<std::string>{"h"});
}

}  // namespace
}  // namespace videostream::test
