// SPDX-License-Identifier: Apache-2.0
// The C API of the consumer library against the real transport. Threads: client_c_threads_test.cc, memory:
// client_c_memory_test.cc, wrong handles: tests/core/host/c_handles_test.cc.
#include <poll.h>

#include <cstring>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.h"

namespace videostream::test {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

struct ClientCTest : ::testing::Test {
  ClientCTest() { ::alarm(100); }
  ~ClientCTest() override {
    vstream_client_destroy(client);
    ::alarm(0);
  }
  void Start(TestHost::Options options = {}) {
    options["socket"] = path;
    host = std::make_unique<TestHost>(options);
    ASSERT_TRUE(host->ok() && host->AddPool(7)) << host->error.message;
  }
  void Join(const vstream_client_options* options = nullptr) {
    ASSERT_EQ(vstream_client_create(path.c_str(), options, &client, &error), VSTREAM_OK) << error.message;
    ASSERT_TRUE(host->ServeUntil([&] { return vstream_client_connect(client, 0, &error) != VSTREAM_E_TIMEOUT; }));
  }
  vstream_client_frame* Next() {
    vstream_client_frame* frame = nullptr;
    EXPECT_TRUE(host->Publish()) << host->error.message;
    EXPECT_EQ(vstream_client_wait(client, kSecond, &frame, &error), VSTREAM_OK) << error.message;
    return frame;
  }
  uint32_t State() {
    uint32_t state = 99;
    EXPECT_EQ(vstream_client_state(client, &state), VSTREAM_OK);
    return state;
  }
  TempDir dir;
  std::string path = dir / "s";
  std::unique_ptr<TestHost> host;
  vstream_client* client = nullptr;
  vstream_error error{};
};

// A field of the view that is mixed up with its neighbour, or forgotten.
TEST_F(ClientCTest, ViewTellsWhatTheFrameIs) {
  Start();
  Join();
  ASSERT_EQ(State(), uint32_t{VSTREAM_CLIENT_CONNECTED});
  const int64_t before = NowNs();
  vstream_client_frame* frame = Next();
  ASSERT_NE(frame, nullptr);
  vstream_frame_view view{};
  view.struct_size = sizeof view;
  ASSERT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_OK);
  EXPECT_EQ(view.struct_size, sizeof view);
  EXPECT_EQ(view.format, VSTREAM_FORMAT_GREY);
  EXPECT_EQ(view.width, TestHost::kWidth);
  EXPECT_EQ(view.height, TestHost::kHeight);
  EXPECT_EQ(view.plane_count, 1u);
  EXPECT_EQ(view.flags, 0u);
  EXPECT_TRUE(IsFrame(view.data[0], view.size[0], 1));
  EXPECT_EQ(view.data[1], nullptr);
  EXPECT_EQ(view.size[0], uint64_t{TestHost::kWidth} * TestHost::kHeight);
  EXPECT_EQ(view.size[1], 0u);
  EXPECT_EQ(view.stride[0], TestHost::kWidth);
  EXPECT_EQ(view.visible.width, TestHost::kWidth);
  EXPECT_EQ(view.visible.height, TestHost::kHeight);
  EXPECT_EQ(view.colorimetry.range, VSTREAM_RANGE_LIMITED);
  EXPECT_EQ(view.rate.num, 30u);
  EXPECT_EQ(view.sequence, 1u);
  EXPECT_GE(view.pts_ns, before);
  EXPECT_GE(view.published_ns, view.pts_ns);
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_E_INVALID) << "released twice";
  EXPECT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_E_INVALID) << "read after the release";
  EXPECT_EQ(host->Consumers().at(0).leases_held, 0u);
}

// A release that gives back the buffer under a second handle, or never.
TEST_F(ClientCTest, SharedFrameGoesBackWithItsLastHandle) {
  Start();
  Join();
  vstream_client_frame* frame = Next();
  vstream_client_frame* copy = nullptr;
  ASSERT_EQ(vstream_client_frame_share(frame, &copy, &error), VSTREAM_OK) << error.message;
  ASSERT_NE(copy, frame);
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
  uint32_t valid = 9;
  EXPECT_EQ(vstream_client_frame_valid(copy, &valid), VSTREAM_OK);
  EXPECT_EQ(valid, 1u);
  EXPECT_EQ(host->Consumers().at(0).leases_held, 1u);
  EXPECT_EQ(vstream_client_frame_release(copy), VSTREAM_OK);
  EXPECT_EQ(host->Consumers().at(0).leases_held, 0u);
}

