// SPDX-License-Identifier: Apache-2.0
// See engine.h: opening, starting, stopping. The reload is in engine_reload.cc.
#include "core/runtime/engine.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/log.h"
#include "core/pipeline/stream.h"
#include "core/plugin/loader.h"
#include "core/runtime/stream_parts.h"

namespace videostream {

Engine::Engine() = default;

Result<std::unique_ptr<Engine>> Engine::Open(Profile profile, EngineOptions options) {
  std::unique_ptr<Engine> engine(new Engine);
  engine->profile_ = std::move(profile);
  engine->options_ = std::move(options);
  engine->loader_ = std::make_shared<Loader>(MakeSearchPath(engine->options_.backend_dirs));
  engine->inventory_ = TakeInventory(engine->profile_, *engine->loader_);
  engine->planning_ = MakePlan(engine->profile_, engine->inventory_, PlanOptionsFor({}));
  if (!engine->planning_.plan) return *engine->planning_.error;
  for (const std::string& warning : engine->planning_.warnings) Log(LogLevel::kWarn, "core.planner", warning);

  engine->event_fd_.reset(epoll_create1(EPOLL_CLOEXEC));
  engine->lost_fd_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!engine->event_fd_ || !engine->lost_fd_) return ErrnoError(errno, "epoll_create1, eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(engine->event_fd_.get(), EPOLL_CTL_ADD, engine->lost_fd_.get(), &event) != 0) {
    return ErrnoError(errno, "epoll_ctl");
  }
  for (const StreamPlan& plan : engine->planning_.plan->streams) {
    auto stream = engine->OpenStream(plan);
    if (!stream) return stream.error();
    engine->Watch(**stream);
    engine->streams_.push_back({plan, std::move(*stream), {}});
  }
  return engine;
}

Engine::~Engine() { (void)Stop(); }

Result<std::shared_ptr<StreamRunner>> Engine::OpenStream(const StreamPlan& plan) {
  auto stream = StreamRunner::Open(plan, MakeParts(plan, loader_, events_));
  if (!stream) return stream.error();
  return std::shared_ptr<StreamRunner>(std::move(*stream));
}

Status Engine::StartStream(StreamRunner& stream, bool waiting) {
  return stream.Start(waiting ? options_.wait_for_consumers : 0, options_.wait_limit);
}

Status Engine::Start() {
  const std::lock_guard change(change_);
  started_ = true;
  for (const Entry& entry : streams_) {
    if (!entry.runner) continue;
    if (Status status = StartStream(*entry.runner, true); !status) return status;
  }
  return {};
}

Status Engine::Stop() {
  stopping_ = true;
  for (const auto& stream : Runners()) stream->RequestStop();
  const std::lock_guard change(change_);
  Status first;
  for (const Entry& entry : streams_) {
    Status status;
    if (entry.runner) {
      status = entry.runner->Stop();
    } else if (!entry.last.empty() && entry.last.front().state == StreamState::kFailed) {
      status = Fail(Code::kIo, entry.last.front().error);
    }
    if (!status && first) first = std::move(status);
  }
  return first;
}

std::vector<StreamStatus> Engine::Snapshot() {
  std::vector<Entry> entries;  // the streams themselves are asked without the mutex: they may take their time
  {
    const std::lock_guard lock(mutex_);
    entries.reserve(streams_.size());
    for (const Entry& entry : streams_) entries.push_back({{}, entry.runner, entry.last});
  }
  std::vector<StreamStatus> all;
  for (Entry& entry : entries) {
    std::ranges::move(entry.runner ? entry.runner->Snapshot() : std::move(entry.last), std::back_inserter(all));
  }
  return all;
}

std::vector<std::shared_ptr<StreamRunner>> Engine::Runners() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<StreamRunner>> runners;
  for (const Entry& entry : streams_) {
    if (entry.runner) runners.push_back(entry.runner);
  }
  return runners;
}

Engine::Entry* Engine::Find(const std::string& name) {
  const auto found = std::ranges::find_if(streams_, [&name](const Entry& entry) { return entry.plan.name == name; });
  return found == streams_.end() ? nullptr : &*found;
}

// It can fail for want of memory only; then the end of the stream is seen by those who look at the clock, too.
void Engine::Watch(const StreamRunner& stream) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (epoll_ctl(event_fd_.get(), EPOLL_CTL_ADD, stream.done_fd(), &event) != 0) {
    Log(LogLevel::kWarn, "core.runtime", ErrnoError(errno, "epoll_ctl").message);
  }
}

void Engine::Unwatch(const StreamRunner& stream) {
  (void)epoll_ctl(event_fd_.get(), EPOLL_CTL_DEL, stream.done_fd(), nullptr);
}

}  // namespace videostream
