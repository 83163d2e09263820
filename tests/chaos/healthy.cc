// SPDX-License-Identifier: Apache-2.0
// A consumer as it should be, which trusts nobody and writes down everything.
#include <poll.h>

#include <cerrno>
#include <numeric>

#include "tests/chaos/frame_check.h"
#include "tests/chaos/load_parts.h"
#include "videostream/client.hpp"

namespace videostream::chaos {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr int64_t kHoldNs = 100'000'000;  // from this age on a lease may be lost when the pool is empty

class HealthyConsumer {
 public:
  HealthyConsumer(const LoadOptions& options, size_t index, const std::string& path, int end_fd, Books& books)
      : wish_(options.healthy[index]),
        may_lose_(options.may_refuse),
        end_fd_(end_fd),
        books_(books),
        mine_(books.healthy[index]),
        judge_(options.may_refuse ? std::min(kHoldNs, options.lease_time.count()) : options.lease_time.count()),
        keeps_(index % 2 == 0 && options.leases > 1),
        turnover_(uint64_t{2} * (options.buffers + 2)),
        client_(path, {.name = "healthy-" + std::to_string(index), .queue = wish_.queue, .reconnect = false}) {
    mine_.pid = ::getpid();
    mine_.queue = wish_.queue;
    mine_.epoll = wish_.epoll ? 1 : 0;
  }

  int Run() {
    const bool well = wish_.epoll ? RunPolling() : RunBlocking();
    if (kept_) Release(kept_);
    WriteStats();
    mine_.done.store(1, std::memory_order_release);
    return well ? 0 : 1;
  }

 private:
  bool Fail(const char* what) {
    std::snprintf(mine_.error, sizeof mine_.error, "%s: %s (code %d, errno %d %s)", what, client_.error().c_str(),
                  client_.error_code(), errno, std::strerror(errno));
    return false;
  }
  bool Over() const { return client_.state() == Client::State::kEnded || client_.state() == Client::State::kFailed; }
  bool Finishing() const { return books_.finish.load(std::memory_order_acquire) != 0; }

  bool RunBlocking() {
    for (;;) {
      const bool finishing = Finishing();
      while (Frame frame = client_.wait_for_frame(finishing ? milliseconds(0) : milliseconds(500))) Check(frame);
      if (Over()) return Fail("wait_for_frame");
      if (finishing) return true;
    }
  }

  // Without a time limit: a wake-up that is lost holds everything up.
  bool RunPolling() {
    pollfd fds[] = {{client_.poll_fd(), POLLIN, 0}, {end_fd_, POLLIN, 0}};
    if (fds[0].fd < 0) return Fail("poll_fd");
    for (;;) {
      if (::poll(fds, 2, -1) < 0 && errno != EINTR) return Fail("poll");
      const bool finishing = Finishing();
      while (Frame frame = client_.wait_for_frame(nanoseconds(0))) Check(frame);
      if (Over()) return Fail("wait_for_frame");
      if (finishing) return true;
    }
  }

  void Check(Frame& frame) {
    const uint64_t number = frame.sequence();
    const bool ordered = wish_.queue != 0 && !may_lose_ ? number == last_ + 1 : number > last_;
    if (!ordered) ++mine_.disordered;
    last_ = number;
    const uint64_t shape = books_.shape[number % kShapes].load(std::memory_order_acquire);
    const bool fits = (shape == 0 || shape == Shape(frame.format(), frame.width(), frame.height())) &&
                      frame.stride() >= frame.width() && frame.size() == size_t{frame.stride()} * frame.height();
    const Seen seen = Look(frame);
    if (seen.torn()) ++mine_.torn;
    if (seen.valid && !fits) ++mine_.misshapen;
    // Some hold one frame while every other buffer of the pool is written again.
    if (kept_ && number > kept_.sequence() + turnover_) Release(kept_);
    if (keeps_ && !kept_) {
      kept_ = std::move(frame);
    } else {
      Release(frame);
    }
    mine_.checked.fetch_add(1, std::memory_order_release);
  }

  void Release(Frame& frame) {
    if (Look(frame).torn()) ++mine_.torn;
    const int64_t oldest_ns = std::min(frame.published_ns(), kept_ ? kept_.published_ns() : INT64_MAX);
    frame.release();
    const uint64_t voids = client_.stats().void_leases;
    const bool early = judge_.TooEarly(oldest_ns);
    (early ? mine_.voids : mine_.late_voids) += voids - voids_;
    voids_ = voids;
  }

  void WriteStats() {
    const ClientStats stats = client_.stats();
    mine_.published = stats.published;
    mine_.taken = stats.taken;
    mine_.skipped = std::accumulate(stats.skipped.begin(), stats.skipped.end(), uint64_t{0});
    mine_.void_leases = stats.void_leases;
    mine_.reconnects = stats.reconnects;
  }

  const Healthy wish_;
  const bool may_lose_;
  const int end_fd_;
  Books& books_;
  HealthyBooks& mine_;
  LossJudge judge_;
  const bool keeps_;
  const uint64_t turnover_;
  Client client_;
  Frame kept_;
  uint64_t last_ = 0;
  uint64_t voids_ = 0;
};

}  // namespace

int RunHealthy(const LoadOptions& options, size_t index, const std::string& path, int end_fd, Books& books) {
  return HealthyConsumer(options, index, path, end_fd, books).Run();
}

}  // namespace videostream::chaos
