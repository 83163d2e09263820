// SPDX-License-Identifier: Apache-2.0
// The consumer of restart_test: it outlives its producers, trusts none of them, and writes down what it has had of
// each.
#pragma once

#include <dirent.h>
#include <poll.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "tests/chaos/frame_check.h"
#include "tests/chaos/load.h"
#include "videostream/client.hpp"
#include "videostream/error.h"

namespace videostream::chaos {

inline constexpr uint32_t kMaxRestarts = 400;
inline constexpr Healthy kKinds[] = {{4, false}, {4, true}, {4, false}, {4, true}, {0, false}, {0, true}};
inline constexpr size_t kConsumers = std::size(kKinds);
inline constexpr uint64_t kLastFrames = 20;  // of the last producer, which is not killed
inline constexpr uint32_t kSide = 64;        // of the picture

// One producer's own books. What it has attempted and not published was in flight when it died.
struct Session {
  std::atomic<uint32_t> connected;
  std::atomic<uint64_t> attempted;
  std::atomic<uint64_t> published;
};

// One consumer's books, over all sessions.
struct Member {
  std::atomic<uint64_t> attempts;     // to connect
  std::atomic<uint64_t> clock_reads;  // the library reads the clock in every turn of a wait
  std::atomic<uint64_t> idle_turns;   // of an event loop, without a producer
  std::atomic<uint32_t> session;      // of the last frame taken
  std::atomic<uint64_t> sequence;     // of the last frame taken
  std::atomic<uint32_t> done;
  uint64_t before[kMaxRestarts + 2];  // 1 + what it had counted before its first frame of the session; 0: got none
  uint64_t taken;
  uint64_t published;
  uint64_t unseen;  // published by a producer after the last frame that was taken of it
  char error[400];
};

// In memory of all processes. Zeroed memory is a valid one.
struct Board {
  Session sessions[kMaxRestarts + 2];  // from 1 on
  Member members[kConsumers];
  std::atomic<uint32_t> newest_session;  // that has been started
  std::atomic<uint32_t> final_session;   // 0: not yet known
  std::atomic<uint32_t> finish;
};

inline uint32_t OpenFds() {
  uint32_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// Of different producers no two frames look the same.
inline uint64_t Number(uint64_t session, uint64_t sequence) { return session << 32 | sequence; }

inline bool IsWhole(const Frame& frame) {
  return frame.size() == size_t{kSide} * kSide &&
         IsCode(frame.data(), frame.size(), Number(static_cast<uint64_t>(frame.duration_ns()), frame.sequence())) &&
         frame.valid();
}

// One life of it, in a process of its own.
class Consumer {
 public:
  // `board`: what has been started; `mine`: to write into.
  Consumer(Healthy kind, const std::string& path, Board& board, Member& mine)
      : kind_(kind), board_(board), mine_(mine), fds_(OpenFds()) {
    client_.emplace(path, ClientOptions{.name = "comes-back", .queue = kind.queue});
  }

  // Until the last frame of the final session. No wait of it has an end: a wake-up that is lost holds everything up.
  // Returns the exit code; the reason of another one than 0 is in its books.
  int Run() {
    const bool well = kind_.epoll ? RunPolling() : RunBlocking();
    if (!well || !End()) return 1;
    mine_.done.store(1);
    return 0;
  }

 private:
  bool Fail(const char* what) {
    const int error = errno;
    std::snprintf(mine_.error, sizeof mine_.error,
                  "%s; session %u, frame %llu after frame %llu of session %u, flags %u, %llu reconnects, %u fds after "
                  "%u, error '%s' (code %d, errno %d)",
                  what, now_session_, static_cast<unsigned long long>(now_sequence_),
                  static_cast<unsigned long long>(sequence_), session_, flags_,
                  static_cast<unsigned long long>(client_ ? client_->stats().reconnects : 0), OpenFds(), fds_,
                  client_ ? client_->error().c_str() : "", client_ ? client_->error_code() : 0, error);
    return false;
  }
  bool Over() const { return session_ != 0 && session_ == board_.final_session.load() && sequence_ == kLastFrames; }

  bool RunBlocking() {
    while (!Over()) {
      Frame frame = client_->wait_for_frame(std::chrono::nanoseconds::max());
      if (!frame) return Fail("a wait without end has ended");
      if (!Check(std::move(frame))) return false;
    }
    return true;
  }

  bool RunPolling() {
    pollfd p{client_->poll_fd(), POLLIN, 0};
    if (p.fd < 0) return Fail("poll_fd");
    while (!Over()) {
      if (::poll(&p, 1, -1) != 1) return Fail("poll");
      if (client_->state() == Client::State::kConnecting) mine_.idle_turns.fetch_add(1);
      while (Frame frame = client_->wait_for_frame(std::chrono::nanoseconds(0))) {
        if (!Check(std::move(frame))) return false;
      }
      if (client_->state() == Client::State::kFailed || client_->error_code() == VSTREAM_E_BUSY)
        return Fail("no frame");
    }
    return true;
  }

  // All frames up to this one that were published while it was subscribed, whoever published them.
  uint64_t Accounted() const {
    const ClientStats stats = client_->stats();
    return std::accumulate(stats.skipped.begin(), stats.skipped.end(), stats.taken);
  }

  bool Check(Frame frame) {
    now_session_ = static_cast<uint32_t>(frame.duration_ns());
    now_sequence_ = frame.sequence();
    flags_ = frame.flags();
    if (now_session_ < session_ || now_session_ > board_.newest_session.load()) return Fail("a frame of no session");
    if (!IsWhole(frame)) return Fail("a frame that is torn or was lost");
    if (now_session_ != session_) {
      if (!CheckFirst()) return false;
    } else if ((flags_ & VSTREAM_FRAME_DISCONTINUITY) != 0) {
      return Fail("a mark inside of a session");
    } else if (client_->stats().reconnects != reconnects_) {
      return Fail("twice in one session");
    }
    if (kind_.queue != 0 ? now_sequence_ != sequence_ + 1 : now_sequence_ <= sequence_) return Fail("out of order");
    if (Accounted() - now_sequence_ != counted_before_) return Fail("the books are not even");
    sequence_ = now_sequence_;
    held_ = std::move(frame);
    mine_.session.store(session_);
    mine_.sequence.store(sequence_);
    return true;
  }

  // The first frame of a session. What it holds over the kill is one frame of each of the last two producers.
  bool CheckFirst() {
    if (killed_ && !IsWhole(killed_)) return Fail("a frame of the last producer but one is not whole");
    killed_ = std::move(held_);
    if (killed_ && !IsWhole(killed_)) return Fail("a frame of the killed producer is not whole");
    const uint64_t reconnects = client_->stats().reconnects;
    if (((flags_ & VSTREAM_FRAME_DISCONTINUITY) != 0) != (reconnects > 0)) return Fail("mark of the first frame");
    if (session_ == 0 ? reconnects != 0 : reconnects <= reconnects_ || reconnects >= now_session_) {
      return Fail("number of reconnects");
    }
    // Socket and doorbell of this session and of that of the frame, a watch; an epoll and a timer.
    if (OpenFds() > fds_ + (kind_.epoll ? 7 : 5)) return Fail("descriptors are left over from other sessions");
    const uint64_t before = Accounted() - now_sequence_;
    const uint64_t unseen = before - (counted_before_ + sequence_);
    // The producer is never further ahead of a queue than it holds.
    if (kind_.queue != 0 && unseen > uint64_t{kind_.queue} * (now_session_ - session_)) return Fail("too many unseen");
    mine_.unseen += unseen;
    mine_.before[now_session_] = before + 1;
    counted_before_ = before;
    reconnects_ = reconnects;
    session_ = now_session_;
    sequence_ = 0;
    return true;
  }

  bool End() {
    if (killed_ && !IsWhole(killed_)) return Fail("a frame of the killed producer is not whole in the end");
    const ClientStats stats = client_->stats();
    if (stats.published != Accounted()) return Fail("the books are not even in the end");
    if (stats.void_leases != 0) return Fail("leases were lost");
    mine_.taken = stats.taken;
    mine_.published = stats.published;
    held_.release();
    killed_.release();
    client_.reset();
    return OpenFds() == fds_ || Fail("descriptors are left over in the end");
  }

  const Healthy kind_;
  Board& board_;
  Member& mine_;
  const uint32_t fds_;
  std::optional<Client> client_;
  Frame held_;    // of this session
  Frame killed_;  // of the one before
  uint32_t session_ = 0;
  uint64_t sequence_ = 0;
  uint64_t counted_before_ = 0;  // of all sessions before this one
  uint64_t reconnects_ = 0;
  uint32_t now_session_ = 0;  // for messages
  uint64_t now_sequence_ = 0;
  uint32_t flags_ = 0;
};

}  // namespace videostream::chaos
