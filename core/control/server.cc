// SPDX-License-Identifier: Apache-2.0
// The loop of the control API: accept, read one request, answer, close.
#include "core/control/server.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/control/http.h"

namespace videostream {
namespace {

constexpr std::string_view kTopic = "core.control";
constexpr mode_t kSocketMode = 0660;

struct Route {
  std::string_view path;
  std::string_view method;
};
constexpr Route kStatus{"/v1/status", "GET"};

}  // namespace

struct ControlServer::Connection {
  UniqueFd fd;
  int64_t deadline_ns = 0;
  std::string received;
  std::string answer;  // empty: the request is not complete
  size_t sent = 0;
  bool done = false;
};

Result<std::unique_ptr<ControlServer>> ControlServer::Start(const std::string& path,
                                                            std::function<std::string()> status_json) {
  Result<ListeningSocket> socket = ListeningSocket::Bind(path, kSocketMode);
  if (!socket) return socket.error();
  UniqueFd stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return ErrnoError(errno, "control socket '" + path + "': eventfd");
  std::unique_ptr<ControlServer> server(
      new ControlServer(std::move(*socket), std::move(stop), std::move(status_json)));  // constructor is private
  // Signals belong to the threads that asked for them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  server->thread_ = std::thread([raw = server.get()] { raw->Serve(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return server;
}

ControlServer::ControlServer(ListeningSocket socket, UniqueFd stop, std::function<std::string()> status_json)
    : socket_(std::move(socket)), stop_(std::move(stop)), status_json_(std::move(status_json)) {}

ControlServer::~ControlServer() {
  if (!thread_.joinable()) return;
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void ControlServer::Serve() {
  pthread_setname_np(pthread_self(), "control");
  std::vector<pollfd> fds;
  while (true) {
    int64_t now = NowNs();
    const bool accepting = connections_.size() < kMaxConnections && now >= accept_again_ns_;
    int64_t wake = accepting || connections_.size() == kMaxConnections ? INT64_MAX : accept_again_ns_;
    fds.assign({{stop_.get(), POLLIN, 0}, {accepting ? socket_.fd() : -1, POLLIN, 0}});
    for (const Connection& connection : connections_) {
      fds.push_back({connection.fd.get(), static_cast<short>(connection.answer.empty() ? POLLIN : POLLOUT), 0});
      wake = std::min(wake, connection.deadline_ns);
    }
    const int64_t wait_ms = wake == INT64_MAX ? -1 : std::max<int64_t>(0, (wake - now) / kNsPerMs + 1);
    if (poll(fds.data(), fds.size(), static_cast<int>(wait_ms)) < 0 && errno != EINTR) {
      Log(LogLevel::kError, kTopic, ErrnoError(errno, "poll").message + ", the control socket is not served any more");
      return;
    }
    if (fds[0].revents != 0) return;
    now = NowNs();
    for (size_t i = 0; i < connections_.size(); ++i) {
      if (fds[i + 2].revents != 0) Step(connections_[i]);
      if (now >= connections_[i].deadline_ns) connections_[i].done = true;
    }
    std::erase_if(connections_, [](const Connection& connection) { return connection.done; });
    if (fds[1].revents != 0) Accept(now);
  }
}

void ControlServer::Accept(int64_t now) {
  UniqueFd fd(accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) {
    // The connection stays in the queue, hence readable: without a pause this would spin.
    constexpr int64_t kPauseNs = 100 * kNsPerMs;
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) accept_again_ns_ = now + kPauseNs;
    return;
  }
  Connection connection;
  connection.fd = std::move(fd);
  connection.deadline_ns = now + kConnectionSeconds * kNsPerSecond;
  connections_.push_back(std::move(connection));
}

void ControlServer::Step(Connection& connection) {
  if (connection.answer.empty()) {
    std::array<char, 4096> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const ssize_t got = recv(connection.fd.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (got < 0) {
      connection.done = errno != EAGAIN && errno != EINTR;
      return;
    }
    connection.received.append(chunk.data(), static_cast<size_t>(got));
    connection.answer = Answer(connection.received, got == 0);
    connection.done = connection.answer.empty() && got == 0;
    if (connection.answer.empty()) return;
  }
  const ssize_t sent = send(connection.fd.get(), connection.answer.data() + connection.sent,
                            connection.answer.size() - connection.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    connection.done = errno != EAGAIN && errno != EINTR;
    return;
  }
  connection.sent += static_cast<size_t>(sent);
  connection.done = connection.sent == connection.answer.size();
}

// Empty: more has to be read.
std::string ControlServer::Answer(const std::string& received, bool ended) {
  const auto error = [](int status, const std::string& text) {
    return FormatHttpResponse(status, HttpErrorBody(status, text));
  };
  const HttpRequest request = ParseHttpRequest(received);
  if (request.state == HttpRequest::State::kRefused) return error(request.status, request.error);
  if (request.state == HttpRequest::State::kIncomplete) {
    return ended && !received.empty() ? error(400, "the request ends before its headers do") : "";
  }
  if (request.path != kStatus.path) {
    return error(404, "there is no '" + request.path + "' here, only '" + std::string(kStatus.path) + "'");
  }
  if (request.method != kStatus.method) {
    return error(405, "'" + request.path + "' can only be read: use GET, not " + request.method);
  }
  return FormatHttpResponse(200, status_json_());
}

}  // namespace videostream