// Frames that die with their client, or a lease that is called valid after the end of its producer.
TEST_F(ClientCTest, FramesOutliveClientAndProducer) {
  Start();
  Join();
  vstream_client_frame* frame = Next();
  ASSERT_EQ(vstream_client_destroy(client), VSTREAM_OK);
  vstream_frame_view view{};
  view.struct_size = sizeof view;
  ASSERT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_OK);
  uint32_t valid = 9;
  EXPECT_EQ(vstream_client_frame_valid(frame, &valid), VSTREAM_OK);
  EXPECT_EQ(valid, 1u);
  host.reset();
  EXPECT_EQ(vstream_client_frame_valid(frame, &valid), VSTREAM_OK);
  EXPECT_EQ(valid, 0u);
  EXPECT_TRUE(IsFrame(view.data[0], view.size[0], 1)) << "no longer mapped";
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
}

// Outputs that are written although nothing came; an `error` that is asked for, or filled in halfway.
TEST_F(ClientCTest, TimeoutSaysSoAndLeavesTheOutputAlone) {
  ASSERT_EQ(vstream_client_create(path.c_str(), nullptr, &client, nullptr), VSTREAM_OK);
  auto* const untouched = reinterpret_cast<vstream_client_frame*>(&client);
  vstream_client_frame* frame = untouched;
  error.code = 77;
  EXPECT_EQ(vstream_client_wait(client, 0, &frame, &error), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(frame, untouched);
  EXPECT_EQ(error.struct_size, sizeof error);
  EXPECT_EQ(error.code, VSTREAM_E_TIMEOUT);
  EXPECT_STREQ(error.message, "vstream_client_wait: no producer in time");
  EXPECT_EQ(vstream_client_wait(client, 1, &frame, nullptr), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(vstream_client_wait(client, -1, &frame, nullptr), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(vstream_client_connect(client, 1, &error), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(State(), uint32_t{VSTREAM_CLIENT_CONNECTING});
  Start();
  ASSERT_TRUE(host->ServeUntil([&] { return vstream_client_connect(client, 0, &error) == VSTREAM_OK; }));
  EXPECT_EQ(error.code, VSTREAM_OK) << "success clears it";
  EXPECT_STREQ(error.message, "");
  EXPECT_EQ(vstream_client_wait(client, 0, &frame, &error), VSTREAM_E_TIMEOUT);
  EXPECT_STREQ(error.message, "vstream_client_wait: no frame came in time");
  EXPECT_EQ(frame, untouched);
}

// A wrong argument that is taken, answered with a crash, or refused without saying which it was.
TEST_F(ClientCTest, WrongArgumentsAreNamed) {
  vstream_client_options options{};
  options.struct_size = sizeof options;
  const auto refused = [&](const char* socket, const vstream_client_options* o, vstream_client** out) {
    const int32_t code = vstream_client_create(socket, o, out, &error);
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(code, VSTREAM_E_INVALID);
    return std::string(error.message);
  };
  const std::string name = "vstream_client_create: ";
  EXPECT_EQ(refused(nullptr, &options, &client), name + "socket_path is null");
  EXPECT_EQ(refused("/tmp/x", &options, nullptr), name + "client is null");
  EXPECT_EQ(refused("", &options, &client), name + "socket '': no path given");
  EXPECT_NE(refused(std::string(200, 'x').c_str(), nullptr, &client).find("at most 107"), std::string::npos);
  options.stream = 2;
  EXPECT_NE(refused("/tmp/x", &options, &client).find("options.stream is 2"), std::string::npos);
  options.stream = 0;
  options.queue = 33;
  EXPECT_NE(refused("/tmp/x", &options, &client).find("options.queue is 33, expected at most 32"), std::string::npos);
  options.queue = 32;
  options.no_reconnect = 2;
  EXPECT_NE(refused("/tmp/x", &options, &client).find("options.no_reconnect is 2"), std::string::npos);
  EXPECT_EQ(client, nullptr);
  ASSERT_EQ(vstream_client_create("/tmp/x", nullptr, &client, nullptr), VSTREAM_OK);
  EXPECT_EQ(vstream_client_wait(client, 0, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_STREQ(error.message, "vstream_client_wait: frame is null");
  EXPECT_EQ(vstream_client_poll_fd(client, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_state(client, nullptr), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_get_stats(client, nullptr), VSTREAM_E_INVALID);
}

// A struct_size that was forgotten is taken for a struct of this version.
TEST_F(ClientCTest, AbsurdSizesAreRefused) {
  Start();
  Join();
  vstream_client_frame* frame = Next();
  for (const uint32_t size : {0U, 1U, 4U, 21U, 100'000U, 0xffff'ffffU}) {
    vstream_client_options options{};
    options.struct_size = size;
    vstream_client* other = nullptr;
    EXPECT_EQ(vstream_client_create("/tmp/x", &options, &other, &error), VSTREAM_E_INVALID) << size;
    EXPECT_EQ(other, nullptr);
    EXPECT_NE(std::string(error.message).find("options.struct_size is " + std::to_string(size)), std::string::npos);
    vstream_client_stats stats{};
    stats.struct_size = size;
    EXPECT_EQ(vstream_client_get_stats(client, &stats), VSTREAM_E_INVALID) << size;
    EXPECT_EQ(stats.published, 0u);
    vstream_frame_view view{};
    view.struct_size = size;
    EXPECT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_E_INVALID) << size;
    EXPECT_EQ(view.width, 0u);
  }
  EXPECT_EQ(vstream_client_frame_view(frame, nullptr), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_frame_valid(frame, nullptr), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_frame_share(frame, nullptr, &error), VSTREAM_E_INVALID);
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
}

// A caller built with an older header gets bytes written behind its struct, or has them read.
TEST_F(ClientCTest, OlderCallersStructsAreUsedAsFarAsTheyReach) {
  Start();
  vstream_client_options options{};
  options.struct_size = offsetof(vstream_client_options, name);
  options.name = reinterpret_cast<const char*>(uintptr_t{1});  // read: a crash
  Join(&options);
  vstream_client_frame* frame = Next();
  vstream_frame_view view;
  std::memset(&view, 0x5a, sizeof view);
  view.struct_size = offsetof(vstream_frame_view, data);
  ASSERT_EQ(vstream_client_frame_view(frame, &view), VSTREAM_OK);
  EXPECT_EQ(view.struct_size, offsetof(vstream_frame_view, data));
  EXPECT_EQ(view.width, TestHost::kWidth);
  EXPECT_EQ(view.flags, 0u);
  for (size_t i = offsetof(vstream_frame_view, data); i < sizeof view; ++i) {
    ASSERT_EQ(reinterpret_cast<const unsigned char*>(&view)[i], 0x5a) << i;
  }
  EXPECT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
}

// A caller built with a newer header is refused, or gets its own fields overwritten.
TEST_F(ClientCTest, NewerCallersStructsKeepTheirNewFields) {
  Start();
  Join();
  struct {
    vstream_client_stats stats;
    uint64_t added;
  } newer{};
  newer.stats.struct_size = sizeof newer;
  newer.added = 42;
  vstream_client_frame_release(Next());
  ASSERT_EQ(vstream_client_get_stats(client, &newer.stats), VSTREAM_OK);
  EXPECT_EQ(newer.stats.struct_size, sizeof newer);
  EXPECT_EQ(newer.stats.taken, 1u);
  EXPECT_EQ(newer.added, 42u);
}

// Counters in the wrong field, reasons shifted by one.
TEST_F(ClientCTest, StatsAreThoseOfTheClass) {
  Start();
  Join();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(host->Publish());
  vstream_client_frame_release(Next());
  vstream_client_stats stats{};
  stats.struct_size = sizeof stats;
  ASSERT_EQ(vstream_client_get_stats(client, &stats), VSTREAM_OK);
  EXPECT_EQ(stats.published, 4u);
  EXPECT_EQ(stats.taken, 1u);
  for (uint32_t i = 0; i < 16; ++i) EXPECT_EQ(stats.skipped[i], i == VSTREAM_DROP_OVERRUN ? 3u : 0u) << i;
  EXPECT_EQ(stats.gaps, 1u);
  EXPECT_EQ(stats.void_leases, 0u);
  EXPECT_EQ(stats.reconnects, 0u);
  EXPECT_EQ(stats.first_sequence, 4u);
  EXPECT_EQ(stats.last_sequence, 4u);
}

// A consumer that holds everything waits for ever for what cannot come.
TEST_F(ClientCTest, HoldingTooManyFramesIsBusy) {
  Start();
  Join();
  vstream_client_frame* held[] = {Next(), Next()};
  ASSERT_TRUE(host->Publish());
  vstream_client_frame* frame = nullptr;
  EXPECT_EQ(vstream_client_wait(client, INT64_MAX, &frame, &error), VSTREAM_E_BUSY);
  EXPECT_NE(std::string(error.message).find("all 2 frames"), std::string::npos) << error.message;
  vstream_client_frame_release(held[0]);
  EXPECT_EQ(vstream_client_wait(client, INT64_MAX, &frame, &error), VSTREAM_OK) << error.message;
  vstream_client_frame_release(frame);
  vstream_client_frame_release(held[1]);
}

// The end of the producer is a timeout, or the wait goes on.
TEST_F(ClientCTest, EndOfTheProducerIsEndOfStream) {
  Start();
  vstream_client_options options{};
  options.struct_size = sizeof options;
  options.no_reconnect = 1;
  Join(&options);
  host->SetState(VSTREAM_TRANSPORT_STATE_CLOSING);
  host.reset();
  vstream_client_frame* frame = nullptr;
  EXPECT_EQ(vstream_client_wait(client, INT64_MAX, &frame, &error), VSTREAM_E_END_OF_STREAM);
  EXPECT_EQ(error.code, VSTREAM_E_END_OF_STREAM);
  EXPECT_EQ(State(), uint32_t{VSTREAM_CLIENT_ENDED});
  EXPECT_EQ(vstream_client_connect(client, INT64_MAX, &error), VSTREAM_E_END_OF_STREAM);
}

// What the producer refuses is tried for ever, or loses its reason on the way.
TEST_F(ClientCTest, RefusalKeepsCodeAndReason) {
  Start({{"buffers", "6"}, {"leases", "2"}});
  vstream_client_options options{};
  options.struct_size = sizeof options;
  options.queue = 4;
  Join(&options);
  EXPECT_EQ(State(), uint32_t{VSTREAM_CLIENT_FAILED});
  vstream_client_frame* frame = nullptr;
  EXPECT_EQ(vstream_client_wait(client, INT64_MAX, &frame, &error), VSTREAM_E_INVALID);
  EXPECT_NE(std::string(error.message).find("queue 4: the producer has room for 3"), std::string::npos)
      << error.message;
}

// Name, stream and queue do not reach the producer; a key frame that is asked for in vain.
TEST_F(ClientCTest, OptionsReachTheProducer) {
  Start();
  ASSERT_TRUE(host->AddPool(12, VSTREAM_STREAM_PACKETS, 5000)) << host->error.message;
  vstream_client_options options{};
  options.struct_size = sizeof options;
  options.stream = VSTREAM_CLIENT_PACKETS;
  options.queue = 8;
  options.name = "recorder";
  Join(&options);
  const vstream_consumer consumer = host->Consumers().at(0);
  EXPECT_STREQ(consumer.name, "recorder");
  EXPECT_EQ(consumer.stream, uint32_t{VSTREAM_STREAM_PACKETS});
  EXPECT_EQ(consumer.queue_depth, 8u);
  EXPECT_EQ(vstream_client_request_key(client), VSTREAM_OK);
  host->Service();
  EXPECT_EQ(host->CountEvents(VSTREAM_EVENT_KEY_WANTED), 1u);
}

// An event loop that is not woken, or never put to rest.
TEST_F(ClientCTest, PollFdIsReadableWhileThereIsAFrame) {
  Start();
  Join();
  int32_t fd = -1;
  ASSERT_EQ(vstream_client_poll_fd(client, &fd, &error), VSTREAM_OK) << error.message;
  pollfd entry{fd, POLLIN, 0};
  vstream_client_frame* frame = nullptr;
  EXPECT_EQ(vstream_client_wait(client, 0, &frame, nullptr), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(::poll(&entry, 1, 0), 0);
  ASSERT_TRUE(host->Publish());
  EXPECT_EQ(::poll(&entry, 1, 0), 1);
  ASSERT_EQ(vstream_client_wait(client, 0, &frame, nullptr), VSTREAM_OK);
  vstream_client_frame_release(frame);
  EXPECT_EQ(vstream_client_wait(client, 0, &frame, nullptr), VSTREAM_E_TIMEOUT);
  EXPECT_EQ(::poll(&entry, 1, 0), 0);
  int32_t again = -1;
  EXPECT_EQ(vstream_client_poll_fd(client, &again, nullptr), VSTREAM_OK);
  EXPECT_EQ(again, fd);
}

// Handles beyond what a name can hold wrap around into those of others; a table that stays full.
TEST_F(ClientCTest, HandlesAreLimitedAndComeBack) {
  Start();
  Join();
  std::vector<vstream_client_frame*> all = {Next()};
  vstream_client_frame* copy = nullptr;
  int32_t code = VSTREAM_OK;
  while ((code = vstream_client_frame_share(all[0], &copy, &error)) == VSTREAM_OK && all.size() < 100'000) {
    all.push_back(copy);
  }
  EXPECT_EQ(code, VSTREAM_E_NO_MEMORY);
  EXPECT_EQ(all.size(), 65'535u);
  EXPECT_NE(std::string(error.message).find("65535 handles are open"), std::string::npos) << error.message;
  EXPECT_EQ(copy, all.back()) << "the output was touched";
  EXPECT_EQ(host->Consumers().at(0).leases_held, 1u);
  for (vstream_client_frame* frame : all) ASSERT_EQ(vstream_client_frame_release(frame), VSTREAM_OK);
  EXPECT_EQ(host->Consumers().at(0).leases_held, 0u);
  vstream_client_frame_release(Next());
}

}  // namespace
}  // namespace videostream::test
