// SPDX-License-Identifier: Apache-2.0
// The command line of the suite.
#include "tests/conformance/settings.h"

#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/plugin/identity.h"

namespace videostream::conformance {
namespace {

Settings& Mutable() {
  static Settings settings;
  return settings;
}

Result<uint32_t> ParseKind(std::string_view name) {
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    if (name == KindName(kind)) return kind;
  }
  return Fail(Code::kInvalidArgument, "unknown kind '" + std::string(name) +
                                          "', expected one of allocator, capture, converter, encoder, transport");
}

Status ParseKinds(std::string_view list, uint32_t* kinds) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const Result<uint32_t> kind = ParseKind(list.substr(0, comma));
    if (!kind) return kind.error();
    *kinds |= VSTREAM_KIND_BIT(*kind);
    list.remove_prefix(comma == list.npos ? list.size() : comma + 1);
  }
  return {};
}

// "KIND=ID" or, with a name, "KIND.NAME=VALUE".
Status ParseForKind(std::string_view text, bool named, uint32_t* kind, std::string* name, std::string* value) {
  const size_t equals = text.find('=');
  const size_t dot = named ? text.find('.') : equals;
  if (equals == text.npos || dot == text.npos || dot > equals) {
    return Fail(Code::kInvalidArgument,
                "'" + std::string(text) + "' found, " + (named ? "KIND.NAME=VALUE" : "KIND=VALUE") + " expected");
  }
  const Result<uint32_t> found = ParseKind(text.substr(0, dot));
  if (!found) return found.error();
  *kind = *found;
  if (named) *name = text.substr(dot + 1, equals - dot - 1);
  *value = text.substr(equals + 1);
  return {};
}

Status ParsePatience(const std::string& text, Settings* settings) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), settings->patience_s);
  constexpr uint32_t kMost = 50;  // less than the watchdog of a test
  if (error == std::errc() && end == text.data() + text.size() && settings->patience_s <= kMost) return {};
  return Fail(Code::kInvalidArgument, "'" + text + "' found, 0 to " + std::to_string(kMost) + " seconds expected");
}

Status ParseSize(const std::string& text, Settings* settings) {
  unsigned width = 0, height = 0;
  char rest = 0;
  const int fields = std::sscanf(text.c_str(), "%ux%u%c", &width, &height, &rest);  // NOLINT(cert-err34-c)
  if (fields != 2 || width == 0 || height == 0 || width > VSTREAM_MAX_DIMENSION || height > VSTREAM_MAX_DIMENSION) {
    return Fail(Code::kInvalidArgument, "size '" + text + "' found, WIDTHxHEIGHT in pixels expected");
  }
  settings->width = width;
  settings->height = height;
  return {};
}

// False: not one of ours.
Result<bool> ParseOne(std::string_view argument, Settings* settings) {
  const size_t equals = argument.find('=');
  const std::string_view flag = argument.substr(0, equals);
  const std::string value(equals == argument.npos ? "" : argument.substr(equals + 1));
  uint32_t kind = 0;
  std::string name, text;
  Status ok;
  if (flag == "--backend") {
    settings->backend = value;
  } else if (flag == "--allocator") {
    settings->allocator = value;
  } else if (flag == "--client") {
    settings->client = value;
  } else if (flag == "--kinds") {
    ok = ParseKinds(value, &settings->kinds);
  } else if (flag == "--size") {
    ok = ParseSize(value, settings);
  } else if (flag == "--patience") {
    ok = ParsePatience(value, settings);
  } else if (flag == "--device") {
    ok = ParseForKind(value, false, &kind, &name, &text);
    if (ok) settings->device[kind] = text;
  } else if (flag == "--option" || flag == "--end-option") {
    ok = ParseForKind(value, true, &kind, &name, &text);
    if (ok) (flag == "--option" ? settings->options : settings->end_options)[kind].emplace_back(name, text);
  } else {
    return false;
  }
  if (!ok) return Fail(WithContext(ok.error(), flag));
  return true;
}

}  // namespace

const char kUsage[] =
    "usage: conformance --backend=FILE.so [--kinds=KIND,...] [--device=KIND=ID]... [--option=KIND.NAME=VALUE]...\n"
    "                   [--end-option=KIND.NAME=VALUE]... [--size=WxH] [--allocator=FILE.so] [--client=shm]\n"
    "                   [--patience=SECONDS]\n"
    "                   [GoogleTest's flags: --gtest_filter=..., --gtest_output=...]\n"
    "\n"
    "Checks a backend against the contract of each of its kinds.\n"
    "  --kinds       only these; else all that the backend names\n"
    "  --device      the id to open, as probe gives it; else the backend's first\n"
    "  --option      as under `options:` in a profile\n"
    "  --end-option  makes a capture source end by itself\n"
    "  --size        of pictures, where the device can do it (320x240)\n"
    "  --allocator   the backend whose allocator makes the buffers; else memfds\n"
    "  --client      the consumer library that fits the transport\n"
    "  --patience    how long to wait for what must come (20)\n"
    "\n"
    "Exit code: 0 it conforms, 1 it does not, 2 the command line is wrong.\n"
    "Example: conformance --backend=sw-fallback.so --option=capture.pace=max\n";

Result<Settings> ParseSettings(int* argc, char** argv) {
  Settings settings;
  int kept = 1;
  for (int i = 1; i < *argc; ++i) {
    const Result<bool> ours = ParseOne(argv[i], &settings);
    if (!ours) return ours.error();
    if (!*ours) argv[kept++] = argv[i];
  }
  *argc = kept;
  if (settings.backend.empty()) return Fail(Code::kInvalidArgument, "no --backend=FILE.so");
  return settings;
}

const Settings& TheSettings() { return Mutable(); }
void SetTheSettings(Settings settings) { Mutable() = std::move(settings); }

}  // namespace videostream::conformance
