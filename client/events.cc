// SPDX-License-Identifier: Apache-2.0
// One descriptor for event loops: an epoll of the doorbell, the socket, the watch and a timer.
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "client/connection.h"
#include "videostream/backend.h"

namespace videostream::client_internal {

int Connection::PollFd() {
  if (epoll_.valid()) return epoll_.get();
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!epoll.valid() || !timer.valid()) {
    const int error = errno;
    const bool limit = error == EMFILE || error == ENFILE;
    SetError(VSTREAM_E_NO_MEMORY,
             "event descriptor: " + (limit ? NoDescriptorLeft(error) : std::string(std::strerror(error))));
    return -1;
  }
  epoll_ = std::move(epoll);
  timer_ = std::move(timer);
  WatchFd(timer_.get());
  if (session_ != nullptr) {
    WatchFd(session_->socket());
    WatchFd(session_->bell());
  } else if (handshake_.has_value()) {
    WatchFd(handshake_->socket());
  } else if (watch_.open()) {
    WatchFd(watch_.fd());
  }
  unarmed_ = true;
  SetTimer(1);  // nobody has looked yet
  return epoll_.get();
}

bool Connection::Rearm(uint32_t seen) {
  wire::Rules::At(wire::Step::kWoken);
  // After a frame the doorbell has been the reason to come here. What is in the socket keeps poll_fd readable, and is
  // read when that brings no frame; or while there is a watch, which is closed there.
  const bool took = std::exchange(took_, false);
  if ((!took || watch_.open()) && !ReadSocket()) {
    EndSession();
    return false;
  }
  waits_ = 0;  // what is in the socket makes itself known from here on
  // Closed before the socket when a producer dies, and readable from then on.
  if (!DrainPipe(session_->bell())) UnwatchFd(session_->bell());
  ClearTimer();
  unarmed_ = !session_->Arm(seen);
  return !unarmed_;
}

void Connection::SetTimer(int64_t at_ns) {
  if (!timer_.valid()) return;
  itimerspec spec{};
  spec.it_value.tv_sec = static_cast<time_t>(at_ns / 1'000'000'000);
  spec.it_value.tv_nsec = static_cast<long>(at_ns % 1'000'000'000);
  timer_set_ = ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0;
}

void Connection::ClearTimer() {
  if (!timer_set_) return;
  timer_set_ = false;
  const itimerspec never{};
  ::timerfd_settime(timer_.get(), 0, &never, nullptr);  // forgets what has expired, too
}

void Connection::WatchFd(int fd) {
  if (!epoll_.valid()) return;
  epoll_event event{};
  event.events = EPOLLIN;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
}

void Connection::UnwatchFd(int fd) {
  if (epoll_.valid()) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace videostream::client_internal
