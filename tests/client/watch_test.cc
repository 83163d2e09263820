// SPDX-License-Identifier: Apache-2.0
// The watch on a folder: every way in which a socket comes to be there, and all that is none of its business.
#include "client/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tests/client/fake_producer.h"

namespace videostream::client_internal {
namespace {

bool Readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

struct WatchTest : ::testing::Test {
  WatchTest() {
    ::alarm(60);
    char name[] = "/tmp/vsXXXXXX";
    dir = ::mkdtemp(name);
    path = dir + "/s";
  }
  ~WatchTest() override {
    ::alarm(0);
    [[maybe_unused]] const int r = std::system(("rm -rf " + dir).c_str());
  }
  static void Touch(const std::string& file) {
    const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    ASSERT_GE(fd, 0) << file << ": " << std::strerror(errno);
    ::close(fd);
  }
  // A socket file as a producer makes it.
  static void Bind(const std::string& file) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, file.data(), file.size());
    ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  }

  std::string dir;
  std::string path;
};

// A producer that starts is not noticed.
TEST_F(WatchTest, TellsOfCreationModeAndRename) {
  Watch watch;
  EXPECT_FALSE(watch.open());
  EXPECT_EQ(watch.fd(), -1);
  ASSERT_TRUE(watch.Renew(path)) << std::strerror(errno);
  EXPECT_TRUE(watch.open() && watch.watching());
  EXPECT_FALSE(Readable(watch.fd()));
  EXPECT_FALSE(watch.Stirred());
  Bind(path);
  EXPECT_TRUE(Readable(watch.fd()));
  EXPECT_TRUE(watch.Stirred());
  EXPECT_FALSE(watch.Stirred()) << "told once";
  EXPECT_FALSE(Readable(watch.fd()));
  ASSERT_EQ(::chmod(path.c_str(), 0660), 0);
  EXPECT_TRUE(watch.Stirred());
  Bind(dir + "/new");
  EXPECT_FALSE(watch.Stirred());
  ASSERT_EQ(::rename((dir + "/new").c_str(), path.c_str()), 0);
  EXPECT_TRUE(watch.Stirred());
  EXPECT_FALSE(watch.Renew(path)) << "watched all the time";
}

// Paths without a folder, in the root, and ending in a slash.
TEST_F(WatchTest, KnowsTheFolderOfAPath) {
  char before[4096];
  ASSERT_NE(::getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(::chdir(dir.c_str()), 0);
  Watch here;
  EXPECT_TRUE(here.Renew("s"));
  Touch(path);
  EXPECT_TRUE(here.Stirred());
  Watch root;
  EXPECT_TRUE(root.Renew("/s"));
  EXPECT_FALSE(root.Stirred());
  Watch none;
  EXPECT_FALSE(none.Renew(dir + "/"));
  EXPECT_FALSE(none.open());
  ASSERT_EQ(::chdir(before), 0);
}

// Names that begin or end like that of the socket, and removals.
TEST_F(WatchTest, OtherFilesAreNoneOfItsBusiness) {
  Touch(path);
  Watch watch;
  ASSERT_TRUE(watch.Renew(path));
  for (const char* name : {"/s.lock", "/ss", "/S", "/x"}) Touch(dir + name);
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::chmod(dir.c_str(), 0755), 0);
  EXPECT_TRUE(Readable(watch.fd()));
  EXPECT_FALSE(watch.Stirred());
  EXPECT_FALSE(Readable(watch.fd()));
}

// A neighbour who makes files in a loop keeps every client busy reading about it.
TEST_F(WatchTest, RestsWhenTooMuchHappensNextToIt) {
  Watch watch;
  ASSERT_TRUE(watch.Renew(path));
  for (uint32_t i = 0; i <= Watch::kPatience; ++i) {
    EXPECT_TRUE(watch.watching()) << i;
    Touch(dir + "/" + std::to_string(i));
    EXPECT_FALSE(watch.Stirred());
  }
  EXPECT_FALSE(watch.watching());
  while (Readable(watch.fd())) EXPECT_FALSE(watch.Stirred()) << "the end of the watch is told, too";
  for (int i = 0; i < 100; ++i) Touch(dir + "/more" + std::to_string(i));
  EXPECT_FALSE(Readable(watch.fd()));
  EXPECT_TRUE(watch.Renew(path)) << "it goes on from now";
  Bind(path);
  EXPECT_TRUE(watch.Stirred());
}

