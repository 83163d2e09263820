// SPDX-License-Identifier: Apache-2.0
// The client of the control socket against servers that lie.
#include "core/control/client.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "core/control/unix_socket.h"

namespace videostream {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class HttpGetTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(100);  // a hang is a failure, with the name of the test in the log
    char dir[] = "/tmp/vs-client-XXXXXX";
    ASSERT_NE(mkdtemp(dir), nullptr);
    dir_ = dir;
    path_ = dir_ + "/control.sock";
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(dir_);
  }

  // What HttpGet makes of a server that sends `answer` to whoever connects; with `hold` it does not close then.
  Result<HttpResponse> Ask(const std::string& answer, milliseconds timeout = seconds(60), bool hold = false) {
    const Result<ListeningSocket> socket = ListeningSocket::Bind(path_, 0600);
    if (!socket) return socket.error();
    std::thread server([&] {
      UniqueFd fd(accept(socket->fd(), nullptr, nullptr));
      char request[4096];
      const ssize_t got = recv(fd.get(), request, sizeof request, 0);
      request_.assign(request, got > 0 ? static_cast<size_t>(got) : 0);
      for (size_t sent = 0; sent < answer.size();) {
        const ssize_t n = send(fd.get(), answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (n < 0) break;  // the client has had enough
        sent += static_cast<size_t>(n);
      }
      // Until the client closes.
      while (hold && recv(fd.get(), request, sizeof request, 0) > 0) {
      }
    });
    Result<HttpResponse> response = HttpGet(path_, "/v1/status", timeout);
    server.join();
    return response;
  }

  void ExpectError(const Result<HttpResponse>& response, Code code, const std::string& text) {
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, code);
    EXPECT_EQ(response.error().message, "control socket '" + path_ + "': GET /v1/status: " + text);
  }

  std::string dir_, path_, request_;
};

// Would catch: answers that are errors and are lost, or a request that asks for compression or another connection.
TEST_F(HttpGetTest, AnyStatusIsAnAnswer) {
  const Result<HttpResponse> response = Ask("HTTP/1.1 418 Teapot\r\nContent-Length: 5\r\n\r\nshort");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 418);
  EXPECT_EQ(response->body, "short");
  EXPECT_EQ(request_.find("GET /v1/status HTTP/1.1\r\n"), 0U) << request_;
  EXPECT_NE(request_.find("Host: localhost\r\n"), std::string::npos) << request_;
  EXPECT_NE(request_.find("Connection: close\r\n"), std::string::npos) << request_;
}

// Would catch: half an answer, or none, that is taken for one.
TEST_F(HttpGetTest, WhatIsNotHttpIsAnError) {
  const std::string text = "the answer is not HTTP, or it is cut short";
  ExpectError(Ask(""), Code::kIo, text);
  ExpectError(Ask("SSH-2.0-OpenSSH\r\n\r\n"), Code::kIo, text);
  ExpectError(Ask("HTTP/1.1 200 OK\r\nContent-Le"), Code::kIo, text);
  ExpectError(Ask("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"), Code::kIo, text);
}

// Would catch: a server that makes the client collect until memory runs out, or recurse until its stack does.
TEST_F(HttpGetTest, EndlessAnswersAreGivenUp) {
  ExpectError(Ask("HTTP/1.1 200 " + std::string(1 << 20, 'a')), Code::kIo, "more than 1024 bytes without a line end");
  const std::string large(kMaxHttpResponseBytes, 'a');
  ExpectError(Ask("HTTP/1.1 200 OK\r\n\r\n" + large), Code::kIo, "more than 4194304 bytes");
  ExpectError(Ask("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n" + large), Code::kIo,
              "more than 4194304 bytes");
}

// Would catch: a client that waits for a server that never answers, or never ends its answer.
TEST_F(HttpGetTest, SilenceIsATimeout) {
  ExpectError(Ask("", milliseconds(100), true), Code::kTimeout, "not finished in time");
  ExpectError(Ask("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", milliseconds(100), true), Code::kTimeout,
              "not finished in time");
}

// Would catch: a wait for events that Ctrl-C does not end.
TEST_F(HttpGetTest, AReadableDescriptorEndsTheWait) {
  const UniqueFd stop(eventfd(1, EFD_CLOEXEC));
  const Result<ListeningSocket> socket = ListeningSocket::Bind(path_, 0600);
  ASSERT_TRUE(socket) << socket.error().message;
  ExpectError(HttpGet(path_, "/v1/status", seconds(1000), stop.get()), Code::kCancelled, "stopped");
}

// Would catch: a client that waits for ever, or does not say what to do, when nobody is there.
TEST_F(HttpGetTest, WithoutServerItSaysSo) {
  const Result<HttpResponse> response = HttpGet(path_, "/v1/status", seconds(5));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kNotFound);
  EXPECT_EQ(response.error().message, "control socket '" + path_ +
                                          "': no runtime serves it (No such file or directory); start 'videostream "
                                          "run', or name its socket with --control");
}

}  // namespace
}  // namespace videostream
