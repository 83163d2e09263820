// SPDX-License-Identifier: Apache-2.0
// System calls.
#undef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64  // on 32 bits stat() fails on large files otherwise
#include "client/system.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "videostream/error.h"

namespace videostream::client_internal {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kLongest = INT32_MAX * kSecond;  // of one wait: what a time of 32 bits has room for

timespec Timespec(int64_t ns) {
  ns = std::clamp<int64_t>(ns, 0, kLongest);
  timespec time{};
  time.tv_sec = static_cast<time_t>(ns / kSecond);
  time.tv_nsec = static_cast<long>(ns % kSecond);
  return time;
}

}  // namespace

int64_t NowNs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * kSecond + now.tv_nsec;
}

bool WaitWhile(const wire::Word32& word, uint32_t seen, int64_t timeout_ns) {
  const timespec timeout = Timespec(timeout_ns);
#if defined(SYS_futex_time64) && !defined(__LP64__)
  constexpr long kFutex = sizeof(timeout.tv_sec) == 8 ? SYS_futex_time64 : SYS_futex;
#else
  constexpr long kFutex = SYS_futex;
#endif
  return ::syscall(kFutex, &word, FUTEX_WAIT, seen, &timeout, nullptr, 0) == 0 || errno != ETIMEDOUT;
}

bool WaitReadable(int fd, int64_t timeout_ns) {
  pollfd entry{fd, POLLIN, 0};
  const timespec timeout = Timespec(timeout_ns);
  return ::ppoll(&entry, fd >= 0 ? 1 : 0, &timeout, nullptr) > 0;
}

int ConnectTo(const std::string& path, UniqueFd* out) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno;
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return errno;
  *out = std::move(fd);
  return 0;
}

const char* OtherKindOfFile(const std::string& path) {
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0) return nullptr;
  switch (there.st_mode & S_IFMT) {
    case S_IFSOCK:
      return nullptr;
    case S_IFREG:
      return "a regular file";
    case S_IFDIR:
      return "a folder";
    case S_IFIFO:
      return "a FIFO";
    default:
      return "a device";
  }
}

std::string NoDescriptorLeft(int error) {
  if (error == ENFILE) return "no descriptor left: the system has reached its limit (sysctl fs.file-max)";
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return "no descriptor left: this process has reached its limit of " + std::to_string(limit.rlim_cur) +
         " open files (RLIMIT_NOFILE); raise it with 'ulimit -n', or close some";
}

bool DrainPipe(int fd) {
  char rings[64];
  iovec part{rings, sizeof rings};
  for (int i = 0; i < 64; ++i) {
    // The other direction of vmsplice: from the pipe into memory.
    ssize_t n = ::vmsplice(fd, &part, 1, SPLICE_F_NONBLOCK);
    if (n < 0 && (errno == ENOSYS || errno == EPERM)) n = ::read(fd, rings, sizeof rings);
    if (n == 0) return false;
    if (n < static_cast<ssize_t>(sizeof rings)) return true;
  }
  return true;
}

bool SendBytes(int socket, const void* bytes, size_t size) {
  ssize_t sent = 0;
  do {
    sent = ::send(socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

namespace {

// After MSG_CTRUNC, while those that did arrive are still open.
std::string WhyDescriptorsWereLost(int socket, size_t arrived) {
  std::string why = "descriptors of a message were lost: ";
  if (arrived >= wire::kMaxMessageFds) return why + "more than " + std::to_string(wire::kMaxMessageFds);
  const UniqueFd probe(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (!probe.valid()) return why + NoDescriptorLeft(errno);
  return why + "the kernel refused them (a security module may say why)";
}

}  // namespace

void Receive(int socket, Inbound* out) {
  out->fds.clear();
  out->why.clear();
  iovec part{out->data, sizeof out->data};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * wire::kMaxMessageFds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t size = 0;
  int resets = 0;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // A reset is reported before what was sent ahead of it, and that tells why.
  } while (size < 0 && (errno == EINTR || (errno == ECONNRESET && resets++ == 0)));
  if (size < 0) {
    out->what = errno == EAGAIN ? Inbound::kNothing : Inbound::kClosed;
    return;
  }
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      out->fds.emplace_back(fd);
    }
  }
  if (size == 0) {
    out->fds.clear();  // an empty message, which is none of ours, looks like the end but may bring descriptors
    out->what = Inbound::kClosed;
    return;
  }
  out->size = static_cast<size_t>(size);
  out->what = Inbound::kMessage;
  out->code = VSTREAM_E_IO;
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    out->what = Inbound::kBad;
    out->why = WhyDescriptorsWereLost(socket, out->fds.size());
    if (out->fds.size() < wire::kMaxMessageFds) out->code = VSTREAM_E_NO_MEMORY;
  } else if (out->size > wire::kMaxMessageBytes) {
    out->what = Inbound::kBad;
    out->why = "the producer sent a message longer than " + std::to_string(wire::kMaxMessageBytes) + " bytes";
  }
}

}  // namespace videostream::client_internal
