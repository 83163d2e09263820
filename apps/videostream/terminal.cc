// SPDX-License-Identifier: Apache-2.0
// ANSI escape sequences.
#include "apps/videostream/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace videostream {

bool ColorOn(int fd) {
  const char* no_color = std::getenv("NO_COLOR");  // NOLINT(concurrency-mt-unsafe): nothing here calls setenv
  const char* term = std::getenv("TERM");          // NOLINT(concurrency-mt-unsafe)
  if (no_color != nullptr && *no_color != '\0') return false;
  return isatty(fd) == 1 && term != nullptr && std::string_view(term) != "dumb";
}

std::string Paint(std::string_view text, Ink ink, bool on) {
  if (!on) return std::string(text);
  constexpr const char* kCodes[] = {"\033[32m", "\033[33m", "\033[31m", "\033[2m"};
  return kCodes[static_cast<size_t>(ink)] + std::string(text) + "\033[0m";
}

}  // namespace videostream
