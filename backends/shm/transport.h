// SPDX-License-Identifier: Apache-2.0
// The native transport: one listening socket, its connections, up to two streams. See docs/protocol.md.
//
// transport.cc has the contract's functions, service.cc what happens on the socket, handshake.cc the messages that come
// in, announce.cc those about buffer sets that go out. One thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backends/shm/endpoint.h"
#include "backends/shm/peer_policy.h"
#include "backends/shm/socket_io.h"
#include "backends/shm/stream.h"
#include "videostream/backend.hpp"

namespace videostream::shm {

class Transport final : public backend::Transport {
 public:
  static constexpr uint32_t kHost = VSTREAM_OPTION_FLAG_HOST;
  static constexpr std::array kOptions{
      backend::Option("socket", VSTREAM_OPTION_STRING, "", "path of the socket", VSTREAM_KIND_TRANSPORT, kHost),
      backend::Option("mode", VSTREAM_OPTION_STRING, "0660", "permissions of the socket, octal", VSTREAM_KIND_TRANSPORT,
                      kHost),
      backend::Option("buffers", VSTREAM_OPTION_INTEGER, "6",
                      "frames for consumers: 1 newest, the leases, the rest for queues", VSTREAM_KIND_TRANSPORT, kHost,
                      2, 64),
      backend::Option("leases", VSTREAM_OPTION_INTEGER, "2", "frames that one consumer may hold",
                      VSTREAM_KIND_TRANSPORT, kHost, 1, 32),
      backend::Option("lease-time", VSTREAM_OPTION_DURATION, "1000000000",
                      "a frame held for longer is taken back in any case", VSTREAM_KIND_TRANSPORT, kHost, 1'000'000,
                      3'600'000'000'000),
      backend::Option("hold-time", VSTREAM_OPTION_DURATION, "100000000",
                      "a frame held for longer is taken back when buffers run out", VSTREAM_KIND_TRANSPORT, kHost, 0,
                      3'600'000'000'000),
      backend::Option("clients", VSTREAM_OPTION_INTEGER, "256", "consumers at a time", VSTREAM_KIND_TRANSPORT, kHost, 1,
                      4096),
      backend::Option("group", VSTREAM_OPTION_STRING, "",
                      "group of the socket, by name or number, for 'mode'; empty: that of a file made in its folder",
                      VSTREAM_KIND_TRANSPORT, kHost),
      backend::Option(
          "allow-uid", VSTREAM_OPTION_STRING, "",
          "users let in, by name or number, at most 64; with any 'allow' nobody else but this user and root",
          VSTREAM_KIND_TRANSPORT, kHost | VSTREAM_OPTION_FLAG_LIST),
      backend::Option("allow-gid", VSTREAM_OPTION_STRING, "",
                      "groups whose members are let in, primary or not; else as allow-uid", VSTREAM_KIND_TRANSPORT,
                      kHost | VSTREAM_OPTION_FLAG_LIST),
      backend::Option("protect", VSTREAM_OPTION_CHOICE, "none",
                      "copy: consumers get sealed copies of frames, which costs a copy and its memory; for dma-bufs",
                      VSTREAM_KIND_TRANSPORT, kHost, 0, 0, "none|copy"),
  };
  static backend::Status Probe(const backend::Host& host, backend::DeviceList& devices);

  Transport() = default;
  ~Transport() override;

  backend::Status Open(const backend::Options& options) override;
  backend::Status Info(vstream_transport_info* out) override;
  backend::Status AddSet(const vstream_buffer_set& set) override;
  backend::Status RemoveSet(uint32_t epoch) override;
  backend::Status Publish(uint32_t stream, const vstream_frame& frame) override;
  backend::Status Reclaim(uint32_t stream, const uint32_t* ids, uint32_t count, uint32_t want, uint32_t* taken,
                          uint32_t* taken_count) override;
  backend::Status PollFd(int32_t* fd) override;
  backend::Status Service() override;
  backend::Status NextEvent(vstream_transport_event* out) override;
  backend::Status SetState(uint32_t stream, uint32_t state) override;
  backend::Status Consumers(std::vector<vstream_consumer>* out) override;

