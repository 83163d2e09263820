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
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <vector>

#include "core/control/client.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

using std::chrono::seconds;

ControlAnswers Silent() {
  return {.status_json = [] { return std::string(); }};
}

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
    ControlAnswers answers;
    answers.status_json = [this] {
      ++asked_;
      return status_;
    };
    answers.events = [this](uint64_t after) {
      const bool over = over_;
      const uint64_t last = last_;
      return EventsAnswer{.json = "after " + std::to_string(after), .news = last > after, .over = over};
    };
    answers.await_event = [this](uint64_t after, std::chrono::nanoseconds limit) {
      ++waits_;
      std::unique_lock lock(mutex_);
      added_.wait_for(lock, limit, [&] { return last_ > after || over_; });
    };
    Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(path_, std::move(answers));
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
    EXPECT_EQ(response->body, status_);
  }

  // The end of what is answered to `request`, behind a head that has `status` and `header`.
  void ExpectAnswer(const std::string& request, const std::string& status, const std::string& header,
                    const std::string& body) {
    const std::string answer = Exchange(request);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + status + "\r\n")) << answer;
    EXPECT_NE(answer.find("\r\n" + header + "\r\n"), std::string::npos) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body)) << answer;
  }
  static ptrdiff_t Descriptors() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  }
  static std::string ErrorJson(int status, const std::string& text) {
    return "{\"schema\": \"videostream.error/1\", \"status\": " + std::to_string(status) + ", \"error\": \"" + text +
           "\"}\n";
  }

  std::string dir_, path_;
  std::string status_ = "{\"schema\": \"videostream.status/1\"}\n";
  std::atomic<int> asked_{0};

  // Something happens, or nothing more will.
  void Change(uint64_t last, bool over = false) {
    {
      const std::lock_guard lock(mutex_);
      last_ = last;
      over_ = over;
    }
    added_.notify_all();
  }
  // A client that waits for events, known to be served.
  UniqueFd Waiter(int wait = ControlServer::kMaxWaitSeconds) {
    const int before = waits_;
    Result<UniqueFd> fd = ConnectUnix(path_, std::chrono::seconds(10));
    EXPECT_TRUE(fd) << fd.error().message;
    const std::string request = "GET /v1/events?wait=" + std::to_string(wait) + " HTTP/1.1\r\n\r\n";
    EXPECT_EQ(send(fd->get(), request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    while (waits_ == before) std::this_thread::yield();
    return std::move(*fd);
  }
  static std::string ReadToEnd(const UniqueFd& fd) {
    fcntl(fd.get(), F_SETFL, 0);
    std::string answer;
    char chunk[4096];
    for (ssize_t n; (n = recv(fd.get(), chunk, sizeof chunk, 0)) > 0;) answer.append(chunk, static_cast<size_t>(n));
    return answer;
  }

  std::mutex mutex_;
  std::condition_variable added_;
  std::atomic<uint64_t> last_{0};
  std::atomic<bool> over_{false};
  std::atomic<int> waits_{0};
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
  ExpectAnswer(
      "GET /v2/status HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", "Content-Type: application/json",
      ErrorJson(404, "there is no '/v2/status' here, only '/v1/status', '/v1/events', '/v1/reload' and '/v1/log'"));
  ExpectAnswer("DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed", "Allow: GET",
               ErrorJson(405, "'/v1/status' can only be read: use GET, not DELETE"));
  // A path that is JSON itself, decoded.
  ExpectAnswer(
      "GET /%22%0a%5c%00 HTTP/1.1\r\n\r\n", "404 Not Found", "Connection: close",
      ErrorJson(404,
                R"(there is no '/\"\n\\\u0000' here, only '/v1/status', '/v1/events', '/v1/reload' and '/v1/log')"));
  // A body is not read, whatever it claims to be.
  ExpectAnswer("POST /v1/status HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "405 Method Not Allowed",
               "Allow: GET", ErrorJson(405, "'/v1/status' can only be read: use GET, not POST"));
  EXPECT_EQ(asked_, 0);
}

// Would catch: something that is changed by a GET, which a browser or a prefetch sends unasked; a POST without a
// length, as curl sends it, that is waited for.
TEST_F(ControlServerTest, WhatChangesSomethingIsAPost) {
  std::vector<std::string> done;
  const auto server =
      ControlServer::Start(path_, {.status_json = [] { return std::string("{}"); },
                                   .reload =
                                       [&done](bool dry_run) {
                                         done.emplace_back(dry_run ? "dry" : "wet");
                                         return ControlReply{.status = dry_run ? 200 : 422, .json = "reloaded"};
                                       },
                                   .log =
                                       [&done](const std::string& levels) {
                                         done.push_back(levels);
                                         return ControlReply{.status = 200, .json = "levels"};
                                       }});
  ASSERT_TRUE(server) << server.error().message;
  const std::string type = "Content-Type: application/json";
  for (const char* path : {"/v1/reload", "/v1/log"}) {
    ExpectAnswer("GET " + std::string(path) + " HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "Allow: POST",
                 ErrorJson(405, "'" + std::string(path) + "' changes something: use POST, not GET"));
  }
  EXPECT_TRUE(done.empty());
  // Open ended: answered although the client does not end its half.
  const Result<UniqueFd> open = ConnectUnix(path_, seconds(10));
  ASSERT_TRUE(open) << open.error().message;
  const std::string post = "POST /v1/reload HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_EQ(send(open->get(), post.data(), post.size(), MSG_NOSIGNAL), static_cast<ssize_t>(post.size()));
  const std::string answer = ReadToEnd(*open);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 422 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nreloaded")) << answer;
  ExpectAnswer("POST /v1/reload?dry_run=1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "200 OK", type, "reloaded");
  ExpectAnswer("POST /v1/log?levels=info,planner%3Ddebug HTTP/1.1\r\n\r\n", "200 OK", type, "levels");
  const Result<HttpResponse> asked = HttpPost(path_, "/v1/log", seconds(30));
  ASSERT_TRUE(asked) << asked.error().message;
  EXPECT_EQ(asked->body, "levels");
  EXPECT_EQ(done, (std::vector<std::string>{"wet", "dry", "info,planner=debug", ""}));
  ExpectAnswer("POST /v1/reload?dry_run=2 HTTP/1.1\r\n\r\n", "400 Bad Request", type,
               ErrorJson(400, "expected '/v1/reload', or '/v1/reload?dry_run=1'"));
  ExpectAnswer("POST /v1/reload HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "413 Payload Too Large", type,
               ErrorJson(413, "a request has no body here"));
  EXPECT_EQ(done.size(), 4U);
}

// Would catch: two reloads at once, or one that keeps those out who only ask.
TEST_F(ControlServerTest, OneReloadAtATime) {
  std::atomic<int> begun{0};
  std::atomic<bool> go{false};
  const auto server = ControlServer::Start(path_, {.status_json = [this] { return status_; },
                                                   .reload =
                                                       [&](bool) {
                                                         ++begun;
                                                         while (!go) std::this_thread::yield();
                                                         return ControlReply{.status = 200, .json = "done"};
                                                       }});
  ASSERT_TRUE(server) << server.error().message;
  std::string first;
  std::thread client([&] { first = Exchange("POST /v1/reload HTTP/1.1\r\n\r\n"); });
  while (begun == 0) std::this_thread::yield();
  ExpectAnswer("POST /v1/reload HTTP/1.1\r\n\r\n", "503 Service Unavailable", "Content-Type: application/json",
               ErrorJson(503, "a reload is under way already"));
  ExpectStatusWorks();
  go = true;
  client.join();
  EXPECT_TRUE(first.ends_with("\r\n\r\ndone")) << first;
  EXPECT_EQ(begun, 1);
  const Result<HttpResponse> next = HttpPost(path_, "/v1/reload", seconds(30));
  ASSERT_TRUE(next) << next.error().message;
  EXPECT_EQ(next->body, "done");
}

// Would catch: threads that take the program's signals, or that hide their own faults from its handlers.
TEST_F(ControlServerTest, ItsThreadsTakeTheirOwnFaultsOnly) {
  sigset_t mask;
  sigemptyset(&mask);
  const auto answer = [&mask] {
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    return std::string("{}");
  };
  {
    const Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(path_, {.status_json = answer});
    ASSERT_TRUE(server) << server.error().message;
    ExpectAnswer("GET /v1/status HTTP/1.1\r\n\r\n", "200 OK", "Content-Type: application/json", "{}");
  }
  for (const int fault : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP}) EXPECT_EQ(sigismember(&mask, fault), 0);
  for (const int other : {SIGTERM, SIGINT, SIGALRM, SIGCHLD}) EXPECT_EQ(sigismember(&mask, other), 1);
}

// Would catch: an exception that ends the process, or one whose cause nobody gets to know.
TEST_F(ControlServerTest, ExceptionsAreAnswered) {
  const Result<std::unique_ptr<ControlServer>> server = ControlServer::Start(
      path_, {.status_json = []() -> std::string { throw std::runtime_error("broken on purpose"); },
              .events = [](uint64_t) -> EventsAnswer { throw 1; }});
  ASSERT_TRUE(server) << server.error().message;
  testing::internal::CaptureStderr();
  ExpectAnswer("GET /v1/status HTTP/1.1\r\n\r\n", "500 Internal Server Error", "Content-Type: application/json",
               ErrorJson(500, "the answer could not be made; the log of the runtime has the cause"));
  ExpectAnswer("GET /v1/events HTTP/1.1\r\n\r\n", "500 Internal Server Error", "Content-Type: application/json",
               ErrorJson(500, "the answer could not be made; the log of the runtime has the cause"));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("broken on purpose"), std::string::npos);
}

