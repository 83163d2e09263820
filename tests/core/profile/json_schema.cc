// SPDX-License-Identifier: Apache-2.0
// The keywords, each as the specification says it.
#include "tests/core/profile/json_schema.h"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>

namespace videostream {
namespace {

using Json = nlohmann::json;
using Problem = std::optional<std::string>;

const std::regex& Compiled(const std::string& pattern) {
  static std::map<std::string, std::regex> cache;
  const auto found = cache.find(pattern);
  return found != cache.end() ? found->second : cache.emplace(pattern, std::regex(pattern)).first->second;
}

bool IsOfType(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return std::string(value.type_name()) == type;
}

Problem CheckType(const Json& value, const Json& type) {
  if (type.is_string()) return IsOfType(value, type) ? Problem() : "is no " + type.get<std::string>();
  for (const Json& one : type) {
    if (IsOfType(value, one)) return {};
  }
  return "is none of " + type.dump();
}

size_t Characters(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80 ? 1 : 0;
  return count;
}

// Bounds of numbers, texts, lists and mappings.
Problem CheckBound(const Json& value, const std::string& keyword, const Json& bound) {
  const auto limit = bound.get<int64_t>();
  if (keyword == "minimum") return value.is_number() && value < bound ? Problem("too small") : Problem();
  if (keyword == "maximum") return value.is_number() && value > bound ? Problem("too large") : Problem();
  int64_t size = 0;
  if (keyword.ends_with("Length")) {
    if (!value.is_string()) return {};
    size = static_cast<int64_t>(Characters(value));
  } else if (keyword.ends_with("Items") ? !value.is_array() : !value.is_object()) {
    return {};
  } else {
    size = static_cast<int64_t>(value.size());
  }
  return keyword.starts_with("min") == (size < limit) && size != limit ? Problem("has " + std::to_string(size))
                                                                       : Problem();
}

Problem CheckObject(const Json& value, const Json& schema, const Json& root, const std::string& path) {
  if (!value.is_object()) return {};
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, item] : value.items()) {
    if (schema.contains("propertyNames")) {
      if (auto problem = SchemaProblem(key, schema["propertyNames"], root, path + "/" + key)) return problem;
    }
    const Json rest = schema.value("additionalProperties", Json(true));
    const Json& sub = properties.contains(key) ? properties[key] : rest;
    if (auto problem = SchemaProblem(item, sub, root, path + "/" + key)) return problem;
  }
  for (const Json& key : schema.value("required", Json::array())) {
    if (!value.contains(key)) return path + ": lacks " + key.get<std::string>();
  }
  return {};
}

Problem CheckList(const Json& value, const Json& schema, const Json& root, const std::string& path) {
  if (!value.is_array()) return {};
  std::set<std::string> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    const std::string here = path + "/" + std::to_string(i);
    if (schema.contains("items")) {
      if (auto problem = SchemaProblem(value[i], schema["items"], root, here)) return problem;
    }
    if (schema.value("uniqueItems", false) && !seen.insert(value[i].dump()).second) return here + ": is there twice";
  }
  return {};
}

Problem CheckCombined(const Json& value, const std::string& keyword, const Json& schema, const Json& root,
                      const std::string& path) {
  const Json& sub = schema[keyword];
  if (keyword == "$ref") {
    const Json& target = root["$defs"].at(sub.get<std::string>().substr(std::string("#/$defs/").size()));
    return SchemaProblem(value, target, root, path);
  }
  if (keyword == "not") return SchemaProblem(value, sub, root, path) ? Problem() : Problem(path + ": is forbidden");
  if (keyword == "if") {
    return SchemaProblem(value, schema[SchemaProblem(value, sub, root, path) ? "else" : "then"], root, path);
  }
  Problem first;
  for (const Json& choice : sub) {  // anyOf
    auto problem = SchemaProblem(value, choice, root, path);
    if (!problem) return {};
    if (!first) first = problem;
  }
  return first;
}

Problem CheckKeyword(const Json& value, const std::string& keyword, const Json& schema, const Json& root,
                     const std::string& path) {
  static const std::set<std::string> kElsewhere = {
      "$schema", "title",      "$defs",         "description",          "default",  "examples",   "then", "else",
      "items",   "properties", "propertyNames", "additionalProperties", "required", "uniqueItems"};
  static const std::set<std::string> kCombined = {"$ref", "not", "if", "anyOf"};
  static const std::set<std::string> kBounds = {"minimum",  "maximum",  "minLength",     "maxLength",
                                                "minItems", "maxItems", "minProperties", "maxProperties"};
  const Json& expected = schema[keyword];
  if (kElsewhere.contains(keyword)) return {};
  if (kCombined.contains(keyword)) return CheckCombined(value, keyword, schema, root, path);
  Problem problem;
  if (kBounds.contains(keyword)) {
    problem = CheckBound(value, keyword, expected);
  } else if (keyword == "type") {
    problem = CheckType(value, expected);
  } else if (keyword == "const") {
    if (value != expected) problem = "is not " + expected.dump();
  } else if (keyword == "enum") {
    if (std::find(expected.begin(), expected.end(), value) == expected.end()) problem = "is none of " + expected.dump();
  } else if (keyword == "pattern") {
    const bool fits = !value.is_string() || std::regex_search(value.get<std::string>(), Compiled(expected));
    if (!fits) problem = "does not look like " + expected.dump();
  } else {
    ADD_FAILURE() << "the schema uses '" << keyword << "', which is not known here";
  }
  return problem ? path + ": " + *problem : problem;
}

}  // namespace

Problem SchemaProblem(const Json& value, const Json& schema, const Json& root, const std::string& path) {
  if (schema.is_boolean()) return schema.get<bool>() ? Problem() : Problem(path + ": is not allowed");
  for (const auto& [keyword, unused] : schema.items()) {
    if (auto problem = CheckKeyword(value, keyword, schema, root, path)) return problem;
  }
  if (auto problem = CheckObject(value, schema, root, path)) return problem;
  return CheckList(value, schema, root, path);
}

Json ToJson(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return nullptr;
    case YamlNode::Kind::kList: {
      Json list = Json::array();
      for (const YamlNode* item : node.items) list.push_back(ToJson(*item));
      return list;
    }
    case YamlNode::Kind::kMap: {
      Json map = Json::object();
      for (const YamlNode::Entry& entry : node.entries) map[entry.key->text] = ToJson(*entry.value);
      return map;
    }
    case YamlNode::Kind::kScalar:
      break;
  }
  static const std::regex kWhole("-?(0|[1-9][0-9]{0,17})");
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  return std::regex_match(node.text, kWhole) ? Json(std::stoll(node.text)) : Json(node.text);
}

}  // namespace videostream
