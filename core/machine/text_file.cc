// SPDX-License-Identifier: Apache-2.0
// Bounded reads.
#include "core/machine/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/base/text.h"
#include "core/base/unique_fd.h"

namespace videostream {

std::optional<std::string> ReadSome(const std::string& path, size_t limit) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd) return std::nullopt;
  std::string text(limit, '\0');
  size_t length = 0;
  while (length < limit) {
    const ssize_t got = read(fd.get(), text.data() + length, limit - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    length += static_cast<size_t>(got);
  }
  text.resize(length);
  return text;
}

std::string CleanedText(std::string_view text, size_t most) {
  std::string out;
  while (!text.empty()) {
    const size_t length = Utf8SequenceLength(text);
    const auto first = static_cast<unsigned char>(text[0]);
    // C1 controls are 0xC2 0x80..0x9F.
    const bool control = length == 1 ? first < 0x20 || first == 0x7F
                                     : length == 2 && first == 0xC2 && static_cast<unsigned char>(text[1]) < 0xA0;
    const std::string_view shown = length == 0 || control ? "?" : text.substr(0, length);
    if (out.size() + shown.size() > most) break;
    out += shown;
    text.remove_prefix(std::max<size_t>(1, length));
  }
  return out;
}

std::string CleanedLine(std::string_view text, size_t most) {
  text = text.substr(0, text.find_first_of(std::string_view("\n\0", 2)));
  const auto space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return CleanedText(text, most);
}

}  // namespace videostream
