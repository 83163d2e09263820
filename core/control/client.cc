// SPDX-License-Identifier: Apache-2.0
// The client's side of the control socket: cpp-httplib on a socket connected here.
#include "core/control/client.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

#include "core/base/clock.h"
#include "core/control/http_stream.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

class UnixClient final : public httplib::ClientImpl {
 public:
  UnixClient(std::string path, std::chrono::milliseconds timeout, int stop_fd)
      : ClientImpl("localhost"),
        path_(std::move(path)),
        connect_timeout_(std::min<std::chrono::milliseconds>(timeout, kMaxConnect)),
        stop_fd_(stop_fd),
        deadline_ns_(NowNs() + std::chrono::nanoseconds(timeout).count()) {
    // Little would be gained, and what comes out of it would have no limit.
    set_decompress(false);
  }

  // Why Get() failed; none where only the library knows.
  std::optional<Error> connect_failure, stream_failure;

 private:
  bool create_and_connect_socket(Socket& socket, httplib::Error& error) override {
    Result<UniqueFd> fd = ConnectUnix(path_, connect_timeout_);
    if (!fd) {
      connect_failure = fd.error();
      error = httplib::Error::Connection;
      return false;
    }
    socket.sock = fd->release();  // closed by the base class
    return true;
  }

  bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) override {
    constexpr size_t kMaxFirstLine = 1024;
    HttpStream stream(socket.sock, {.deadline_ns = deadline_ns_,
                                    .bytes = kMaxHttpResponseBytes,
                                    .first_line = kMaxFirstLine,
                                    .stop_fd = stop_fd_});
    const bool done = callback(stream);
    stream_failure = stream.failure();
    return done;
  }

  // Of the answer most may be waiting on purpose; a server that does not even accept is not worth that much.
  static constexpr std::chrono::seconds kMaxConnect{5};

  const std::string path_;
  const std::chrono::milliseconds connect_timeout_;
  const int stop_fd_;
  const int64_t deadline_ns_;
};

Result<HttpResponse> Ask(bool post, const std::string& socket_path, std::string_view path,
                         std::chrono::milliseconds timeout, int stop_fd) {
  const std::string context = "control socket '" + socket_path + (post ? "': POST " : "': GET ") + std::string(path);
  try {
    UnixClient client(socket_path, timeout, stop_fd);
    const httplib::Result result = post ? client.Post(std::string(path)) : client.Get(std::string(path));
    if (result) return HttpResponse{.status = result->status, .body = result->body};
    if (client.connect_failure) return *client.connect_failure;
    if (client.stream_failure) return WithContext(*client.stream_failure, context);
    return Fail(Code::kIo, context + ": the answer is not HTTP, or it is cut short");
  } catch (const std::exception& e) {  // the library's own: out of memory, a regular expression
    return Fail(Code::kIo, context + ": " + e.what());
  }
}

}  // namespace

Result<HttpResponse> HttpGet(const std::string& socket_path, std::string_view path, std::chrono::milliseconds timeout,
                             int stop_fd) {
  return Ask(false, socket_path, path, timeout, stop_fd);
}

Result<HttpResponse> HttpPost(const std::string& socket_path, std::string_view path, std::chrono::milliseconds timeout,
                              int stop_fd) {
  return Ask(true, socket_path, path, timeout, stop_fd);
}

}  // namespace videostream
