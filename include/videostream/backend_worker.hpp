// SPDX-License-Identifier: Apache-2.0
//
// A thread behind a pollable fd, for backends that compute or read: the methods that the runtime calls only post jobs
// and take results, so that they never block.
//
//   Worker<Job, Result> worker;
//   worker.Open(4, [this](Job& job, const Interrupt& stop) { return Work(job, stop); });   // in Open, then
//   worker.Start()
//   worker.Post(job) / worker.Take(&result) / worker.fd()                                   // submit, collect, poll_fd
//   worker.Stop(Worker<...>::kFinish)                                                       // in the destructor
//
// Jobs run one at a time in the order of posting; results come out in that order. Nothing is allocated per job as long
// as moving Job and Result does not allocate. Post, Take and Stop belong to the thread that drives the instance.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "videostream/backend.hpp"

namespace videostream::backend {
inline namespace v0 {

/// An eventfd, used as a flag: readable while raised. Any thread; Open first.
class Flag {
 public:
  Flag() = default;
  Flag(const Flag&) = delete;
  Flag& operator=(const Flag&) = delete;
  ~Flag() {
    if (fd_ >= 0) ::close(fd_);
  }
  /// Makes the descriptor. Errors: NO_MEMORY, IO.
  Status Open() {
    fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd_ >= 0 ? Ok() : Status::Errno("eventfd", errno);
  }
  /// Makes it readable.
  void Raise() { (void)!::eventfd_write(fd_, 1); }
  /// No longer readable.
  void Lower() {
    eventfd_t ignored;
    (void)!::eventfd_read(fd_, &ignored);
  }
  int fd() const { return fd_; }  ///< for poll; -1 before Open

 private:
  int fd_ = -1;
};

/// What a running job sees of a Stop(kAbandon): a job that waits for something includes `fd` in its poll.
class Interrupt {
 public:
  /// Borrows an fd that becomes readable.
  explicit Interrupt(int fd) : fd_(fd) {}
  int fd() const { return fd_; }                     ///< readable when requested
  bool requested() const { return Wait(-1, 0, 0); }  ///< never waits
  /// Waits until `other` has one of `events` (or an error), the interrupt is requested, or `timeout_ms` have passed
  /// (-1: never). True: interrupted.
  bool WaitFor(int other, short events, int timeout_ms = -1) const { return Wait(other, events, timeout_ms); }

 private:
  bool Wait(int other, short events, int timeout_ms) const {
    pollfd fds[2] = {{fd_, POLLIN, 0}, {other, events, 0}};
    while (::poll(fds, 2, timeout_ms) < 0 && errno == EINTR) {
    }
    return fds[0].revents != 0;
  }
  int fd_;
};

/// `Job`, `Result`: default-constructible, movable.
template <class Job, class Result>
class Worker {
 public:
  using Work = std::function<Result(
      Job& job, const Interrupt& interrupt)>;  ///< what is done to each job, on the thread of the worker
  /// What happens to jobs in flight.
  enum StopMode {
    kFinish,   ///< every posted job runs to its end
    kAbandon,  ///< the running job is interrupted, those behind it never start
  };

  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// As Stop(kAbandon).
  ~Worker() { Stop(kAbandon); }

  /// Makes the fds. `capacity`: jobs that may be posted and not taken, >= 1. `work` runs on the worker's thread and
  /// must not throw. Once, before anything else. Errors: NO_MEMORY.
  Status Open(size_t capacity, Work work) {
    if (Status status = ready_.Open(); !status.ok()) return status;
    if (Status status = interrupt_.Open(); !status.ok()) return status;
    work_ = std::move(work);
    slots_.resize(capacity);
    return Ok();
  }

  /// Starts the thread, with nothing posted and no result; also again after Stop. Does nothing while it runs.
  /// Errors: NO_MEMORY.
  Status Start() {
    if (thread_.joinable()) return Ok();
    ready_.Lower();
    interrupt_.Lower();
    posted_ = done_ = taken_ = 0;
    stopping_ = abandoned_ = false;
    try {
      thread_ = std::thread([this] { Loop(); });
    } catch (const std::exception& error) {
      return {VSTREAM_E_NO_MEMORY, std::string("start a thread: ") + error.what()};
    }
    return Ok();
  }

  /// False: `capacity` jobs are in flight, or the worker is not started. Never blocks for longer than a lock.
  bool Post(Job job) {
    std::lock_guard lock(mutex_);
    if (stopping_ || posted_ - taken_ == slots_.size()) return false;
    slots_[posted_++ % slots_.size()].job = std::move(job);
    wake_.notify_one();
    return true;
  }

  /// The oldest finished job's result; false: none yet. Works after Stop too.
  bool Take(Result* out) {
    std::lock_guard lock(mutex_);
    if (taken_ == done_) return false;
    *out = std::move(slots_[taken_++ % slots_.size()].result);
    if (taken_ == done_) ready_.Lower();
    return true;
  }

  /// Jobs posted and not taken.
  size_t InFlight() const {
    std::lock_guard lock(mutex_);
    return posted_ - taken_;
  }

  /// Readable exactly while Take has a result. Constant from Open on.
  int fd() const { return ready_.fd(); }

  /// Ends the thread and waits for it: for the whole queue (kFinish), or for as long as the running job takes to notice
  /// the interrupt (kAbandon). Idempotent; fine before Start.
  void Stop(StopMode mode) {
    if (!thread_.joinable()) return;
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
      abandoned_ = mode == kAbandon;
      if (abandoned_) interrupt_.Raise();
      wake_.notify_one();
    }
    thread_.join();
    posted_ = done_;
  }

 private:
  struct Slot {
    Job job;
    Result result;
  };

  void Loop() {
    const Interrupt interrupt(interrupt_.fd());
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || done_ != posted_; });
      if (done_ == posted_ || abandoned_) return;
      Slot& slot = slots_[done_ % slots_.size()];  // no other thread touches it until done_ passes it
      lock.unlock();
      slot.result = work_(slot.job, interrupt);
      lock.lock();
      if (done_++ == taken_) ready_.Raise();
    }
  }

  Work work_;
  Flag ready_;
  Flag interrupt_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Slot> slots_;
  uint64_t posted_ = 0, done_ = 0, taken_ = 0;  // counters of jobs; slot = counter modulo capacity
  bool stopping_ = true, abandoned_ = false;
  std::thread thread_;
};

}  // namespace v0
}  // namespace videostream::backend
