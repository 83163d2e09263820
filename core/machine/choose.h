// SPDX-License-Identifier: Apache-2.0
// Which profile is a machine's own: the one whose `match` fits it best.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/machine/machine.h"
#include "core/machine/match.h"
#include "core/profile/parse.h"

namespace videostream {

inline constexpr size_t kMaxCandidates = 256;  // profiles in one folder that are looked at

// A profile that was looked at.
struct ProfileCandidate {
  enum class Fate : uint8_t {
    kChosen,
    kLess,      // fits, but another one fits better
    kTied,      // fits as well as another one, and none fits better
    kMisfit,    // one of its keys does not fit
    kNoMatch,   // has no `match`: it is found by its name only
    kBase,      // has no streams: it is there to be extended
    kShadowed,  // one of the same name stands in an earlier folder
    kWrong,     // cannot be read
  };
  std::string name;  // "imx8mp"
  std::string path;
  Fate fate = Fate::kMisfit;
  MatchResult match;  // of those that have one
  std::string error;  // kWrong: why, as the parser says it
};
[[nodiscard]] std::string_view FateName(ProfileCandidate::Fate fate);  // "chosen", "less", "tied", ...

// The answer with its reasons, whether or not there is one.
struct ProfileSelection {
  std::string path;                          // of the chosen one; empty with `error`
  std::vector<ProfileCandidate> candidates;  // the best first; those of equal standing by folder and name
  std::vector<std::string> folders;          // that were looked into, in order
  // kInvalidArgument: two fit equally well (names both), or one cannot be read, so that nobody knows whether it would
  // fit better; kUnsupported: none fits. Says what to do.
  std::optional<Error> error;
};

// Looks at every NAME.yaml in options.search_dirs. A folder that is not there is an empty one. Any thread.
[[nodiscard]] ProfileSelection ChooseProfile(const MachineFacts& facts, const ProfileOptions& options);

}  // namespace videostream
