// SPDX-License-Identifier: Apache-2.0
// Checks of shape and type, and their messages.
#include "core/profile/reader.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace videostream {
namespace {

std::string Join(std::span<const std::string_view> names) {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

bool IsOneOf(const YamlNode& node, std::span<const std::string_view> names) {
  return node.kind == YamlNode::Kind::kScalar && std::find(names.begin(), names.end(), node.text) != names.end();
}

bool HasVariable(const YamlNode& node) {
  return node.kind == YamlNode::Kind::kScalar && node.text.find("${") != std::string::npos;
}

std::string VariableHint(const YamlNode& node) {
  return HasVariable(node) ? "; only ${RUNTIME}, at the start of a 'socket', stands for something else" : "";
}

bool SameIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

MapReader::MapReader(const YamlNode& node, const SourcePos& pos, const KeyTable& table, Diagnostics& errors)
    : node_(node), pos_(pos), table_(table), errors_(errors) {
  ok_ = ExpectKind(node, YamlNode::Kind::kMap, "a mapping", errors);
  for (const YamlNode::Entry& entry : node.entries) {
    const std::string& name = entry.key->text;
    const KeySpec* known = table.Find(name);
    if (known == nullptr) {
      errors.Add(entry.key->pos,
                 "unknown key " + QuoteForMessage(name) + " in " + std::string(table.where) + table.Hint(name));
    } else if (!known->implemented) {
      errors.Add(entry.key->pos, "key '" + name + "'" + std::string(kNotImplementedYet));
    }
  }
}

const YamlNode::Entry* MapReader::Find(std::string_view key) const { return node_.Find(key); }

const YamlNode::Entry* MapReader::Require(std::string_view key) const {
  const YamlNode::Entry* entry = Find(key);
  if (entry == nullptr && ok_) {
    errors_.Add(pos_, "missing key '" + std::string(key) + "' in " + std::string(table_.where));
  }
  return entry;
}

void ReportUnexpected(const YamlNode& node, std::string_view what, Diagnostics& errors) {
  errors.Add(node.pos, "expected " + std::string(what) + ", found " + node.Describe() + VariableHint(node));
}

bool ExpectKind(const YamlNode& node, YamlNode::Kind kind, std::string_view what, Diagnostics& errors) {
  if (node.kind == kind) return true;
  ReportUnexpected(node, what, errors);
  return false;
}

bool ExpectCount(const YamlNode& node, const KeySpec& key, Diagnostics& errors) {
  if (node.entries.size() >= key.least && node.entries.size() <= key.most) return true;
  errors.Add(node.pos, "expected " + std::to_string(key.least) + " to " + std::to_string(key.most) + " " +
                           std::string(key.name) + ", found " + std::to_string(node.entries.size()));
  return false;
}

void ReadWhole(const YamlNode& node, const KeyTable& table, std::string_view key, Located<uint32_t>& out,
               Diagnostics& errors) {
  const KeySpec& spec = *table.Find(key);
  ReadWhole(node, spec.least, spec.most, out, errors);
}

void ReadWhole(const YamlNode& node, uint32_t least, uint32_t most, Located<uint32_t>& out, Diagnostics& errors) {
  const std::string what = "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
  if (node.quoted)
    return errors.Add(node.pos, "expected " + what + " without quotes, found the text " + node.Describe());
  const auto value = node.kind == YamlNode::Kind::kScalar ? ParseWhole(node.text) : std::nullopt;
  if (!value || *value < least || *value > most) return ReportUnexpected(node, what, errors);
  out = {static_cast<uint32_t>(*value), node.pos};
}

void ReadName(const YamlNode& node, std::string_view what, Located<std::string>& out, Diagnostics& errors) {
  if (node.kind == YamlNode::Kind::kScalar && IsName(node.text)) {
    out = {node.text, node.pos};
  } else {
    ReportUnexpected(node, std::string(what) + " (1 to 32 of a-z, 0-9 and '-')", errors);
  }
}

void ReadWord(const YamlNode& node, std::string_view what, std::span<const std::string_view> names,
              Located<std::string>& out, Diagnostics& errors) {
  if (IsOneOf(node, names)) {
    out = {node.text, node.pos};
    return;
  }
  const std::string hint = node.kind == YamlNode::Kind::kScalar ? DidYouMean(node.text, names) : "";
  errors.Add(node.pos, "expected " + std::string(what) + " (" + Join(names) + "), found " + node.Describe() + hint +
                           VariableHint(node));
}

void ReadText(const YamlNode& node, std::string_view what, size_t least, size_t most, Located<std::string>& out,
              Diagnostics& errors) {
  const bool fits = node.kind == YamlNode::Kind::kScalar && node.text.size() >= least && node.text.size() <= most;
  if (!fits || HasVariable(node)) return ReportUnexpected(node, what, errors);
  out = {node.text, node.pos};
}

void ReadOneOrMore(const YamlNode& node, std::string_view what, size_t most,
                   const std::function<void(const YamlNode&, Located<std::string>&)>& read,
                   std::vector<Located<std::string>>& out, Diagnostics& errors) {
  if (node.kind == YamlNode::Kind::kScalar) return read(node, out.emplace_back());
  if (!ExpectKind(node, YamlNode::Kind::kList, what, errors)) return;
  if (node.items.empty() || node.items.size() > most) {
    errors.Add(node.pos, "expected " + std::string(what) + ", found a list of " + std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) {
    Located<std::string> value;
    read(*item, value);
    if (value.value.empty()) continue;
    if (std::find(out.begin(), out.end(), value) != out.end()) {
      errors.Add(value.pos, "'" + value.value + "' is already in this list");
    } else {
      out.push_back(std::move(value));
    }
  }
}

void ReadRequire(const YamlNode& node, Requirements& out, Diagnostics& errors) {
  const std::string what = "a requirement (" + Join(RequirementNames()) + "), or a list of them";
  const auto read = [&errors](const YamlNode& item, Located<std::string>& word) {
    ReadWord(item, "a requirement", RequirementNames(), word, errors);
  };
  ReadOneOrMore(node, what, RequirementNames().size(), read, out, errors);
}

void ReadFormat(const YamlNode& node, Located<std::string>& out, Diagnostics& errors) {
  for (const KeySpec& codec : CodecNames()) {
    if (!codec.implemented || node.kind != YamlNode::Kind::kScalar) continue;
    if (!SameIgnoringCase(node.text, codec.name)) continue;
    errors.Add(node.pos, "expected a raw format (" + Join(FormatNames()) + "), found the codec " + node.Describe() +
                             "; say 'encoder: {codec: " + std::string(codec.name) + "}' for packets");
    return;
  }
  ReadWord(node, "a format", FormatNames(), out, errors);
}

void ReadCaptureFormat(const YamlNode& node, Located<std::string>& out, Diagnostics& errors) {
  ReadWord(node, "a format", CaptureFormatNames(), out, errors);
}

void ReadRotation(const YamlNode& node, Located<uint32_t>& out, Diagnostics& errors) {
  if (node.quoted) {
    return errors.Add(node.pos, "expected 0, 90, 180 or 270 without quotes, found the text " + node.Describe());
  }
  ReadScalar(node, KeyType::kRotation, ParseRotation, out, errors);
}

void ReadAccount(const YamlNode& node, std::string_view what, Located<std::string>& out, Diagnostics& errors) {
  const std::string expected = "the name or number of a " + std::string(what);
  const bool account = node.kind == YamlNode::Kind::kScalar && IsAccount(node.text);
  if (account && node.quoted && ParseWhole(node.text)) {
    return errors.Add(node.pos, "expected " + expected + " without quotes, found the text " + node.Describe());
  }
  if (!account) return ReportUnexpected(node, expected, errors);
  out = {node.text, node.pos};
}

void ReadAccounts(const YamlNode& node, std::string_view what, std::string_view plural,
                  std::vector<Located<std::string>>& out, Diagnostics& errors) {
  constexpr size_t kMost = 64;
  if (!ExpectKind(node, YamlNode::Kind::kList, "a list of " + std::string(plural), errors)) return;
  if (node.items.size() > kMost) {
    errors.Add(node.pos, "expected at most " + std::to_string(kMost) + " " + std::string(plural) + ", found " +
                             std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) {
    Located<std::string> account;
    ReadAccount(*item, what, account, errors);
    if (account.value.empty()) continue;
    if (std::find(out.begin(), out.end(), account) != out.end()) {
      errors.Add(account.pos, "'" + account.value + "' is already in this list");
    } else {
      out.push_back(std::move(account));
    }
  }
}

void ReadCodec(const YamlNode& node, Located<std::string>& out, Diagnostics& errors) {
  std::vector<std::string_view> names;
  for (const KeySpec& codec : CodecNames()) {
    if (codec.implemented) names.push_back(codec.name);
    if (node.kind != YamlNode::Kind::kScalar || node.text != codec.name) continue;
    out = {node.text, node.pos};
    if (!codec.implemented) errors.Add(node.pos, "codec '" + node.text + "'" + std::string(kNotImplementedYet));
    return;
  }
  const std::string hint = node.kind == YamlNode::Kind::kScalar ? DidYouMean(node.text, names) : "";
  errors.Add(node.pos, "expected a codec (" + Join(names) + "), found " + node.Describe() + hint);
}

}  // namespace videostream
