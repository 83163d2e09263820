// SPDX-License-Identifier: Apache-2.0
// The floors: the least that any transport has to do to wake N processes for a frame that lies in shared memory. No
// leases, no distrust, no reclaim: the producer overwrites one of four buffers, whoever reads it.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "bench/transport/party.h"

namespace videostream::bench::transport {
namespace {

constexpr uint32_t kBuffers = 4;
constexpr int64_t kPatienceNs = 100'000'000;
constexpr size_t kMessageBytes = 64;  // of the SEQPACKET floors

enum class Bell { kFutex, kPipe, kEventfd, kMessage, kMessageFd };

Bell BellOf(const Settings& settings) {
  const std::string backend = settings.backend;
  if (backend == "floor-pipe") return Bell::kPipe;
  if (backend == "floor-eventfd") return Bell::kEventfd;
  if (backend == "floor-seqpacket") return Bell::kMessage;
  if (backend == "floor-seqpacket-fd") return Bell::kMessageFd;
  return Bell::kFutex;  // floor-futex and floor-memcpy
}

// What producer and consumers share: a page of control, then the buffers.
struct alignas(4096) Pool {
  std::atomic<uint32_t> head;  // futex word: number of the newest frame, its low bits
  struct Slot {
    std::atomic<uint64_t> number;
    std::atomic<int64_t> published_ns;
  } slots[kBuffers];

  unsigned char* Buffer(const Settings& settings, uint64_t number) {
    return reinterpret_cast<unsigned char*>(this + 1) + (number % kBuffers) * settings.frame_bytes;
  }
};

std::string InFolder(const Settings& settings, const char* name) { return std::string(settings.folder) + "/" + name; }

// Both sides map it whole and present: a consumer that reads every byte would fault otherwise.
Pool* OpenPool(const Settings& settings, int flags, int* fd_out) {
  const size_t bytes = sizeof(Pool) + kBuffers * settings.frame_bytes;
  const int fd = open(InFolder(settings, "pool").c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0 || ((flags & O_CREAT) != 0 && ftruncate(fd, static_cast<off_t>(bytes)) != 0)) return nullptr;
  const int protection = (flags & O_CREAT) != 0 ? PROT_READ | PROT_WRITE : PROT_READ;
  void* mapped = mmap(nullptr, bytes, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
  *fd_out = fd;
  return mapped == MAP_FAILED ? nullptr : static_cast<Pool*>(mapped);
}

sockaddr_un AddressOf(const Settings& settings) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  InFolder(settings, "floor.sock").copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// One record of `bytes`, with a descriptor if it is not -1.
bool SendRecord(int socket, const void* data, size_t bytes, int fd) {
  iovec part{const_cast<void*>(data), bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(c), &fd, sizeof fd);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(bytes);
}

// The descriptor that came with it in `fd`, or -1.
ssize_t ReceiveRecord(int socket, void* data, size_t bytes, int* fd) {
  iovec part{data, bytes};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  *fd = -1;
  const ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  const cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (c != nullptr && c->cmsg_type == SCM_RIGHTS) std::memcpy(fd, CMSG_DATA(c), sizeof *fd);
  return n;
}

// The producer's end of the doorbell of a consumer that has just connected: pipe and eventfd are sent to it.
int MakeBell(Bell bell, int socket) {
  if (bell == Bell::kMessage || bell == Bell::kMessageFd) return socket;
  int theirs = -1, mine = -1;
  if (bell == Bell::kPipe) {
    int ends[2];
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    theirs = ends[0];
    mine = ends[1];
  } else {
    mine = theirs = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  }
  const bool sent = SendRecord(socket, "", 1, theirs);
  return sent ? mine : -1;
}

void Ring(Bell bell, int fd, const Stamp& stamp, int pool_fd) {
  unsigned char message[kMessageBytes] = {};
  const uint64_t one = 1;
  switch (bell) {
    case Bell::kFutex:
      break;
    case Bell::kPipe: {
      [[maybe_unused]] const ssize_t n = write(fd, "", 1);
      break;
    }
    case Bell::kEventfd: {
      [[maybe_unused]] const ssize_t n = write(fd, &one, sizeof one);
      break;
    }
    case Bell::kMessage:
    case Bell::kMessageFd:
      std::memcpy(message, &stamp, sizeof stamp);
      SendRecord(fd, message, sizeof message, bell == Bell::kMessageFd ? pool_fd : -1);
      break;
  }
}

// Serves connections until the cell begins.
bool Gather(ProducerRecorder& recorder, Bell bell, int listener, std::vector<int>* bells) {
  while (recorder.phase() < kWarm) {
    pollfd entry{listener, POLLIN, 0};
    if (poll(&entry, 1, 1) <= 0) continue;
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    const int fd = socket < 0 ? -1 : MakeBell(bell, socket);
    if (fd < 0) return false;
    bells->push_back(fd);
  }
  return true;
}

}  // namespace

int RunFloorProducer(Board* board) {
  ProducerRecorder recorder(board);
  const Settings& settings = recorder.settings();
  const Bell bell = BellOf(settings);
  const bool copies = std::strcmp(settings.backend, "floor-memcpy") == 0;
  int pool_fd = -1;
  Pool* pool = OpenPool(settings, O_RDWR | O_CREAT, &pool_fd);
  if (pool == nullptr) return Complain("pool");
  const sockaddr_un address = AddressOf(settings);
  const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, kMaxConsumers) != 0) {
    return Complain("socket");
  }
  const std::vector<unsigned char> source(settings.frame_bytes, 7);
  recorder.ready();
  std::vector<int> bells;
  if (!Gather(recorder, bell, listener, &bells)) return Complain("doorbell");
  bool on = true;
  while (on) {
    recorder.pace();
    Stamp stamp{recorder.number(), NowNs()};
    unsigned char* buffer = pool->Buffer(settings, stamp.number);
    if (copies) std::memcpy(buffer, source.data(), source.size());
    std::memcpy(buffer, &stamp, sizeof stamp);
    Pool::Slot& slot = pool->slots[stamp.number % kBuffers];
    slot.number.store(stamp.number, std::memory_order_relaxed);
    slot.published_ns.store(stamp.published_ns, std::memory_order_relaxed);
    pool->head.store(static_cast<uint32_t>(stamp.number), std::memory_order_seq_cst);
    if (bell == Bell::kFutex) syscall(SYS_futex, &pool->head, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    for (const int fd : bells) Ring(bell, fd, stamp, pool_fd);
    on = recorder.published(NowNs() - stamp.published_ns);
  }
  return 0;
}

namespace {

// One consumer: waits for a frame that is newer than `seen`.
class FloorConsumer {
 public:
  FloorConsumer(Bell bell, bool epoll) : bell_(bell), use_epoll_(epoll) {}

