// SPDX-License-Identifier: Apache-2.0
// A producer that may lie: speaks the protocol by hand, one message at a time, in the thread of the test.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "wire/messages.h"
#include "wire/reclaim.h"

namespace videostream::test {

inline size_t OpenFiles() {
  size_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

// While it lives this process can open `more` descriptors and then none.
class FdLimit {
 public:
  explicit FdLimit(rlim_t more) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int lowest = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    ::close(lowest);
    limit = static_cast<rlim_t>(lowest) + more;
    const rlimit less{limit, before_.rlim_max};
    if (lowest < 0 || ::setrlimit(RLIMIT_NOFILE, &less) != 0) std::abort();
  }
  ~FdLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FdLimit(const FdLimit&) = delete;
  FdLimit& operator=(const FdLimit&) = delete;
  rlim_t limit = 0;

 private:
  rlimit before_{};
};

class FakeProducer {
 public:
  static constexpr int kSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  static constexpr int kFutureWrite = 0x10;
  static constexpr uint32_t kConsumers = 4;

  FakeProducer() {
    char name[] = "/tmp/vsXXXXXX";
    dir_ = ::mkdtemp(name);
    path = dir_ + "/s";
    listener_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 4) != 0) {
      std::abort();
    }
  }
  ~FakeProducer() {
    Disconnect();
    ::close(listener_);
    ::unlink(path.c_str());
    ::rmdir(dir_.c_str());
    for (const int fd : fds_) ::close(fd);
    if (page_memory_ != nullptr) ::munmap(page_memory_, page_bytes_);
  }
  FakeProducer(const FakeProducer&) = delete;
  FakeProducer& operator=(const FakeProducer&) = delete;

  bool Accept() {
    Disconnect();
    socket_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return socket_ >= 0;
  }
  void Disconnect() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  // The next message of the client, as type M.
  template <class M>
  M Receive() {
    std::byte bytes[wire::kMaxMessageBytes];
    const ssize_t n = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    const auto parsed = wire::Parse<M>({bytes, static_cast<size_t>(n > 0 ? n : 0)}, 0);
    EXPECT_TRUE(parsed.ok()) << parsed.why << " errno " << errno;
    return parsed.message;
  }
  bool HasMessage() const {
    char c;
    return ::recv(socket_, &c, 1, MSG_DONTWAIT | MSG_PEEK) > 0;
  }
  void SendRaw(const void* bytes, size_t size, const std::vector<int>& fds = {}) {
    iovec part{const_cast<void*>(bytes), size};
    std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
      std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
    }
    EXPECT_GE(::sendmsg(socket_, &message, MSG_NOSIGNAL | MSG_DONTWAIT), 0) << std::strerror(errno);
  }
  template <class M>
  void Send(const M& message, const std::vector<int>& fds = {}) {
    SendRaw(&message, sizeof message, fds);
  }

  int Memfd(uint64_t bytes, int seals, bool allow_sealing = true) {
    const int fd = ::memfd_create("fake", MFD_CLOEXEC | (allow_sealing ? MFD_ALLOW_SEALING : 0));
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) std::abort();
    if (allow_sealing && ::fcntl(fd, F_ADD_SEALS, seals) != 0) std::abort();
    fds_.push_back(fd);
    return fd;
  }

  // A correct stream page, client page and doorbell.
  void MakePages(uint32_t stream = 0) {
    page_bytes_ = wire::StreamPage::Bytes(kConsumers);
    stream_fd = Memfd(page_bytes_, 0);
    page_memory_ = ::mmap(nullptr, page_bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, stream_fd, 0);
    page = wire::StreamPage::Create(page_memory_, stream, kConsumers);
    ::fcntl(stream_fd, F_ADD_SEALS, kSeals | kFutureWrite);
    client_fd = Memfd(wire::kClientPageBytes, kSeals);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
    fds_.push_back(ends[0]);
    fds_.push_back(ends[1]);
    bell_fd = ends[0];
    ring_fd = ends[1];
    subscribed = wire::Make<wire::Subscribed>();
    subscribed.stream = stream;
    subscribed.leases = 2;
    subscribed.stream_page_bytes = page_bytes_;
    subscribed.client_page_bytes = wire::kClientPageBytes;
  }
  static wire::Welcome Welcome() {
    auto welcome = wire::Make<wire::Welcome>();
    welcome.leases = 2;
    welcome.max_queue[0] = welcome.max_queue[1] = 8;
    return welcome;
  }
  // Everything up to the wish of the client, correctly.
  template <class Client>
  void Greet(Client& client) {
    client.wait_for_frame(std::chrono::nanoseconds(0));
    ASSERT_TRUE(Accept());
    Receive<wire::Hello>();
    Send(Welcome());
    client.wait_for_frame(std::chrono::nanoseconds(0));
    subscribed.queue = Receive<wire::Subscribe>().queue;
  }
  // Hello and subscribe are answered correctly; with MakePages before.
  template <class Client>
  void Subscribe(Client& client) {
    Greet(client);
    Send(subscribed, {stream_fd, client_fd, bell_fd});
    client.wait_for_frame(std::chrono::nanoseconds(0));
  }
  // A set of one GREY picture of 8x8.
  wire::BufferSet Set() const {
    auto set = wire::Make<wire::BufferSet>();
    set.epoch = 1;
    set.total = set.count = 1;
    set.fds_per_buffer = 1;
    set.memory = VSTREAM_MEMORY_MEMFD;
    set.layout.fourcc = VSTREAM_FORMAT_GREY;
    set.layout.plane_count = 1;
    set.layout.width = set.layout.height = 8;
    set.layout.planes[0] = {0, 8, 0, 64};
    set.buffers[0] = {.id = 5, .fd_size = {4096}};
    return set;
  }
  wire::Descriptor Frame() const {
    wire::Descriptor d;
    d.sequence = page.header().sequence.load() + 1;
    d.buffer = 5;
    d.set = 1;
    d.generation = d.frame_sequence = d.sequence;
    d.bytes_used[0] = 64;
    return d;
  }
  void Publish(const wire::Descriptor& d) {
    page.generation(d.buffer).store(d.generation);
    wire::WriteDescriptor(page.descriptor(d.sequence), d);
    page.header().sequence.store(d.sequence);
    wire::AdvanceHead(page);
  }

  std::string path;
  wire::StreamPage page;
  wire::Subscribed subscribed;
  int stream_fd = -1, client_fd = -1, bell_fd = -1;
  int ring_fd = -1;  // the other end of the doorbell

 private:
  std::string dir_;
  int listener_ = -1;
  int socket_ = -1;
  std::vector<int> fds_;
  void* page_memory_ = nullptr;
  uint32_t page_bytes_ = 0;
};

}  // namespace videostream::test
