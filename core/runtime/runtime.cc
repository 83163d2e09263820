// SPDX-License-Identifier: Apache-2.0
// The public Runtime: an Engine, with what surrounds it (profile, folder of the sockets, signals, errors as text).
#include "videostream/runtime.hpp"

#include <poll.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/signals.h"
#include "core/control/unix_socket.h"
#include "core/runtime/choices.h"
#include "core/runtime/engine.h"
#include "core/runtime/reloader.h"

namespace videostream {
namespace {

using std::chrono::nanoseconds;

bool AllOver(const std::vector<StreamStatus>& streams) {
  const auto failed = [](const StreamStatus& s) { return s.state == StreamState::kFailed; };
  const auto over = [](const StreamStatus& s) {
    return s.state == StreamState::kEnded || s.state == StreamState::kStopped;
  };
  return std::any_of(streams.begin(), streams.end(), failed) || std::all_of(streams.begin(), streams.end(), over);
}

}  // namespace

struct Runtime::Impl {
  static Runtime Make(ProfileSource source, RuntimeOptions options) {
    Runtime runtime;
    runtime.impl_ = std::make_unique<Impl>();
    Impl& impl = *runtime.impl_;
    if (!impl.Keep(impl.Open(std::move(source), std::move(options)))) impl.folder.reset();
    return runtime;
  }

  Status Open(ProfileSource source, RuntimeOptions options) {
    reloader = std::make_unique<Reloader>(std::move(source), std::move(options.set), std::move(options.input));
    Result<Profile> loaded = reloader->Load();
    if (!loaded) return loaded.error();
    name = loaded->name.value;
    file = loaded->file;
    if (Status made = EnsureFolders(*folder, *loaded); !made) return made;
    EngineOptions engine_options;
    engine_options.backend_dirs = std::move(options.backend_dirs);
    engine_options.wait_for_consumers = options.wait_for_consumers;
    engine_options.wait_limit = options.wait_limit;
    const SignalsBlocked blocked;
    Result<std::unique_ptr<Engine>> opened = Engine::Open(std::move(*loaded), std::move(engine_options));
    if (!opened) return opened.error();
    engine = std::move(*opened);
    choices = ChoicesOf(engine->planning());
    return {};
  }

  Status Start() {
    if (!engine) return Empty();
    if (stopped) return Fail(Code::kInvalidArgument, "runtime: it has been stopped; open it anew");
    if (std::exchange(started, true)) return Fail(Code::kInvalidArgument, "runtime: it has been started already");
    const SignalsBlocked blocked;
    return engine->Start();
  }

  Status Stop() {
    if (!engine) return {};
    Status status = engine->Stop();
    stopped = true;
    engine->events().Close();
    return status;
  }

  ReloadReport Reload(const ReloadOptions& options) {
    const std::lock_guard lock(reloading);
    ReloadReport report = reloader->Reload(*engine, *folder, options);
    if (report.applied) {
      name = report.profile;
      file = report.file;
      choices = ChoicesOf(engine->planning());
    }
    return report;
  }

  static Status Empty() { return Fail(Code::kInvalidArgument, "runtime: it is not open"); }

  // True if it went well; else it is what error() says from now on.
  bool Keep(const Status& status) {
    if (!status) error = status.error();
    return status.has_value();
  }

  // Goes last, when the sockets in it are gone.
  std::unique_ptr<RuntimeDirGuard> folder = std::make_unique<RuntimeDirGuard>();
  std::unique_ptr<Reloader> reloader;
  std::unique_ptr<Engine> engine;
  std::mutex reloading;
  std::vector<SlotChoice> choices;
  std::string name, file;
  bool started = false;
  std::atomic<bool> stopped{false};  // read by streams()
  std::optional<Error> error;
};

Runtime::Runtime() = default;
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;  // the engine stops

Runtime Runtime::open(const std::string& profile, RuntimeOptions options) {
  return Impl::Make({profile, {}}, std::move(options));
}

Runtime Runtime::open_text(std::string_view yaml, const std::string& name, RuntimeOptions options) {
  return Impl::Make({name, std::string(yaml)}, std::move(options));
}

Runtime::operator bool() const { return impl_ && impl_->engine; }

bool Runtime::start() {
  if (!impl_) impl_ = std::make_unique<Impl>();
  // What open() failed with says more than that it is not open.
  if (!impl_->engine && impl_->error) return false;
  return impl_->Keep(impl_->Start());
}

bool Runtime::wait(nanoseconds timeout) {
  if (!*this) {
    if (!impl_) impl_ = std::make_unique<Impl>();
    if (!impl_->error) impl_->Keep(Impl::Empty());
    return false;
  }
  // The last event of a stream wakes us; should it come before its state is to be seen, the next look is not far.
  constexpr nanoseconds kLook = std::chrono::milliseconds(100);
  constexpr nanoseconds kLongest = std::chrono::hours(24 * 365);
  const int64_t deadline_ns = NowNs() + std::clamp(timeout, nanoseconds(0), kLongest).count();
  EventLog& log = impl_->engine->events();
  while (true) {
    const uint64_t seen = log.last();
    if (AllOver(streams())) return true;
    const nanoseconds left(deadline_ns - NowNs());
    if (left.count() <= 0) return false;
    (void)log.WaitFor(seen, std::min(left, kLook));
  }
}

bool Runtime::wait_event(uint64_t after, nanoseconds timeout) const {
  if (!*this) return false;
  constexpr nanoseconds kLongest = std::chrono::hours(24 * 365);
  return !impl_->engine->events().WaitFor(after, std::clamp(timeout, nanoseconds(0), kLongest)).empty();
}

int Runtime::event_fd() const { return *this ? impl_->engine->event_fd() : -1; }

bool Runtime::stop() { return !impl_ || impl_->Keep(impl_->Stop()); }

std::vector<StreamStatus> Runtime::streams() const {
  if (!*this) return {};
  std::vector<StreamStatus> streams = impl_->engine->Snapshot();
  if (!impl_->stopped) return streams;
  for (StreamStatus& stream : streams) {  // one that was never started has no thread that would say so
    if (stream.state == StreamState::kStarting) stream.state = StreamState::kStopped;
  }
  return streams;
}

std::vector<RuntimeEvent> Runtime::events(uint64_t after) const {
  return *this ? impl_->engine->events().Since(after) : std::vector<RuntimeEvent>();
}

ReloadReport Runtime::reload(const ReloadOptions& options) {
  if (*this) return impl_->Reload(options);
  const Error empty = Impl::Empty().error();
  ReloadReport report;
  report.dry_run = options.dry_run;
  report.error = empty.message;
  report.error_code = AbiCode(empty.code);
  return report;
}

ReloadStatus Runtime::reloads() const { return *this ? impl_->reloader->status() : ReloadStatus(); }

const std::vector<SlotChoice>& Runtime::choices() const {
  static const std::vector<SlotChoice> kNone;
  return impl_ ? impl_->choices : kNone;
}

const std::string& Runtime::profile_name() const {
  static const std::string kNone;
  return impl_ ? impl_->name : kNone;
}

const std::string& Runtime::profile_file() const {
  static const std::string kNone;
  return impl_ ? impl_->file : kNone;
}

std::string Runtime::error() const { return impl_ && impl_->error ? impl_->error->message : std::string(); }

int Runtime::error_code() const { return impl_ && impl_->error ? AbiCode(impl_->error->code) : VSTREAM_OK; }

}  // namespace videostream
