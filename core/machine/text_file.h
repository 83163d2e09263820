// SPDX-License-Identifier: Apache-2.0
// Small files of unknown origin, read without trust: bounded, never waiting for a pipe that nobody writes to.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace videostream {

// At most `limit` bytes from the start of the file, whatever more there is; nothing if it cannot be opened or read (a
// directory, no such file, no permission). For /proc and /sys, where the size is not known before.
[[nodiscard]] std::optional<std::string> ReadSome(const std::string& path, size_t limit);

// `text` fit to be shown and written: at most `most` bytes, every control character and every byte that is no UTF-8 as
// '?'.
[[nodiscard]] std::string CleanedText(std::string_view text, size_t most);

// The same of its first line, without white space at its ends. A NUL ends it too.
[[nodiscard]] std::string CleanedLine(std::string_view text, size_t most);

}  // namespace videostream
