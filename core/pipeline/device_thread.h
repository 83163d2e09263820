// SPDX-License-Identifier: Apache-2.0
// One thread that drives one instance of a foreign kind. Nobody ever waits for it without a limit: a call that does not
// return within its budget is abandoned together with its thread, its instance and the buffers it knows.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/base/unique_fd.h"
#include "core/pipeline/mailbox.h"

namespace videostream {

// A foreign call that is running now.
struct RunningCall {
  const char* name = nullptr;
  int64_t since_ns = 0;
};

// `Command` goes from the stream's thread to the device's, `Event` comes back. Both mailboxes have room for `capacity`
// entries: more than can ever be outstanding, so a push that fails is a defect.
//
// Threads: the constructor, Open, Call and the destructor belong to the owner (one thread at a time), Post, Next, Arm
// and event_fd to the stream's thread. Hooks run on the device's thread.
template <class Instance, class Command, class Event>
class DeviceThread {
 public:
  using Emit = std::function<void(Event&&)>;
  struct Hooks {
    // Carries out one command.
    std::function<void(Instance&, Command&, const Emit&)> execute;
    // The instance's poll fd is readable: take what is there. False: stop polling until the next command.
    std::function<bool(Instance&, const Emit&)> collect;
  };

  DeviceThread(std::string slot, size_t capacity, Hooks hooks)
      : state_(std::make_shared<State>(std::move(slot), capacity, std::move(hooks))) {
    // The thread shares the state: when it is abandoned, it outlives this object.
    auto thread = StartThread("slot '" + state_->slot + "'", [state = state_] { state->Run(); });
    if (thread)
      thread_ = std::move(*thread);
    else
      no_thread_ = std::move(thread.error());
  }

  ~DeviceThread() { Close(std::chrono::seconds(2)); }
  DeviceThread(const DeviceThread&) = delete;
  DeviceThread& operator=(const DeviceThread&) = delete;

  // Makes the instance on its thread.
  template <class Make>
  Status Open(std::chrono::nanoseconds budget, Make make) {
    if (no_thread_) return *no_thread_;
    State* state = state_.get();
    if (!state->wake || state->commands.fd() < 0 || state->events.fd() < 0) {
      return Fail(Code::kNoMemory, "slot '" + state->slot + "': no file descriptor left for its thread");
    }
    Result<int> fd = Request("create", budget, [state, make = std::move(make)]() -> Result<int> {
      auto made = make();
      if (!made) return made.error();
      state->instance = std::move(*made);
      Result<int> poll_fd = state->PollFd();
      if (poll_fd) state->poll_fd = *poll_fd;
      return poll_fd;
    });
    if (!fd) return fd.error();
    return {};
  }

  // Runs f(instance) on the device's thread and returns its Result; kTimeout after `budget`, and for ever after.
  template <class F>
  auto Call(const char* name, std::chrono::nanoseconds budget, F f) -> decltype(f(std::declval<Instance&>())) {
    State* state = state_.get();
    return Request(name, budget, [state, f = std::move(f)]() { return f(*state->instance); });
  }

  // Ends the thread and the instance. False: it hangs and was abandoned. Idempotent.
  bool Close(std::chrono::nanoseconds budget) {
    if (!thread_.joinable()) return !abandoned();
    if (!abandoned()) {
      (void)Request("destroy", budget, [state = state_.get()]() -> Status {
        state->instance.reset();
        state->quit = true;
        return {};
      });
    }
    if (abandoned()) {
      thread_.detach();
      return false;
    }
    thread_.join();
    return true;
  }

  // False: the mailbox is full.
  bool Post(Command command) { return state_->commands.Push(std::move(command)); }
  std::optional<Event> Next() { return state_->events.Pop(); }
  // See Mailbox: true when it is safe to wait for event_fd.
  bool Arm() { return state_->events.Arm(); }
  int event_fd() const { return state_->events.fd(); }
  // An event was lost because the mailbox was full: a defect of the caller's capacity.
  bool overflowed() const { return state_->overflowed.load(std::memory_order_relaxed); }

  // The foreign call in progress, if it began before `started_before_ns`. Any thread.
  std::optional<RunningCall> RunningSince(int64_t started_before_ns) const {
    const int64_t since = state_->call_since.load(std::memory_order_acquire);
    if (since == 0 || since >= started_before_ns) return std::nullopt;
    return RunningCall{state_->call_name.load(std::memory_order_relaxed), since};
  }
  // Give the thread up: it is never waited for again.
  void Abandon() {
    state_->abandoned.store(true, std::memory_order_release);
    state_->Wake();  // a call that has returned meanwhile
  }
  bool abandoned() const { return state_->abandoned.load(std::memory_order_acquire); }
  const std::string& slot() const { return state_->slot; }

