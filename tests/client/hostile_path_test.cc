// SPDX-License-Identifier: Apache-2.0
// A client is sent to something that is no host: it says what is there and what to do, soon, and leaves nothing open.
#include <sys/stat.h>
#include <sys/wait.h>

#include "client/handshake.h"
#include "tests/client/fake_producer.h"
#include "videostream/backend.h"
#include "videostream/client.hpp"

namespace videostream::test {
namespace {

using client_internal::Handshake;
using client_internal::UniqueFd;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr int64_t kSecond = 1'000'000'000;

struct HostilePathTest : ::testing::Test {
  HostilePathTest() { ::alarm(60); }
  ~HostilePathTest() override {
    ::alarm(0);
    EXPECT_EQ(OpenFiles(), before) << "descriptors are left open";
    [[maybe_unused]] const int r = std::system(("rm -rf " + dir).c_str());
  }
  static std::string MakeDir() {
    char name[] = "/tmp/vsXXXXXX";
    return ::mkdtemp(name);
  }
  // For good: a wait of many seconds is over at once.
  void ExpectFailed(const std::string& error, int code) const {
    Client client(path);
    EXPECT_FALSE(client.wait_for_frame(seconds(50)));
    EXPECT_EQ(client.state(), Client::State::kFailed);
    EXPECT_EQ(client.error(), "socket '" + path + "': " + error);
    EXPECT_EQ(client.error_code(), code);
  }
  // There may be a host later on.
  void ExpectWaiting() const {
    Client client(path);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.state(), Client::State::kConnecting);
    EXPECT_EQ(client.error(), "");
  }
  // A socket of any type that is open at the path.
  UniqueFd Open(int type) const {
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
    if (type != SOCK_DGRAM) {
      EXPECT_EQ(::listen(fd.get(), 4), 0);
    }
    return fd;
  }

