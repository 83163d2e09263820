// SPDX-License-Identifier: Apache-2.0
// The HTTP of the control socket: what is accepted, what is refused, and how.
#include "core/control/http.h"

#include <gtest/gtest.h>

#include <random>

namespace videostream {
namespace {

using State = HttpRequest::State;

// Would catch: a parser that curl cannot talk to.
TEST(HttpRequestTest, CurlIsUnderstood) {
  const HttpRequest request = ParseHttpRequest(
      "GET /v1/status?pretty=1 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(request.state, State::kComplete) << request.error;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/v1/status");
}

// Would catch: answering before the request is complete, or refusing one that arrives byte by byte.
TEST(HttpRequestTest, EveryPrefixIsIncomplete) {
  const std::string whole = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
  for (size_t n = 0; n < whole.size(); ++n) {
    EXPECT_EQ(ParseHttpRequest(whole.substr(0, n)).state, State::kIncomplete) << n;
  }
  EXPECT_EQ(ParseHttpRequest(whole).state, State::kComplete);
}

struct Bad {
  const char* request;
  int status;
  const char* error;
};

// Would catch: each kind of sloppiness that lets two readers of the same bytes see different requests.
TEST(HttpRequestTest, WrongRequestsAreRefusedWithStatusAndReason) {
  const Bad cases[] = {
      {"\x16\x03\x01\x02", 400, "this is not an HTTP request"},
      {"GET\r\n\r\n", 400, "the request line is not 'METHOD PATH HTTP/1.1'"},
      {"GET /\r\n\r\n", 400, "the request line is not 'METHOD PATH HTTP/1.1'"},
      {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the request target is not an absolute path"},
      {"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the request method is not a word"},
      {"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "the request target is not an absolute path"},
      {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "only HTTP/1.1 and HTTP/1.0 are spoken here"},
      {"GET / FTP/1.1\r\nHost: x\r\n\r\n", 400, "the request line does not end in 'HTTP/1.1'"},
      {"GET / HTTP/1.1\r\n\r\n", 400, "HTTP/1.1 wants exactly one Host header"},
      {"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 400, "HTTP/1.1 wants exactly one Host header"},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "a header is not of the form 'Name: value'"},
      {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400, "a header is not of the form 'Name: value'"},
      {"GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400, "a header is not of the form 'Name: value'"},
      {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", 413, "requests with a body are not accepted"},
      {"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 413, "requests with a body are not accepted"},
      {"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /", 413, "requests with a body are not accepted"},
  };
  for (const Bad& bad : cases) {
    const HttpRequest request = ParseHttpRequest(bad.request);
    EXPECT_EQ(request.state, State::kRefused) << bad.request;
    EXPECT_EQ(request.status, bad.status) << bad.request;
    EXPECT_EQ(request.error, bad.error) << bad.request;
  }
}

// Would catch: a client that makes the runtime collect headers without end.
TEST(HttpRequestTest, SizeAndNumberOfHeadersAreBounded) {
  const HttpRequest large = ParseHttpRequest("GET /" + std::string(kMaxHttpRequestBytes, 'a'));
  EXPECT_EQ(large.status, 431);
  EXPECT_EQ(large.error, "the request is longer than 8192 bytes");
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (size_t i = 0; i < kMaxHttpHeaders; ++i) many += "A: b\r\n";
  EXPECT_EQ(ParseHttpRequest(many + "\r\n").status, 431);
}

// Would catch: reading past the end of hostile bytes (under the sanitizers), or an answer without a status.
TEST(HttpRequestTest, RandomMutationsNeverCrash) {
  constexpr unsigned kSeed = 20240501;
  std::mt19937 random(kSeed);
  const std::string good = "GET /v1/status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    for (unsigned i = 0, n = random() % 4; i < n && !bytes.empty(); ++i) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const HttpRequest request = ParseHttpRequest(bytes);
    if (request.state == State::kRefused) {
      EXPECT_GE(request.status, 400) << "seed " << kSeed << ", round " << round;
      EXPECT_FALSE(request.error.empty());
    }
    (void)ParseHttpResponse(bytes);
  }
}

// Would catch: an answer that our own client, or a strict one, refuses.
TEST(HttpResponseTest, WhatIsWrittenIsRead) {
  const std::string bytes = FormatHttpResponse(405, HttpErrorBody(405, "a \"quoted\" text"));
  EXPECT_NE(bytes.find("\r\nAllow: GET\r\n"), std::string::npos);
  const Result<HttpResponse> response = ParseHttpResponse(bytes);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 405);
  EXPECT_EQ(response->body,
            "{\"schema\": \"videostream.error/1\", \"status\": 405, \"error\": \"a \\\"quoted\\\" text\"}\n");
}

// Would catch: half an answer that is taken for a whole one.
TEST(HttpResponseTest, CutAndForeignAnswersAreErrors) {
  const std::string bytes = FormatHttpResponse(200, "{\"a\": 1}");
  const Result<HttpResponse> cut = ParseHttpResponse(bytes.substr(0, bytes.size() - 2));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().message, "the answer is cut short: 6 bytes of 8");
  EXPECT_EQ(ParseHttpResponse("").error().message, "the answer ends before its headers do");
  EXPECT_EQ(ParseHttpResponse("SSH-2.0\r\n\r\n").error().message, "the answer is not HTTP");
}

}  // namespace
}  // namespace videostream
