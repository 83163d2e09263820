// SPDX-License-Identifier: Apache-2.0
// The control server against clients that behave and clients that do not.
#include "core/control/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/control/client.h"

namespace videostream {
namespace {

using std::chrono::seconds;

class ControlServerTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(100);  // a hang is a failure, with the name of the test in the log
    char dir[] = "/tmp/vs-control-XXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    dir_ = dir;
    path_ = dir_ + "/control.sock";
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(dir_);
  }

  std::unique_ptr<ControlServer> MustStart() {
    Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(path_, [this] {
      ++asked_;
      return std::string("{\"schema\": \"videostream.status/1\"}\n");
    });
    EXPECT_TRUE(server) << server.error().message;
    return server ? std::move(*server) : nullptr;
  }

  // Sends `bytes`, ends the sending half, and reads what comes.
  std::string Exchange(const std::string& bytes) {
    Result<UniqueFd> fd = ConnectUnix(path_, seconds(10));
    EXPECT_TRUE(fd) << fd.error().message;
    if (!fd) return "";
    fcntl(fd->get(), F_SETFL, 0);  // blocking; alarm() is the watchdog
    for (size_t sent = 0; sent < bytes.size();) {
      const ssize_t n = send(fd->get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n < 0) break;  // the server has had enough
      sent += static_cast<size_t>(n);
    }
    shutdown(fd->get(), SHUT_WR);
    std::string answer;
    char chunk[4096];
    for (ssize_t n; (n = recv(fd->get(), chunk, sizeof chunk, 0)) > 0;) answer.append(chunk, static_cast<size_t>(n));
    return answer;
  }

  void ExpectStatusWorks() {
    const Result<HttpResponse> response = HttpGet(path_, "/v1/status", seconds(30));
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "{\"schema\": \"videostream.status/1\"}\n");
  }

  std::string dir_, path_;
  std::atomic<int> asked_{0};
};

// Would catch: no status at all, or one that is made without being asked for.
TEST_F(ControlServerTest, StatusIsMadeOncePerRequest) {
  const auto server = MustStart();
  ExpectStatusWorks();
  ExpectStatusWorks();
  EXPECT_EQ(asked_, 2);
}

// Would catch: wrong paths and methods that are answered with the status, or with something that is not JSON.
TEST_F(ControlServerTest, OtherPathsAndMethodsAreErrorsInJson) {
  const auto server = MustStart();
  const Result<HttpResponse> missing = HttpGet(path_, "/v2/status", seconds(30));
  ASSERT_TRUE(missing) << missing.error().message;
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(missing->body,
            "{\"schema\": \"videostream.error/1\", \"status\": 404, \"error\": \"there is no '/v2/status' here, only "
            "'/v1/status'\"}\n");
  const Result<HttpResponse> post = ParseHttpResponse(Exchange("DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n"));
  ASSERT_TRUE(post) << post.error().message;
  EXPECT_EQ(post->status, 405);
  EXPECT_EQ(
      post->body,
      "{\"schema\": \"videostream.error/1\", \"status\": 405, \"error\": \"'/v1/status' can only be read: use GET, "
      "not DELETE\"}\n");
  EXPECT_EQ(asked_, 0);
}

// Would catch: a server that dies of garbage, or goes on collecting it.
TEST_F(ControlServerTest, GarbageIsAnsweredAndForgotten) {
  const auto server = MustStart();
  EXPECT_NE(Exchange(std::string(100, '\0')).find("400 Bad Request"), std::string::npos);
  EXPECT_NE(Exchange("GET /v1/status HTTP/1.1\r\nHost: x\r\n").find("400 Bad Request"), std::string::npos);
  EXPECT_EQ(Exchange(""), "");
  // More than fits: the answer may be lost with what was not read, but nothing else.
  (void)Exchange("GET /" + std::string(1 << 20, 'a'));
  ExpectStatusWorks();
}

// Would catch: one client that keeps the others out, by sending nothing or by not reading.
TEST_F(ControlServerTest, IdleClientsDoNotKeepOthersOut) {
  const auto server = MustStart();
  std::vector<UniqueFd> idle;
  for (size_t i = 0; i < ControlServer::kMaxConnections - 1; ++i) {
    Result<UniqueFd> fd = ConnectUnix(path_, seconds(10));
    ASSERT_TRUE(fd) << fd.error().message;
    idle.push_back(std::move(*fd));
  }
  ExpectStatusWorks();
  // All places taken: the next is served when the time of the idle ones is over.
  Result<UniqueFd> last = ConnectUnix(path_, seconds(10));
  ASSERT_TRUE(last) << last.error().message;
  ExpectStatusWorks();
}

// Would catch: descriptors or memory lost per connection.
TEST_F(ControlServerTest, ManyConnectionsLeaveNoDescriptorBehind) {
  const auto server = MustStart();
  ExpectStatusWorks();
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = descriptors();
  for (int i = 0; i < 500; ++i) {
    const Result<UniqueFd> gone = ConnectUnix(path_, seconds(10));
    ASSERT_TRUE(gone) << i << ": " << gone.error().message;
  }
  ExpectStatusWorks();
  ExpectStatusWorks();  // the server closes a connection before it takes the next
  EXPECT_LE(descriptors(), before + 1);
}

