// SPDX-License-Identifier: Apache-2.0
// Profiles from inside out: the mapping with the key, then what it stands in.
#include "tests/core/profile/key_examples.h"

#include <string_view>
#include <utility>

#include "core/profile/keys.h"

namespace videostream {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

// `entries` with `key`, in place of what it was, as a flow mapping.
std::string Mapping(Entries entries, std::string_view key, std::string_view value) {
  bool there = false;
  for (auto& [name, text] : entries) {
    if (name != key) continue;
    text = value;
    there = true;
  }
  if (!there && !key.empty()) entries.emplace_back(key, value);
  std::string text;
  for (const auto& [name, entry] : entries) text += (text.empty() ? "{" : ", ") + name + ": " + entry;
  return text.empty() ? "{}" : text + "}";
}

std::string Profile(std::string_view key = "", std::string_view value = "") {
  return Mapping({{"version", "1"},
                  {"name", "test"},
                  {"backends", "{capture: [v4l2], encoder: [v4l2], transport: [shm]}"},
                  {"streams", "{front: {capture: {}, outputs: {o: {publish: [{socket: /run/o.sock}]}}}}"}},
                 key, value);
}

std::string Stream(std::string_view key, std::string_view value) {
  return Profile(
      "streams",
      "{front: " + Mapping({{"capture", "{}"}, {"outputs", "{o: {publish: [{socket: /run/o}]}}"}}, key, value) + "}");
}

std::string Output(std::string_view key, std::string_view value) {
  return Stream("outputs", "{o: " + Mapping({{"publish", "[{socket: /run/o.sock}]"}}, key, value) + "}");
}

std::string Publish(std::string_view key, std::string_view value) {
  return Output("publish", "[" + Mapping({{"socket", "/run/o.sock"}}, key, value) + "]");
}

std::string Text(const KeyTable& table, const KeySpec& key) {
  const std::string alone = Mapping({}, key.name, key.example);
  if (&table == &kMatchKeys) return Profile("match", alone);
  if (&table == &kBackendsKeys) {
    return Profile("backends", Mapping({{"capture", "[v4l2]"}, {"transport", "[shm]"}}, key.name, key.example));
  }
  if (&table == &kStreamBackendsKeys) return Stream("backends", alone);
  if (&table == &kOutputBackendsKeys) return Output("backends", alone);
  if (&table == &kOptionKeys) return Profile("options", "{v4l2: " + alone + "}");
  if (&table == &kStreamKeys) return Stream(key.name, key.example);
  if (&table == &kCaptureKeys) return Stream("capture", alone);
  if (&table == &kOutputKeys) return Output(key.name, key.example);
  if (&table == &kEncoderKeys) {
    const bool jpeg = key.name == "quality";
    return Output("encoder", Mapping({{"codec", jpeg ? "mjpeg" : "h264"}}, key.name, key.example));
  }
  if (&table == &kPublishKeys) return Publish(key.name, key.example);
  if (&table == &kAllowKeys) return Publish("allow", alone);
  return Profile(key.name, key.example);
}

}  // namespace

std::vector<KeyExample> KeyExamples() {
  std::vector<KeyExample> examples;
  for (const KeyTable* table : AllKeyTables()) {
    for (const KeySpec& key : table->keys) {
      if (key.name == "extends") continue;
      examples.push_back(
          {std::string(table->where) + ": " + std::string(key.name), Text(*table, key) + "\n", key.implemented});
    }
  }
  return examples;
}

}  // namespace videostream
