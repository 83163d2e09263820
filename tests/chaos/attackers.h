// SPDX-License-Identifier: Apache-2.0
// Those who attack a Load: processes that can be stopped and killed, and consumers that speak the protocol by hand.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <functional>
#include <string>

#include "tests/backends/shm/raw_consumer.h"
#include "tests/chaos/load.h"
#include "wire/lease.h"
#include "wire/page.h"
#include "wire/wake.h"

namespace videostream::chaos {

// A forked process that ends with what `work` returns; killed at the end if it is still there.
class Attacker {
 public:
  explicit Attacker(const std::function<int()>& work) {
    ::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGALRM, SIG_DFL);
    ::alarm(Soak() ? 3000 : 250);
    ::_exit(work());
  }
  ~Attacker() { Kill(); }
  Attacker(const Attacker&) = delete;
  Attacker& operator=(const Attacker&) = delete;
  pid_t pid() const { return pid_; }
  void Send(int signal) const { EXPECT_EQ(::kill(pid_, signal), 0) << Context(); }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    Wait();
  }
  int Wait() {
    int status = -1;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
};

// A subscribed consumer without the library, with both pages mapped. Everything is done in the calling process.
class RawAttacker {
 public:
  explicit RawAttacker(const std::string& path) : raw(path) {}
  ~RawAttacker() {
    if (page_ != nullptr) ::munmap(page_, wire::kClientPageBytes);
    if (stream_memory_ != nullptr) ::munmap(stream_memory_, stream_bytes_);
  }
  RawAttacker(const RawAttacker&) = delete;
  RawAttacker& operator=(const RawAttacker&) = delete;

  // The next message, which must be a M. False: another one, or the connection is closed.
  template <class M>
  bool Await(M* message) {
    ssize_t n = -1;
    for (const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count(); (n = raw.Receive()) < 0;) {
      if (NowNs() > end) return false;
      Breathe();
    }
    if (n < static_cast<ssize_t>(sizeof *message)) return false;
    std::memcpy(message, raw.bytes, sizeof *message);
    return message->header.type == static_cast<uint16_t>(M::kType);
  }
  // True: the producer has closed the connection.
  bool AwaitClose() {
    for (const int64_t end = NowNs() + std::chrono::nanoseconds(kPatience).count(); NowNs() < end;) {
      const ssize_t n = raw.Receive();
      if (n == 0) return true;
      if (n < 0) Breathe();
    }
    return false;
  }
  bool SayHello() {
    raw.Send(wire::Make<wire::Hello>());
    wire::Welcome welcome;
    return Await(&welcome);
  }
  // From connect to the mapped pages; raw.fds: stream page, client page, doorbell, buffers.
  bool Subscribe(uint32_t queue) {
    if (!raw.connected || !SayHello()) return false;
    auto wish = wire::Make<wire::Subscribe>();
    wish.queue = queue;
    raw.Send(wish);
    if (!Await(&subscribed) || raw.fds.size() != 3) return false;
    stream_bytes_ = subscribed.stream_page_bytes;
    void* page = ::mmap(nullptr, wire::kClientPageBytes, PROT_READ | PROT_WRITE, MAP_SHARED, raw.fds[1], 0);
    void* stream = ::mmap(nullptr, stream_bytes_, PROT_READ, MAP_SHARED, raw.fds[0], 0);
    if (page == MAP_FAILED || stream == MAP_FAILED) return false;
    page_ = static_cast<wire::ClientPage*>(page);
    stream_memory_ = stream;
    std::string why;
    stream_ = wire::StreamPage::Check(stream, stream_bytes_, VSTREAM_STREAM_FRAMES, &why);
    return static_cast<bool>(stream_);
  }

  wire::ClientPage& page() { return *page_; }
  const wire::StreamPage& stream() const { return stream_; }
  uint64_t revoked() const { return stream_.revoked(subscribed.consumer).load(); }
  // A claim that counts.
  uint64_t Claim(uint32_t buffer) { return wire::ClaimValue(buffer, revoked(), ++nonce_); }
  // As one that waits for the next frame, again and again.
  void Arm() { page_->armed.store(wire::ArmedValue(stream_.header().head.load())); }

  test::RawConsumer raw;
  wire::Subscribed subscribed;

 private:
  wire::ClientPage* page_ = nullptr;
  void* stream_memory_ = nullptr;
  size_t stream_bytes_ = 0;
  wire::StreamPage stream_;
  uint32_t nonce_ = 0;
};

}  // namespace videostream::chaos
