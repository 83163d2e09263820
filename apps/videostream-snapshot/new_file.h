// SPDX-License-Identifier: Apache-2.0
// A file that appears under its name at once and complete, or not at all.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/result.h"

namespace videostream::snapshot {

// Writes beside `path` under another name and renames. An existing file is replaced only with `overwrite`, also one
// that appeared in the meantime, and its permissions stay; a symbolic link is followed; what is no regular file (a
// FIFO, a device, "-" for stdout) is simply written to. Leaves nothing behind on failure. The errors of
// receive::Output::Create, and kIo for a reader that has gone.
[[nodiscard]] Status WriteNewFile(const std::string& path, bool overwrite, std::span<const uint8_t> bytes);

}  // namespace videostream::snapshot
