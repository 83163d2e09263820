// SPDX-License-Identifier: Apache-2.0
// Colour, where it helps: on a terminal, unless NO_COLOR is set.
#pragma once

#include <string>
#include <string_view>

namespace videostream {

enum class Ink { kGood, kWarning, kBad, kFaint };

// Whether text written to `fd` may be coloured. Asks the environment and the kernel each time.
[[nodiscard]] bool ColorOn(int fd);

// `text` in that colour if `on`, else as it is.
[[nodiscard]] std::string Paint(std::string_view text, Ink ink, bool on);

}  // namespace videostream