// Would catch: events that are waited for although they are there, or that are not found.
TEST_F(ControlServerTest, EventsThatAreThereAreAnsweredAtOnce) {
  const auto server = MustStart();
  Change(9);
  const std::string json = "Content-Type: application/json";
  ExpectAnswer("GET /v1/events HTTP/1.1\r\n\r\n", "200 OK", json, "after 0");
  ExpectAnswer("GET /v1/events?after=8&wait=25 HTTP/1.1\r\n\r\n", "200 OK", json, "after 8");
  ExpectAnswer("GET /v1/events?after=9 HTTP/1.1\r\n\r\n", "200 OK", json, "after 9");
  ExpectAnswer("GET /v1/events?after=18446744073709551615 HTTP/1.1\r\n\r\n", "200 OK", json,
               "after 18446744073709551615");
  EXPECT_EQ(waits_, 0);
}

// Would catch: numbers that are taken for others, and waits without a bound.
TEST_F(ControlServerTest, WrongParametersOfEventsAreExplained) {
  const auto server = MustStart();
  const std::string body =
      ErrorJson(400, "expected '/v1/events?after=N&wait=SECONDS' with whole numbers, SECONDS up to 25");
  for (const char* query : {"after=-1", "after=", "after=x", "after=18446744073709551616", "wait=26", "wait=1.5",
                            "wait=99999999999999999999", "after=1&wait=-3", "after=%00"}) {
    ExpectAnswer("GET /v1/events?" + std::string(query) + " HTTP/1.1\r\n\r\n", "400 Bad Request",
                 "Content-Type: application/json", body);
  }
  EXPECT_EQ(waits_, 0);
}

