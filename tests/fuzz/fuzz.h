// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets share. A target defines LLVMFuzzerTestOneInput, as libFuzzer wants it, and what driver.cc needs
// beside: a corpus and the length of its long run. An input is a little program: bytes that are read as operations, so
// that whatever a mutation makes of it still does something.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <vector>

namespace videostream::fuzz {

// In libFuzzer's words; C linkage, so that the namespace does not matter to it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

using Bytes = std::vector<uint8_t>;

// Defined by each target.
std::vector<Bytes> Corpus();             // valid conversations, to begin from
extern const uint64_t kLongRun;          // inputs of the long run; tests do a twentieth
inline constexpr int kMaxRecord = 1100;  // a little more than the protocol allows
inline constexpr int kMaxFds = 70;

// A finding: what must not be.
[[noreturn]] inline void Fail(const std::string& text) {
  std::fprintf(stderr, "finding: %s\n", text.c_str());
  std::abort();
}

// Reads an input; zeros after its end.
class Reader {
 public:
  Reader(const uint8_t* data, size_t size) : data_(data, size) {}
  bool empty() const { return data_.empty(); }
  template <class T>
  T Get() {
    T value{};
    const std::span<const uint8_t> from = Take(sizeof value);
    std::memcpy(&value, from.data(), from.size());
    return value;
  }
  std::span<const uint8_t> Take(size_t size) {
    const std::span<const uint8_t> taken = data_.first(std::min(size, data_.size()));
    data_ = data_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const uint8_t> data_;
};

// Writes one.
class Writer {
 public:
  template <class T>
  Writer& Put(const T& value) {
    const auto* from = reinterpret_cast<const uint8_t*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
    return *this;
  }
  // As Record reads it; `fds` are indices into the target's table.
  template <class M>
  Writer& PutRecord(const M& message, const std::vector<uint8_t>& fds = {}) {
    Put(static_cast<uint16_t>(sizeof message)).Put(static_cast<uint8_t>(fds.size()));
    bytes.insert(bytes.end(), fds.begin(), fds.end());
    return Put(message);
  }
  Bytes bytes;
};

// One message with descriptors out of `table`. An error of the socket is no finding: it may be full or closed.
inline void SendRecord(int socket, Reader& in, std::span<const int> table) {
  const size_t size = in.Get<uint16_t>() % kMaxRecord;
  const size_t count = in.Get<uint8_t>() % (kMaxFds + 1);
  int fds[kMaxFds];
  for (size_t i = 0; i < count; ++i) fds[i] = table[in.Get<uint8_t>() % table.size()];
  const std::span<const uint8_t> content = in.Take(size);
  iovec part{const_cast<uint8_t*>(content.data()), content.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(header), fds, sizeof(int) * count);
  }
  (void)!::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

// While it lives no descriptor may get lost.
class NoLeak {
 public:
  NoLeak() : before_(Open()) {}
  ~NoLeak() {
    if (const int now = Open(); now != before_) Fail(std::to_string(now - before_) + " descriptors are left open");
  }
  NoLeak(const NoLeak&) = delete;
  NoLeak& operator=(const NoLeak&) = delete;

 private:
  // Of the first 256, in one system call.
  static int Open() {
    pollfd entries[256];
    for (int fd = 0; fd < 256; ++fd) entries[fd] = {fd, 0, 0};
    if (::poll(entries, std::size(entries), 0) < 0) Fail("poll");
    return static_cast<int>(std::count_if(std::begin(entries), std::end(entries),
                                          [](const pollfd& e) { return (e.revents & POLLNVAL) == 0; }));
  }
  int before_;
};

// What goes to a log or a terminal is one line of printable characters.
inline void ExpectOneLine(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7e) Fail("text '" + text + "'");
  }
}

}  // namespace videostream::fuzz
