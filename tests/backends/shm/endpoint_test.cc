// SPDX-License-Identifier: Apache-2.0
#include "backends/shm/endpoint.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <utility>

#include "tests/backends/shm/test_host.h"

namespace {
std::function<void()> after_bind;  // what somebody else does at that moment
}

// In the place of the C library's, for Endpoint.
extern "C" int bind(int fd, const sockaddr* address, socklen_t size) noexcept {
  const auto result = static_cast<int>(::syscall(SYS_bind, fd, address, size));
  if (result == 0 && after_bind) after_bind();
  return result;
}

namespace videostream::shm {
namespace {

using backend::Status;
using test::Child;
using test::Signal;
using test::TempDir;

struct EndpointTest : ::testing::Test {
  EndpointTest() { ::alarm(60); }
  ~EndpointTest() override { ::alarm(0); }
  // A socket file without a listener, as a killed host leaves it.
  void LeaveStaleSocket() const {
    const int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::listen(fd, 1);
    ::close(fd);
  }
  // In a process that runs as another user: 0, 1 for another error text, 2 if there is no such user here.
  int ListenAsNobody(const std::string& expected) const {
    Child child([&] {
      if (::seteuid(65534) != 0) return 2;
      Endpoint sut;
      const Status status = sut.Listen(path, 0600);
      if (status.message() == expected && status.code() == VSTREAM_E_PERMISSION) return 0;
      std::fprintf(stderr, "%d %s\n", status.code(), status.message().c_str());
      return 1;
    });
    const int status = child.Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
  static ino_t Inode(const std::string& file) {
    struct stat s {};
    return ::lstat(file.c_str(), &s) == 0 ? s.st_ino : 0;
  }
  TempDir dir;
  std::string path = dir / "s";
};

// A path that is cut by the kernel's limit: the host listens where nobody looks.
TEST_F(EndpointTest, PathTooLongIsRefusedWithBothNumbers) {
  Endpoint sut;
  const Status status = sut.Listen(dir / std::string(120, 'x'), 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_INVALID);
  EXPECT_NE(status.message().find("path of " + std::to_string(dir.path().size() + 121) +
                                  " bytes, the kernel takes at most 107"),
            std::string::npos)
      << status.message();
  EXPECT_EQ(Endpoint().Listen("", 0600).code(), VSTREAM_E_INVALID);
}

// A missing folder is reported as if the socket were missing.
TEST_F(EndpointTest, MissingFolderIsNamed) {
  const Status status = Endpoint().Listen(dir / "none/s", 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_NOT_FOUND);
  EXPECT_NE(status.message().find("folder '" + dir.path() + "/none': No such file"), std::string::npos)
      << status.message();
}

// The umask of the host, or none at all, decides who may connect.
TEST_F(EndpointTest, ModeIsExactWhateverTheUmask) {
  const mode_t before = ::umask(0);
  for (const mode_t mask : {0, 0077, 0777}) {
    ::umask(mask);
    for (const mode_t mode : {0600, 0660, 0666}) {
      Endpoint sut;
      const Status status = sut.Listen(path, mode);
      ASSERT_TRUE(status.ok()) << status.message();
      struct stat s {};
      ASSERT_EQ(::lstat(path.c_str(), &s), 0);
      EXPECT_EQ(s.st_mode & 0777, mode);
    }
  }
  ::umask(before);
}

// A second host takes the socket away from a living one.
TEST_F(EndpointTest, LiveHostKeepsItsSocket) {
  Endpoint first;
  ASSERT_TRUE(first.Listen(path, 0600).ok());
  const ino_t inode = Inode(path);
  const Status status = Endpoint().Listen(path, 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_BUSY);
  EXPECT_NE(status.message().find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << status.message();
  EXPECT_EQ(Inode(path), inode);
}

// A killed host blocks its successor.
TEST_F(EndpointTest, DeadHostIsReplaced) {
  LeaveStaleSocket();
  Endpoint sut;
  const Status status = sut.Listen(path, 0600);
  EXPECT_TRUE(status.ok()) << status.message();
}

// Somebody's file is deleted because it has the name of the socket.
TEST_F(EndpointTest, OtherFilesAreLeftAlone) {
  const auto refused = [&](const std::string& kind) {
    const ino_t before = Inode(path);
    Endpoint sut;
    const Status status = sut.Listen(path, 0600);
    EXPECT_EQ(status.code(), VSTREAM_E_BUSY);
    EXPECT_EQ(status.message(), "socket '" + path + "': there is " + kind +
                                    " of this name, not a socket; remove it or choose another path");
    EXPECT_EQ(Inode(path), before);
  };
  std::ofstream(path) << "precious";
  refused("a regular file");
  std::ifstream content(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(content), {}), "precious");
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  refused("a folder");
  ASSERT_EQ(::rmdir(path.c_str()), 0);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  refused("a FIFO");
  // Links, also to a socket that nobody listens on: what they point to is not ours to judge.
  ASSERT_EQ(::rename(path.c_str(), (dir / "fifo").c_str()), 0);
  LeaveStaleSocket();
  ASSERT_EQ(::rename(path.c_str(), (dir / "t").c_str()), 0);
  for (const char* target : {"t", "fifo", "nowhere", "s"}) {
    ASSERT_EQ(::symlink((dir / target).c_str(), path.c_str()), 0);
    refused("a symbolic link");
    ASSERT_EQ(::unlink(path.c_str()), 0);
  }
  EXPECT_EQ(dir.List().size(), 2u);
}

// Another user's socket is removed, since root may do everything; or the reason is an errno.
TEST_F(EndpointTest, AnotherUsersSocketIsLeftAloneAndItsOwnerNamed) {
  LeaveStaleSocket();
  if (::geteuid() != 0 || ::lchown(path.c_str(), 12345, 12345) != 0) GTEST_SKIP() << "needs root, to give a file away";
  const ino_t before = Inode(path);
  Endpoint sut;
  const Status status = sut.Listen(path, 0600);
  EXPECT_EQ(status.code(), VSTREAM_E_PERMISSION);
  EXPECT_EQ(status.message(), "socket '" + path +
                                  "': belongs to user 12345, this process runs as user 0; remove it as that user, or "
                                  "choose another path");
  EXPECT_EQ(Inode(path), before);
  // Of one that listens, the process is named; to who may not even ask, its owner.
  ASSERT_EQ(::unlink(path.c_str()), 0);
  Endpoint alive;
  ASSERT_TRUE(alive.Listen(path, 0600).ok());
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  const int result = ListenAsNobody("socket '" + path +
                                    "': belongs to user 0, this process runs as user 65534; remove it as that user, "
                                    "or choose another path");
  if (result == 2) GTEST_SKIP() << "user 65534 does not exist in this sandbox";
  EXPECT_EQ(result, 0);
  ASSERT_EQ(::lchown(path.c_str(), 12345, 12345), 0);
  Endpoint second;
  EXPECT_EQ(second.Listen(path, 0600).message(), "socket '" + path + "': in use by process " +
                                                     std::to_string(::getpid()) + "; stop it or choose another path");
}

// A folder without write permission: an errno of bind.
TEST_F(EndpointTest, AFolderThatMayNotBeWrittenIsNamed) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  const int result = ListenAsNobody("socket '" + path + "': user 65534 may not write to folder '" + dir.path() +
                                    "'; change its permissions, or choose another path");
  if (result == 2) GTEST_SKIP() << "user 65534 does not exist in this sandbox";
  EXPECT_EQ(result, 0);
}

// A folder in which every user can replace the socket is taken without a word.
TEST_F(EndpointTest, AFolderOpenToEverybodyIsWarnedOf) {
  const std::string warning = "every user may write to folder '" + dir.path() +
                              "', and so put a socket of his own in the place of '" + path +
                              "'; use a folder that only the producer may write to";
  for (const mode_t mode : {0777, 0773, 01777, 0755, 0770}) {
    ASSERT_EQ(::chmod(dir.path().c_str(), mode), 0);
    Endpoint sut;
    ASSERT_TRUE(sut.Listen(path, 0600).ok());
    EXPECT_EQ(sut.FolderWarning(), (mode & 01002) == 2 ? warning : "") << std::oct << mode;
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0777), 0);
  const test::TestHost host({{"socket", path}});
  EXPECT_EQ(host.logged, std::vector<std::string>{warning});
}

// Group and mode are given to what somebody else has put in the place of the socket; or to a socket that he has a name
// for.
TEST_F(EndpointTest, NothingElseIsGivenTheModeOfTheSocket) {
  const std::string victim = dir / "precious";
  const std::string other = dir / "other";
  const auto modes = [&] {
    struct stat s {};
    return ::lstat(victim.c_str(), &s) == 0 ? s.st_mode & 07777 : 0;
  };
  std::ofstream(victim) << "precious";
  ASSERT_EQ(::chmod(victim.c_str(), 0600), 0);
  const std::string refusal = "socket '" + path + "': somebody else has moved, linked or replaced it in folder '" +
                              dir.path() + "'; use a folder that only the producer may write to";
  const std::pair<const char*, std::function<int()>> rows[] = {
      {"a second name", [&] { return ::link(path.c_str(), other.c_str()); }},
      {"another file",
       [&] { return ::link(victim.c_str(), other.c_str()) == 0 ? ::rename(other.c_str(), path.c_str()) : -1; }},
      {"a symbolic link", [&] { return ::unlink(path.c_str()) == 0 ? ::symlink(victim.c_str(), path.c_str()) : -1; }},
  };
  for (const auto& [name, act] : rows) {
    int acted = -1;
    after_bind = [&, &act = act] { acted = act(); };
    const Status status = Endpoint().Listen(path, 0666, SocketGroup{.gid = ::getegid(), .name = "own"});
    after_bind = nullptr;
    ASSERT_EQ(acted, 0) << name << ": " << std::strerror(errno);
    EXPECT_EQ(status.code(), VSTREAM_E_PERMISSION) << name;
    EXPECT_EQ(status.message(), refusal) << name;
    EXPECT_EQ(modes(), 0600u) << name;
    ::unlink(path.c_str());
    ::unlink(other.c_str());
  }
  after_bind = [&] { ::unlink(path.c_str()); };
  EXPECT_EQ(Endpoint().Listen(path, 0666).code(), VSTREAM_E_NOT_FOUND);
  after_bind = nullptr;
}

// A host that ends removes the socket of the one that came after it.
TEST_F(EndpointTest, OnlyItsOwnSocketIsRemoved) {
  auto first = std::make_unique<Endpoint>();
  ASSERT_TRUE(first->Listen(path, 0600).ok());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  Endpoint second;
  ASSERT_TRUE(second.Listen(path, 0600).ok());
  first.reset();
  EXPECT_NE(Inode(path), 0u);
}

// And it removes its own.
TEST_F(EndpointTest, NothingIsLeftBehind) {
  { ASSERT_TRUE(Endpoint().Listen(path, 0600).ok()); }
  EXPECT_TRUE(dir.List().empty());
}

// Two hosts that find the same dead socket both win, and one of them serves nobody.
TEST_F(EndpointTest, OfManyRacingHostsOneWins) {
  constexpr int kHosts = 6;
  for (int round = 0; round < 10; ++round) {
    LeaveStaleSocket();
    Signal go;
    Signal end;
    Signal done;
    std::vector<std::unique_ptr<Child>> children;
    children.reserve(kHosts);
    for (int i = 0; i < kHosts; ++i) {
      children.push_back(std::make_unique<Child>([&] {
        go.Wait();
        Endpoint sut;
        const Status status = sut.Listen(path, 0600);
        done.Send();
        end.Wait();  // nobody leaves before all have tried
        return status.ok() ? 0 : status.code() == VSTREAM_E_BUSY ? 1 : 2;
      }));
    }
    for (int i = 0; i < kHosts; ++i) go.Send();
    for (int i = 0; i < kHosts; ++i) done.Wait();
    for (int i = 0; i < kHosts; ++i) end.Send();
    int winners = 0;
    for (auto& child : children) {
      const int status = child->Wait();
      ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << "wait status " << status;
      winners += WEXITSTATUS(status) == 0 ? 1 : 0;
    }
    EXPECT_EQ(winners, 1);
    EXPECT_TRUE(dir.List().empty());
  }
}

}  // namespace
}  // namespace videostream::shm
