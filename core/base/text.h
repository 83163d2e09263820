// SPDX-License-Identifier: Apache-2.0
// Foreign text made safe to show: UTF-8 checking, escaping for a terminal, quoting for JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace videostream {

// Bytes (1..4) of the well-formed UTF-8 sequence at the start of `text`; 0 if it is empty, malformed, overlong, a
// surrogate or above U+10FFFF.
[[nodiscard]] size_t Utf8SequenceLength(std::string_view text);

// Appends `text` with control characters (C0 except newline and tab, DEL, C1) written as \xNN, so that it cannot move a
// terminal's cursor, and bytes that are not UTF-8 written as U+FFFD.
void AppendPrintable(std::string& out, std::string_view text);

// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD, so the result is always
// valid.
void AppendJsonString(std::string& out, std::string_view text);

}  // namespace videostream
