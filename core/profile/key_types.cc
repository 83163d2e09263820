// SPDX-License-Identifier: Apache-2.0
// The spellings. A schema cannot say everything that the parser checks: what it leaves open is listed in schema.h.
#include "core/profile/key_types.h"

#include <array>

namespace videostream {
namespace {

#define VS_NAME "[a-z0-9-]{1,32}"
#define VS_SCALAR R"("type": ["string", "number", "boolean"])"
// 16 to 16384.
#define VS_SIDE "(1[6-9]|[2-9][0-9]|[1-9][0-9]{2,3}|1[0-5][0-9]{3}|16[0-2][0-9]{2}|163[0-7][0-9]|1638[0-4])"
#define VS_OFFSET "(0|[1-9][0-9]{0,3}|1[0-6][0-9]{3})"
#define VS_TERM "([1-9][0-9]{0,5}|1000000)"
#define VS_BACKEND R"({"type": ["string", "number", "boolean"], "pattern": "^)" VS_NAME R"($"})"
#define VS_WORD                                                                     \
  R"({"type": ["string", "number", "boolean"], "minLength": 1, "maxLength": 128, )" \
  R"("not": {"type": "string", "pattern": "\\$\\{"}})"
#define VS_ACCOUNT                                                                                \
  R"({"anyOf": [{"type": "integer", "minimum": 0, "maximum": 4294967294}, {"type": "boolean"}, )" \
  R"({"type": "string", "pattern": "^(?![0-9]+$)[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$"}]})"

constexpr std::array<KeyTypeInfo, kKeyTypes> kInfos = {{
    {"version 1, the only one this program knows", "`1`", R"({"const": 1})"},
    {"the name of the profile (1 to 32 of a-z, 0-9, '-' and '_')", "1 to 32 of `a-z`, `0-9`, `-`, `_`",
     "{" VS_SCALAR R"(, "pattern": "^[a-z0-9_-]{1,32}$"})"},
    {"", "", ""},  // kText
    {"a pattern of 1 to 128 bytes, or a list of 1 to 16 of them", "a pattern, or a list of 1 to 16",
     R"({"anyOf": [)" VS_WORD R"(, {"type": "array", "items": )" VS_WORD
     R"(, "minItems": 1, "maxItems": 16, "uniqueItems": true}]})"},
    {"", "", ""},  // kRequire
    {"", "mapping", ""},
    {"", "", ""},  // kNamed
    {"a mapping from backends to their options", "mapping", ""},
    {"a list of backends such as [shm]", "list of backends",
     R"({"type": "array", "items": )" VS_BACKEND R"(, "minItems": 1, "maxItems": 16, "uniqueItems": true})"},
    {"the name of a transport", "a backend", VS_BACKEND},
    {"", "", ""},  // kWord
    {"", "", ""},  // kWhole
    {"a size such as 1920x1080, each from 16 to 16384", "`WIDTHxHEIGHT`, 16 to 16384 each",
     R"({"type": "string", "pattern": "^)" VS_SIDE "x" VS_SIDE R"($"})"},
    {"a frame rate such as 30 or 30000/1001, from 1 to 1000", "`30` or `30000/1001`, 1 to 1000",
     R"({"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, )"
     R"({"type": "string", "pattern": "^(([1-9][0-9]{0,2}|1000)|)" VS_TERM "/" VS_TERM R"()$"}]})"},
    {"a crop WIDTHxHEIGHT+X+Y such as 640x480+16+32, inside 16384x16384", "`WIDTHxHEIGHT+X+Y`",
     R"({"type": "string", "pattern": "^)" VS_SIDE "x" VS_SIDE R"(\\+)" VS_OFFSET R"(\\+)" VS_OFFSET R"($"})"},
    {"0, 90, 180 or 270 (degrees clockwise)", "`0`, `90`, `180` or `270`", R"({"enum": [0, 90, 180, 270]})"},
    {"a bitrate such as 5M, 500k or 5000000, from 1k to 1000M", "`5M`, `500k` or `5000000`; 1k to 1000M",
     R"({"anyOf": [{"type": "integer", "minimum": 1000, "maximum": 1000000000}, {"type": "string", "pattern": )"
     R"("^([1-9][0-9]{3,8}|1000000000|([1-9][0-9]{0,5}|1000000)k|([1-9][0-9]{0,2}|1000)M)$"}]})"},
    {"a duration such as 1s or 100ms, from 10ms to 60s", "`1s` or `100ms`; 10ms to 60s",
     R"({"type": "string", "pattern": "^(([1-9][0-9]{1,3}|[1-5][0-9]{4}|60000)ms|([1-9]|[1-5][0-9]|60)s)$"})"},
    {R"(permissions as four octal digits such as "0660")", "four octal digits, `\"0000\"` to `\"0777\"`",
     R"({"type": "string", "pattern": "^0[0-7]{3}$"})"},
    {"the path of a socket", "path", R"({"type": "string", "pattern": "^(/|\\$\\{RUNTIME\\}/)(?!.*\\$\\{).*[^/]$"})"},
    {"", "name or number", VS_ACCOUNT},
    {"", "list of at most 64 names or numbers",
     R"({"type": "array", "items": )" VS_ACCOUNT R"(, "maxItems": 64, "uniqueItems": true})"},
    {"a list with one mapping per transport", "list, exactly 1 entry", ""},
}};

std::string Words(std::span<const std::string_view> words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += "`" + std::string(words[i]) + "`";
  }
  return text;
}

std::string Range(const KeySpec& key) { return std::to_string(key.least) + " to " + std::to_string(key.most); }

}  // namespace

const KeyTypeInfo& InfoOf(KeyType type) { return kInfos.at(static_cast<size_t>(type)); }

std::string TypeText(const KeySpec& key) {
  switch (key.type) {
    case KeyType::kText:
      return Range(key) + " bytes";
    case KeyType::kRequire:
      return Words(key.words) + ", or a list of them";
    case KeyType::kNamed:
      return "mapping, " + Range(key) + " entries";
    case KeyType::kWord:
      return Words(key.words);
    case KeyType::kWhole:
      return Range(key);
    default:
      return std::string(InfoOf(key.type).manual);
  }
}

}  // namespace videostream
