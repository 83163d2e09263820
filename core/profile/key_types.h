// SPDX-License-Identifier: Apache-2.0
// How the values of each type are spelt: for messages, for the manual, and for the schema.
#pragma once

#include <string>
#include <string_view>

#include "core/profile/keys.h"

namespace videostream {

struct KeyTypeInfo {
  std::string_view expected;  // "expected ..., found": empty where the parser needs more than the type to say it
  std::string_view manual;    // as Markdown; empty: follows from the KeySpec
  std::string_view schema;    // a JSON Schema as text; empty: follows from the KeySpec
};

// Total: every type has an entry.
[[nodiscard]] const KeyTypeInfo& InfoOf(KeyType type);

// What the manual says of the type and range of one key, as Markdown: "`none`, `horizontal` or `vertical`".
[[nodiscard]] std::string TypeText(const KeySpec& key);

}  // namespace videostream