// Would catch: a client that waits and is not told, or is told the wrong thing.
TEST_F(ControlServerTest, AWaitEndsWithTheNextEvent) {
  const auto server = MustStart();
  const UniqueFd waiter = Waiter();
  Change(1);
  EXPECT_TRUE(ReadToEnd(waiter).ends_with("\r\n\r\nafter 0"));
}

// Would catch: a wait that is longer than it was asked to be, or ends without an answer.
TEST_F(ControlServerTest, AWaitWithoutEventsIsAnsweredToo) {
  const auto server = MustStart();
  EXPECT_TRUE(ReadToEnd(Waiter(1)).ends_with("\r\n\r\nafter 0"));
}

// Would catch: clients that wait for events and keep those out who ask for the status.
TEST_F(ControlServerTest, WaitingForEventsKeepsNobodyOut) {
  const auto server = MustStart();
  std::vector<UniqueFd> waiters;
  for (size_t i = 0; i < ControlServer::kMaxWaiting; ++i) waiters.push_back(Waiter());
  ExpectStatusWorks();
  ExpectAnswer("GET /v1/events?wait=25 HTTP/1.1\r\n\r\n", "503 Service Unavailable", "Content-Type: application/json",
               ErrorJson(503, "4 clients wait for events already; ask without 'wait', or when one of them has ended"));
  ExpectAnswer("GET /v1/events HTTP/1.1\r\n\r\n", "200 OK", "Content-Type: application/json", "after 0");
  // One that goes away makes room.
  waiters.pop_back();
  std::string answer;
  while (answer.find(" 200 OK") == std::string::npos) {
    answer = Exchange("GET /v1/events?wait=1 HTTP/1.1\r\n\r\n");
    ASSERT_NE(answer.find(" 200 OK") != std::string::npos, answer.find(" 503 ") != std::string::npos) << answer;
  }
}

