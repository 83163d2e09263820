// SPDX-License-Identifier: Apache-2.0
// What happens on the socket: connections come, misbehave, leave; time passes.
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>
#include <utility>

#include "backends/shm/transport.h"

namespace videostream::shm {

using backend::Ok;
using backend::Status;

namespace {

constexpr int64_t kHandshakeNs = 2'000'000'000;  // from connect to subscribe
constexpr uint32_t kMaxPending = 32;             // connections in their handshake; more push out the oldest
// Few: frames wait while this works. What is left makes the descriptor readable, so that the next call goes on.
constexpr int kAcceptsPerCall = 2;
constexpr int kEventsPerCall = 2;
constexpr int kMessagesPerEvent = 4;
constexpr size_t kMaxEvents = 64;  // not fetched yet; the oldest are dropped
constexpr int64_t kKeyTickNs = 20'000'000;
constexpr int kSendBytes = 8192;  // of the socket: bounds what a consumer that does not read can make us keep

constexpr const char* kNoRoom = "too many connections that do not subscribe";

constexpr uint64_t kListenTag = 0;
constexpr uint64_t kTimerTag = uint64_t{1} << 32;

}  // namespace

Status Transport::Service() {
  epoll_event events[kEventsPerCall];
  const int count = ::epoll_wait(epoll_.get(), events, kEventsPerCall, 0);
  if (count < 0) return errno == EINTR ? Ok() : Status::Errno("epoll", errno);
  for (int i = 0; i < count; ++i) {
    if (events[i].data.u64 == kListenTag) {
      Accept();
    } else if (events[i].data.u64 == kTimerTag) {
      uint64_t expirations = 0;
      [[maybe_unused]] const ssize_t n = ::read(timer_.get(), &expirations, sizeof expirations);
      Tick();
    } else if (const auto found = connections_.find(static_cast<uint32_t>(events[i].data.u64));
               found != connections_.end()) {
      Connection& connection = found->second;
      const uint32_t id = connection.id;
      if ((events[i].events & EPOLLOUT) != 0 && !Announce(connection)) {
        Close(id, "connection lost");
      } else if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        ReadFrom(connection);
      }
    }
  }
  SetTimer();
  return Ok();
}

void Transport::Accept() {
  for (int i = 0; i < kAcceptsPerCall; ++i) {
    UniqueFd fd(::accept4(endpoint_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd.valid()) {
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EAGAIN) return;
      // No descriptors or memory: look away until the next tick, instead of spinning.
      if (!std::exchange(short_, true)) {
        host().Log(VSTREAM_LOG_WARN, Status::Errno("accept on '" + endpoint_.path() + "'", errno).message() +
                                         ", new consumers have to wait");
      }
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, endpoint_.fd(), nullptr);
      accepting_ = false;
      return;
    }
    short_ = false;
    Connection connection;
    connection.id = ++last_id_;
    connection.socket = std::move(fd);
    connection.deadline_ns = host().NowNs() + kHandshakeNs;
    socklen_t size = sizeof connection.peer;
    // Of whom nothing is known is nobody's friend: zeros would be root.
    if (::getsockopt(connection.socket.get(), SOL_SOCKET, SO_PEERCRED, &connection.peer, &size) != 0) continue;
    connection.denied = !policy_.Admits(connection.socket.get(), connection.peer);
    ::setsockopt(connection.socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBytes, sizeof kSendBytes);
    if (pending_ >= kMaxPending && !MakeRoomFor(connection)) {
      TurnAway(connection);
      continue;
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = connection.id;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event) != 0) continue;
    ++pending_;
    ReadFrom(connections_.emplace(connection.id, std::move(connection)).first->second);
  }
}

// Those that will be refused anyhow never push out those that will not.
bool Transport::MakeRoomFor(const Connection& newcomer) {
  const auto is_pending = [](const auto& entry) { return entry.second.phase != Connection::kSubscribed; };
  auto oldest = std::find_if(connections_.begin(), connections_.end(),
                             [&](const auto& entry) { return is_pending(entry) && entry.second.denied; });
  if (oldest == connections_.end() && newcomer.denied) return false;
  if (oldest == connections_.end()) oldest = std::find_if(connections_.begin(), connections_.end(), is_pending);
  TurnAway(oldest->second);
  Close(oldest->first, kNoRoom);
  return true;
}

void Transport::TurnAway(Connection& connection) {
  // Closing with a message unread would take the refusal with it: the peer would read ECONNRESET instead. From here on
  // none comes.
  ::shutdown(connection.socket.get(), SHUT_RD);
  std::byte unread[wire::kMaxMessageBytes + 1];
  for (int i = 0; i < kMessagesPerEvent; ++i) {
    const Inbound inbound = Receive(connection.socket.get(), std::span<std::byte, sizeof unread>(unread));
    if (inbound.what == Inbound::kNothing || inbound.what == Inbound::kClosed) break;
  }
  if (connection.denied) {
    RefuseDenied(connection);
  } else {
    Refuse(connection, wire::Reason::kFull, true, kNoRoom);
  }
}

