// SPDX-License-Identifier: Apache-2.0
// What the control server knows by heart: its paths, and errors as JSON. Only for the sources of this folder, because
// httplib.h is large.
#pragma once

#include <httplib.h>

#include <cstdint>
#include <optional>
#include <string>

namespace videostream {

inline constexpr const char* kStatusPath = "/v1/status";
inline constexpr const char* kEventsPath = "/v1/events";
inline constexpr const char* kReloadPath = "/v1/reload";
inline constexpr const char* kLogPath = "/v1/log";
inline constexpr const char* kJsonType = "application/json";

enum : int {
  kHttpOk = 200,
  kHttpBadRequest = 400,
  kHttpNotFound = 404,
  kHttpNotAllowed = 405,
  kHttpTooLarge = 413,
  kHttpUriTooLong = 414,
  kHttpBadRange = 416,
  kHttpInternalError = 500,
  kHttpUnavailable = 503,
};

// The one method of a path: POST where something is changed. Null: there is no such path.
[[nodiscard]] const char* MethodOf(const std::string& path);

// {"schema": "videostream.error/1", "status", "error"}.
void SetHttpError(httplib::Response& response, int status, const std::string& text);

// For the library's own errors: gives those without a body one.
void SetHttpErrorBody(const httplib::Request& request, httplib::Response& response);

// The parameter `name` as a whole number up to `most`; `absent` where there is none.
[[nodiscard]] std::optional<uint64_t> NumberParam(const httplib::Request& request, const char* name, uint64_t absent,
                                                  uint64_t most);

}  // namespace videostream
