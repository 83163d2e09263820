// SPDX-License-Identifier: Apache-2.0
// `protect: copy`: consumers get sealed memory of the transport's own, whatever the pool is made of.
#include <fcntl.h>
#include <sys/stat.h>

#include <set>

#include "tests/backends/shm/raw_consumer.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::nanoseconds;

struct ProtectCopyTest : ::testing::Test {
  ProtectCopyTest() { ::alarm(100); }
  ~ProtectCopyTest() override { ::alarm(0); }
  void SetUp() override { ASSERT_TRUE(host.ok()) << host.error.message; }
  bool Connect(Client& client) {
    return host.ServeUntil([&] { return client.connect(nanoseconds(0)); });
  }
  TempDir dir;
  std::string path = dir / "s";
  TestHost host{{{"socket", path}, {"buffers", "6"}, {"protect", "copy"}}};
};

// Frames that are torn, mixed up, old or empty; a mapping that is left open.
TEST_F(ProtectCopyTest, ConsumersGetTheContentOfEveryFrame) {
  ASSERT_TRUE(host.AddPool(7)) << host.error.message;
  Client latest(path);
  Client queue(path, {.queue = 3});
  ASSERT_TRUE(Connect(latest) && Connect(queue)) << latest.error() << queue.error();
  const uint64_t trials = host.maps;
  for (uint64_t number = 1; number <= 60; ++number) {
    ASSERT_TRUE(host.Publish()) << host.error.message;
    for (Client* client : {&latest, &queue}) {
      const Frame frame = client->wait_for_frame(nanoseconds(0));
      ASSERT_TRUE(frame) << client->error();
      EXPECT_EQ(frame.sequence(), number);
      EXPECT_EQ(frame.stride(), TestHost::kWidth);
      ASSERT_EQ(frame.size(), size_t{64} * 64);
      EXPECT_TRUE(IsFrame(frame.data(), frame.size(), number));
      EXPECT_TRUE(frame.valid());
    }
  }
  EXPECT_EQ(host.maps - trials, 60u) << "one copy per frame, whatever the number of consumers";
  EXPECT_EQ(host.open_maps, 0);
}

// A frame that a consumer holds changes, since its copy is not bound to its buffer.
TEST_F(ProtectCopyTest, AHeldFrameStaysAsItIs) {
  ASSERT_TRUE(host.AddPool(7)) << host.error.message;
  Client client(path);
  ASSERT_TRUE(Connect(client)) << client.error();
  ASSERT_TRUE(host.Publish());
  Frame held = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(held) << client.error();
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(host.Publish()) << host.error.message;
  EXPECT_TRUE(IsFrame(held.data(), held.size(), 1));
  EXPECT_TRUE(held.release());
}

// The pool itself gets to consumers, who could then write to it; or what they see is the pool.
TEST_F(ProtectCopyTest, TheDescriptorsOfThePoolAreNeverSent) {
  host.memory = VSTREAM_MEMORY_DMABUF;  // not sealed, nor told to be a memfd
  ASSERT_TRUE(host.AddPool(7)) << host.error.message;
  const auto file = [](int fd) {
    struct stat s {};
    EXPECT_EQ(::fstat(fd, &s), 0);
    return std::pair(s.st_dev, s.st_ino);
  };
  std::set<std::pair<dev_t, ino_t>> pool;
  for (const uint32_t id : host.ids()) pool.insert(file(host.fd(id)));
  RawConsumer raw(path);
  ASSERT_TRUE(host.Publish());
  ASSERT_TRUE(raw.Subscribe(host));
  ASSERT_EQ(raw.fds.size(), 3u + 7u);
  for (const int fd : raw.fds) EXPECT_FALSE(pool.contains(file(fd)));
  for (const uint32_t id : host.ids()) EXPECT_EQ(::fcntl(host.fd(id), F_GET_SEALS) & F_SEAL_FUTURE_WRITE, 0);
  wire::BufferSet set;
  std::memcpy(&set, raw.bytes, sizeof set);
  EXPECT_NE(set.memory & VSTREAM_MEMORY_MEMFD, 0u);
  EXPECT_EQ(set.memory & VSTREAM_MEMORY_DMABUF, 0u);
  EXPECT_EQ(set.cpu_sync, uint32_t{VSTREAM_CPU_SYNC_NONE});

  Client client(path);
  ASSERT_TRUE(Connect(client)) << client.error();
  ASSERT_TRUE(host.Publish());
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(frame) << client.error();
  for (const uint32_t id : host.ids()) std::memset(host.data(id), 0, frame.size());
  EXPECT_TRUE(IsFrame(frame.data(), frame.size(), frame.sequence())) << "it changes with the pool";
}

