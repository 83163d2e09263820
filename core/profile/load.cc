// SPDX-License-Identifier: Apache-2.0
// Finding and reading the file of a profile.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/unique_fd.h"
#include "core/profile/parse.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

std::string Prefix(std::string_view path) { return "profile '" + std::string(path) + "'"; }

Error FileError(int err, std::string_view path, std::string_view operation) {
  return ErrnoError(err, Prefix(path) + ": " + std::string(operation));
}

Result<UniqueFd> OpenForReading(const std::string& path) {
  // O_NONBLOCK: a FIFO nobody writes to must not hold up the command.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return FileError(errno, path, "open");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FileError(errno, path, "fstat");
  if (S_ISDIR(info.st_mode)) return Fail(Code::kInvalidArgument, Prefix(path) + ": is a directory, expected a file");
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return Fail(Code::kInvalidArgument, Prefix(path) + ": is neither a file nor a pipe");
  }
  if (::fcntl(fd.get(), F_SETFL, O_RDONLY) != 0) return FileError(errno, path, "fcntl");
  return fd;
}

// At most kMaxProfileBytes.
Result<std::string> ReadBounded(const UniqueFd& fd, const std::string& path) {
  std::string text;
  std::array<char, 16384> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, path, "read");
    if (count == 0) return text;
    text.append(chunk.data(), static_cast<size_t>(count));
    if (text.size() > kMaxProfileBytes) {
      return Fail(Code::kInvalidArgument,
                  Prefix(path) + ": expected at most " + std::to_string(kMaxProfileBytes) + " bytes, found more");
    }
  }
}

}  // namespace

Result<std::string> ReadProfileFile(const std::string& path) {
  const auto fd = OpenForReading(path);
  if (!fd) return fd.error();
  return ReadBounded(*fd, path);
}

Result<std::string> FindProfile(std::string_view path_or_name, const ProfileOptions& options) {
  if (!IsProfileName(path_or_name)) return std::string(path_or_name);
  std::string tried;
  for (const std::string& dir : options.search_dirs) {
    std::string candidate = dir + "/" + std::string(path_or_name) + ".yaml";
    if (::access(candidate.c_str(), F_OK) == 0) return candidate;
    tried += (tried.empty() ? "'" : ", '") + candidate + "'";
  }
  return Fail(Code::kInvalidArgument, Prefix(path_or_name) + ": not found" + (tried.empty() ? "" : "; tried " + tried) +
                                          "; give the path of a file, or the name of an installed profile");
}

Result<Profile> LoadProfile(std::string_view path_or_name, const ProfileOptions& options) {
  const auto path = FindProfile(path_or_name, options);
  if (!path) return path.error();
  auto text = options.read(*path);
  if (!text) {
    // A profile that is not there is a wrong command line, not a missing device.
    if (text.error().code == Code::kNotFound) text.error().code = Code::kInvalidArgument;
    return text.error();
  }
  return ParseProfile(*text, *path, options);
}

}  // namespace videostream