// Would catch: an end that waits for clients which wait themselves.
TEST_F(ControlServerTest, EndsWhileClientsWaitForEvents) {
  constexpr int kRounds = 10;
  static_assert(kRounds * ControlServer::kMaxWaitSeconds > 100);  // of alarm()
  for (int round = 0; round < kRounds; ++round) {
    auto server = MustStart();
    std::vector<UniqueFd> waiters;
    for (size_t i = 0; i < ControlServer::kMaxWaiting; ++i) waiters.push_back(Waiter());
    server.reset();
    for (const UniqueFd& waiter : waiters) (void)ReadToEnd(waiter);
  }
}

// Would catch: a client that follows the events and is cut off before it hears of the last one.
TEST_F(ControlServerTest, FollowersHearOfTheEnd) {
  auto server = MustStart();
  const UniqueFd waiter = Waiter();
  // A second one has had an answer and is on its way to ask again.
  Change(1);
  EXPECT_TRUE(ReadToEnd(waiter).ends_with("after 0"));
  std::thread late([this] {
    const std::string answer = Exchange("GET /v1/events?after=1&wait=25 HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("after 1")) << answer;
  });
  while (waits_ < 2) std::this_thread::yield();
  Change(2, true);
  server->AwaitFollowers(seconds(60));
  server.reset();
  late.join();
}

// Would catch: a server that dies of garbage, or goes on collecting it.
TEST_F(ControlServerTest, GarbageIsAnsweredAndForgotten) {
  const auto server = MustStart();
  const std::string body = ErrorJson(400, "this is not a request that is understood here");
  const std::string type = "Content-Type: application/json";
  ExpectAnswer(std::string(100, '\0'), "400 Bad Request", type, body);
  ExpectAnswer("GET /v1/status HTTP/1.1\r\nHost: x\r\n", "400 Bad Request", type, body);
  ExpectAnswer("GET /v1/status HTTP/2.0\r\n\r\n", "400 Bad Request", type, body);
  ExpectAnswer("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\n\r\n", "414 URI Too Long", type,
               ErrorJson(414, "the path is too long"));
  EXPECT_EQ(Exchange(""), "");
  // More than fits: the answer may be lost with what was not read, but nothing else.
  (void)Exchange("GET /" + std::string(1 << 20, 'a'));
  (void)Exchange("GET /v1/status HTTP/1.1\r\nX: " + std::string(1 << 20, 'a'));
  std::string headers;
  for (int i = 0; i < 10000; ++i) headers += "X-" + std::to_string(i) + ": y\r\n";
  (void)Exchange("GET /v1/status HTTP/1.1\r\n" + headers + "\r\n");
  EXPECT_EQ(asked_, 0);
  ExpectStatusWorks();
}

// Would catch: features of the library that cost memory, time or stack and that nobody asked it for.
TEST_F(ControlServerTest, RangesAndCompressionAreNotServed) {
  const auto server = MustStart();
  std::string ranges = "bytes=0-0";
  while (ranges.size() < 8000) ranges += ",0-0";
  const std::string request = "GET /v1/status HTTP/1.1\r\n";
  const std::string whole = "Content-Length: " + std::to_string(status_.size());
  ExpectAnswer(request + "Range: bytes=0-3\r\n\r\n", "200 OK", whole, status_);
  ExpectAnswer(request + "Range: " + ranges + "\r\n\r\n", "200 OK", whole, status_);
  ExpectAnswer(request + "Accept-Encoding: gzip, br\r\n\r\n", "200 OK", whole, status_);
  EXPECT_EQ(Exchange(request + "Range: bytes=99999999999999999999-\r\n\r\n").substr(0, 9), "HTTP/1.1 ");
  ExpectStatusWorks();
}

// Would catch: the library's way with SIGPIPE, which is inherited by every program that the runtime starts.
TEST_F(ControlServerTest, SignalsStayAsTheyAre) {
  for (void (*handler)(int) : {SIG_DFL, SIG_IGN}) {
    std::signal(SIGPIPE, handler);
    const auto server = MustStart();
    EXPECT_EQ(std::signal(SIGPIPE, SIG_DFL), handler);
  }
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

// Would catch: idle clients that use up the descriptors of the process, which the streams need.
TEST_F(ControlServerTest, WaitingClientsCostNoDescriptors) {
  auto server = MustStart();
  ExpectStatusWorks();  // its threads have what they need
  const auto before = Descriptors();
  std::vector<UniqueFd> idle;
  constexpr size_t kMany = 60;
  while (idle.size() < kMany) {
    Result<UniqueFd> fd = ConnectUnix(path_, std::chrono::milliseconds(100));
    if (!fd) {
      EXPECT_EQ(fd.error().code, Code::kTimeout) << fd.error().message;
      break;
    }
    idle.push_back(std::move(*fd));
  }
  EXPECT_LT(idle.size(), kMany);
  // One is accepted and waits for a thread.
  EXPECT_LE(Descriptors(), before + static_cast<ptrdiff_t>(idle.size() + ControlServer::kMaxConnections + 1));
  server.reset();
}

// Would catch: descriptors or memory lost per connection.
TEST_F(ControlServerTest, ManyConnectionsLeaveNoDescriptorBehind) {
  const auto server = MustStart();
  ExpectStatusWorks();
  const auto before = Descriptors();
  for (int i = 0; i < 500; ++i) {
    const Result<UniqueFd> gone = ConnectUnix(path_, seconds(10));
    ASSERT_TRUE(gone) << i << ": " << gone.error().message;
  }
  ExpectStatusWorks();
  // Those last served may still be about to be closed.
  EXPECT_LE(Descriptors(), before + static_cast<ptrdiff_t>(ControlServer::kMaxConnections + 1));
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

// Would catch: ending with open connections that waits for the clients, or hangs.
TEST_F(ControlServerTest, EndsWhileClientsAreConnected) {
  status_ = std::string(1 << 22, ' ');  // more than the socket takes at once
  constexpr int kRounds = 30;           // waiting for one client in each of them takes longer than alarm() allows
  static_assert(kRounds * ControlServer::kConnectionSeconds > 100);
  const std::string_view kinds[] = {"", "GET /v1/status HT", "GET /v1/status HTTP/1.1\r\n\r\n"};
  for (int round = 0; round < kRounds; ++round) {
    auto server = MustStart();
    ASSERT_NE(server, nullptr);
    const int asked = asked_;
    std::vector<UniqueFd> clients;
    // Served, accepted and waiting, in the queue of the socket.
    for (size_t i = 0; i < ControlServer::kMaxConnections + 5; ++i) {
      Result<UniqueFd> client = ConnectUnix(path_, seconds(10));
      ASSERT_TRUE(client) << client.error().message;
      const std::string_view sent = kinds[(i + static_cast<size_t>(round)) % std::size(kinds)];
      ASSERT_EQ(send(client->get(), sent.data(), sent.size(), MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
      clients.push_back(std::move(*client));
    }
    // In every second round one is known to be served; in the others the end may come before that.
    while (round % 2 == 1 && asked_ == asked) std::this_thread::yield();
    server.reset();
    char chunk[65536];
    for (const UniqueFd& client : clients) {
      fcntl(client.get(), F_SETFL, 0);
      while (recv(client.get(), chunk, sizeof chunk, 0) > 0) {
      }  // closed, or reset if it was not accepted yet
    }
  }
}

// Would catch: a stop that is lost because the thread has not begun to listen.
TEST_F(ControlServerTest, EndsRightAfterItsStart) {
  for (int i = 0; i < 200; ++i) {
    const auto server = MustStart();
    ASSERT_NE(server, nullptr);
  }
}

// Would catch: a second runtime that takes the socket of a live one.
TEST_F(ControlServerTest, LiveOwnerIsNamedAndKept) {
  const auto server = MustStart();
  const Result<std::unique_ptr<ControlServer>> second = ControlServer::Start(path_, Silent());
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
  const Result<std::unique_ptr<ControlServer>> refused = ControlServer::Start(path_, Silent());
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
  const auto start = [](const std::string& path) { return ControlServer::Start(path, Silent()).error(); };
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

}  // namespace
}  // namespace videostream
