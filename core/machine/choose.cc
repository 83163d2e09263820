// SPDX-License-Identifier: Apache-2.0
// Reads the candidates, matches each, takes the best.
#include "core/machine/choose.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/profile/scalars.h"

namespace videostream {
namespace {

namespace fs = std::filesystem;
using Fate = ProfileCandidate::Fate;

constexpr std::string_view kSuffix = ".yaml";

// Names of the profiles in a folder, in order.
std::vector<std::string> ProfilesIn(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  while (!error && entry != fs::directory_iterator()) {
    std::string name = entry->path().filename();
    if (name.ends_with(kSuffix)) {
      name.resize(name.size() - kSuffix.size());
      if (IsProfileName(name)) names.push_back(std::move(name));
    }
    entry.increment(error);
  }
  std::sort(names.begin(), names.end());
  if (names.size() > kMaxCandidates) names.resize(kMaxCandidates);
  return names;
}

ProfileCandidate Consider(const std::string& name, const std::string& path, const MachineFacts& facts,
                          const ProfileOptions& options) {
  ProfileCandidate candidate;
  candidate.name = name;
  candidate.path = path;
  ProfileOptions any = options;
  any.allow_base = true;
  const Result<Profile> profile = LoadProfile(path, any);
  if (!profile) {
    candidate.fate = Fate::kWrong;
    candidate.error = profile.error().message;
  } else if (profile->streams.empty()) {
    candidate.fate = Fate::kBase;
  } else if (!profile->match) {
    candidate.fate = Fate::kNoMatch;
  } else {
    candidate.match = MatchMachine(*profile->match, facts);
    candidate.fate = candidate.match.fits ? Fate::kLess : Fate::kMisfit;
  }
  return candidate;
}

std::string Quoted(const std::string& text) { return "'" + text + "'"; }

// What is to be said of a selection without a winner; nothing if there is one.
std::optional<Error> Judge(const ProfileSelection& selection) {
  constexpr const char* kWayOut = "name one with --profile";
  const auto& all = selection.candidates;
  const auto wrong = std::ranges::find(all, Fate::kWrong, &ProfileCandidate::fate);
  if (wrong != all.end()) {
    const std::string first = wrong->error.substr(0, wrong->error.find('\n'));
    return Error{Code::kInvalidArgument, "profile " + Quoted(wrong->path) +
                                             " cannot be read, so that nobody knows whether it is this machine's: " +
                                             first + "; mend or remove it, or " + kWayOut};
  }
  std::string tied;
  for (const ProfileCandidate& candidate : all) {
    if (candidate.fate == Fate::kTied) tied += (tied.empty() ? "" : " and ") + Quoted(candidate.path);
  }
  if (!tied.empty()) {
    return Error{Code::kInvalidArgument, "profiles " + tied + " fit this machine equally well (" +
                                             std::to_string(all.front().match.points) + " points each); " + kWayOut +
                                             ", or make the `match` of one of them closer"};
  }
  if (!all.empty() && all.front().fate == Fate::kChosen) return std::nullopt;
  std::string folders;
  for (const std::string& folder : selection.folders) folders += (folders.empty() ? "" : ", ") + Quoted(folder);
  return Error{Code::kUnsupported, "no profile fits this machine: looked at " + std::to_string(all.size()) + " in " +
                                       (folders.empty() ? "no folder" : folders) + "; " + kWayOut +
                                       ", or see `videostream profile which`"};
}

}  // namespace

std::string_view FateName(Fate fate) {
  constexpr std::string_view kNames[] = {"chosen", "less", "tied", "misfit", "no_match", "base", "shadowed", "wrong"};
  return static_cast<size_t>(fate) < std::size(kNames) ? kNames[static_cast<size_t>(fate)] : "unknown";
}

ProfileSelection ChooseProfile(const MachineFacts& facts, const ProfileOptions& options) {
  ProfileSelection selection;
  selection.folders = options.search_dirs;
  std::set<std::string> seen;
  for (const std::string& folder : options.search_dirs) {
    for (const std::string& name : ProfilesIn(folder)) {
      std::string path = folder;
      path.append("/").append(name).append(kSuffix);
      if (seen.insert(name).second) {
        selection.candidates.push_back(Consider(name, path, facts, options));
      } else {
        selection.candidates.push_back({.name = name, .path = path, .fate = Fate::kShadowed, .match = {}, .error = {}});
      }
    }
  }
  auto& all = selection.candidates;
  std::ranges::stable_sort(all, [](const ProfileCandidate& a, const ProfileCandidate& b) {
    return a.match.points != b.match.points ? a.match.points > b.match.points : a.fate < b.fate;
  });
  if (!all.empty() && all.front().match.fits) {
    const bool tied = all.size() > 1 && all[1].match.points == all[0].match.points;
    for (ProfileCandidate& candidate : all) {
      if (candidate.match.points == all.front().match.points) candidate.fate = tied ? Fate::kTied : Fate::kChosen;
    }
  }
  selection.error = Judge(selection);
  if (!selection.error) selection.path = all.front().path;
  return selection;
}

}  // namespace videostream
