// SPDX-License-Identifier: Apache-2.0
// See http_answers.h.
#include "core/control/http_answers.h"

#include <array>
#include <charconv>
#include <utility>

#include "core/base/text.h"

namespace videostream {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 4> kPaths = {
    {{kStatusPath, "GET"}, {kEventsPath, "GET"}, {kReloadPath, "POST"}, {kLogPath, "POST"}}};

std::string PathList() {
  std::string text;
  for (size_t i = 0; i < kPaths.size(); ++i) {
    text.append(i == 0 ? "'" : i + 1 == kPaths.size() ? " and '" : ", '").append(kPaths.at(i).first).append("'");
  }
  return text;
}

std::string ErrorText(const httplib::Request& request, int status) {
  switch (status) {
    case kHttpNotFound:
      return "there is no '" + request.path + "' here, only " + PathList();
    case kHttpNotAllowed: {
      const char* method = MethodOf(request.path);
      const bool changes = method != nullptr && std::string(method) == "POST";
      return "'" + request.path + (changes ? "' changes something: use POST" : "' can only be read: use GET") +
             ", not " + request.method;
    }
    case kHttpTooLarge:
      return "a request has no body here";
    case kHttpUriTooLong:
      return "the path is too long";
    case kHttpBadRange:
      return "there are no ranges here";
    case kHttpInternalError:
      return "the answer could not be made; the log of the runtime has the cause";
    default:
      return "this is not a request that is understood here";
  }
}

}  // namespace

const char* MethodOf(const std::string& path) {
  for (const auto& [known, method] : kPaths) {
    if (path == known) return method;
  }
  return nullptr;
}

void SetHttpError(httplib::Response& response, int status, const std::string& text) {
  std::string body = R"({"schema": "videostream.error/1", "status": )" + std::to_string(status) + R"(, "error": )";
  AppendJsonString(body, text);
  response.status = status;
  response.set_content(body + "}\n", kJsonType);
}

void SetHttpErrorBody(const httplib::Request& request, httplib::Response& response) {
  if (response.body.empty()) SetHttpError(response, response.status, ErrorText(request, response.status));
}

std::optional<uint64_t> NumberParam(const httplib::Request& request, const char* name, uint64_t absent, uint64_t most) {
  if (!request.has_param(name)) return absent;
  const std::string text = request.get_param_value(name);
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

}  // namespace videostream
