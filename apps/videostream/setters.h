// SPDX-License-Identifier: Apache-2.0
// What options of a command line do with their values; shared by the programs that describe theirs as a VerbDef. Each
// keeps a reference to its target.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "apps/videostream/values.h"
#include "core/base/result.h"

namespace videostream::setters {

using Set = std::function<Status(const std::string&)>;

// Any text but the empty one.
inline Set Text(std::string& target) {
  return [&target](const std::string& value) -> Status {
    if (value.empty()) return Fail(Code::kInvalidArgument, "the value is empty");
    target = value;
    return {};
  };
}

// The same, once per occurrence.
inline Set Append(std::vector<std::string>& target) {
  return [&target](const std::string& value) -> Status {
    if (value.empty()) return Fail(Code::kInvalidArgument, "the value is empty");
    target.push_back(value);
    return {};
  };
}

inline Set Switch(bool& target, bool value = true) {
  return [&target, value](const std::string&) -> Status {
    target = value;
    return {};
  };
}

// As ParseTime reads it: 10s, 500ms.
inline Set Time(std::chrono::nanoseconds& target) {
  return [&target](const std::string& value) -> Status {
    const Result<std::chrono::nanoseconds> time = ParseTime(value);
    if (!time) return time.error();
    target = *time;
    return {};
  };
}

// A whole number, `least` to `most`.
template <class T>
Set Number(T& target, T least, T most) {
  return [&target, least, most](const std::string& value) -> Status {
    const Result<uint64_t> number = ParseNumber(value, least, most);
    if (!number) return number.error();
    target = static_cast<T>(*number);
    return {};
  };
}

}  // namespace videostream::setters