 private:
  struct State {
    State(std::string slot_name, size_t capacity, Hooks the_hooks)
        : slot(std::move(slot_name)),
          hooks(std::move(the_hooks)),
          commands(capacity),
          events(capacity),
          wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

    std::string slot;
    Hooks hooks;
    Mailbox<Command> commands;
    Mailbox<Event> events;
    UniqueFd wake;  // a request waits
    std::mutex mutex;
    std::condition_variable done;
    std::function<void()> request;  // guarded by mutex
    std::unique_ptr<Instance> instance;
    int poll_fd = -1;
    bool polling = true;
    bool quit = false;
    std::atomic<int64_t> call_since{0};
    std::atomic<const char*> call_name{nullptr};
    std::atomic<bool> overflowed{false};
    std::atomic<bool> abandoned{false};  // the owner has gone: end as soon as the foreign call returns

    void Wake() {
      const uint64_t one = 1;
      (void)!write(wake.get(), &one, sizeof one);
    }

    Result<int> PollFd() {
      if constexpr (requires(Instance & i) { i.PollFd(); })
        return instance->PollFd();
      else
        return -1;
    }

    // Marks the time in foreign code.
    template <class F>
    void Timed(const char* name, F&& f) {
      call_name.store(name, std::memory_order_relaxed);
      call_since.store(NowNs(), std::memory_order_release);
      f();
      call_since.store(0, std::memory_order_release);
    }

    void Run() {
      const Emit emit = [this](Event&& event) {
        if (!events.Push(std::move(event))) overflowed.store(true, std::memory_order_relaxed);
      };
      const auto given_up = [this] { return abandoned.load(std::memory_order_acquire); };
      while (!quit && !given_up()) {
        while (std::optional<Command> command = commands.Pop()) {
          polling = true;
          Timed("execute", [&] { hooks.execute(*instance, *command, emit); });
          if (given_up()) break;
        }
        RunRequest();
        // Its wake-up may have come during the call that was given up, and be read by now.
        if (quit || given_up()) break;
        if (!commands.Arm()) continue;
        pollfd fds[3] = {{commands.fd(), POLLIN, 0}, {wake.get(), POLLIN, 0}, {polling ? poll_fd : -1, POLLIN, 0}};
        if (poll(fds, 3, -1) < 0) continue;
        if (fds[2].revents != 0) Timed("collect", [&] { polling = hooks.collect(*instance, emit); });
      }
      instance.reset();  // abandoned: here, not on the thread of an owner who still shares this
    }

    void RunRequest() {
      uint64_t count;
      (void)!read(wake.get(), &count, sizeof count);
      std::function<void()> todo;
      {
        const std::lock_guard lock(mutex);
        todo = std::exchange(request, nullptr);
      }
      if (!todo) return;
      polling = true;
      todo();
    }
  };

  template <class F>
  auto Request(const char* name, std::chrono::nanoseconds budget, F f) -> decltype(f()) {
    using R = decltype(f());
    if (abandoned())
      return Fail(Code::kTimeout, "slot '" + state_->slot + "': abandoned after a call that did not return");
    // Shared with the device's thread: when the wait is given up, the answer still needs a place.
    auto answer = std::make_shared<std::optional<R>>();
    State* state = state_.get();
    std::unique_lock lock(state->mutex);
    state->request = [state, name, answer, f = std::move(f)]() mutable {
      std::optional<R> value;
      state->Timed(name, [&] { value.emplace(f()); });
      const std::lock_guard guard(state->mutex);
      *answer = std::move(value);
      state->done.notify_all();
    };
    state->Wake();
    if (!state->done.wait_for(lock, budget, [&] { return answer->has_value(); })) {
      Abandon();
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(budget).count();
      return Fail(Code::kTimeout, "slot '" + state->slot + "': '" + name + "' did not return within " +
                                      std::to_string(ms) + " ms; the call is abandoned");
    }
    return std::move(**answer);
  }

  std::shared_ptr<State> state_;  // shared with the thread, see the constructor
  std::thread thread_;
  std::optional<Error> no_thread_;  // why there is none
};

}  // namespace videostream
