// SPDX-License-Identifier: Apache-2.0
// Tables to schema. Each table gives two definitions: one for a whole profile, one for a part that is merged.
#include "core/profile/schema.h"

#include <nlohmann/json.hpp>

#include "core/profile/key_types.h"
#include "core/profile/keys.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

using Json = nlohmann::ordered_json;

Json Words(std::span<const std::string_view> words) {
  Json json = Json::array();
  for (const std::string_view word : words) json.push_back(std::string(word));
  return json;
}

// Any scalar; `${` has no place in it.
Json Text(uint64_t least, uint64_t most) {
  return {{"type", {"string", "number", "boolean"}},
          {"minLength", least},
          {"maxLength", most},
          {"not", {{"type", "string"}, {"pattern", "\\$\\{"}}}};
}

Json ListOf(Json items, uint64_t least, uint64_t most) {
  return {{"type", "array"}, {"items", std::move(items)}, {"minItems", least}, {"maxItems", most}};
}

Json Ref(const KeyTable& table, bool part) {
  return {{"$ref", "#/$defs/" + std::string(table.id) + (part ? "-part" : "")}};
}

Json OrNull(Json schema) { return {{"anyOf", {std::move(schema), {{"type", "null"}}}}}; }

Json Named(const KeySpec& key, bool part) {
  Json json = {{"type", "object"}, {"propertyNames", {{"pattern", "^[a-z0-9-]{1,32}$"}}}};
  json["additionalProperties"] = part ? OrNull(Ref(*key.table, part)) : Ref(*key.table, part);
  // How many there are with the inherited ones is not known.
  if (part) return json;
  json["minProperties"] = key.least;
  json["maxProperties"] = key.most;
  return json;
}

Json Options(bool part) {
  Json value = {{"anyOf", {Text(0, kMaxOptionBytes), ListOf(Text(0, kMaxOptionBytes), 0, 64)}}};
  Json reserved = Json::object();
  for (const KeySpec& key : kOptionKeys.keys) reserved[std::string(key.name)] = false;
  Json backend = {{"type", "object"},
                  {"maxProperties", 64},
                  {"propertyNames", {{"pattern", "^[a-z0-9_-]{1,64}$"}}},
                  {"properties", reserved},
                  {"additionalProperties", part ? OrNull(value) : value}};
  return {{"type", "object"}, {"additionalProperties", part ? OrNull(backend) : backend}};
}

Json TypeSchema(const KeySpec& key, bool part) {
  switch (key.type) {
    case KeyType::kText:
      return Text(key.least, key.most);
    case KeyType::kRequire: {
      Json list = ListOf({{"enum", Words(key.words)}}, 1, key.words.size());
      list["uniqueItems"] = true;
      return {{"anyOf", {{{"enum", Words(key.words)}}, list}}};
    }
    case KeyType::kMapping:
      return Ref(*key.table, part);
    case KeyType::kNamed:
      return Named(key, part);
    case KeyType::kOptions:
      return Options(part);
    case KeyType::kWord:
      return {{"enum", Words(key.words)}};
    case KeyType::kWhole:
      return {{"type", "integer"}, {"minimum", key.least}, {"maximum", key.most}};
    case KeyType::kPublish:
      return ListOf(Ref(*key.table, false), 1, 1);  // a list is never merged
    default:
      return Json::parse(InfoOf(key.type).schema);
  }
}

// A scalar of YAML as JSON.
Json Scalar(std::string_view yaml) { return Json::accept(yaml) ? Json::parse(yaml) : Json(std::string(yaml)); }

Json KeySchema(const KeySpec& key, bool part) {
  Json json = part ? OrNull(TypeSchema(key, part)) : TypeSchema(key, part);
  json["description"] = std::string(key.help);
  if (!key.fallback.empty()) json["default"] = Scalar(key.fallback);
  const bool scalar = key.example.find_first_of("[{") != 0;
  if (!key.example.empty() && scalar) json["examples"] = {Scalar(key.example)};
  return json;
}

// What is never inherited is whole in a part, too.
bool IsOwn(const KeyTable& table, const KeySpec& key) {
  const bool header = key.name == "version" || key.name == "name" || key.name == "extends" || key.name == "match";
  return &table == &kProfileKeys && header;
}

Json TableSchema(const KeyTable& table, bool part) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const KeySpec& key : table.keys) {
    const bool merged = part && !IsOwn(table, key);
    properties[std::string(key.name)] = KeySchema(key, merged);
    if (key.required && !merged) required.push_back(std::string(key.name));
  }
  Json json = {{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) json["required"] = required;
  if (&table == &kMatchKeys) json["minProperties"] = 1;
  return json;
}

}  // namespace

std::string ProfileSchema() {
  Json definitions = Json::object();
  for (const KeyTable* table : AllKeyTables()) {
    if (table == &kOptionKeys) continue;
    definitions[std::string(table->id)] = TableSchema(*table, false);
    definitions[std::string(table->id) + "-part"] = TableSchema(*table, true);
  }
  const Json whole = {{"required", {"streams"}}, {"not", {{"required", {"extends"}}}}};
  const Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                       {"title", "VideoStream profile, version 1"},
                       {"type", "object"},
                       {"if", whole},
                       {"then", Ref(kProfileKeys, false)},
                       {"else", Ref(kProfileKeys, true)},
                       {"$defs", definitions}};
  return schema.dump(2) + "\n";
}

}  // namespace videostream
