// SPDX-License-Identifier: Apache-2.0
// See options.h.
#include "core/host/options.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

#include "core/frame/format.h"
#include "core/plugin/foreign_text.h"

namespace videostream::host_internal {
namespace {

constexpr size_t kMaxShown = 200;

struct Range {
  const char* field;
  uint32_t value, low, high;
};

std::string RawFormats() {
  std::string names;
  for (const Format& format : AllFormats()) {
    if (!format.coded) names.append(names.empty() ? "" : ", ").append(format.name);
  }
  return names;
}

std::string Octal(uint32_t mode) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

// What is wrong; empty: nothing.
std::string RangeProblem(const HostOptions& options) {
  const Range ranges[] = {
      {"width", options.width, 1, VSTREAM_MAX_DIMENSION},
      {"height", options.height, 1, VSTREAM_MAX_DIMENSION},
      {"buffers", options.buffers, 2, 48},
      {"leases", options.leases, 1, 16},
      {"clients", options.clients, 1, 4096},
      {"write_buffers", options.write_buffers, 1, 8},
      {"colorimetry.range", options.colorimetry.range, VSTREAM_RANGE_UNSPECIFIED, VSTREAM_RANGE_FULL},
  };
  for (const Range& range : ranges) {
    if (range.value >= range.low && range.value <= range.high) continue;
    return std::string(range.field) + " " + std::to_string(range.value) + ": expected " + std::to_string(range.low) +
           " to " + std::to_string(range.high);
  }
  if (options.leases >= options.buffers) {
    return "leases " + std::to_string(options.leases) + ": expected fewer than buffers (" +
           std::to_string(options.buffers) + "), or one consumer could hold every frame";
  }
  if (options.lease_time < std::chrono::milliseconds(10) || options.lease_time > std::chrono::seconds(60)) {
    return "lease_time " + std::to_string(options.lease_time.count()) +
           " ns: expected 10000000 to 60000000000 ns (10 ms to 60 s)";
  }
  if (options.hold_time < std::chrono::nanoseconds(0) || options.hold_time > std::chrono::seconds(60)) {
    return "hold_time " + std::to_string(options.hold_time.count()) + " ns: expected 0 to 60000000000 ns (60 s)";
  }
  if (options.mode > 0777) return "mode " + Octal(options.mode) + ": expected 0000 to 0777 (octal)";
  if ((options.rate.num == 0) != (options.rate.den == 0)) {
    return "rate " + std::to_string(options.rate.num) + "/" + std::to_string(options.rate.den) +
           ": expected two positive numbers, or 0/0";
  }
  return {};
}

std::string FormatProblem(uint32_t fourcc) {
  const Format* format = FindFormat(fourcc);
  if (format != nullptr && !format->coded) return {};
  return "format " + FormatName(fourcc) + ": " + (format == nullptr ? "unknown; " : "") +
         "a Host publishes raw frames, expected one of " + RawFormats();
}

// Whether there is such a user or group is for the transport to find out.
std::string AccessProblem(const HostOptions& options) {
  constexpr size_t kMost = 64;
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (has_nul(options.group)) return "group: a NUL byte in it";
  const std::pair<const char*, const std::vector<std::string>*> lists[] = {{"allow_uids", &options.allow_uids},
                                                                           {"allow_gids", &options.allow_gids}};
  for (const auto& [field, list] : lists) {
    if (list->size() > kMost) {
      return std::string(field) + ": " + std::to_string(list->size()) + " entries, expected at most " +
             std::to_string(kMost);
    }
    for (size_t i = 0; i < list->size(); ++i) {
      if (list->at(i).empty() || has_nul(list->at(i))) {
        return std::string(field) + "[" + std::to_string(i) + "]: expected a name or a number, found '" +
               OneLine(list->at(i), kMaxShown) + "'";
      }
    }
  }
  return {};
}

}  // namespace

Status CheckHostOptions(const std::string& socket_path, const HostOptions& options) {
  std::string problem = RangeProblem(options);
  if (problem.empty()) problem = FormatProblem(options.format);
  if (problem.empty()) problem = AccessProblem(options);
  if (problem.empty() && options.allocators.empty()) problem = "allocators: empty, expected at least one backend";
  // The texts of the ABI end at a NUL: the rest would be lost without a word.
  if (problem.empty() && socket_path.find('\0') != std::string::npos) problem = "the path has a NUL byte in it";
  if (problem.empty()) return {};
  return Fail(Code::kInvalidArgument, "host '" + OneLine(socket_path, kMaxShown) + "': " + problem);
}

}  // namespace videostream::host_internal
