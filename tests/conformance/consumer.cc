// SPDX-License-Identifier: Apache-2.0
// The consumer libraries that the suite knows: `shm`, the native one.
#include "tests/conformance/consumer.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "videostream/client.hpp"

namespace videostream::conformance {
namespace {

class ShmConsumer final : public Consumer {
 public:
  explicit ShmConsumer(const ConsumerWish& wish) : wish_(wish) {
    thread_ = std::thread([this] { Run(); });
  }
  ~ShmConsumer() override {
    stop_ = true;
    thread_.join();
  }
  bool connected() const override { return connected_; }
  bool ended() const override { return ended_; }
  std::vector<SeenFrame> seen() const override {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  std::vector<bool> held_valid() const override {
    const std::lock_guard lock(mutex_);
    std::vector<bool> all;
    for (const Frame& frame : held_) all.push_back(frame.valid());
    return all;
  }
  void ReleaseHeld() override {
    const std::lock_guard lock(mutex_);
    wish_.hold = 0;
    held_.clear();
  }
  void Pause() override { paused_ = true; }
  std::string error() const override {
    const std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  // Short waits: the thread has to see the end of this object.
  static constexpr std::chrono::milliseconds kTurn{20};

  void Run() {
    ClientOptions options;
    options.name = wish_.name;
    options.stream = static_cast<Stream>(wish_.stream);
    options.queue = wish_.queue;
    options.reconnect = false;
    Client client(wish_.address, options);
    while (!stop_) {
      if (paused_) {
        std::this_thread::sleep_for(kTurn);  // not to wait for anything: it does nothing, as a stopped process would
        continue;
      }
      if (!connected_) {
        connected_ = client.connect(kTurn);
      } else if (Frame frame = client.wait_for_frame(kTurn)) {
        Take(std::move(frame));
      }
      ended_ = client.state() == Client::State::kEnded;
      const std::lock_guard lock(mutex_);
      error_ = client.error();
    }
  }

  void Take(Frame frame) {
    SeenFrame seen;
    seen.sequence = frame.sequence();
    seen.pts_ns = frame.pts_ns();
    seen.fourcc = frame.format();
    seen.width = frame.width();
    seen.height = frame.height();
    seen.flags = frame.flags();
    for (uint32_t i = 0; i < frame.plane_count(); ++i) seen.bytes_used.push_back(frame.size(i));
    if (frame.size(0) != 0) {
      seen.first_byte = frame.data(0)[0];
      seen.last_byte = frame.data(0)[frame.size(0) - 1];
    }
    seen.valid = frame.valid();
    const std::lock_guard lock(mutex_);
    seen_.push_back(std::move(seen));
    if (held_.size() < wish_.hold) held_.push_back(std::move(frame));
  }

  ConsumerWish wish_;
  std::atomic<bool> stop_{false}, paused_{false}, connected_{false}, ended_{false};
  mutable std::mutex mutex_;
  std::vector<SeenFrame> seen_;  // guarded by mutex_, as the next two
  std::deque<Frame> held_;
  std::string error_;
  std::thread thread_;  // last
};

}  // namespace

std::unique_ptr<Consumer> MakeConsumer(const std::string& library, const ConsumerWish& wish) {
  if (library == "shm") return std::make_unique<ShmConsumer>(wish);
  return nullptr;
}

}  // namespace videostream::conformance
