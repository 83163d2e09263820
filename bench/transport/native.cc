// SPDX-License-Identifier: Apache-2.0
// Our own transport, through nothing but its public interface: Host, Client, Frame.
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include "bench/transport/party.h"
#include "videostream/client.hpp"
#include "videostream/host.hpp"

namespace videostream::bench::transport {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(100);
constexpr auto kConnectPatience = std::chrono::seconds(20);

int Failed(const std::string& what, const std::string& why) {
  fprintf(stderr, "%s: %s\n", what.c_str(), why.c_str());
  return 1;
}

bool Take(ConsumerRecorder& recorder, const Frame& frame) {
  ConsumerRecorder::Plane planes[VSTREAM_MAX_PLANES];
  const uint32_t count = frame.plane_count();
  for (uint32_t i = 0; i < count; ++i) planes[i] = {frame.data(i), frame.size(i)};
  return recorder.frame(frame.sequence(), frame.published_ns(), planes, count);
}

bool Blocking(ConsumerRecorder& recorder, Client& client) {
  const Frame frame = client.wait_for_frame(kPatience);
  return frame ? Take(recorder, frame) : recorder.idle();
}

// As an event loop does it: wait, then take until there is nothing.
bool Polling(ConsumerRecorder& recorder, Client& client, int epoll) {
  epoll_event event{};
  if (epoll_wait(epoll, &event, 1, static_cast<int>(kPatience.count())) <= 0) return recorder.idle();
  while (const Frame frame = client.wait_for_frame(std::chrono::nanoseconds(0))) {
    if (!Take(recorder, frame)) return false;
  }
  return recorder.idle();
}

}  // namespace

int RunHost(Board* board, const PartyOptions& party) {
  ProducerRecorder recorder(board);
  const Settings& settings = recorder.settings();
  HostOptions options;
  options.width = settings.width;
  options.height = settings.height;
  options.format = std::strcmp(settings.format, "NV12") == 0 ? VSTREAM_FORMAT_NV12 : VSTREAM_FORMAT_RGBX;
  options.allocators = {"shm"};
  options.clients = kMaxConsumers;
  options.backend_dirs = party.backend_dirs;
  Host host = Host::create(SocketOf(settings), options);
  if (!host) return Failed("host", host.error());
  if (std::strncmp(settings.mode, "restart", 7) == 0) board->producer.wall_ns = NowNs();
  recorder.ready();
  while (recorder.phase() < kWarm) usleep(1000);
  bool on = true;
  while (on) {
    recorder.pace();
    WriteBuffer buffer = host.get_write_buffer();
    if (!buffer) {
      on = recorder.dropped();
      continue;
    }
    const int64_t start = NowNs();
    const Stamp stamp{recorder.number(), start};
    std::memcpy(buffer.data(), &stamp, sizeof stamp);
    if (!host.publish_frame(std::move(buffer))) return Failed("publish", host.error());
    on = recorder.published(NowNs() - start);
  }
  return 0;
}

int RunClient(Board* board, uint32_t index) {
  ConsumerRecorder recorder(board, index);
  const Settings& settings = recorder.settings();
  ClientOptions options;
  options.queue = settings.queue;
  Client client(SocketOf(settings), options);
  if (!client.connect(kConnectPatience)) return Failed("client", client.error());
  const bool polls = std::strstr(settings.mode, "epoll") != nullptr;
  int epoll = -1;
  if (polls) {
    epoll = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, client.poll_fd(), &event) != 0) return Complain("epoll");
  }
  recorder.ready();
  while (polls ? Polling(recorder, client, epoll) : Blocking(recorder, client)) {
  }
  return 0;
}

int RunRestarted(Board* board, uint32_t index) {
  Record& record = board->consumers[index];
  Client client(SocketOf(board->settings));
  if (!client.connect(kConnectPatience)) return Failed("client", client.error());
  const bool polls = std::strstr(board->settings.mode, "epoll") != nullptr;
  pollfd event{polls ? client.poll_fd() : -1, POLLIN, 0};
  if (polls && event.fd < 0) return Failed("client", client.error());
  record.ready.store(1, std::memory_order_release);
  uint64_t connected = 0;
  while (board->phase.load(std::memory_order_acquire) < kExit) {
    if (polls) {
      static_cast<void>(poll(&event, 1, static_cast<int>(kPatience.count())));
      while (client.wait_for_frame(std::chrono::nanoseconds(0))) {
      }
    } else if (client.state() == Client::State::kConnected) {
      static_cast<void>(client.wait_for_frame(kPatience));
    } else {
      static_cast<void>(client.connect(kPatience));  // returns without a frame, as soon as it is connected
    }
    if (client.stats().reconnects == connected) continue;
    connected = client.stats().reconnects;
    record.wall_ns = NowNs();
    record.seen.fetch_add(1, std::memory_order_release);
  }
  return 0;
}

int RunJoiner(Board* board, uint32_t index) {
  Record& record = board->consumers[index];
  const auto phase = [&] { return board->phase.load(std::memory_order_acquire); };
  record.ready.store(1, std::memory_order_release);
  while (phase() < kWarm) usleep(1000);
  const int64_t interval = kSecond / board->settings.fps;
  std::minstd_rand random(index + 1);
  while (phase() < kStop) {
    usleep(static_cast<useconds_t>(std::uniform_int_distribution<int64_t>(0, interval)(random) / 1000));
    Client client(SocketOf(board->settings));
    if (!client.connect(kConnectPatience)) return Failed("joiner", client.error());
    const int64_t start = NowNs();
    const Frame frame = client.wait_for_frame(kConnectPatience);
    const int64_t took = NowNs() - start;
    if (!frame) return Failed("joiner", client.error());
    record.seen.fetch_add(1, std::memory_order_relaxed);
    if (phase() != kMeasure) continue;
    ++record.frames;
    record.skipped += client.stats().published - client.stats().taken;
    record.latency.Add(took);
  }
  record.ended.store(1, std::memory_order_release);
  while (phase() < kExit) usleep(1000);
  return 0;
}

}  // namespace videostream::bench::transport