 private:
  // How far a set has been announced to one consumer.
  struct Announcement {
    uint32_t epoch = 0;
    uint32_t next = 0;     // buffer
    bool removed = false;  // its end is still to be told
  };
  struct Connection {
    uint32_t id = 0;
    UniqueFd socket;
    ucred peer{};
    enum { kHello, kSubscribe, kSubscribed } phase = kHello;
    int64_t deadline_ns = 0;  // of the handshake
    bool denied = false;      // the policy does not let it in; told when it says hello
    char name[32] = {};
    uint32_t stream = 0;
    Subscriber* subscriber = nullptr;
    std::vector<Announcement> announcements;  // of living sets, and of ended ones that it has not heard of yet
    bool blocked = false;                     // waits for room in the socket
    bool retry = false;                       // waits for the next tick
    bool key_wanted = false;                  // has asked for a key frame that has not come yet
    int64_t key_passed_ns = 0;                // when a wish of this consumer was last passed on
  };
  struct Settings {
    uint32_t buffers = 0, leases = 0, clients = 0;
    int64_t lease_ns = 0, hold_ns = 0;
    mode_t mode = 0;
    bool copy = false;
    uint32_t queue() const { return std::min(buffers - 1 - leases, wire::kMaxQueue); }
    uint32_t max_queue(uint32_t stream) const { return stream == VSTREAM_STREAM_FRAMES ? queue() : wire::kMaxQueue; }
  };

  backend::Status ReadSettings(const backend::Options& options);
  backend::Status ReadNumbers(const backend::Options& options);
  backend::Status Listen(const backend::Options& options);
  // Looks once whether other users are about to get descriptors that they can write to.
  void WarnOfWritableFrames(uint32_t memory);
  backend::Status OpenStream(uint32_t stream, Stream** out);
  bool HasStream(uint32_t stream) const { return stream < VSTREAM_STREAMS && streams_[stream] != nullptr; }

  // service.cc
  void Accept();
  // Refuses and closes one connection that is still in its handshake; false: none may go for this one.
  bool MakeRoomFor(const Connection& newcomer);
  // Refuses one in its handshake for which there is no room; to be closed.
  void TurnAway(Connection& connection);
  void ReadFrom(Connection& connection);
  void Close(uint32_t id, std::string_view why);
  void Tick();
  void SetTimer();
  void Watch(Connection& connection, bool writable);
  void PushEvent(uint32_t type, const Connection* connection, uint32_t stream, std::string_view detail);
  void TellRevoked(uint32_t stream, uint32_t slot, const wire::Producer<>::Holding& holding, const char* why);

  // handshake.cc
  // An empty text: go on; else close for this reason.
  std::string Handle(Connection& connection, std::span<const std::byte> bytes);
  std::string HandleHello(Connection& connection, std::span<const std::byte> bytes);
  std::string HandleSubscribe(Connection& connection, std::span<const std::byte> bytes);
  std::string Refuse(Connection& connection, wire::Reason reason, bool retry, const std::string& text);
  std::string RefuseDenied(Connection& connection);
  // Wishes for key frames: kept, merged, and passed on as one event when it is time.
  void HandleKeyWanted(Connection& connection);
  void PassKeyWish();
  backend::Status PublishKey(const vstream_frame& frame);
  void KeyHasCome();
  std::string Who(const Connection& connection) const;

  // announce.cc
  // Sends what this consumer has not been told yet; false: the connection is broken.
  bool Announce(Connection& connection);
  bool AnnounceSet(Connection& connection, Announcement& announcement, const BufferSet& set, bool* done);
  bool Outcome(Connection& connection, Sent sent, bool* sent_it);
  void AnnounceAll(uint32_t stream);

  Settings settings_;
  Endpoint endpoint_;
  PeerPolicy policy_;
  ToldRefusals told_;
  UniqueFd epoll_;
  UniqueFd timer_;
  std::array<std::unique_ptr<Stream>, VSTREAM_STREAMS> streams_;
  std::map<uint32_t, Connection> connections_;
  uint32_t last_id_ = 0;
  uint32_t last_epoch_ = 0;
  uint32_t pending_ = 0;  // connections in their handshake
  uint64_t connected_ = 0;
  uint64_t refused_ = 0;
  int64_t timer_period_ns_ = 0;  // 0: stopped
  bool accepting_ = true;
  bool short_ = false;  // of descriptors or memory for another connection, and it has been said
  bool closing_ = false;
  bool looked_ = false;       // who may connect, because of writable frames
  bool key_waiting_ = false;  // some wish is to be passed on later
  int64_t key_passed_ns_ = 0;
  std::deque<vstream_transport_event> events_;
};

}  // namespace videostream::shm
