// SPDX-License-Identifier: Apache-2.0
// The reload of engine.h: from what runs to another plan, by the difference.
#include <sys/eventfd.h>

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "core/pipeline/stream.h"
#include "core/plugin/loader.h"
#include "core/runtime/engine.h"

namespace videostream {
namespace {

constexpr auto kTopic = LogTopic(__FILE__);

Error Stopping() { return {Code::kCancelled, "runtime: it has been stopped"}; }

bool IsClosed(ChangeKind kind) { return kind == ChangeKind::kRestart || kind == ChangeKind::kRemoved; }
bool IsOpened(ChangeKind kind) { return kind == ChangeKind::kRestart || kind == ChangeKind::kAdded; }

// The state is that of the stream: the same in all its outputs.
StreamState StateOf(const std::vector<StreamStatus>& outputs) {
  return outputs.empty() ? StreamState::kStarting : outputs.front().state;
}

void SetState(std::vector<StreamStatus>& outputs, StreamState state) {
  for (StreamStatus& output : outputs) output.state = state;
}

}  // namespace

ReloadOutcome Engine::Reload(Profile profile, bool dry_run) {
  const std::lock_guard change(change_);
  ReloadOutcome outcome;
  const auto refuse = [&outcome](Error error) {
    outcome.error = std::move(error);
    return std::move(outcome);
  };
  if (stopping_) return refuse(Stopping());
  Plan running;
  for (const Entry& entry : streams_) running.streams.push_back(entry.plan);
  Inventory inventory = TakeInventory(profile, *loader_);
  KeepHeld(inventory, inventory_, running);
  Planning planning = MakePlan(profile, inventory, PlanOptionsFor(planning_.pools));
  if (!planning.plan) return refuse(*planning.error);
  outcome.changes = ChangesTo(*planning.plan);
  if (dry_run) return outcome;
  for (const std::string& warning : planning.warnings) Log(LogLevel::kWarn, "core.planner", warning);
  if (Status applied = Apply(outcome.changes, *planning.plan); !applied) return refuse(applied.error());
  outcome.applied = true;
  profile_ = std::move(profile);
  planning_ = std::move(planning);
  inventory_ = std::move(inventory);
  return outcome;
}

std::vector<StreamChange> Engine::ChangesTo(const Plan& plan) {
  Plan running;
  LiveEncoders live;
  for (const Entry& entry : streams_) {
    running.streams.push_back(entry.plan);
    for (const OutputPlan& output : entry.plan.outputs) {
      if (!entry.runner || !entry.runner->TakesBitrate(output.name)) continue;
      live.insert(entry.plan.name + "." + output.name + ".encoder");
    }
  }
  std::vector<StreamChange> changes = DiffPlans(running, plan, live);
  for (StreamChange& change : changes) {
    if (change.kind != ChangeKind::kUnchanged && change.kind != ChangeKind::kLive) continue;
    const Entry* entry = Find(change.stream);
    if (StateOf(entry->runner ? entry->runner->Snapshot() : entry->last) != StreamState::kFailed) continue;
    change.kind = ChangeKind::kRestart;
    change.bitrates.clear();
    change.reasons.push_back(change.stream + ": it has failed (restart)");
  }
  return changes;
}

Status Engine::Apply(const std::vector<StreamChange>& changes, const Plan& plan) {
  if (Status set = SetBitrates(changes); !set) return set;
  const std::vector<Closed> closed = CloseStreams(changes);
  Result<std::vector<Entry>> opened = OpenStreams(changes, plan, closed);
  if (opened) {
    Commit(plan, std::move(*opened));
    return {};
  }
  for (const StreamChange& change : changes) {
    for (const BitrateChange& rate : change.bitrates) {
      (void)Find(change.stream)->runner->SetBitrate(rate.output, rate.from);
    }
  }
  Reopen(closed);
  std::string names;
  for (const Closed& one : closed) names += (names.empty() ? "'" : ", '") + one.name + "'";
  Error error = std::move(opened.error());
  if (!names.empty() && !stopping_) error.message += "; back to what ran before, with an interruption of " + names;
  return error;
}

// All of them, or none.
Status Engine::SetBitrates(const std::vector<StreamChange>& changes) {
  std::vector<std::pair<StreamRunner*, const BitrateChange*>> done;
  for (const StreamChange& change : changes) {
    for (const BitrateChange& rate : change.bitrates) {
      StreamRunner* stream = Find(change.stream)->runner.get();
      if (Status set = stream->SetBitrate(rate.output, rate.to); !set) {
        for (const auto& [other, back] : done) (void)other->SetBitrate(back->output, back->from);
        return set;
      }
      done.emplace_back(stream, &rate);
    }
  }
  return {};
}

// Their instances, memory and sockets are gone when this returns.
std::vector<Engine::Closed> Engine::CloseStreams(const std::vector<StreamChange>& changes) {
  std::vector<Closed> closed;
  for (const StreamChange& change : changes) {
    if (!IsClosed(change.kind)) continue;
    const Entry* entry = Find(change.stream);
    const StreamState state = StateOf(entry->runner ? entry->runner->Snapshot() : entry->last);
    closed.push_back({.name = change.stream,
                      .was_over = state == StreamState::kEnded || state == StreamState::kFailed,
                      .was_waiting = state == StreamState::kStarting});
    if (!entry->runner) continue;
    Unwatch(*entry->runner);
    entry->runner->RequestStop();
  }
  for (const Closed& one : closed) {
    Entry* entry = Find(one.name);
    if (!entry->runner) continue;
    (void)entry->runner->Stop();  // what it failed with is logged, and no reason to keep it
    std::vector<StreamStatus> last = entry->runner->Snapshot();
    // Not stopped: nobody may take the gap for the end.
    if (!one.was_over) SetState(last, StreamState::kStarting);
    std::shared_ptr<StreamRunner> runner;
    const std::lock_guard lock(mutex_);
    entry->last = std::move(last);
    runner.swap(entry->runner);
  }
  return closed;
}

// Opens all of them before it starts the first; on error none is left.
Result<std::vector<Engine::Entry>> Engine::OpenStreams(const std::vector<StreamChange>& changes, const Plan& plan,
                                                       const std::vector<Closed>& closed) {
  std::vector<Entry> opened;
  for (const StreamChange& change : changes) {
    if (!IsOpened(change.kind)) continue;
    if (stopping_) return Stopping();
    const auto wanted = std::ranges::find(plan.streams, change.stream, &StreamPlan::name);
    auto stream = OpenStream(*wanted);
    if (!stream) return stream.error();
    opened.push_back({*wanted, std::move(*stream), {}});
  }
  if (!started_) return opened;
  for (const Entry& entry : opened) {
    const auto before = std::ranges::find(closed, entry.plan.name, &Closed::name);
    const bool waiting = before != closed.end() && before->was_waiting;
    if (Status started = StartStream(*entry.runner, waiting); !started) return started.error();
  }
  return opened;
}

void Engine::Reopen(const std::vector<Closed>& closed) {
  for (const Closed& one : closed) {
    if (one.was_over) continue;
    Entry* entry = Find(one.name);
    if (stopping_) {
      const std::lock_guard lock(mutex_);
      SetState(entry->last, StreamState::kStopped);
      continue;
    }
    auto stream = OpenStream(entry->plan);
    Status status;
    if (!stream) status = stream.error();
    if (stream && started_) status = StartStream(**stream, one.was_waiting);
    if (!status) {
      Lose(*entry, status.error());
      continue;
    }
    Watch(**stream);
    const std::lock_guard lock(mutex_);
    entry->runner = std::move(*stream);
    entry->last.clear();
  }
}

void Engine::Lose(Entry& entry, const Error& error) {
  const std::string text = error.message + "; stream '" + entry.plan.name + "' could not be opened again";
  Log(LogLevel::kError, kTopic, text);
  {
    const std::lock_guard lock(mutex_);
    SetState(entry.last, StreamState::kFailed);
    for (StreamStatus& output : entry.last) output.error = text;
  }
  RuntimeEvent event;
  event.warning = true;
  event.type = "stream_failed";
  event.stream = entry.plan.name;
  event.text = text;
  events_.Add(std::move(event));
  (void)eventfd_write(lost_fd_.get(), 1);
}

void Engine::Commit(const Plan& plan, std::vector<Entry> opened) {
  for (const Entry& entry : opened) Watch(*entry.runner);
  std::vector<Entry> next;
  const std::lock_guard lock(mutex_);
  bool lost = false;
  for (const StreamPlan& stream : plan.streams) {
    const auto mine = std::ranges::find_if(opened, [&](const Entry& entry) { return entry.plan.name == stream.name; });
    Entry& entry = mine != opened.end() ? *mine : *Find(stream.name);
    entry.plan = stream;
    lost = lost || !entry.runner;
    next.push_back(std::move(entry));
  }
  streams_.swap(next);
  eventfd_t count = 0;
  if (!lost) (void)eventfd_read(lost_fd_.get(), &count);
}

}  // namespace videostream