// Would catch: answers mixed up between clients (run under the thread sanitizer too).
TEST_F(ControlServerTest, ClientsAtOnceAllGetAnAnswer) {
  const auto server = MustStart();
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 50; ++i) ExpectStatusWorks();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(asked_, 400);
}

// Would catch: a socket that everybody may open, or that is left behind.
TEST_F(ControlServerTest, SocketIsForOwnerAndGroupAndGoesAway) {
  auto server = MustStart();
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0660U);
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Would catch: ending with an open connection that waits for the client.
TEST_F(ControlServerTest, EndsWhileAClientIsConnected) {
  auto server = MustStart();
  const Result<UniqueFd> client = ConnectUnix(path_, seconds(10));
  ASSERT_TRUE(client);
  server.reset();
  char byte = 0;
  fcntl(client->get(), F_SETFL, 0);
  EXPECT_LE(recv(client->get(), &byte, 1, 0), 0);  // closed, or reset if it was not accepted yet
}

// Would catch: a second runtime that takes the socket of a live one.
TEST_F(ControlServerTest, LiveOwnerIsNamedAndKept) {
  const auto server = MustStart();
  const Result<std::unique_ptr<ControlServer>> second = ControlServer::Start(path_, [] { return std::string(); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kBusy);
  EXPECT_EQ(second.error().message, "control socket '" + path_ + "': process " + std::to_string(getpid()) +
                                        " serves it already; end that one, or start this one with --control PATH or "
                                        "--no-control");
  ExpectStatusWorks();
}

// Would catch: a runtime that cannot be started again after a crash.
TEST_F(ControlServerTest, SocketOfADeadOwnerIsReplaced) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Result<ListeningSocket> socket = ListeningSocket::Bind(path_, 0600);
    _exit(socket ? 0 : 1);  // without destructors: the file stays
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(path_));
  const auto server = MustStart();
  ASSERT_NE(server, nullptr);
  ExpectStatusWorks();
}

// Would catch: deleting a file of the user's, or the socket of whoever came after us.
TEST_F(ControlServerTest, ForeignFilesAreLeftAlone) {
  std::ofstream(path_) << "precious";
  const Result<std::unique_ptr<ControlServer>> refused = ControlServer::Start(path_, [] { return std::string(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "control socket '" + path_ +
                                         "': there is a file that is not a socket; remove it, or name another path "
                                         "with --control");
  EXPECT_TRUE(std::filesystem::exists(path_));
  std::filesystem::remove(path_);

  auto server = MustStart();
  std::filesystem::remove(path_);
  std::ofstream(path_) << "somebody else's";
  server.reset();
  EXPECT_TRUE(std::filesystem::exists(path_));
}

// Would catch: an errno where a sentence is needed, for each path that cannot work.
TEST_F(ControlServerTest, ImpossiblePathsAreExplained) {
  const auto start = [](const std::string& path) {
    return ControlServer::Start(path, [] { return std::string(); }).error();
  };
  const std::string longer = "/tmp/" + std::string(120, 'x');
  EXPECT_EQ(start(longer).message, "control socket '" + longer +
                                       "': the path has 125 bytes, a socket can have 107; name a shorter one with "
                                       "--control");
  EXPECT_EQ(start(longer).code, Code::kInvalidArgument);
  const std::string lost = dir_ + "/missing/control.sock";
  EXPECT_EQ(start(lost).message, "control socket '" + lost + "': there is no folder '" + dir_ +
                                     "/missing'; create it, or name another path with --control");
  EXPECT_EQ(start(lost).code, Code::kNotFound);
  EXPECT_EQ(start("").message, "control socket: the path is empty");
}

// Would catch: a client that waits for ever, or does not say what to do, when nobody is there.
TEST_F(ControlServerTest, ClientWithoutServerSaysSo) {
  const Result<HttpResponse> response = HttpGet(path_, "/v1/status", seconds(5));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kNotFound);
  EXPECT_EQ(response.error().message, "control socket '" + path_ +
                                          "': no runtime serves it (No such file or directory); start 'videostream "
                                          "run', or name its socket with --control");
}

const char* g_runtime_dir = nullptr;
const char* FakeEnv(const char* name) { return std::string(name) == "RUNTIME_DIRECTORY" ? g_runtime_dir : nullptr; }

// Would catch: creating folders that are not ours, or leaving an empty one behind.
TEST_F(ControlServerTest, RuntimeFolderIsMadeAndRemovedAgain) {
  const std::string runtime = dir_ + "/run";
  g_runtime_dir = runtime.c_str();
  {
    RuntimeDirGuard guard;
    ASSERT_TRUE(guard.Ensure(dir_ + "/other/x.sock", FakeEnv));
    EXPECT_FALSE(std::filesystem::exists(dir_ + "/other"));
    ASSERT_TRUE(guard.Ensure(ControlPath("", FakeEnv), FakeEnv));
    EXPECT_TRUE(std::filesystem::is_directory(runtime));
  }
  EXPECT_FALSE(std::filesystem::exists(runtime));
  std::filesystem::create_directory(runtime);
  {
    RuntimeDirGuard guard;
    ASSERT_TRUE(guard.Ensure(ControlPath("", FakeEnv), FakeEnv));
  }
  EXPECT_TRUE(std::filesystem::exists(runtime));
}

}  // namespace
}  // namespace videostream