void Transport::ReadFrom(Connection& connection) {
  std::byte buffer[wire::kMaxMessageBytes + 1];
  for (int i = 0; i < kMessagesPerEvent; ++i) {
    const Inbound inbound = Receive(connection.socket.get(), std::span<std::byte, sizeof buffer>(buffer));
    if (inbound.what == Inbound::kNothing) return;
    if (inbound.what != Inbound::kMessage) {
      const bool refused = inbound.what == Inbound::kBad && connection.phase != Connection::kSubscribed;
      if (refused) Refuse(connection, wire::Reason::kMalformed, false, inbound.why);
      return Close(connection.id, inbound.what == Inbound::kBad ? inbound.why : "connection closed");
    }
    if (const std::string why = Handle(connection, inbound.bytes); !why.empty()) return Close(connection.id, why);
  }
}

void Transport::Close(uint32_t id, std::string_view why) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  if (connection.subscriber != nullptr) streams_[connection.stream]->Unsubscribe(connection.subscriber);
  if (connection.phase == Connection::kSubscribed) {
    --connected_;
    PushEvent(VSTREAM_EVENT_DISCONNECTED, &connection, connection.stream, Who(connection) + ": " + std::string(why));
  } else {
    --pending_;
  }
  connections_.erase(found);
}

void Transport::Tick() {
  const int64_t now = host().NowNs();
  if (!accepting_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kListenTag;
    accepting_ = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, endpoint_.fd(), &event) == 0;
  }
  for (uint32_t i = 0; i < VSTREAM_STREAMS; ++i) {
    if (streams_[i] == nullptr) continue;
    streams_[i]->Expire(now, [&](uint32_t slot, const wire::Producer<>::Holding& holding) {
      TellRevoked(i, slot, holding, "beyond the lease time");
    });
  }
  if (key_waiting_) PassKeyWish();
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = (next++)->second;
    if (connection.phase != Connection::kSubscribed && now > connection.deadline_ns) {
      Refuse(connection, wire::Reason::kMalformed, true, "did not subscribe in time");
      Close(connection.id, "did not subscribe in time");
    } else if (connection.retry && !Announce(connection)) {
      Close(connection.id, "connection lost");
    }
  }
}

// Ticks while there is anybody to look after; often enough for the lease time and for wishes that wait.
void Transport::SetTimer() {
  const bool wanted = !connections_.empty() || !accepting_;
  const int64_t longest = key_waiting_ ? kKeyTickNs : 250'000'000;
  const int64_t period = wanted ? std::clamp<int64_t>(settings_.lease_ns / 4, 5'000'000, longest) : 0;
  if (std::exchange(timer_period_ns_, period) == period) return;
  itimerspec spec{};
  spec.it_value.tv_nsec = spec.it_interval.tv_nsec = static_cast<long>(period);
  ::timerfd_settime(timer_.get(), 0, &spec, nullptr);
}

void Transport::Watch(Connection& connection, bool writable) {
  if (connection.blocked == writable) return;
  connection.blocked = writable;
  epoll_event event{};
  event.events = writable ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.u64 = connection.id;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event);
}

void Transport::PushEvent(uint32_t type, const Connection* connection, uint32_t stream, std::string_view detail) {
  vstream_transport_event event{};
  event.struct_size = sizeof event;
  event.type = type;
  event.consumer = type == VSTREAM_EVENT_REFUSED || connection == nullptr ? 0 : connection->id;
  event.stream = stream;
  backend::SetText(event.detail, detail);
  // A wish for a key frame is never one too many: it is the only event that does something.
  const bool key_first = !events_.empty() && events_.front().type == VSTREAM_EVENT_KEY_WANTED;
  if (type == VSTREAM_EVENT_KEY_WANTED) {
    if (!key_first) events_.push_front(event);
    return;
  }
  if (events_.size() >= kMaxEvents) events_.erase(events_.begin() + (key_first ? 1 : 0));
  events_.push_back(event);
}

void Transport::TellRevoked(uint32_t stream, uint32_t slot, const wire::Producer<>::Holding& holding, const char* why) {
  const auto found = std::find_if(connections_.begin(), connections_.end(), [&](const auto& entry) {
    const Connection& c = entry.second;
    return c.subscriber != nullptr && c.stream == stream && c.subscriber->slot == slot;
  });
  if (found == connections_.end()) return;
  char detail[160];
  std::snprintf(detail, sizeof detail, "%s: %u frames held for up to %lld ms, %s", Who(found->second).c_str(),
                holding.leases, static_cast<long long>(holding.age_ns / 1'000'000), why);
  PushEvent(VSTREAM_EVENT_REVOKED, &found->second, stream, detail);
}

}  // namespace videostream::shm