  bool Open(const Settings& settings) {
    int fd = -1;
    pool_ = OpenPool(settings, O_RDONLY, &fd);
    if (pool_ == nullptr) return false;
    if (bell_ == Bell::kFutex) return true;
    const sockaddr_un address = AddressOf(settings);
    const int socket = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (socket < 0 || connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;
    bell_fd_ = socket;
    char byte = 0;
    if (bell_ != Bell::kMessage && bell_ != Bell::kMessageFd && ReceiveRecord(socket, &byte, 1, &bell_fd_) != 1) {
      return false;
    }
    if (!use_epoll_) return bell_fd_ >= 0 && fcntl(bell_fd_, F_SETFL, 0) == 0;
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    return bell_fd_ >= 0 && epoll_ctl(epoll_, EPOLL_CTL_ADD, bell_fd_, &event) == 0;
  }

  // False: nothing came for 100 ms (or less).
  bool Wait(Stamp* out) {
    if (bell_ == Bell::kFutex) return WaitFutex(out);
    epoll_event event{};
    if (use_epoll_ && epoll_wait(epoll_, &event, 1, kPatienceNs / 1'000'000) <= 0) return false;
    unsigned char message[kMessageBytes];
    if (bell_ == Bell::kMessage || bell_ == Bell::kMessageFd) {
      int fd = -1;
      const ssize_t n = ReceiveRecord(bell_fd_, message, sizeof message, &fd);
      if (fd >= 0) close(fd);
      if (n != sizeof message) return false;
      std::memcpy(out, message, sizeof *out);
      return true;
    }
    if (read(bell_fd_, message, sizeof message) <= 0) return false;
    return Newest(pool_->head.load(std::memory_order_seq_cst), out);
  }

  const unsigned char* Buffer(const Settings& settings, uint64_t number) { return pool_->Buffer(settings, number); }

 private:
  bool WaitFutex(Stamp* out) {
    const timespec patience{0, kPatienceNs};
    uint32_t head = pool_->head.load(std::memory_order_seq_cst);
    while (head == seen_) {
      if (syscall(SYS_futex, &pool_->head, FUTEX_WAIT, seen_, &patience, nullptr, 0) != 0 && errno == ETIMEDOUT) {
        return false;
      }
      head = pool_->head.load(std::memory_order_seq_cst);
    }
    return Newest(head, out);
  }
  bool Newest(uint32_t head, Stamp* out) {
    if (head == seen_) return false;
    seen_ = head;
    const Pool::Slot& slot = pool_->slots[head % kBuffers];
    *out = {slot.number.load(std::memory_order_relaxed), slot.published_ns.load(std::memory_order_relaxed)};
    return true;
  }

  Bell bell_;
  bool use_epoll_;
  Pool* pool_ = nullptr;
  int bell_fd_ = -1, epoll_ = -1;
  uint32_t seen_ = 0;
};

}  // namespace

int RunFloorConsumer(Board* board, uint32_t index) {
  ConsumerRecorder recorder(board, index);
  const Settings& settings = recorder.settings();
  FloorConsumer consumer(BellOf(settings), std::strcmp(settings.mode, "epoll") == 0);
  if (!consumer.Open(settings)) return Complain("floor consumer");
  recorder.ready();
  bool on = true;
  while (on) {
    Stamp stamp;
    if (!consumer.Wait(&stamp)) {
      on = recorder.idle();
      continue;
    }
    const ConsumerRecorder::Plane plane{consumer.Buffer(settings, stamp.number), settings.frame_bytes};
    on = recorder.frame(stamp.number, stamp.published_ns, &plane, 1);
  }
  return 0;
}

}  // namespace videostream::bench::transport
