// SPDX-License-Identifier: Apache-2.0
// The file of a machine description.
#include "core/machine/load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "core/base/unique_fd.h"

namespace videostream {
namespace {

// A description that is not there is a wrong command line, not a missing device.
Error FileError(int err, const std::string& path, const char* operation) {
  Error error = ErrnoError(err, "machine '" + path + "': " + operation);
  if (error.code == Code::kNotFound) error.code = Code::kInvalidArgument;
  return error;
}

Result<UniqueFd> Open(const std::string& path) {
  // O_NONBLOCK: a FIFO nobody writes to must not hold up the command.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return FileError(errno, path, "open");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FileError(errno, path, "fstat");
  if (!S_ISREG(info.st_mode) && !S_ISFIFO(info.st_mode)) {
    return Fail(Code::kInvalidArgument, "machine '" + path +
                                            "': is neither a file nor a pipe; give what `videostream " +
                                            "doctor --record FILE` has written");
  }
  if (::fcntl(fd.get(), F_SETFL, O_RDONLY) != 0) return FileError(errno, path, "fcntl");
  return fd;
}

}  // namespace

Result<MachineDescription> LoadMachine(std::string_view path) {
  const std::string file(path);
  const auto fd = Open(file);
  if (!fd) return fd.error();
  std::string text;
  std::array<char, 16384> chunk{};
  while (true) {
    const ssize_t count = ::read(fd->get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return FileError(errno, file, "read");
    if (count == 0) break;
    text.append(chunk.data(), static_cast<size_t>(count));
    if (text.size() > kMaxMachineBytes) {
      return Fail(Code::kInvalidArgument, "machine '" + file + "': expected at most " +
                                              std::to_string(kMaxMachineBytes) + " bytes, found more");
    }
  }
  return ParseMachine(text, path);
}

}  // namespace videostream