// A frame that could not be copied is shown with what was in the copy before, or its buffer is lost.
TEST_F(ProtectCopyTest, AFrameThatCannotBeReadIsNotPublished) {
  ASSERT_TRUE(host.AddPool(2)) << host.error.message;
  Client client(path);
  ASSERT_TRUE(Connect(client)) << client.error();
  const uint32_t id = host.Acquire();
  FillFrame(host.data(id), size_t{64} * 64, 1);
  host.map_code = VSTREAM_E_IO;
  EXPECT_FALSE(host.PublishBuffer(id, VSTREAM_STREAM_FRAMES, 0));
  EXPECT_EQ(host.code, VSTREAM_E_IO);
  EXPECT_EQ(std::string(host.error.message),
            "frame 1, copy for consumers ('protect: copy'): map of buffer " + std::to_string(id));
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  host.map_code = VSTREAM_OK;
  EXPECT_TRUE(host.PublishBuffer(id, VSTREAM_STREAM_FRAMES, 0)) << host.error.message;
  const Frame frame = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(frame) << client.error();
  EXPECT_EQ(frame.sequence(), 1u);
  EXPECT_TRUE(IsFrame(frame.data(), frame.size(), 1));
  EXPECT_EQ(host.open_maps, 0);
}

// Memory without CPU access is found out by the first frame; or what was made until then stays.
TEST_F(ProtectCopyTest, MemoryThatCannotBeReadIsRefusedAtOnce) {
  const size_t fds = OpenFds();
  host.map_code = VSTREAM_E_UNSUPPORTED;
  EXPECT_FALSE(host.AddPool(3));
  EXPECT_EQ(host.code, VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(std::string(host.error.message),
            "buffer set 1: buffer 100, read for its copy ('protect: copy'): map of buffer 100");
  EXPECT_EQ(OpenFds(), fds + 3) << "besides those of the test's pool";
}

// Memory that has no descriptors worth sharing, for which copies are the only way.
TEST_F(ProtectCopyTest, AnyMemoryWillDoThatCanBeRead) {
  TestHost sharing({{"socket", dir / "t"}});
  host.memory = sharing.memory = VSTREAM_MEMORY_CPU_ACCESS;
  EXPECT_FALSE(sharing.AddPool(3));
  EXPECT_EQ(sharing.code, VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(sharing.Info().memory & VSTREAM_MEMORY_CPU_ACCESS, 0u);
  EXPECT_TRUE(host.AddPool(3)) << host.error.message;
  EXPECT_NE(host.Info().memory & VSTREAM_MEMORY_CPU_ACCESS, 0u);
}

// `explain` and `status` keep quiet about a copy of every frame.
TEST_F(ProtectCopyTest, InfoSaysSo) {
  EXPECT_STREQ(host.Info().fields, "1 newest + 2 leases + 3 queue, copied for consumers");
  EXPECT_EQ(TestHost({{"socket", dir / "t"}, {"protect", "yes"}}).code, VSTREAM_E_INVALID);
  TestHost none({{"socket", dir / "t"}, {"protect", "none"}});
  EXPECT_STREQ(none.Info().fields, "1 newest + 2 leases + 3 queue");
}

// Packets are shared after all, or cut.
TEST_F(ProtectCopyTest, PacketsAreCopiedAsWell) {
  ASSERT_TRUE(host.AddPool(4, VSTREAM_STREAM_PACKETS, 1000)) << host.error.message;
  Client client(path, {.stream = Stream::kPackets});
  ASSERT_TRUE(Connect(client)) << client.error();
  ASSERT_TRUE(host.Publish(VSTREAM_STREAM_PACKETS, VSTREAM_FRAME_KEY)) << host.error.message;
  const Frame packet = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(packet) << client.error();
  EXPECT_EQ(packet.size(), 1000u);
  EXPECT_TRUE(IsFrame(packet.data(), packet.size(), 1));
}

// Sets that come and go leave their copies behind.
TEST_F(ProtectCopyTest, CopiesEndWithTheirSet) {
  ASSERT_TRUE(host.AddPool(3)) << host.error.message;
  const size_t fds = OpenFds();
  for (uint32_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(host.AddPool(3)) << host.error.message;
    ASSERT_TRUE(host.Publish()) << host.error.message;
    ASSERT_TRUE(host.RemovePool(host.epoch() - 1)) << host.error.message;
  }
  EXPECT_EQ(OpenFds(), fds + size_t{20} * 3) << "besides those of the test's pools";
}

// Planes in descriptors of their own: swapped, or copied beyond what is used.
TEST_F(ProtectCopyTest, PlanesOfSeveralDescriptorsArePacked) {
  constexpr uint32_t kWidth = 50, kHeight = 20, kStride = 64;
  constexpr uint64_t kSizes[] = {uint64_t{kStride} * kHeight, uint64_t{kStride} * kHeight / 2};
  struct Pool {
    int fds[2] = {-1, -1};
    std::vector<uint8_t> planes[2];
  } pool;
  vstream_runtime runtime = *host.services();
  runtime.ctx = &pool;
  runtime.log = [](void*, uint32_t, const char*, uint64_t) {};
  runtime.now_ns = [](void*) { return NowNs(); };
  runtime.map = [](void* ctx, uint32_t, uint32_t, vstream_mapping* out, vstream_error*) -> int32_t {
    auto* self = static_cast<Pool*>(ctx);
    out->plane_count = 2;
    for (int i = 0; i < 2; ++i) out->data[i] = self->planes[i].data(), out->size[i] = self->planes[i].size();
    return VSTREAM_OK;
  };
  runtime.unmap = [](void*, uint32_t, uint32_t) {};
  vstream_buffer buffer{};
  buffer.struct_size = sizeof buffer;
  buffer.fd_count = 2;
  buffer.memory = VSTREAM_MEMORY_DMABUF | VSTREAM_MEMORY_CPU_ACCESS;
  buffer.cpu_sync = VSTREAM_CPU_SYNC_EACH_READER;
  buffer.layout.fourcc = VSTREAM_FORMAT_NV12;
  buffer.layout.plane_count = 2;
  buffer.layout.width = kWidth;
  buffer.layout.height = kHeight;
  for (uint32_t i = 0; i < 2; ++i) {
    pool.fds[i] = ::memfd_create("pool", MFD_CLOEXEC);
    ASSERT_EQ(::ftruncate(pool.fds[i], 8192), 0);
    pool.planes[i].assign(kSizes[i], static_cast<uint8_t>(0x11 * (i + 1)));
    buffer.fds[i] = pool.fds[i];
    buffer.fd_size[i] = 8192;
    buffer.layout.planes[i] = {1 - i, kStride, 100, kSizes[i]};  // the first plane in the second descriptor
  }
  const std::vector<std::pair<std::string, std::string>> texts = {{"socket", dir / "t"}, {"protect", "copy"}};
  std::vector<vstream_option> options;
  options.reserve(texts.size());
  for (const auto& [name, value] : texts) options.push_back({name.c_str(), value.c_str()});
  vstream_create_info info{};
  info.struct_size = sizeof info;
  info.option_count = 2;
  info.options = options.data();
  info.option_stride = sizeof(vstream_option);
  vstream_error error{};
  error.struct_size = sizeof error;
  void* self = nullptr;
  ASSERT_EQ(TestHost::ops.create(&runtime, &info, &self, &error), VSTREAM_OK) << error.message;
  const vstream_buffer buffers[] = {buffer, buffer, buffer};
  const uint32_t ids[] = {5, 6, 7};
  vstream_buffer_set set{};
  set.struct_size = sizeof set;
  set.epoch = 1;
  set.buffer_count = 3;
  set.buffers = buffers;
  set.buffer_ids = ids;
  set.buffer_stride = sizeof(vstream_buffer);
  ASSERT_EQ(TestHost::ops.add_set(self, &set, &error), VSTREAM_OK) << error.message;
  Client client(dir / "t");
  for (const int64_t end = NowNs() + 10'000'000'000; NowNs() < end && !client.connect(nanoseconds(0));) {
    TestHost::ops.service(self, &error);
  }
  vstream_frame frame{};
  frame.struct_size = sizeof frame;
  frame.buffer_id = 6;
  frame.sequence = 1;
  frame.bytes_used[0] = kSizes[0];
  frame.bytes_used[1] = kSizes[1] - 10;
  frame.acquire_fence = frame.release_fence = -1;
  ASSERT_EQ(TestHost::ops.publish(self, 0, &frame, &error), VSTREAM_OK) << error.message;
  const Frame seen = client.wait_for_frame(nanoseconds(0));
  ASSERT_TRUE(seen) << client.error();
  EXPECT_EQ(seen.stride(0), kStride);
  ASSERT_EQ(seen.size(0), kSizes[0]);
  ASSERT_EQ(seen.size(1), kSizes[1] - 10);
  EXPECT_TRUE(std::all_of(seen.data(0), seen.data(0) + seen.size(0), [](uint8_t b) { return b == 0x11; }));
  EXPECT_TRUE(std::all_of(seen.data(1), seen.data(1) + seen.size(1), [](uint8_t b) { return b == 0x22; }));
  EXPECT_EQ(seen.data(1)[kSizes[1] - 1], 0) << "what was not used is not copied";
  TestHost::ops.destroy(self);
  for (const int fd : pool.fds) ::close(fd);
}

// Nobody says that consumers of other users can write to frames in dma-bufs; or it is said of those who cannot.
TEST_F(ProtectCopyTest, DmaBufsForOtherUsersAreWarnedOf) {
  const struct {
    TestHost::Options options;
    std::vector<std::pair<std::string, std::string>> lists;
    uint32_t memory;
    bool warned;
  } rows[] = {
      {{{"mode", "0666"}}, {}, VSTREAM_MEMORY_DMABUF, true},
      {{{"mode", "0606"}}, {{"allow-uid", "12345"}}, VSTREAM_MEMORY_DMABUF, true},
      {{{"mode", "0666"}}, {{"allow-gid", "12345"}}, VSTREAM_MEMORY_DMABUF, true},
      {{{"mode", "0666"}}, {{"allow-uid", "root"}}, VSTREAM_MEMORY_DMABUF, false},
      {{{"mode", "0600"}}, {}, VSTREAM_MEMORY_DMABUF, false},
      {{{"mode", "0666"}}, {}, VSTREAM_MEMORY_MEMFD, false},
      {{{"mode", "0666"}, {"protect", "copy"}}, {}, VSTREAM_MEMORY_DMABUF, false},
  };
  for (const auto& row : rows) {
    auto options = row.options;
    options["socket"] = dir / "t";
    TestHost sut(options, row.lists);
    ASSERT_TRUE(sut.ok()) << sut.error.message;
    sut.memory = row.memory;
    ASSERT_TRUE(sut.AddPool(3) && sut.AddPool(3)) << sut.error.message;
    const std::string text = "socket '" + dir / "t" +
                             "': other users may connect, and its frames are in dma-bufs, which have no seals: a "
                             "consumer can write to them; 'protect: copy' gives consumers sealed copies";
    EXPECT_EQ(sut.logged, row.warned ? std::vector<std::string>{text} : std::vector<std::string>())
        << row.options.begin()->second;
  }
}

}  // namespace
}  // namespace videostream::test
