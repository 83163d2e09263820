// SPDX-License-Identifier: Apache-2.0
// The change to a profile that replaying a file means.
#include "core/runtime/replay.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace videostream {
namespace {

constexpr const char* kBackend = "sw-fallback";
constexpr const char* kDevice = "file";
constexpr const char* kPathOption = "path";
constexpr const char* kJpegs = "MJPEG";
constexpr const char* kDecoded = "NV12";

Status Readable(const std::string& path) {
  if (path == "-") return {};
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || access(path.c_str(), R_OK) != 0) {
    Error error = ErrnoError(errno, "input '" + path + "'");
    if (error.code == Code::kNotFound) error.code = Code::kInvalidArgument;  // a slip on the command line
    return error;
  }
  if (S_ISDIR(info.st_mode)) {
    return Fail(Code::kInvalidArgument, "input '" + path + "': a folder, expected a Y4M or MJPEG file");
  }
  return {};
}

// At the end of the preferences, unless it stands there already.
void Allow(Profile& profile, BackendKind kind) {
  auto& names = profile.backends.at(static_cast<size_t>(kind));
  const bool listed = std::any_of(names.begin(), names.end(), [](const auto& name) { return name.value == kBackend; });
  if (!listed) names.push_back({kBackend, {}});
}

bool HoldsJpegs(const std::string& path) {
  const auto ends_in = [&path](std::string_view ending) {
    constexpr char kLowerCase = 0x20;
    return path.size() >= ending.size() &&
           std::equal(ending.rbegin(), ending.rend(), path.rbegin(),
                      [](char want, char found) { return want == found || want == (found | kLowerCase); });
  };
  return ends_in(".mjpeg") || ends_in(".mjpg");
}

}  // namespace

Status ReplayFile(Profile& profile, const std::string& path) {
  if (Status readable = Readable(path); !readable) return readable;
  Profile changed = profile;
  Allow(changed, BackendKind::kCapture);
  if (Status set = SetOption(changed, kBackend, kPathOption, path); !set) return WithContext(set.error(), "input");
  StreamSpec& stream = changed.streams.front();
  stream.capture.device = {kDevice, {}};
  stream.capture.format = {};
  stream.capture.size = {};
  stream.capture.rate = {};
  if (HoldsJpegs(path)) {
    Allow(changed, BackendKind::kConverter);
    stream.capture.format = {kJpegs, {}};
    for (OutputSpec& output : stream.outputs) {
      if (!output.format) output.format = {kDecoded, {}};
    }
  }
  profile = std::move(changed);
  return {};
}

}  // namespace videostream
