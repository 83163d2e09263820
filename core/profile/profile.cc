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
  const std::vector<std::string> all = profile.EveryBackend();
  return std::find(all.begin(), all.end(), backend) != all.end();
}

// Null: the profile's own file.
const ProfileBase* BaseAt(const std::vector<ProfileBase>& bases, const SourcePos& pos) {
  const bool in_base = pos.file > 0 && static_cast<size_t>(pos.file) <= bases.size();
  return in_base ? &bases[static_cast<size_t>(pos.file) - 1] : nullptr;
}

// Empty if `value` may stand in a profile.
std::string ValueProblem(std::string_view value) {
  if (value.size() > kMaxOptionBytes) {
    return "expected a value of at most " + std::to_string(kMaxOptionBytes) + " bytes, found " +
           std::to_string(value.size());
  }
  if (value.find("${") != std::string_view::npos) return "expected text without '${', which stands for nothing there";
  for (std::string_view rest = value; !rest.empty();) {
    const size_t length = Utf8SequenceLength(rest);
    const bool control = static_cast<unsigned char>(rest[0]) < 0x20 || rest[0] == 0x7F;
    if (length == 0 || control) return "expected text in UTF-8 without control characters";
    rest.remove_prefix(length);
  }
  return {};
}

auto Tie(const CaptureSpec& c) { return std::tie(c.device, c.format, c.size, c.rate, c.require); }
auto Tie(const EncoderSpec& e) { return std::tie(e.codec, e.bitrate, e.quality, e.gop, e.require); }
auto Tie(const MatchSpec& m) { return std::tie(m.compatible, m.arch, m.soc, m.dmi, m.kernel, m.node); }
auto Tie(const PublishSpec& p) {
  return std::tie(p.transport, p.socket, p.socket_path, p.mode, p.buffers, p.leases, p.lease_time, p.clients, p.group,
                  p.allow_uid, p.allow_gid, p.protect);
}
auto Tie(const Profile& p) { return std::tie(p.name, p.match, p.backends, p.options, p.streams, p.require); }

}  // namespace

bool operator==(const CaptureSpec& a, const CaptureSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const EncoderSpec& a, const EncoderSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const MatchSpec& a, const MatchSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const PublishSpec& a, const PublishSpec& b) { return Tie(a) == Tie(b); }
bool operator==(const Profile& a, const Profile& b) { return Tie(a) == Tie(b); }

const std::vector<Located<std::string>>& Profile::Backends(BackendKind kind) const {
  return backends.at(static_cast<size_t>(kind));
}

const std::vector<Located<std::string>>& Profile::Backends(BackendKind kind, const StreamSpec& stream,
                                                           const OutputSpec* output) const {
  const auto index = static_cast<size_t>(kind);
  if (output != nullptr && !output->backends.at(index).empty()) return output->backends.at(index);
  return stream.backends.at(index).empty() ? backends.at(index) : stream.backends.at(index);
}

std::vector<std::string> Profile::EveryBackend() const {
  std::vector<std::string> all;
  const auto add = [&all](const BackendLists& lists) {
    for (const auto& list : lists) {
      for (const auto& backend : list) {
        if (std::find(all.begin(), all.end(), backend.value) == all.end()) all.push_back(backend.value);
      }
    }
  };
  add(backends);
  for (const StreamSpec& stream : streams) {
    add(stream.backends);
    for (const OutputSpec& output : stream.outputs) add(output.backends);
  }
  return all;
}

const std::vector<Option>& Profile::OptionsFor(std::string_view backend) const {
  static const std::vector<Option> kNone;
  for (const BackendOptions& entry : options) {
    if (entry.backend.value == backend) return entry.options;
  }
  return kNone;
}

std::string Profile::LineOf(const SourcePos& pos) const {
  const std::string line = "line " + std::to_string(pos.line);
  const ProfileBase* base = BaseAt(bases, pos);
  return base == nullptr ? line : line + " of '" + base->file + "'";
}

Error Profile::ErrorAt(const SourcePos& pos, std::string_view message) const {
  const ProfileBase* base = BaseAt(bases, pos);
  return {Code::kInvalidArgument,
          FormatDiagnostic(base != nullptr ? base->file : file, base != nullptr ? base->text : text, pos, message)};
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
