// SPDX-License-Identifier: Apache-2.0
// Preference lists and options.
#include "core/profile/parse_backends.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/profile/reader.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

constexpr size_t kMaxBackendsPerKind = 16;
constexpr size_t kMaxOptions = 64;
constexpr size_t kMaxOptionValues = 64;

void ParseBackendList(const YamlNode& node, std::vector<Located<std::string>>& list, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kList, InfoOf(KeyType::kBackends).expected, errors)) return;
  if (node.items.empty() || node.items.size() > kMaxBackendsPerKind) {
    errors.Add(node.pos, "expected a list of 1 to " + std::to_string(kMaxBackendsPerKind) + " backends, found " +
                             std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) {
    Located<std::string> name;
    ReadName(*item, "the name of a backend", name, errors);
    if (name.value.empty()) continue;
    if (std::find(list.begin(), list.end(), name) != list.end()) {
      errors.Add(name.pos, "backend '" + name.value + "' is already in this list");
    } else {
      list.push_back(std::move(name));
    }
  }
}

void ParseOption(const YamlNode& node, Option& out, Diagnostics& errors) {
  const std::string what = "a value of at most " + std::to_string(kMaxOptionBytes) + " bytes, or a list of such";
  out.is_list = node.kind == Kind::kList;
  if (!out.is_list) return ReadText(node, what, 0, kMaxOptionBytes, out.values.emplace_back(), errors);
  if (node.items.size() > kMaxOptionValues) {
    errors.Add(node.pos, "expected at most " + std::to_string(kMaxOptionValues) + " values, found " +
                             std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) ReadText(*item, what, 0, kMaxOptionBytes, out.values.emplace_back(), errors);
}

void ParseBackendOptions(const YamlNode& node, BackendOptions& out, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from options to values", errors)) return;
  if (node.entries.size() > kMaxOptions) {
    errors.Add(out.backend.pos, "expected at most " + std::to_string(kMaxOptions) + " options, found " +
                                    std::to_string(node.entries.size()));
    return;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    Option option;
    option.key = {entry.key->text, entry.key->pos};
    if (kOptionKeys.Find(entry.key->text) != nullptr) {
      errors.Add(entry.key->pos, "key '" + entry.key->text + "'" + std::string(kNotImplementedYet));
    } else if (!IsOptionKey(entry.key->text)) {
      ReportUnexpected(*entry.key, "the name of an option (1 to 64 of a-z, 0-9, '-' and '_')", errors);
    }
    ParseOption(*entry.value, option, errors);
    out.options.push_back(std::move(option));
  }
}

}  // namespace

bool ParseBackends(const YamlNode& node, const SourcePos& pos, const KeyTable& table, BackendLists& lists,
                   Diagnostics& errors) {
  const size_t errors_before = errors.size();
  const MapReader map(node, pos, table, errors);
  for (size_t i = 0; i < kBackendKinds; ++i) {
    const std::string_view kind = kBackendKindNames.at(i);
    const KeySpec* key = table.Find(kind);
    if (key == nullptr) continue;
    const auto* entry = key->required ? map.Require(kind) : map.Find(kind);
    if (entry != nullptr) ParseBackendList(*entry->value, lists.at(i), errors);
  }
  return errors.size() == errors_before;
}

void ParseOptions(const YamlNode& node, bool backends_known, Profile& profile, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kMap, InfoOf(KeyType::kOptions).expected, errors)) return;
  const std::vector<std::string> all = profile.EveryBackend();
  const std::vector<std::string_view> known(all.begin(), all.end());
  for (const YamlNode::Entry& entry : node.entries) {
    const std::string& backend = entry.key->text;
    if (backends_known && std::find(known.begin(), known.end(), backend) == known.end()) {
      errors.Add(entry.key->pos, "options for backend " + QuoteForMessage(backend) +
                                     ", which no list under 'backends' names" + DidYouMean(backend, known));
    }
    BackendOptions& options = profile.options.emplace_back();
    options.backend = {backend, entry.key->pos};
    ParseBackendOptions(*entry.value, options, errors);
  }
}

}  // namespace videostream
