// SPDX-License-Identifier: Apache-2.0
// Typed access to the tree for the parser: each Read either fills a value or reports what was expected and what was
// found.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/profile/key_types.h"
#include "core/profile/keys.h"
#include "core/profile/scalars.h"
#include "core/profile/yaml_tree.h"

namespace videostream {

// A mapping with a fixed set of keys. On construction reports what is no mapping, unknown keys (with the nearest known
// one) and keys that are not implemented yet; those are then as good as absent. Borrows node and errors.
class MapReader {
 public:
  // `pos` is where a missing key is reported: the key that holds this mapping.
  MapReader(const YamlNode& node, const SourcePos& pos, const KeyTable& table, Diagnostics& errors);

  // False if the node is no mapping: nothing else can be said about it.
  [[nodiscard]] bool ok() const { return ok_; }

  // Null if the key is absent; Require reports that.
  [[nodiscard]] const YamlNode::Entry* Find(std::string_view key) const;
  [[nodiscard]] const YamlNode::Entry* Require(std::string_view key) const;

 private:
  const YamlNode& node_;
  SourcePos pos_;
  const KeyTable& table_;
  Diagnostics& errors_;
  bool ok_ = false;
};

// "expected WHAT, found ..." at the value.
void ReportUnexpected(const YamlNode& node, std::string_view what, Diagnostics& errors);

// False, and a report, unless the node is a mapping / a list.
[[nodiscard]] bool ExpectKind(const YamlNode& node, YamlNode::Kind kind, std::string_view what, Diagnostics& errors);

// Fills `out` from a scalar that `parse` understands; reports "expected WHAT, found ..." otherwise.
template <class T>
void ReadScalar(const YamlNode& node, std::string_view what, std::optional<T> (*parse)(std::string_view),
                Located<T>& out, Diagnostics& errors) {
  const std::optional<T> value = node.kind == YamlNode::Kind::kScalar ? parse(node.text) : std::nullopt;
  if (!value) return ReportUnexpected(node, what, errors);
  out = {*value, node.pos};
}

// The same for a type that is always spelt alike.
template <class T>
void ReadScalar(const YamlNode& node, KeyType type, std::optional<T> (*parse)(std::string_view), Located<T>& out,
                Diagnostics& errors) {
  ReadScalar(node, InfoOf(type).expected, parse, out, errors);
}

// Any text of `least` to `most` bytes without '${', which stands for nothing there.
void ReadText(const YamlNode& node, std::string_view what, size_t least, size_t most, Located<std::string>& out,
              Diagnostics& errors);

// A whole number without quotes, from `least` to `most`, or in the range of a key.
void ReadWhole(const YamlNode& node, uint32_t least, uint32_t most, Located<uint32_t>& out, Diagnostics& errors);
void ReadWhole(const YamlNode& node, const KeyTable& table, std::string_view key, Located<uint32_t>& out,
               Diagnostics& errors);

// False, and a report, unless a mapping has as many entries as `key` may have; they are called as the key is.
[[nodiscard]] bool ExpectCount(const YamlNode& node, const KeySpec& key, Diagnostics& errors);

// A name of [a-z0-9-]{1,32}; `what` as in "the name of a stream".
void ReadName(const YamlNode& node, std::string_view what, Located<std::string>& out, Diagnostics& errors);

// One of `names`; the messages call them `what`, as in "a flip".
void ReadWord(const YamlNode& node, std::string_view what, std::span<const std::string_view> names,
              Located<std::string>& out, Diagnostics& errors);

// One value that `read` understands, or a list of 1 to `most` of them, none twice.
void ReadOneOrMore(const YamlNode& node, std::string_view what, size_t most,
                   const std::function<void(const YamlNode&, Located<std::string>&)>& read,
                   std::vector<Located<std::string>>& out, Diagnostics& errors);

// A word of RequirementNames(), or a list of them.
void ReadRequire(const YamlNode& node, Requirements& out, Diagnostics& errors);

// One of FormatNames(); for a codec's name the message says where codecs belong.
void ReadFormat(const YamlNode& node, Located<std::string>& out, Diagnostics& errors);

// One of CaptureFormatNames().
void ReadCaptureFormat(const YamlNode& node, Located<std::string>& out, Diagnostics& errors);

// 0, 90, 180 or 270 without quotes.
void ReadRotation(const YamlNode& node, Located<uint32_t>& out, Diagnostics& errors);

// A user or group, by name or by a number without quotes; `what` as in "group such as video or 44".
void ReadAccount(const YamlNode& node, std::string_view what, Located<std::string>& out, Diagnostics& errors);

// A list of at most 64 of them, none twice; `plural` as in "groups".
void ReadAccounts(const YamlNode& node, std::string_view what, std::string_view plural,
                  std::vector<Located<std::string>>& out, Diagnostics& errors);

// One of CodecNames() that is implemented.
void ReadCodec(const YamlNode& node, Located<std::string>& out, Diagnostics& errors);

}  // namespace videostream