// The same with the file that it is about.
TEST_F(WatchTest, RestsWhenTheFileItselfIsRestless) {
  Bind(path);
  Watch watch;
  ASSERT_TRUE(watch.Renew(path));
  for (uint32_t i = 0; i <= Watch::kPatience; ++i) {
    ASSERT_EQ(::chmod(path.c_str(), i % 2 == 0 ? 0600 : 0660), 0);
    EXPECT_TRUE(watch.Stirred()) << i;
  }
  EXPECT_FALSE(watch.watching());
  EXPECT_TRUE(watch.Renew(path));
}

// What was in the kernel's queue when the watch began to rest is taken for news of the socket.
TEST_F(WatchTest, AFloodInOneReadEndsTheWatch) {
  Watch watch;
  ASSERT_TRUE(watch.Renew(path));
  for (int i = 0; i < 500; ++i) Touch(dir + "/" + std::to_string(i));
  for (int i = 0; Readable(watch.fd()); ++i) {
    ASSERT_LT(i, 100) << "never ends";
    watch.Stirred();
  }
  EXPECT_FALSE(watch.watching());
}

// A folder that is removed, made again or moved away is watched for ever, or never again.
TEST_F(WatchTest, FollowsThePathNotTheFolder) {
  const std::string folder = dir + "/run";
  const std::string socket = folder + "/s";
  Watch watch;
  EXPECT_FALSE(watch.Renew(socket)) << "there is no folder";
  EXPECT_FALSE(watch.watching());
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  EXPECT_TRUE(watch.Renew(socket));
  ASSERT_EQ(::rmdir(folder.c_str()), 0);
  EXPECT_FALSE(watch.Stirred());
  EXPECT_FALSE(watch.watching());
  EXPECT_FALSE(Readable(watch.fd()));
  EXPECT_FALSE(watch.Renew(socket));
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  EXPECT_TRUE(watch.Renew(socket));
  Bind(socket);
  EXPECT_TRUE(watch.Stirred());
  ASSERT_EQ(::rename(folder.c_str(), (dir + "/old").c_str()), 0);
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  EXPECT_FALSE(watch.Stirred());
  EXPECT_TRUE(watch.Renew(socket)) << "the path leads to another folder now";
  ASSERT_EQ(::chmod((dir + "/old/s").c_str(), 0644), 0);
  EXPECT_FALSE(watch.Stirred()) << "of the old folder";
  Bind(socket);
  EXPECT_TRUE(watch.Stirred());
}

// A folder above is exchanged: nothing tells, so Renew has to notice.
TEST_F(WatchTest, NoticesAnotherFolderUnderTheSameName) {
  ASSERT_EQ(::mkdir((dir + "/a").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((dir + "/a/run").c_str(), 0700), 0);
  const std::string socket = dir + "/a/run/s";
  Watch watch;
  ASSERT_TRUE(watch.Renew(socket));
  ASSERT_EQ(::rename((dir + "/a").c_str(), (dir + "/b").c_str()), 0);
  ASSERT_EQ(::mkdir((dir + "/a").c_str(), 0700), 0);
  ASSERT_EQ(::mkdir((dir + "/a/run").c_str(), 0700), 0);
  EXPECT_TRUE(watch.Renew(socket));
  Bind(dir + "/b/run/s");
  EXPECT_FALSE(watch.Stirred());
  Bind(socket);
  EXPECT_TRUE(watch.Stirred());
}

// Without descriptors there is no watch; a client would fail, or leak the one it had.
TEST_F(WatchTest, DoesWithoutDescriptors) {
  const size_t files = test::OpenFiles();
  Watch watch;
  {
    const test::FdLimit limit(0);
    EXPECT_FALSE(watch.Renew(path));
    EXPECT_FALSE(watch.open());
  }
  ASSERT_TRUE(watch.Renew(path));
  EXPECT_EQ(test::OpenFiles(), files + 1);
  watch.Stop();
  EXPECT_FALSE(watch.watching());
  Touch(path);
  EXPECT_FALSE(watch.Stirred()) << "not watching";
  watch.Close();
  EXPECT_FALSE(watch.open());
  EXPECT_EQ(test::OpenFiles(), files);
}

}  // namespace
}  // namespace videostream::client_internal
