// SPDX-License-Identifier: Apache-2.0
// Asks a running runtime something over its control socket.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/control/http.h"

namespace videostream {

// One GET request; waits for the whole answer, `timeout` altogether. Any thread; blocks. The answer may have any HTTP
// status. Errors: those of ConnectUnix; kTimeout; kIo for an answer that is not HTTP or larger than
// kMaxHttpResponseBytes.
[[nodiscard]] Result<HttpResponse> HttpGet(const std::string& socket_path, std::string_view path,
                                           std::chrono::milliseconds timeout);

}  // namespace videostream
