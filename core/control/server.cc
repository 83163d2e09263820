// SPDX-License-Identifier: Apache-2.0
// The control API: cpp-httplib on a socket bound here, with streams that can be stopped.
#include "core/control/server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/unique_fd.h"
#include "core/control/http_stream.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

using httplib::Request;
using httplib::Response;

constexpr std::string_view kTopic = "core.control";
constexpr mode_t kSocketMode = 0660;
constexpr const char* kStatusPath = "/v1/status";
constexpr const char* kJson = "application/json";
// The library answers a request line or a header of more than 8 KiB; what is larger than this is not read any more.
constexpr size_t kMaxRequestBytes = 16384;

enum : int {
  kNotFound = 404,
  kNotAllowed = 405,
  kTooLarge = 413,
  kUriTooLong = 414,
  kBadRange = 416,
  kInternalError = 500,
};

// The library's pool would queue without a limit, each entry holding a descriptor.
class BoundedPool final : public httplib::ThreadPool {
 public:
  BoundedPool() : ThreadPool(ControlServer::kMaxConnections) {}

  // Waits for a free thread; called by the thread that accepts.
  void enqueue(std::function<void()> serve) override {
    {
      std::unique_lock lock(mutex_);
      freed_.wait(lock, [this] { return free_ > 0; });
      --free_;
    }
    ThreadPool::enqueue([this, serve = std::move(serve)] {
      serve();
      const std::lock_guard lock(mutex_);
      ++free_;
      freed_.notify_one();
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable freed_;
  size_t free_ = ControlServer::kMaxConnections;
};

std::string ErrorText(const Request& request, int status) {
  switch (status) {
    case kNotFound:
      return "there is no '" + request.path + "' here, only '" + kStatusPath + "'";
    case kNotAllowed:
      return "'" + request.path + "' can only be read: use GET, not " + request.method;
    case kTooLarge:
      return "a request has no body here";
    case kUriTooLong:
      return "the path is too long";
    case kBadRange:
      return "there are no ranges here";
    case kInternalError:
      return "the answer could not be made; the log of the runtime has the cause";
    default:
      return "this is not a request that is understood here";
  }
}

// Called by the library for every status from 400 on.
void SetErrorBody(const Request& request, Response& response) {
  std::string body =
      R"({"schema": "videostream.error/1", "status": )" + std::to_string(response.status) + R"(, "error": )";
  AppendJsonString(body, ErrorText(request, response.status));
  response.set_content(body + "}\n", kJson);
}

void LogException(std::exception_ptr thrown) {
  try {
    std::rethrow_exception(std::move(thrown));
  } catch (const std::exception& e) {
    Log(LogLevel::kError, kTopic, std::string("answering a request: ") + e.what());
  } catch (...) {
    Log(LogLevel::kError, kTopic, "answering a request: unknown exception");
  }
}

class HttpServer final : public httplib::Server {
 public:
  HttpServer(int stop_fd, std::function<std::string()> status_json) : stop_fd_(stop_fd) {
    new_task_queue = [] { return new BoundedPool; };  // the library deletes it
    set_payload_max_length(0);
    set_keep_alive_max_count(1);
    set_read_timeout(ControlServer::kConnectionSeconds);
    set_write_timeout(ControlServer::kConnectionSeconds);
    set_pre_routing_handler([](const Request& request, Response& response) {
      if (request.path != kStatusPath) {
        response.status = kNotFound;
      } else if (request.method != "GET") {
        response.status = kNotAllowed;
        response.set_header("Allow", "GET");
      }
      return response.status < 0 ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    Get(kStatusPath, [this, status_json = std::move(status_json)](const Request& /*request*/, Response& response) {
      const std::lock_guard lock(status_mutex_);
      response.set_content(status_json(), kJson);
    });
    set_exception_handler([](const Request& /*request*/, Response& response, std::exception_ptr thrown) {
      LogException(std::move(thrown));
      response.status = kInternalError;
    });
    set_error_handler(SetErrorBody);
  }

  // Accepts on `fd` (blocking, ready to listen; borrowed) until Interrupt() or an error.
  void ServeOn(int fd) {
    UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 0));  // the library closes it after an error
    if (!own) return;
    svr_sock_ = own.get();
    if (!listen_after_bind()) (void)own.release();
  }

  // Not stop(): that does nothing before the thread runs, and closes what the thread is about to use. The caller shuts
  // the socket down afterwards.
  void Interrupt() { svr_sock_ = INVALID_SOCKET; }

 private:
  bool process_and_close_socket(socket_t sock) override {
    const UniqueFd fd(sock);
    fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    HttpStream stream(fd.get(), {.deadline_ns = NowNs() + ControlServer::kConnectionSeconds * kNsPerSecond,
                                 .bytes = kMaxRequestBytes,
                                 .first_line = kMaxRequestBytes,
                                 .stop_fd = stop_fd_});
    try {
      bool closed = false;
      // Ranges multiply an answer, compression takes memory and time.
      return process_request(stream, /*close_connection=*/true, closed, [](Request& request) {
        request.ranges.clear();
        request.headers.erase("Accept-Encoding");
      });
    } catch (...) {
      LogException(std::current_exception());
      return false;
    }
  }

  const int stop_fd_;
  std::mutex status_mutex_;
};

}  // namespace

struct ControlServer::Impl {
  Impl(ListeningSocket bound, UniqueFd event, std::function<std::string()> status_json)
      : socket(std::move(bound)), stop(std::move(event)), http(stop.get(), std::move(status_json)) {}

  bool StopWithin(int ms) const {
    pollfd waiting{stop.get(), POLLIN, 0};
    return poll(&waiting, 1, ms) > 0;
  }

  void Serve() {
    pthread_setname_np(pthread_self(), "control");
    constexpr int kPauseMs = 100;
    // Again after an error of accept(), for instance out of memory.
    for (int pause_ms = 0; !StopWithin(pause_ms); pause_ms = kPauseMs) http.ServeOn(socket.fd());
  }

  ListeningSocket socket;
  UniqueFd stop;  // eventfd
  HttpServer http;
  std::thread thread;
};

Result<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& path,
                                                            std::function<std::string()> status_json) {
  Result<ListeningSocket> socket = ListeningSocket::Bind(path, kSocketMode);
  if (!socket) return socket.error();
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoError(errno, "control socket '" + path + "': eventfd");
  // The library ignores SIGPIPE for the whole process, which is not its business: no send of ours raises it.
  struct sigaction pipe {};
  sigaction(SIGPIPE, nullptr, &pipe);
  auto impl = std::make_unique<Impl>(std::move(*socket), std::move(stop), std::move(status_json));
  sigaction(SIGPIPE, &pipe, nullptr);
  // Signals belong to the threads that asked for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl->thread = std::thread([raw = impl.get()] { raw->Serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));  // constructor is private
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() {
  // In this order: whoever misses one of them meets the next.
  eventfd_write(impl_->stop.get(), 1);
  impl_->http.Interrupt();
  shutdown(impl_->socket.fd(), SHUT_RDWR);
  impl_->thread.join();
}

const std::string& ControlServer::path() const { return impl_->socket.path(); }

}  // namespace videostream
