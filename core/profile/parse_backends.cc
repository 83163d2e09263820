// SPDX-License-Identifier: Apache-2.0
// Preference lists and options.
#include "core/profile/parse_backends.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/profile/keys.h"
#include "core/profile/reader.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

constexpr size_t kMaxBackendsPerKind = 16;
constexpr size_t kMaxOptions = 64;
constexpr size_t kMaxOptionValues = 64;

std::optional<std::string> ParseOptionText(std::string_view text) {
  return text.size() <= kMaxOptionBytes ? std::optional<std::string>(text) : std::nullopt;
}

void ParseBackendList(const YamlNode& node, std::vector<Located<std::string>>& list, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kList, "a list of backends such as [shm]", errors)) return;
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
  if (!out.is_list) return ReadScalar(node, what, ParseOptionText, out.values.emplace_back(), errors);
  if (node.items.size() > kMaxOptionValues) {
    errors.Add(node.pos, "expected at most " + std::to_string(kMaxOptionValues) + " values, found " +
                             std::to_string(node.items.size()));
    return;
  }
  for (const YamlNode* item : node.items) ReadScalar(*item, what, ParseOptionText, out.values.emplace_back(), errors);
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

void ParseBackends(const YamlNode& node, const SourcePos& pos, Profile& profile, Diagnostics& errors) {
  const MapReader map(node, pos, kBackendsKeys, errors);
  for (size_t i = 0; i < kBackendKinds; ++i) {
    const auto kind = static_cast<BackendKind>(i);
    const bool needed = kind == BackendKind::kCapture || kind == BackendKind::kTransport;
    const auto* entry = needed ? map.Require(kBackendKindNames.at(i)) : map.Find(kBackendKindNames.at(i));
    if (entry != nullptr) ParseBackendList(*entry->value, profile.backends.at(i), errors);
  }
}

void ParseOptions(const YamlNode& node, bool backends_known, Profile& profile, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from backends to their options", errors)) return;
  std::vector<std::string_view> known;
  for (const auto& list : profile.backends) {
    for (const auto& name : list) known.push_back(name.value);
  }
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
