// SPDX-License-Identifier: Apache-2.0
// Asks a running runtime something over its control socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace videostream {

// A response that HttpGet accepts, its head included.
inline constexpr size_t kMaxHttpResponseBytes = size_t{4} << 20;

struct HttpResponse {
  int status = 0;
  std::string body;
};

// One GET request; waits for the whole answer, `timeout` altogether. Any thread; blocks. The answer may have any HTTP
// status. Errors: those of ConnectUnix; kTimeout; kCancelled once `stop_fd` (borrowed; -1: none) is readable; kIo for
// an answer that is not HTTP, cut short, or larger than kMaxHttpResponseBytes.
[[nodiscard]] Result<HttpResponse> HttpGet(const std::string& socket_path, std::string_view path,
                                           std::chrono::milliseconds timeout, int stop_fd = -1);

// The same for one POST request, without a body: what is asked for stands in the path.
[[nodiscard]] Result<HttpResponse> HttpPost(const std::string& socket_path, std::string_view path,
                                            std::chrono::milliseconds timeout, int stop_fd = -1);

}  // namespace videostream
