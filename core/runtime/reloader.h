// SPDX-License-Identifier: Apache-2.0
// What Runtime needs to reload: where its profile comes from, and what has become of reloads so far.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/control/unix_socket.h"
#include "core/profile/profile.h"
#include "core/runtime/engine.h"
#include "videostream/runtime.hpp"

namespace videostream {

// A profile that can be read more than once.
struct ProfileSource {
  std::string name;                 // a path, a bare name, or what messages call the text
  std::optional<std::string> text;  // absent: to be read
};

// Creates the folder of the sockets where `profile` needs it (see RuntimeDirGuard).
[[nodiscard]] Status EnsureFolders(RuntimeDirGuard& folder, const Profile& profile);

// Threads: Reload one at a time; status() from any thread at any time.
class Reloader {
 public:
  // `set` and `input`: see Override.
  Reloader(ProfileSource source, std::vector<std::string> set, std::string input)
      : source_(std::move(source)), set_(std::move(set)), input_(std::move(input)) {}

  // Reads what is to run, as at the beginning.
  [[nodiscard]] Result<Profile> Load() const { return Load(source_); }

  // See Runtime::reload. Adds the events to those of the engine.
  [[nodiscard]] ReloadReport Reload(Engine& engine, RuntimeDirGuard& folder, const ReloadOptions& options);

  [[nodiscard]] ReloadStatus status() const;

 private:
  [[nodiscard]] Result<Profile> Load(const ProfileSource& source) const;
  [[nodiscard]] ReloadOutcome Apply(Engine& engine, RuntimeDirGuard& folder, Profile profile, bool dry_run);
  void Note(Engine& engine, const ProfileSource& source, ReloadReport& report);

  ProfileSource source_;
  const std::vector<std::string> set_;
  const std::string input_;
  mutable std::mutex mutex_;
  ReloadStatus status_;  // guarded by mutex_
};

}  // namespace videostream
