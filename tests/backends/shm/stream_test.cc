// SPDX-License-Identifier: Apache-2.0
// Frames through the whole native transport, between processes: order, content, policies, accounting.
#include <numeric>

#include "tests/backends/shm/test_host.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using std::chrono::seconds;

// What a consumer process checks about the frame it got; 0: all is well.
int CheckFrame(const Frame& frame) {
  if (frame.format() != VSTREAM_FORMAT_GREY || frame.width() != TestHost::kWidth || frame.stride() != 64) return 2;
  if (frame.size() != size_t{64} * 64 || frame.data(1) != nullptr) return 3;
  if (!IsFrame(frame.data(), frame.size(), frame.sequence())) return 4;
  if (frame.pts_ns() <= 0 || frame.published_ns() < frame.pts_ns() || frame.age().count() < 0) return 5;
  if (frame.visible().height != TestHost::kHeight || frame.rate().num != 30 || frame.colorimetry().matrix != 1)
    return 6;
  return frame.valid() ? 0 : 7;
}

uint64_t Skipped(const ClientStats& stats) {
  return std::accumulate(stats.skipped.begin(), stats.skipped.end(), uint64_t{0});
}

struct StreamTest : ::testing::Test {
  StreamTest() { ::alarm(100); }
  ~StreamTest() override { ::alarm(0); }
  TempDir dir;
  std::string path = dir / "s";
  size_t fds = OpenFds();
};

// Lost, repeated, reordered or mixed-up frames of a consumer that keeps up.
TEST_F(StreamTest, QueueConsumersGetEveryFrameInOrder) {
  constexpr uint64_t kFrames = 200;
  {
    TestHost host({{"socket", path}, {"buffers", "8"}});
    ASSERT_TRUE(host.ok()) << host.error.message;
    ASSERT_TRUE(host.AddPool(9)) << host.error.message;
    Signal taken;
    std::vector<std::unique_ptr<Child>> children;
    children.reserve(3);
    for (int i = 0; i < 3; ++i) {
      children.push_back(std::make_unique<Child>([&] {
        Client client(path, {.name = "queue", .queue = 4});
        for (uint64_t expected = 1; expected <= kFrames; ++expected) {
          const Frame frame = client.wait_for_frame(seconds(20));
          if (!frame || frame.sequence() != expected) {
            std::fprintf(stderr, "expected %lu, got %lu: %s\n", static_cast<unsigned long>(expected),
                         static_cast<unsigned long>(frame ? frame.sequence() : 0), client.error().c_str());
            return 10;
          }
          if (const int wrong = CheckFrame(frame); wrong != 0) return wrong;
          taken.Send();
        }
        const ClientStats stats = client.stats();
        return stats.published == kFrames && stats.taken == kFrames && Skipped(stats) == 0 && stats.gaps == 0 ? 0 : 11;
      }));
    }
    ASSERT_TRUE(host.WaitForConsumers(3));
    for (uint64_t i = 0; i < kFrames; ++i) {
      ASSERT_TRUE(host.Publish()) << host.error.message;
      host.Service();
      for (int j = 0; j < 3; ++j) taken.Wait();
    }
    for (auto& child : children) EXPECT_EQ(child->Wait(), 0) << "wait status";
    EXPECT_TRUE(host.WaitForConsumers(0));
    EXPECT_EQ(host.dropped, 0u);
  }
  EXPECT_EQ(OpenFds(), fds);
  EXPECT_TRUE(dir.List().empty());
}

// A consumer that sleeps gets old frames, or its losses are not counted.
TEST_F(StreamTest, LatestConsumerSkipsAndCounts) {
  TestHost host({{"socket", path}});
  ASSERT_TRUE(host.ok() && host.AddPool(7)) << host.error.message;
  Signal go;
  Signal done;
  Child child([&] {
    Client client(path);
    if (!client.connect(seconds(20))) return 1;
    go.Wait();
    Frame frame = client.wait_for_frame(seconds(20));
    if (!frame || frame.sequence() != 50) return 10;
    if (const int wrong = CheckFrame(frame); wrong != 0) return wrong;
    const ClientStats stats = client.stats();
    if (stats.published != 50 || stats.taken != 1 || stats.skipped[VSTREAM_DROP_OVERRUN] != 49 || stats.gaps != 1) {
      return 11;
    }
    if (client.wait_for_frame(seconds(0))) return 12;  // the same frame twice
    done.Send();
    go.Wait();
    return 0;
  });
  ASSERT_TRUE(host.WaitForConsumers(1));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(host.Publish()) << host.error.message;
  go.Send();
  ASSERT_TRUE(host.ServeUntil([&] { return done.Arrived() || child.Ended(); }));
  const auto consumers = host.Consumers();
  go.Send();
  EXPECT_EQ(child.Wait(), 0) << "wait status";
  ASSERT_EQ(consumers.size(), 1u);
  EXPECT_EQ(consumers[0].published, 50u);
  EXPECT_EQ(consumers[0].taken, 1u);
  EXPECT_EQ(consumers[0].skipped[VSTREAM_DROP_OVERRUN], 49u);
  EXPECT_EQ(consumers[0].first_sequence, 1u);
}

}  // namespace
}  // namespace videostream::test
