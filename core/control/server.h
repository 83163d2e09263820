// SPDX-License-Identifier: Apache-2.0
// The control API of a running runtime: HTTP/JSON on a unix socket, on threads of its own.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/control/unix_socket.h"  // IWYU pragma: export (where Start() binds: ControlPath, RuntimeDirGuard)

namespace videostream {

// Answers `GET /v1/status` with what a callback returns, and everything else with an error as JSON:
// {"schema": "videostream.error/1", "status", "error"}. Never blocks the streams: its threads only read sockets and
// call the callback. At most kMaxConnections are served at once, each for at most kConnectionSeconds; more wait in the
// socket's queue.
class ControlServer {
 public:
  static constexpr size_t kMaxConnections = 4;
  static constexpr int kConnectionSeconds = 5;

  // Binds `path` (see ListeningSocket::Bind; mode 0660) and starts the threads. `status_json` is called on any of them,
  // one at a time, and must stay callable until the destructor returns; where it throws, 500 is answered.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> Start(const std::string& path,
                                                                    std::function<std::string()> status_json);

  // Ends the threads, closes all connections, removes the socket file. Does not wait for clients, only for a
  // `status_json` that is being called.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  const std::string& path() const;

 private:
  struct Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace videostream
