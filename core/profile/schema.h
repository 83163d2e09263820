// SPDX-License-Identifier: Apache-2.0
// The profile language as a JSON Schema, made from the tables of keys: for editors, and for whoever generates profiles.
#pragma once

#include <string>

namespace videostream {

// JSON Schema, draft 2020-12, as indented text with a final newline. For a profile that extends another one, or is only
// extended, nothing but `version` and `name` is required, and null stands for what is taken away.
//
// What it accepts and the parser refuses, as a schema cannot say it: repeated keys and other rules of the text itself;
// lengths in bytes rather than characters; whether a rate or the edge of a crop is in its range; the length of a
// socket's path; whatever two values say about each other (backends named and used, leases and buffers, codec and its
// keys, capture and outputs, sockets used twice); and what only the merged profile shows.
[[nodiscard]] std::string ProfileSchema();

}  // namespace videostream
