// SPDX-License-Identifier: Apache-2.0
// The control API of a running runtime: HTTP/JSON on a unix socket, on threads of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/control/unix_socket.h"  // IWYU pragma: export (where Start() binds: ControlPath, RuntimeDirGuard)

namespace videostream {

// What is said to a client that asks for events.
struct EventsAnswer {
  std::string json;
  bool news = false;  // there are some; a client that waits is answered now
  bool over = false;  // there will be no more; it is answered now as well
};

// What is said to a client that asked for something to be done.
struct ControlReply {
  int status = 200;  // of HTTP
  std::string json;
};

// Where the answers come from. All of them must stay callable until the server's destructor returns; where one throws,
// 500 is answered.
struct ControlAnswers {
  // Called on any thread of the server, one at a time.
  std::function<std::string()> status_json = {};
  // Events with a sequence above `after`. Called on any thread of the server, several at a time. Empty: there is no
  // such path.
  std::function<EventsAnswer(uint64_t after)> events = {};
  // Returns when there is an event above `after`, or after `limit`. Needed with `events`; called as that.
  std::function<void(uint64_t after, std::chrono::nanoseconds limit)> await_event = {};
  // Reloads the profile. Called on any thread of the server, one at a time; may take its time. Empty: there is no such
  // path.
  std::function<ControlReply(bool dry_run)> reload = {};
  // Changes the levels of the log to `levels`, which may be empty or anything. Called on any thread of the server,
  // several at a time. Empty: there is no such path.
  std::function<ControlReply(const std::string& levels)> log = {};
};

// Answers `GET /v1/status`, `GET /v1/events?after=N&wait=SECONDS`, `POST /v1/reload?dry_run=0|1` and
// `POST /v1/log?levels=LEVELS`, and everything else with an error as JSON: {"schema": "videostream.error/1", "status",
// "error"}. What changes something is a POST, without a body; who may is for the file's permissions to say. Never
// blocks the streams: its threads only read sockets and call the callbacks. At most kMaxConnections are served at once,
// each for at most kConnectionSeconds, plus what it asked to wait or to be done; more wait in the socket's queue. At
// most kMaxWaiting wait for events (503 beyond that), so that the others are served meanwhile; one reload is done at a
// time (503 for another).
class ControlServer {
 public:
  static constexpr size_t kMaxConnections = 8;
  static constexpr size_t kMaxWaiting = 4;
  static constexpr int kConnectionSeconds = 5;
  static constexpr int kMaxWaitSeconds = 25;

  // Binds `path` (see ListeningSocket::Bind; mode 0660) and starts the threads.
  [[nodiscard]] static Result<std::unique_ptr<ControlServer>> Start(const std::string& path, ControlAnswers answers);

  // For the time between the last event and the end: until those who follow the events have got an answer with `over`,
  // at most `limit`. Any thread.
  void AwaitFollowers(std::chrono::nanoseconds limit);

  // Ends the threads, closes all connections, removes the socket file. Does not wait for clients, only for a callback
  // that is being called.
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
