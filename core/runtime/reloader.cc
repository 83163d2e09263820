// SPDX-License-Identifier: Apache-2.0
// See reloader.h.
#include "core/runtime/reloader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/signals.h"
#include "core/base/unique_fd.h"
#include "core/profile/parse.h"
#include "core/runtime/profile_input.h"

namespace videostream {
namespace {

constexpr auto kTopic = LogTopic(__FILE__);
constexpr size_t kKeptBytes = size_t{64} << 10;

// What stands in the file now, which is not necessarily what was refused a moment ago; as much as is kept of it.
std::string ReadAgain(const std::string& path_or_name) {
  const auto path = FindProfile(path_or_name, StandardProfileOptions());
  if (!path) return "";
  const UniqueFd fd(open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  std::string text(kKeptBytes, '\0');
  size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = read(fd.get(), text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<size_t>(got);
  }
  text.resize(size);
  return text;
}

int64_t WallNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string Summary(const ReloadReport& report) {
  std::string text = "profile '" + report.profile + "', generation " + std::to_string(report.generation) + ": ";
  bool first = true;
  for (const StreamReload& stream : report.streams) {
    text.append(first ? "" : ", ").append(stream.stream).append(" ").append(stream.action);
    first = false;
  }
  return text;
}

}  // namespace

Status EnsureFolders(RuntimeDirGuard& folder, const Profile& profile) {
  for (const StreamSpec& stream : profile.streams) {
    for (const OutputSpec& output : stream.outputs) {
      for (const PublishSpec& publish : output.publish) {
        if (Status made = folder.Ensure(publish.socket_path); !made) return made;
      }
    }
  }
  return {};
}

Result<Profile> Reloader::Load(const ProfileSource& source) const {
  const ProfileOptions options = StandardProfileOptions();
  Result<Profile> profile =
      source.text ? ParseProfile(*source.text, source.name, options) : LoadProfile(source.name, options);
  if (!profile) return profile;
  if (Status changed = Override(*profile, set_, input_); !changed) return changed.error();
  return profile;
}

ReloadReport Reloader::Reload(Engine& engine, RuntimeDirGuard& folder, const ReloadOptions& options) {
  ProfileSource source = source_;
  if (options.text) source.text = options.text;
  if (options.text && !options.name.empty()) source.name = options.name;
  ReloadReport report;
  report.dry_run = options.dry_run;
  report.file = source.name;
  std::optional<Error> error;
  if (Result<Profile> profile = Load(source)) {
    report.profile = profile->name.value;
    report.file = profile->file;
    ReloadOutcome outcome = Apply(engine, folder, std::move(*profile), options.dry_run);
    report.applied = outcome.applied;
    for (StreamChange& change : outcome.changes) {
      report.streams.push_back({change.stream, std::string(ChangeKindName(change.kind)), std::move(change.reasons)});
    }
    error = std::move(outcome.error);
  } else {
    error = std::move(profile.error());
  }
  if (error) {
    report.error = std::move(error->message);
    report.error_code = AbiCode(error->code);
  }
  Note(engine, source, report);
  if (report.applied && options.text) source_ = std::move(source);
  return report;
}

ReloadOutcome Reloader::Apply(Engine& engine, RuntimeDirGuard& folder, Profile profile, bool dry_run) {
  if (!dry_run) {
    if (Status made = EnsureFolders(folder, profile); !made) return {{}, false, made.error()};
  }
  const SignalsBlocked blocked;
  return engine.Reload(std::move(profile), dry_run);
}

// A runtime that has been stopped refuses nothing: there is nothing that would go on.
void Reloader::Note(Engine& engine, const ProfileSource& source, ReloadReport& report) {
  RuntimeEvent event;
  {
    const std::lock_guard lock(mutex_);
    if (report.applied) ++status_.generation;
    report.generation = status_.generation;
    if (report.dry_run || report.error_code == AbiCode(Code::kCancelled)) return;
    if (report.applied) {
      status_.refused.reset();
      event.type = "reload_applied";
      event.text = Summary(report);
    } else {
      status_.refused =
          RefusedProfile{.file = report.file,
                         .time_ns = WallNs(),
                         .error = report.error,
                         .error_code = report.error_code,
                         .text = source.text ? source.text->substr(0, kKeptBytes) : ReadAgain(source.name)};
      event.warning = true;
      event.type = "reload_refused";
      event.text = FirstLine(report.error);
    }
  }
  Log(event.warning ? LogLevel::kWarn : LogLevel::kInfo, kTopic,
      event.warning ? "reload refused: " + report.error : "reload applied: " + event.text);
  engine.events().Add(std::move(event));
}

ReloadStatus Reloader::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace videostream
