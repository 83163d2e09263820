// SPDX-License-Identifier: Apache-2.0
// The part of HTTP/1.1 that the control socket speaks: requests without a body, one per connection. Pure, no I/O.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace videostream {

// Request line and headers together; more is answered with 431.
inline constexpr size_t kMaxHttpRequestBytes = 8192;
// Headers of one request; more is answered with 431.
inline constexpr size_t kMaxHttpHeaders = 64;
// A response that ReadResponse accepts, its head included.
inline constexpr size_t kMaxHttpResponseBytes = size_t{4} << 20;

// What the bytes received so far amount to.
struct HttpRequest {
  enum class State {
    kIncomplete,  // well formed so far: read more
    kComplete,    // method and path are set
    kRefused,     // status and error are set: answer and close
  };
  State state = State::kIncomplete;
  std::string method;  // "GET"
  std::string path;    // "/v1/status": the target up to '?', not decoded
  int status = 0;      // 400, 413, 431 or 505
  std::string error;   // one sentence
};

// Strict: every line ends in CR LF, one space between the parts of the request line, an absolute path as target, a Host
// header in HTTP/1.1, no folded headers, no body. Bytes behind the end of the headers are a body, hence refused.
[[nodiscard]] HttpRequest ParseHttpRequest(std::string_view bytes);

// A whole response with Content-Type application/json, Content-Length and Connection: close; with Allow: GET where the
// status is 405.
[[nodiscard]] std::string FormatHttpResponse(int status, std::string_view json);

// {"schema": "videostream.error/1", "status": STATUS, "error": TEXT}
[[nodiscard]] std::string HttpErrorBody(int status, std::string_view text);

struct HttpResponse {
  int status = 0;
  std::string body;
};

// A whole response, read up to the end of the connection; kIo with what is wrong with it.
[[nodiscard]] Result<HttpResponse> ParseHttpResponse(std::string_view bytes);

}  // namespace videostream
