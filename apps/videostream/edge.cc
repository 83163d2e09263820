// SPDX-License-Identifier: Apache-2.0
// Errors, profiles and output at the edge of the program.
#include "apps/videostream/edge.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>

#include "apps/videostream/table.h"
#include "core/base/unique_fd.h"
#include "core/profile/parse.h"
#include "core/runtime/profile_input.h"

namespace videostream {
int ReportError(std::string_view verb, const Error& error) {
  // FILE:LINE:COLUMN: error: ... is what editors and terminals make a link of: nothing may stand in front.
  const bool located = error.message.find(": error: ") != std::string::npos;
  const std::string prefix = located ? "" : "videostream " + std::string(verb) + ": ";
  const std::string line = prefix + Printable(error.message) + "\n";
  std::fputs(line.c_str(), stderr);
  return ExitCode(error.code);
}

Result<Profile> LoadProfileFor(const std::string& path_or_name, const std::vector<std::string>& set,
                               const std::string& input, const MachineFacts* machine) {
  const Result<std::string> path =
      machine != nullptr ? ProfileOrOwn(path_or_name, *machine) : ProfileOrOwn(path_or_name);
  if (!path) return path.error();
  Result<Profile> profile = LoadProfile(*path, StandardProfileOptions());
  if (!profile) return profile;
  if (Status changed = Override(*profile, set, input); !changed) return changed.error();
  return profile;
}

Status Print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  if (errno == EPIPE) return {};
  return ErrnoError(errno, "write to stdout");
}

int PrintAndEnd(std::string_view verb, std::string_view text, int exit_code) {
  const Status printed = Print(text);
  return printed ? exit_code : ReportError(verb, printed.error());
}

Result<std::string> ReadFile(const std::string& path, size_t limit) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return ErrnoError(errno, "open '" + path + "'");
  std::string text;
  std::array<char, 65536> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  while (true) {
    const ssize_t got = read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return ErrnoError(errno, "read '" + path + "'");
    if (got > 0) text.append(chunk.data(), static_cast<size_t>(got));
    if (text.size() > limit) {
      return Fail(Code::kIo, "'" + path + "': larger than " + std::to_string(limit) + " bytes");
    }
  }
}

std::string ProgramDir() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length <= 0) return "";
  const std::string exe(path.data(), static_cast<size_t>(length));
  return exe.substr(0, exe.rfind('/'));
}

}  // namespace videostream
