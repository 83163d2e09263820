// SPDX-License-Identifier: Apache-2.0
// The change to a profile that `--input` means.
#include "apps/videostream/replay.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace videostream {
namespace {

constexpr const char* kBackend = "sw-fallback";
constexpr const char* kDevice = "file";
constexpr const char* kPathOption = "path";

Status Readable(const std::string& path) {
  if (path == "-") return {};
  struct stat info {};
  if (stat(path.c_str(), &info) != 0 || access(path.c_str(), R_OK) != 0) {
    Error error = ErrnoError(errno, "--input '" + path + "'");
    if (error.code == Code::kNotFound) error.code = Code::kInvalidArgument;  // a slip on the command line
    return error;
  }
  if (S_ISDIR(info.st_mode)) {
    return Fail(Code::kInvalidArgument, "--input '" + path + "': a folder, expected a Y4M file");
  }
  return {};
}

}  // namespace

Status ReplayFile(Profile& profile, const std::string& path) {
  if (Status readable = Readable(path); !readable) return readable;
  Profile changed = profile;
  auto& captures = changed.backends.at(static_cast<size_t>(BackendKind::kCapture));
  const bool listed =
      std::any_of(captures.begin(), captures.end(), [](const auto& name) { return name.value == kBackend; });
  if (!listed) captures.push_back({kBackend, {}});
  if (Status set = SetOption(changed, kBackend, kPathOption, path); !set) return WithContext(set.error(), "--input");
  CaptureSpec& capture = changed.streams.front().capture;
  capture.device = {kDevice, {}};
  capture.format = {};
  capture.size = {};
  capture.rate = {};
  profile = std::move(changed);
  return {};
}

}  // namespace videostream