  size_t before = OpenFiles();
  std::string dir = MakeDir();
  std::string path = dir + "/s";
};

// Would catch: waiting for ever for a file to become a socket.
TEST_F(HostilePathTest, OtherFilesAreNamed) {
  ASSERT_EQ(::close(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
  ExpectFailed("is no VideoStream host: this is a regular file, not a socket; check the path", VSTREAM_E_INVALID);
  ASSERT_EQ(::symlink(path.c_str(), (dir + "/link").c_str()), 0);
  const std::string file = std::exchange(path, dir + "/link");
  ExpectFailed("is no VideoStream host: this is a regular file, not a socket; check the path", VSTREAM_E_INVALID);
  path = file;
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  ExpectFailed("is no VideoStream host: this is a folder, not a socket; check the path", VSTREAM_E_INVALID);
  ASSERT_EQ(::rmdir(path.c_str()), 0);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  ExpectFailed("is no VideoStream host: this is a FIFO, not a socket; check the path", VSTREAM_E_INVALID);
  path = "/dev/null";
  ExpectFailed("is no VideoStream host: this is a device, not a socket; check the path", VSTREAM_E_INVALID);
  path = "/dev/null/s";
  ExpectFailed("connect: Not a directory", VSTREAM_E_INVALID);
  path = dir + "/loop";
  ASSERT_EQ(::symlink(path.c_str(), path.c_str()), 0);
  ExpectFailed("connect: Too many levels of symbolic links", VSTREAM_E_INVALID);
}

// Would catch: giving up on a host that has not been started yet, or was killed.
TEST_F(HostilePathTest, WhatMayComeLaterIsWaitedFor) {
  ExpectWaiting();  // nothing there
  ASSERT_EQ(::symlink((dir + "/nowhere").c_str(), path.c_str()), 0);
  ExpectWaiting();  // a dangling link
  ASSERT_EQ(::unlink(path.c_str()), 0);
  Open(SOCK_SEQPACKET).reset();
  ExpectWaiting();  // left behind by a dead host
  path = dir + "/none/s";
  ExpectWaiting();  // no folder
}

// Would catch: an errno instead of a reason.
TEST_F(HostilePathTest, SocketsOfAnotherKindAreNoHosts) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const UniqueFd other = Open(type);
    ExpectFailed("is no VideoStream host: a socket of another kind is open there; check the path", VSTREAM_E_INVALID);
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
}

// Would catch: a wait for the answer of a server that has none, and one that never ends while others keep sending.
TEST_F(HostilePathTest, AnswersAreWaitedForTwoSeconds) {
  const UniqueFd listener = Open(SOCK_SEQPACKET);
  const Handshake::Wish wish{.path = path, .name = "test"};
  const auto count = std::make_shared<std::atomic<uint64_t>>(0);
  const std::string text =
      "no welcome within 2 s of connecting; the producer is stopped, or this is no VideoStream host";
  for (const bool flood : {false, true}) {
    Handshake sut;
    ASSERT_EQ(sut.Start(wish, kSecond), Handshake::Progress::kWaiting) << sut.why();
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    wire::Header unknown{.type = 77, .size = sizeof unknown, .minor = 9};
    int sent = 0;
    while (flood && ::send(server.get(), &unknown, sizeof unknown, MSG_DONTWAIT | MSG_NOSIGNAL) > 0) ++sent;
    EXPECT_TRUE(!flood || sent > 40) << sent;
    EXPECT_EQ(sut.Continue(wish, 3 * kSecond - 1, count), Handshake::Progress::kWaiting);
    EXPECT_EQ(sut.Continue(wish, 3 * kSecond, count), Handshake::Progress::kAgain);
    EXPECT_EQ(sut.why(), text);
    EXPECT_EQ(sut.code(), VSTREAM_E_TIMEOUT);
    EXPECT_EQ(sut.socket(), -1);
  }
  Client client(path);
  EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
  EXPECT_EQ(client.state(), Client::State::kConnecting);
}

// Would catch: a server of another protocol that is tried for ever, or whose bytes are taken for ours.
TEST_F(HostilePathTest, OtherProtocolsAreNoHosts) {
  const UniqueFd listener = Open(SOCK_SEQPACKET);
  wire::Header foreign{.magic = 0x12345678, .type = 2, .size = 64};
  const std::string http = "HTTP/1.0 400 Bad Request\r\n\r\n";
  const struct {
    std::string bytes, error;
  } kinds[] = {
      {http, "is no VideoStream host: it sent a message of another protocol; check the path"},
      {"no", "is no VideoStream host: it sent a message of 2 bytes, expected 16 to 1024; check the path"},
      {std::string(reinterpret_cast<const char*>(&foreign), sizeof foreign) + std::string(48, '\0'),
       "is no VideoStream host: it sent a message of another protocol; check the path"},
      {std::string(5000, 'x'), "the producer sent a message longer than 1024 bytes"},
      {std::string(wire::kMaxMessageBytes, '\0'),
       "is no VideoStream host: it sent a message of another protocol; check the path"},
  };
  for (const auto& kind : kinds) {
    Client client(path);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    const UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ASSERT_EQ(::send(server.get(), kind.bytes.data(), kind.bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kind.bytes.size()));
    EXPECT_FALSE(client.wait_for_frame(seconds(50)));
    EXPECT_EQ(client.state(), Client::State::kFailed) << kind.error;
    EXPECT_EQ(client.error(), "socket '" + path + "': " + kind.error);
    EXPECT_EQ(client.error_code(), VSTREAM_E_IO);
  }
}

// Would catch: a socket that a user may not open, taken for a missing host.
TEST_F(HostilePathTest, PermissionIsAskedForWithAHint) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const UniqueFd listener = Open(SOCK_SEQPACKET);
  ASSERT_EQ(::chmod(dir.c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(50);
    if (::seteuid(65534) != 0) ::_exit(2);
    Client client(path);
    client.wait_for_frame(seconds(40));
    const bool good =
        client.state() == Client::State::kFailed && client.error_code() == VSTREAM_E_PERMISSION &&
        client.error() == "socket '" + path + "': connect: Permission denied; see the socket's mode and group";
    if (!good) std::fprintf(stderr, "%s\n", client.error().c_str());
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 2) GTEST_SKIP() << "user 65534 does not exist in this sandbox";
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
}

// Would catch: "Too many open files" and no more, or a client that is dead although descriptors are free again.
TEST_F(HostilePathTest, NoDescriptorLeftNamesTheLimit) {
  const UniqueFd listener = Open(SOCK_SEQPACKET);
  Client client(path);
  {
    const FdLimit limit(0);
    EXPECT_FALSE(client.wait_for_frame(nanoseconds(0)));
    EXPECT_EQ(client.error(), "socket '" + path + "': no descriptor left: this process has reached its limit of " +
                                  std::to_string(limit.limit) +
                                  " open files (RLIMIT_NOFILE); raise it with 'ulimit -n', or close some");
    EXPECT_EQ(client.error_code(), VSTREAM_E_NO_MEMORY);
    EXPECT_EQ(client.state(), Client::State::kConnecting);
    Client other(path);
    EXPECT_EQ(other.poll_fd(), -1);
    EXPECT_EQ(other.error(), "socket '" + path + "': event descriptor: no descriptor left: this process has reached " +
                                 "its limit of " + std::to_string(limit.limit) +
                                 " open files (RLIMIT_NOFILE); raise it with 'ulimit -n', or close some");
  }
  UniqueFd server;
  while (!server.valid()) {
    client.wait_for_frame(std::chrono::milliseconds(5));
    server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  }
  wire::Hello hello;
  EXPECT_EQ(::recv(server.get(), &hello, sizeof hello, MSG_DONTWAIT), static_cast<ssize_t>(sizeof hello));
}

}  // namespace
}  // namespace videostream::test
