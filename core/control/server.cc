// SPDX-License-Identifier: Apache-2.0
// The control API: cpp-httplib on a socket bound here, with streams that can be stopped.
#include "core/control/server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/signals.h"
#include "core/base/text.h"
#include "core/base/thread.h"
#include "core/base/unique_fd.h"
#include "core/control/followers.h"
#include "core/control/http_stream.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

using httplib::Request;
using httplib::Response;

constexpr std::string_view kTopic = "core.control";
constexpr mode_t kSocketMode = 0660;
constexpr const char* kStatusPath = "/v1/status";
constexpr const char* kEventsPath = "/v1/events";
constexpr const char* kJson = "application/json";
// The library answers a request line or a header of more than 8 KiB; what is larger than this is not read any more.
constexpr size_t kMaxRequestBytes = 16384;

enum : int {
  kBadRequest = 400,
  kNotFound = 404,
  kNotAllowed = 405,
  kTooLarge = 413,
  kUriTooLong = 414,
  kBadRange = 416,
  kInternalError = 500,
  kUnavailable = 503,
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
      return "there is no '" + request.path + "' here, only '" + kStatusPath + "' and '" + kEventsPath + "'";
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

void SetError(Response& response, int status, const std::string& text) {
  std::string body = R"({"schema": "videostream.error/1", "status": )" + std::to_string(status) + R"(, "error": )";
  AppendJsonString(body, text);
  response.status = status;
  response.set_content(body + "}\n", kJson);
}

// Called by the library for every status from 400 on.
void SetErrorBody(const Request& request, Response& response) {
  if (response.body.empty()) SetError(response, response.status, ErrorText(request, response.status));
}

// The parameter `name` as a whole number up to `most`; `absent` where there is none.
std::optional<uint64_t> NumberParam(const Request& request, const char* name, uint64_t absent, uint64_t most) {
  if (!request.has_param(name)) return absent;
  const std::string text = request.get_param_value(name);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

pid_t PeerOf(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
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

// What the thread that serves a connection knows beyond the library's Request.
struct Connection {
  HttpStream* stream = nullptr;  // borrowed
  bool sits = false;             // in one of the Followers' seats
  bool follows = false;          // would have waited: asks again
  bool told = false;             // that there will be no more events
};
thread_local Connection* t_connection = nullptr;

class HttpServer final : public httplib::Server {
 public:
  HttpServer(int stop_fd, ControlAnswers answers) : stop_fd_(stop_fd), answers_(std::move(answers)) {
    new_task_queue = [] { return new BoundedPool; };  // the library deletes it
    set_payload_max_length(0);
    set_keep_alive_max_count(1);
    set_read_timeout(ControlServer::kConnectionSeconds);
    set_write_timeout(ControlServer::kConnectionSeconds);
    set_pre_routing_handler([](const Request& request, Response& response) {
      if (request.path != kStatusPath && request.path != kEventsPath) {
        response.status = kNotFound;
      } else if (request.method != "GET") {
        response.status = kNotAllowed;
        response.set_header("Allow", "GET");
      }
      return response.status < 0 ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    Get(kStatusPath, [this](const Request& /*request*/, Response& response) {
      const std::lock_guard lock(status_mutex_);
      response.set_content(answers_.status_json(), kJson);
    });
    if (answers_.events) {
      Get(kEventsPath, [this](const Request& request, Response& response) { AnswerEvents(request, response); });
    }
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

  Followers& followers() { return followers_; }

 private:
  void AnswerEvents(const Request& request, Response& response) {
    const auto after = NumberParam(request, "after", 0, UINT64_MAX);
    const auto wait = NumberParam(request, "wait", 0, ControlServer::kMaxWaitSeconds);
    if (!after || !wait) {
      SetError(response, kBadRequest,
               "expected '" + std::string(kEventsPath) + "?after=N&wait=SECONDS' with whole numbers, SECONDS up to " +
                   std::to_string(ControlServer::kMaxWaitSeconds));
      return;
    }
    EventsAnswer answer = answers_.events(*after);
    if (*wait > 0 && !answer.news && !answer.over) {
      if (!followers_.Sit()) {
        SetError(response, kUnavailable,
                 std::to_string(ControlServer::kMaxWaiting) +
                     " clients wait for events already; ask without 'wait', or when one of them has ended");
        return;
      }
      t_connection->sits = true;
      Await(*after, std::chrono::seconds(*wait), answer);
    }
    t_connection->follows = *wait > 0;
    t_connection->told = answer.over;
    response.set_content(answer.json, kJson);
  }

  // Short naps, since the runtime wakes us for events only: not for the end of the server or of the client.
  void Await(uint64_t after, std::chrono::nanoseconds wait, EventsAnswer& answer) {
    constexpr int64_t kNapNs = 100 * kNsPerMs;
    const int64_t deadline = NowNs() + wait.count();
    while (!answer.news && !answer.over && !t_connection->stream->Abandoned()) {
      const int64_t left = deadline - NowNs();
      if (left <= 0) break;
      answers_.await_event(after, std::chrono::nanoseconds(std::min(left, kNapNs)));
      answer = answers_.events(after);
    }
    t_connection->stream->SetDeadline(NowNs() + ControlServer::kConnectionSeconds * kNsPerSecond);
  }

  bool process_and_close_socket(socket_t sock) override {
    const UniqueFd fd(sock);
    fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    HttpStream stream(fd.get(), {.deadline_ns = NowNs() + ControlServer::kConnectionSeconds * kNsPerSecond,
                                 .bytes = kMaxRequestBytes,
                                 .first_line = kMaxRequestBytes,
                                 .stop_fd = stop_fd_});
    Connection connection{.stream = &stream};
    t_connection = &connection;
    bool done = false;
    try {
      bool closed = false;
      // Ranges multiply an answer, compression takes memory and time.
      done = process_request(stream, /*close_connection=*/true, closed, [](Request& request) {
        request.ranges.clear();
        request.headers.erase("Accept-Encoding");
      });
    } catch (...) {
      LogException(std::current_exception());
    }
    t_connection = nullptr;
    // Only now, since the answer is out.
    if (connection.follows) followers_.Answered(PeerOf(fd.get()), connection.told);
    if (connection.sits) followers_.Rise();
    return done;
  }

  const int stop_fd_;
  const ControlAnswers answers_;
  std::mutex status_mutex_;
  Followers followers_{ControlServer::kMaxWaiting};
};

}  // namespace

struct ControlServer::Impl {
  Impl(ListeningSocket bound, UniqueFd event, ControlAnswers answers)
      : socket(std::move(bound)), stop(std::move(event)), http(stop.get(), std::move(answers)) {}

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

Result<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& path, ControlAnswers answers) {
  Result<ListeningSocket> socket = ListeningSocket::Bind(path, kSocketMode);
  if (!socket) return socket.error();
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoError(errno, "control socket '" + path + "': eventfd");
  // The library ignores SIGPIPE for the whole process, which is not its business: no send of ours raises it.
  struct sigaction pipe {};
  sigaction(SIGPIPE, nullptr, &pipe);
  auto impl = std::make_unique<Impl>(std::move(*socket), std::move(stop), std::move(answers));
  sigaction(SIGPIPE, &pipe, nullptr);
  // Signals belong to the threads that asked for them.
  const SignalsBlocked blocked;
  auto thread = StartThread("control socket '" + path + "'", [raw = impl.get()] { raw->Serve(); });
  if (!thread) return thread.error();
  impl->thread = std::move(*thread);
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));  // constructor is private
}

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

void ControlServer::AwaitFollowers(std::chrono::nanoseconds limit) { impl_->http.followers().AwaitAll(limit); }

ControlServer::~ControlServer() {
  // In this order: whoever misses one of them meets the next.
  eventfd_write(impl_->stop.get(), 1);
  impl_->http.Interrupt();
  shutdown(impl_->socket.fd(), SHUT_RDWR);
  impl_->thread.join();
}

const std::string& ControlServer::path() const { return impl_->socket.path(); }

}  // namespace videostream
