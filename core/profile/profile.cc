// SPDX-License-Identifier: Apache-2.0
// Lookups in a Profile, comparison, and options set from outside the file.
#include "core/profile/profile.h"

#include <algorithm>
#include <tuple>

#include "core/base/text.h"
#include "core/profile/diagnostics.h"
#include "core/profile/keys.h"
#include "core/profile/scalars.h"

namespace videostream {
namespace {

bool NamesBackend(const Profile& profile, std::string_view backend) {
  return std::any_of(profile.backends.begin(), profile.backends.end(), [backend](const auto& list) {
    return std::any_of(list.begin(), list.end(), [backend](const auto& name) { return name.value == backend; });
  });
}

// Empty if `value` may stand in a profile.
std::string ValueProblem(std::string_view value) {
  if (value.size() > kMaxOptionBytes) {
    return "expected a value of at most " + std::to_string(kMaxOptionBytes) + " bytes, found " +
           std::to_string(value.size());
  }
  for (std::string_view rest = value; !rest.empty();) {
    const size_t length = Utf8SequenceLength(rest);
    const bool control = static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7F;
    if (length == 0 || control) return "expected text in UTF-8 without control characters";
    rest.remove_prefix(length);
  }
  return {};
}

auto Tie(const CaptureSpec& c) { return std::tie(c.device, c.format, c.size, c.rate); }
auto Tie(const EncoderSpec& e) { return std::tie(e.codec, e.bitrate, e.quality, e.gop); }
auto Tie(const PublishSpec& p) {
  return std::tie(p.transport, p.socket, p.socket_path, p.mode, p.buffers, p.leases, p.lease_time, p.clients, p.group,
                  p.allow_uid, p.allow_gid, p.protect);
}
auto Tie(const Profile& p) { return std::tie(p.name, p.backends, p.options, p.streams); }

}  // namespace

bool operator==(const CaptureSpec& a, const CaptureSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const EncoderSpec& a, const EncoderSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const PublishSpec& a, const PublishSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const Profile& a, const Profile& b) { return Tie(a) == Tie(b); }

const std::vector<Located<std::string>>& Profile::Backends(BackendKind kind) const {
  return backends.at(static_cast<size_t>(kind));
}

const std::vector<Option>& Profile::OptionsFor(std::string_view backend) const {
  static const std::vector<Option> kNone;
  for (const BackendOptions& entry : options) {
    if (entry.backend.value == backend) return entry.options;
  }
  return kNone;
}

Error Profile::ErrorAt(const SourcePos& pos, std::string_view message) const {
  return {Code::kInvalidArgument, FormatDiagnostic(file, text, pos, message)};
}

Status SetOption(Profile& profile, std::string_view backend, std::string_view key, std::string_view value) {
  const std::string where = "option " + QuoteForMessage(std::string(backend) + "." + std::string(key));
  if (!NamesBackend(profile, backend)) {
    return Fail(Code::kInvalidArgument, where + ": no list under 'backends' of profile '" + profile.name.value +
                                            "' names backend " + QuoteForMessage(backend));
  }
  if (kOptionKeys.Find(key) != nullptr) {
    return Fail(Code::kInvalidArgument, where + ": key '" + std::string(key) + "'" + std::string(kNotImplementedYet));
  }
  if (!IsOptionKey(key)) {
    return Fail(Code::kInvalidArgument, where + ": expected the name of an option (1 to 64 of a-z, 0-9, '-' and '_')");
  }
  if (const std::string problem = ValueProblem(value); !problem.empty()) {
    return Fail(Code::kInvalidArgument, where + ": " + problem);
  }

  auto entry = std::find_if(profile.options.begin(), profile.options.end(),
                            [backend](const BackendOptions& options) { return options.backend.value == backend; });
  if (entry == profile.options.end()) {
    entry = profile.options.insert(entry, BackendOptions{{std::string(backend), {}}, {}});
  }
  const Option option{{std::string(key), {}}, {{std::string(value), {}}}, false};
  auto old = std::find_if(entry->options.begin(), entry->options.end(),
                          [key](const Option& existing) { return existing.key.value == key; });
  if (old == entry->options.end()) {
    entry->options.push_back(option);
  } else {
    *old = option;
  }
  return {};
}

Status SetOption(Profile& profile, std::string_view assignment) {
  const size_t equals = assignment.find('=');
  const size_t dot = assignment.substr(0, equals).find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos) {
    return Fail(Code::kInvalidArgument,
                "option " + QuoteForMessage(assignment) + ": expected BACKEND.KEY=VALUE such as sw-fallback.threads=2");
  }
  return SetOption(profile, assignment.substr(0, dot), assignment.substr(dot + 1, equals - dot - 1),
                   assignment.substr(equals + 1));
}

}  // namespace videostream
