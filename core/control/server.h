// SPDX-License-Identifier: Apache-2.0
// The control API of a running runtime: HTTP/JSON on a unix socket, on a thread of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/result.h"
#include "core/base/unique_fd.h"
#include "core/control/unix_socket.h"

namespace videostream {

// Answers `GET /v1/status` with what a callback returns, and everything else with an error as JSON. Never blocks the
// streams: its thread only reads sockets and calls the callback. At most kMaxConnections are served at once, each for
// at most kConnectionSeconds; more wait in the socket's queue.
class ControlServer {
 public:
  static constexpr size_t kMaxConnections = 16;
  static constexpr int kConnectionSeconds = 5;

  // Binds `path` (see ListeningSocket::Bind; mode 0660) and starts the thread. `status_json` is called on that thread,
  // must not throw, and must stay callable until the destructor returns.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> Start(const std::string& path,
                                                                    std::function<std::string()> status_json);

  // Ends the thread, closes all connections, removes the socket file. Does not wait for clients.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  const std::string& path() const { return socket_.path(); }

 private:
  struct Connection;

  ControlServer(ListeningSocket socket, UniqueFd stop, std::function<std::string()> status_json);
  void Serve();
  void Accept(int64_t now);
  void Step(Connection& connection);
  std::string Answer(const std::string& received, bool ended);

  ListeningSocket socket_;
  UniqueFd stop_;  // eventfd
  std::function<std::string()> status_json_;
  std::vector<Connection> connections_;  // the thread's own
  int64_t accept_again_ns_ = 0;          // out of descriptors: when to try again
  std::thread thread_;
};

}  // namespace videostream
