// SPDX-License-Identifier: Apache-2.0
// See engine.h.
#include "core/runtime/engine.h"

#include <sys/epoll.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/log.h"
#include "core/pipeline/stream.h"
#include "core/plugin/loader.h"

namespace videostream {
namespace {

BackendReport Report(const std::string& name, Loader& loader) {
  BackendReport report;
  report.name = name;
  Result<Plugin*> plugin = loader.Load(name);
  if (!plugin) {
    report.refused = plugin.error();
    return report;
  }
  report.path = (*plugin)->path();
  report.identity = (*plugin)->identity();
  report.options.assign((*plugin)->options().begin(), (*plugin)->options().end());
  auto devices = (*plugin)->Probe();
  if (devices)
    report.devices = std::move(*devices);
  else
    report.refused = WithContext(std::move(devices.error()), "probe");
  return report;
}

// The one way from a planned choice to an instance. Shares the loader: a create that hangs is abandoned and may return
// when the runtime is gone.
template <class T>
std::function<Result<std::unique_ptr<T>>()> Maker(
    const Choice& choice, const std::string& stream, const std::shared_ptr<Loader>& loader,
    Result<std::unique_ptr<T>> (Plugin::*create)(const Plugin::CreateArgs&) const) {
  return [choice, stream, loader, create]() -> Result<std::unique_ptr<T>> {
    auto plugin = loader->Load(choice.backend);
    if (!plugin) return plugin.error();
    return ((*plugin)->*create)({choice.device, stream, choice.options});
  };
}

StreamParts MakeParts(const StreamPlan& plan, const std::shared_ptr<Loader>& loader, EventLog& events) {
  StreamParts parts;
  parts.capture = Maker<Capture>(plan.capture, plan.name, loader, &Plugin::CreateCapture);
  for (const OutputPlan& output : plan.outputs) {
    OutputParts& made = parts.outputs.emplace_back();
    made.allocator = Maker<Allocator>(output.allocator, plan.name, loader, &Plugin::CreateAllocator);
    if (output.converter)
      made.converter = Maker<Converter>(*output.converter, plan.name, loader, &Plugin::CreateConverter);
    if (output.encoder) made.encoder = Maker<Encoder>(*output.encoder, plan.name, loader, &Plugin::CreateEncoder);
    made.transport = Maker<Transport>(output.transport, plan.name, loader, &Plugin::CreateTransport);
  }
  parts.on_event = [&events](RuntimeEvent event) { events.Add(std::move(event)); };
  return parts;
}

}  // namespace

Inventory TakeInventory(const Profile& profile, Loader& loader) {
  Inventory inventory;
  for (const auto& list : profile.backends) {
    for (const Located<std::string>& name : list) {
      if (!inventory.contains(name.value)) inventory.emplace(name.value, Report(name.value, loader));
    }
  }
  return inventory;
}

Engine::Engine() = default;

Result<std::unique_ptr<Engine>> Engine::Open(Profile profile, EngineOptions options) {
  std::unique_ptr<Engine> runtime(new Engine);
  runtime->profile_ = std::move(profile);
  runtime->options_ = std::move(options);
  runtime->loader_ = std::make_shared<Loader>(MakeSearchPath(runtime->options_.backend_dirs));
  runtime->planning_ = MakePlan(runtime->profile_, TakeInventory(runtime->profile_, *runtime->loader_));
  if (!runtime->planning_.plan) return *runtime->planning_.error;
  for (const std::string& warning : runtime->planning_.warnings) Log(LogLevel::kWarn, "core.planner", warning);

  runtime->event_fd_.reset(epoll_create1(EPOLL_CLOEXEC));
  if (!runtime->event_fd_) return ErrnoError(errno, "epoll_create1");
  for (const StreamPlan& plan : runtime->planning_.plan->streams) {
    auto stream = StreamRunner::Open(plan, MakeParts(plan, runtime->loader_, runtime->events_));
    if (!stream) return stream.error();
    epoll_event event{};
    event.events = EPOLLIN;
    if (epoll_ctl(runtime->event_fd_.get(), EPOLL_CTL_ADD, (*stream)->done_fd(), &event) != 0) {
      return ErrnoError(errno, "epoll_ctl");
    }
    runtime->streams_.push_back(std::move(*stream));
  }
  return runtime;
}

Engine::~Engine() { (void)Stop(); }

Status Engine::Start() {
  for (const auto& stream : streams_) {
    Status status = stream->Start(options_.wait_for_consumers, options_.wait_limit);
    if (!status) return status;
  }
  return {};
}

Status Engine::Stop() {
  for (const auto& stream : streams_) stream->RequestStop();
  Status first;
  for (const auto& stream : streams_) {
    Status status = stream->Stop();
    if (!status && first) first = std::move(status);
  }
  return first;
}

std::vector<StreamStatus> Engine::Snapshot() {
  std::vector<StreamStatus> all;
  for (const auto& stream : streams_) std::ranges::move(stream->Snapshot(), std::back_inserter(all));
  return all;
}

}  // namespace videostream
