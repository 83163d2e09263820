// SPDX-License-Identifier: Apache-2.0
// Telling consumers about buffer sets. A consumer with a full socket is left alone and told the rest when there is
// room; what is kept for it meanwhile is a few numbers.
#include <string>
#include <utility>

#include "backends/shm/transport.h"

namespace videostream::shm {
namespace {

// Ends of sets that a consumer has not heard of. Only somebody who does not read for a long time has more.
constexpr size_t kMaxUntold = 32;

}  // namespace

void Transport::AnnounceAll(uint32_t stream) {
  for (auto next = connections_.begin(); next != connections_.end();) {
    Connection& connection = (next++)->second;
    if (connection.phase != Connection::kSubscribed || connection.stream != stream) continue;
    if (!Announce(connection)) {
      Close(connection.id,
            connection.announcements.size() > kMaxUntold ? "does not read its socket" : "connection lost");
    }
  }
}

bool Transport::Announce(Connection& connection) {
  const Stream& stream = *streams_[connection.stream];
  auto& told = connection.announcements;
  // Sets that ended: told if the consumer has heard of them, else forgotten.
  std::erase_if(told, [&](Announcement& a) {
    a.removed = a.removed || !stream.HasSet(a.epoch);
    return a.removed && a.next == 0;
  });
  for (const BufferSet& set : stream.sets()) {
    const bool known = std::any_of(told.begin(), told.end(), [&](const auto& a) { return a.epoch == set.head.epoch; });
    if (!known) told.push_back({.epoch = set.head.epoch});
  }
  if (told.size() > kMaxUntold) return false;
  bool done = true;
  for (auto a = told.begin(); a != told.end() && done;) {
    bool sent = true;
    if (a->removed) {
      auto removed = wire::Make<wire::SetRemoved>();
      removed.stream = connection.stream;
      removed.epoch = a->epoch;
      if (!Outcome(connection, Send(connection.socket.get(), removed), &sent)) return false;
      if (sent) {
        a = told.erase(a);
        continue;
      }
    } else {
      for (const BufferSet& set : stream.sets()) {
        if (set.head.epoch == a->epoch && !AnnounceSet(connection, *a, set, &sent)) return false;
      }
    }
    done = sent;
    ++a;
  }
  if (done) {
    connection.retry = false;
    Watch(connection, false);
  }
  return true;
}

bool Transport::AnnounceSet(Connection& connection, Announcement& announcement, const BufferSet& set, bool* done) {
  while (announcement.next < set.buffers.size()) {
    wire::BufferSet message = set.head;
    message.first = announcement.next;
    message.count = std::min<uint32_t>(message.total - message.first, wire::kMessageBuffers);
    std::copy_n(set.buffers.begin() + message.first, message.count, message.buffers);
    int fds[wire::kMaxMessageFds];
    uint32_t count = 0;
    for (; count < message.count * message.fds_per_buffer; ++count) {
      fds[count] = set.fds[message.first * message.fds_per_buffer + count].get();
    }
    if (!Outcome(connection, Send(connection.socket.get(), message, {fds, count}), done)) return false;
    if (!*done) return true;
    announcement.next += message.count;
  }
  return true;
}

bool Transport::Outcome(Connection& connection, Sent sent, bool* sent_it) {
  *sent_it = sent == Sent::kYes;
  if (sent == Sent::kFull) Watch(connection, true);
  if (sent == Sent::kLater) {
    if (!std::exchange(connection.retry, true)) {
      host().Log(VSTREAM_LOG_WARN, "socket '" + endpoint_.path() + "': " + Who(connection) +
                                       " has to wait for its buffers: no memory, or too many descriptors are in flight "
                                       "to consumers that do not read (limit of open files of this user)");
    }
    Watch(connection, false);  // the socket may well be writable
  }
  return sent != Sent::kDead;
}

}  // namespace videostream::shm
