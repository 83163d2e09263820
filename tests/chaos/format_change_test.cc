// SPDX-License-Identifier: Apache-2.0
// The format changes while frames flow, again and again: every queue consumer gets every frame of every format, in
// order and in its own shape.
//
// A Host has one format for its life; so the producer here is the transport itself, in this process.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <memory>
#include <random>
#include <vector>

#include "tests/backends/shm/test_host.h"
#include "tests/chaos/attackers.h"
#include "tests/chaos/load_parts.h"

namespace videostream::chaos {
namespace {

struct Picture {
  uint32_t fourcc, width, height;
};
constexpr Picture kPictures[] = {
    {VSTREAM_FORMAT_GREY, 64, 64},
    {VSTREAM_FORMAT_YUYV, 64, 64},
    {VSTREAM_FORMAT_GREY, 256, 16},
    {VSTREAM_FORMAT_YUYV, 8, 2},
};
const uint32_t kPool = LoadOptions().buffers;

class ChangingProducer {
 public:
  ChangingProducer(const std::string& path, Books& books)
      : books_(books),
        host_({{"socket", path}, {"buffers", std::to_string(kPool)}, {"lease-time", "3600000000000"}}),
        random_(Seed()) {}

  bool ok() const { return host_.ok(); }
  // The next picture from here on; the old set stays until nobody has frames of it to read.
  bool Change() {
    const Picture& picture = kPictures[pictures_++ % std::size(kPictures)];
    host_.fourcc = picture.fourcc;
    host_.width = picture.width;
    host_.height = picture.height;
    shape_ = Shape(picture.fourcc, picture.width, picture.height);
    if (!host_.AddPool(kPool + 2)) return false;
    sets_.push_back({host_.epoch(), 0});
    return true;
  }
  bool WaitForConsumers(uint64_t count) { return host_.WaitForConsumers(count); }

  // As many frames, waiting for the queue consumers before each.
  bool Publish(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!ServeUntil([&] { return Behind() < 4; })) return false;
      host_.Service();
      const uint64_t number = host_.sequence[0] + 1;
      books_.shape[number % kShapes].store(shape_, std::memory_order_release);
      if (!host_.Publish()) return false;
      sets_.back().last = number;
      books_.published.store(number, std::memory_order_release);
      if (!RemoveOldSets()) return false;
    }
    return true;
  }
  // Serves until everybody has taken what there is.
  bool Drain() {
    return ServeUntil([&] { return Behind() == 0; });
  }
  bool ServeUntil(const std::function<bool()>& done) {
    const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count();
    while (!done()) {
      if (NowNs() > end) return false;
      host_.Service();
      Breathe();
    }
    return true;
  }
  std::string Error() const { return host_.error.message; }
  uint64_t published() const { return host_.sequence[0]; }
  uint64_t removed() const { return removed_; }
  uint64_t dropped() const { return host_.dropped; }

 private:
  struct Set {
    uint32_t epoch;
    uint64_t last;  // frame in it
  };

  uint64_t Behind() {
    uint64_t behind = 0;
    for (const vstream_consumer& one : host_.Consumers()) {
      if (one.policy != VSTREAM_CONSUMER_POLICY_QUEUE) continue;
      const uint64_t done = std::accumulate(std::begin(one.skipped), std::end(one.skipped), one.taken);
      behind = std::max(behind, one.published - std::min(one.published, done));
    }
    return behind;
  }
  bool RemoveOldSets() {
    while (sets_.size() > 1) {
      const uint64_t unread_from = host_.sequence[0] - Behind() + 1;
      // Sooner or later; sooner than the transport's limit of living sets.
      if (sets_.front().last >= unread_from || (sets_.size() < 6 && random_() % 4 != 0)) return true;
      if (!host_.RemovePool(sets_.front().epoch)) return false;
      host_.FreePool(sets_.front().epoch);
      sets_.erase(sets_.begin());
      ++removed_;
    }
    return true;
  }

