// SPDX-License-Identifier: Apache-2.0
// What is looked at in a profile before a YAML parser sees it: encoding, control characters, tabs, lengths of lines.
#pragma once

#include <string>
#include <string_view>

#include "core/profile/diagnostics.h"

namespace videostream {

// C0 and DEL.
[[nodiscard]] bool IsControlByte(char c);

// "0x1b".
[[nodiscard]] std::string HexByte(char c);

// False, with errors, if `text` may not be given to the parser: one for what makes the rest unreadable, else one for
// every line that is indented by tabs. `source` is of the same text.
[[nodiscard]] bool CheckBytes(std::string_view text, const SourceText& source, Diagnostics& errors);

}  // namespace videostream
