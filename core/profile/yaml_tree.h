// SPDX-License-Identifier: Apache-2.0
// YAML text as a tree with positions. The only door to yaml-cpp: its types and exceptions stay behind it.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/profile/diagnostics.h"
#include "core/profile/profile.h"

namespace videostream {

struct YamlNode {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  struct Entry {
    const YamlNode* key;  // always a scalar
    const YamlNode* value;
  };

  Kind kind = Kind::kNull;
  bool quoted = false;         // a scalar in quotes: text even if it looks like a number
  bool explicit_null = false;  // `~` or `null` on the line of its key, not a value that was left out
  std::string text;            // of a scalar, unescaped, without control characters
  SourcePos pos;               // of a missing value: that of its key or list
  std::vector<const YamlNode*> items;
  std::vector<Entry> entries;  // keys unique: of a repeated key the first is kept (and the others are reported)
  size_t weight = 1;           // nodes below and including this one, with aliases expanded

  // The entry of a mapping; null if there is none.
  [[nodiscard]] const Entry* Find(std::string_view key) const;

  // How messages call what was found: "'fast'", "a list", "a mapping", "nothing".
  [[nodiscard]] std::string Describe() const;
};

// Nodes point at each other (an alias is the node it names), so the tree is moved, never copied.
class YamlTree {
 public:
  YamlTree() = default;
  YamlTree(YamlTree&&) = default;
  YamlTree& operator=(YamlTree&&) = default;
  YamlTree(const YamlTree&) = delete;
  YamlTree& operator=(const YamlTree&) = delete;
  ~YamlTree() = default;

  const YamlNode* root = nullptr;
  std::deque<YamlNode> nodes;
};

inline constexpr size_t kMaxYamlNodes = 20000;  // after expansion of aliases
inline constexpr size_t kMaxYamlDepth = 16;     // a profile needs 7

inline constexpr size_t kMaxYamlLineBytes = 4096;

// Parses exactly one document of at most kMaxProfileBytes in UTF-8, without byte order mark. Refuses, with a position:
// control characters, tags, repeated keys, keys that are not scalars, recursive aliases, and more nodes or depth than
// the bounds. Where the text is YAML but breaks one of those rules, the tree is returned beside the errors, so that the
// rest can be checked too; without value: nothing can be said about the rest. All positions are of file `file`.
// `what`: what messages call the document.
inline constexpr const char* kProfileDocument = "profile";
[[nodiscard]] std::optional<YamlTree> ParseYaml(std::string_view text, Diagnostics& errors, int file = 0,
                                                const std::string& what = kProfileDocument);

}  // namespace videostream