  Books& books_;
  test::TestHost host_;
  std::mt19937 random_;
  std::vector<Set> sets_;
  size_t pictures_ = 0;
  uint64_t shape_ = 0;
  uint64_t removed_ = 0;
};

// Bug: after a change frames of the old set are lost, or read in the shape of the new one; sets pile up.
TEST(FormatChange, QueuesGetEveryFrameOfEveryFormatInItsShape) {
  WatchTest();
  SCOPED_TRACE("seed " + std::to_string(Seed()));
  e2e::TempDir dir;
  const std::string path = dir / "s";
  const int books_fd = ::memfd_create("chaos-books", MFD_CLOEXEC);
  ASSERT_EQ(::ftruncate(books_fd, sizeof(Books)), 0) << Context();
  Books* books = MapBooks(books_fd);
  ASSERT_NE(books, nullptr) << Context();
  const int end_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const LoadOptions options;
  std::vector<std::unique_ptr<Attacker>> healthy;
  for (size_t i = 0; i < options.healthy.size(); ++i) {
    healthy.push_back(std::make_unique<Attacker>([&, i] { return RunHealthy(options, i, path, end_fd, *books); }));
  }
  ChangingProducer sut(path, *books);
  ASSERT_TRUE(sut.ok() && sut.Change()) << sut.Error();
  ASSERT_TRUE(sut.WaitForConsumers(healthy.size())) << sut.Error();
  std::mt19937 random(Seed() + 1);
  const int changes = Soak() ? 4000 : 200;
  for (int i = 0; i < changes; ++i) {
    ASSERT_TRUE(sut.Publish(random() % 3 == 0 ? 1 : 1 + random() % 60))
        << sut.Error() << "; frame " << sut.published() << ", dropped " << sut.dropped() << "; " << Context();
    ASSERT_TRUE(sut.Change()) << sut.Error() << "; " << Context();
  }
  ASSERT_TRUE(sut.Publish(60) && sut.Drain()) << sut.Error() << "; " << Context();
  EXPECT_GE(sut.removed() + 8, static_cast<uint64_t>(changes));
  EXPECT_EQ(sut.dropped(), 0U);
  books->finish.store(1, std::memory_order_release);
  const uint64_t one = 1;
  ASSERT_EQ(::write(end_fd, &one, sizeof one), static_cast<ssize_t>(sizeof one)) << Context();
  EXPECT_TRUE(sut.ServeUntil([&] {
    return std::all_of(books->healthy, books->healthy + healthy.size(), [](const auto& b) { return b.done != 0; });
  })) << Context();
  size_t queues = 0;
  for (size_t i = 0; i < healthy.size(); ++i) {
    const int status = healthy[i]->Wait();
    const HealthyBooks& mine = books->healthy[i];
    SCOPED_TRACE("healthy " + std::to_string(i) + ": " + mine.error + "; " + Context());
    EXPECT_EQ(status, 0) << StatusText(status);
    EXPECT_EQ(mine.published, sut.published());
    EXPECT_EQ(mine.taken + mine.skipped, mine.published);
    EXPECT_EQ(mine.checked.load(), mine.taken);
    EXPECT_GT(mine.taken, 0U);
    EXPECT_EQ(mine.torn + mine.disordered + mine.misshapen + mine.void_leases, 0U)
        << mine.torn << " torn, " << mine.disordered << " out of order, " << mine.misshapen << " in a wrong shape, "
        << mine.void_leases << " void";
    if (mine.queue == 0) continue;
    ++queues;
    EXPECT_EQ(mine.skipped, 0U);
  }
  if (!HasFailure()) {
    std::printf(
        "PROOF: %d changes of format in %llu frames; %zu consumers, %zu of them with queues: nothing lost, torn, "
        "out of order or in a wrong shape; seed %u\n",
        changes, static_cast<unsigned long long>(sut.published()), healthy.size(), queues, Seed());
  }
  ::munmap(books, sizeof(Books));
  ::close(books_fd);
  ::close(end_fd);
}

}  // namespace
}  // namespace videostream::chaos
