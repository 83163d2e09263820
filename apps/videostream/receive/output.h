// SPDX-License-Identifier: Apache-2.0
// Where a consumer writes a stream: a new file, or stdout. Knows which errors of files are whose fault.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/result.h"
#include "core/base/unique_fd.h"

namespace videostream::receive {

// Owns a file it created; stdout is borrowed. One thread.
class Output {
 public:
  enum class Written {
    kAll,
    kReaderGone,  // the other end of the pipe is closed: nothing more can be written
    kStopped,     // a signal came (StopSignals), and the reader takes nothing
  };

  // Whether Create could work, without touching anything. "-" always can. The errors of Create, known before a stream
  // is subscribed to.
  [[nodiscard]] static Status Check(const std::string& path, bool overwrite);

  // Creates the file, for this process alone to write; "-" is stdout. kInvalidArgument: it exists and `overwrite` is
  // off, its folder is missing, it is a folder, the name is too long; kPermission; kIo and kNoMemory else. Names the
  // path. Pipes and devices need no `overwrite`.
  [[nodiscard]] static Result<Output> Create(const std::string& path, bool overwrite);

  Output(Output&&) noexcept = default;
  Output& operator=(Output&&) noexcept = default;

  // Everything, or an error, or the reason to end. Blocks as long as the reader does.
  [[nodiscard]] Result<Written> Write(std::span<const uint8_t> bytes);

  // Reports what the file system could not write; the destructor closes too, but silently. Idempotent.
  [[nodiscard]] Status Close();

  // For a file that turned out not to be worth having: closes it, and removes it if Create has made it.
  void Discard();

  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }

 private:
  explicit Output(std::string path) : path_(std::move(path)) {}
  Error FileError(int err, const char* operation) const;

  std::string path_;
  UniqueFd fd_;  // empty: borrowed_fd_
  int borrowed_fd_ = -1;
  bool created_ = false;
  uint64_t bytes_ = 0;
};

}  // namespace videostream::receive
