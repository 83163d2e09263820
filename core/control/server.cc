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
#include "core/base/thread.h"
#include "core/base/unique_fd.h"
#include "core/control/followers.h"
#include "core/control/http_answers.h"
#include "core/control/http_stream.h"
#include "core/control/unix_socket.h"

namespace videostream {
namespace {

using httplib::Request;
using httplib::Response;

constexpr auto kTopic = LogTopic(__FILE__);
constexpr mode_t kSocketMode = 0660;
// The library answers a request line or a header of more than 8 KiB; what is larger than this is not read any more.
constexpr size_t kMaxRequestBytes = 16384;

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
      const char* method = MethodOf(request.path);
      if (method == nullptr) {
        response.status = kHttpNotFound;
      } else if (request.method != method) {
        response.status = kHttpNotAllowed;
        response.set_header("Allow", method);
      }
      return response.status < 0 ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    Get(kStatusPath, [this](const Request& /*request*/, Response& response) {
      const std::lock_guard lock(status_mutex_);
      response.set_content(answers_.status_json(), kJsonType);
    });
    if (answers_.events) {
      Get(kEventsPath, [this](const Request& request, Response& response) { AnswerEvents(request, response); });
    }
    if (answers_.reload) {
      Post(kReloadPath, [this](const Request& request, Response& response) { AnswerReload(request, response); });
    }
    if (answers_.log) {
      Post(kLogPath, [this](const Request& request, Response& response) {
        SetReply(response, answers_.log(request.get_param_value("levels")));
      });
    }
    set_exception_handler([](const Request& /*request*/, Response& response, std::exception_ptr thrown) {
      LogException(std::move(thrown));
      response.status = kHttpInternalError;
    });
    set_error_handler(SetHttpErrorBody);
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
  static void SetReply(Response& response, const ControlReply& reply) {
    response.status = reply.status;
    response.set_content(reply.json, kJsonType);
  }

  // One at a time: those who come meanwhile would only repeat it, and take up the threads.
  void AnswerReload(const Request& request, Response& response) {
    const auto dry_run = NumberParam(request, "dry_run", 0, 1);
    if (!dry_run) return SetHttpError(response, kHttpBadRequest, "expected '/v1/reload', or '/v1/reload?dry_run=1'");
    const std::unique_lock reloading(reload_mutex_, std::try_to_lock);
    if (!reloading) return SetHttpError(response, kHttpUnavailable, "a reload is under way already");
    SetReply(response, answers_.reload(*dry_run == 1));
    ExtendTime();
  }

  // What the request made us wait for does not count.
  static void ExtendTime() {
    t_connection->stream->SetDeadline(NowNs() + ControlServer::kConnectionSeconds * kNsPerSecond);
  }

  void AnswerEvents(const Request& request, Response& response) {
    const auto after = NumberParam(request, "after", 0, UINT64_MAX);
    const auto wait = NumberParam(request, "wait", 0, ControlServer::kMaxWaitSeconds);
    if (!after || !wait) {
      SetHttpError(response, kHttpBadRequest,
                   "expected '" + std::string(kEventsPath) +
                       "?after=N&wait=SECONDS' with whole numbers, SECONDS up to " +
                       std::to_string(ControlServer::kMaxWaitSeconds));
      return;
    }
    EventsAnswer answer = answers_.events(*after);
    if (*wait > 0 && !answer.news && !answer.over) {
      if (!followers_.Sit()) {
        SetHttpError(response, kHttpUnavailable,
                     std::to_string(ControlServer::kMaxWaiting) +
                         " clients wait for events already; ask without 'wait', or when one of them has ended");
        return;
      }
      t_connection->sits = true;
      Await(*after, std::chrono::seconds(*wait), answer);
    }
    t_connection->follows = *wait > 0;
    t_connection->told = answer.over;
    response.set_content(answer.json, kJsonType);
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
    ExtendTime();
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
        // Without a length the library reads until the client closes; `curl -X POST` sends none and waits.
        const bool sized = request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
        if (request.method == "POST" && !sized) request.set_header("Content-Length", "0");
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
  std::mutex reload_mutex_;
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
