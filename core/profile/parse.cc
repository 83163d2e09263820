// SPDX-License-Identifier: Apache-2.0
// From the YAML tree to a Profile, key by key, and the checks that need more than one value.
#include "core/profile/parse.h"

#include <map>
#include <utility>

#include "core/profile/diagnostics.h"
#include "core/profile/parse_backends.h"
#include "core/profile/parse_output.h"
#include "core/profile/reader.h"
#include "core/profile/relations.h"
#include "core/profile/yaml_tree.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kMaxStreams = 16;

std::optional<std::string> ParseProfileName(std::string_view text) {
  return IsProfileName(text) ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> ParseDevice(std::string_view text) {
  constexpr size_t kMaxDeviceBytes = 255;
  return !text.empty() && text.size() <= kMaxDeviceBytes ? std::optional<std::string>(text) : std::nullopt;
}

class Parser {
 public:
  Parser(const ProfileOptions& options, Profile& profile, Diagnostics& errors)
      : options_(options), profile_(profile), errors_(errors) {}

  void Parse(const YamlNode& root);

 private:
  [[nodiscard]] bool IsVersionOne(const YamlNode& node);
  void ParseStreams(const YamlNode& node);
  void ParseStream(const YamlNode& node, StreamSpec& stream);
  void ParseCapture(const YamlNode& node, CaptureSpec& capture);
  void CheckSockets();

  const ProfileOptions& options_;
  Profile& profile_;
  Diagnostics& errors_;
  bool backends_known_ = false;  // `backends` is right in itself, so what refers to it can be checked
};

void Parser::Parse(const YamlNode& root) {
  if (!ExpectKind(root, Kind::kMap, "a profile, which is a mapping that starts with 'version: 1'", errors_)) return;
  // A profile of another version may have other keys: nothing but the version can be judged.
  for (const YamlNode::Entry& entry : root.entries) {
    if (entry.key->text == "version" && !IsVersionOne(*entry.value)) return;
  }
  const MapReader map(root, root.pos, kProfileKeys, errors_);
  (void)map.Require("version");
  if (const auto* name = map.Require("name")) {
    ReadScalar(*name->value, "the name of the profile (1 to 32 of a-z, 0-9, '-' and '_')", ParseProfileName,
               profile_.name, errors_);
  }
  const size_t errors_before = errors_.size();
  if (const auto* backends = map.Require("backends")) {
    ParseBackends(*backends->value, backends->key->pos, profile_, errors_);
  }
  backends_known_ = errors_.size() == errors_before;
  if (const auto* options = map.Find("options")) ParseOptions(*options->value, backends_known_, profile_, errors_);
  if (const auto* streams = map.Require("streams")) ParseStreams(*streams->value);
  CheckSockets();
}

bool Parser::IsVersionOne(const YamlNode& node) {
  const bool one = node.kind == Kind::kScalar && node.text == "1";
  if (one && !node.quoted) return true;
  if (one) {
    errors_.Add(node.pos, "expected version 1 without quotes, found the text '1'");
  } else {
    ReportUnexpected(node, "version 1, the only one this program knows", errors_);
  }
  return false;
}

void Parser::ParseStreams(const YamlNode& node) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from names to streams", errors_)) return;
  if (node.entries.empty() || node.entries.size() > kMaxStreams) {
    errors_.Add(node.pos, "expected 1 to " + std::to_string(kMaxStreams) + " streams, found " +
                              std::to_string(node.entries.size()));
    return;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    StreamSpec& stream = profile_.streams.emplace_back();
    ReadName(*entry.key, "the name of a stream", stream.name, errors_);
    stream.name.pos = entry.key->pos;
    ParseStream(*entry.value, stream);
  }
}

void Parser::ParseStream(const YamlNode& node, StreamSpec& stream) {
  const MapReader map(node, stream.name.pos, kStreamKeys, errors_);
  if (const auto* capture = map.Require("capture")) {
    stream.capture.pos = capture->key->pos;
    ParseCapture(*capture->value, stream.capture);
  }
  if (const auto* outputs = map.Require("outputs")) {
    ParseOutputs(*outputs->value, {options_, profile_, backends_known_}, stream, errors_);
  }
  for (auto& [pos, message] : CheckStream(stream)) errors_.Add(pos, std::move(message));
}

void Parser::ParseCapture(const YamlNode& node, CaptureSpec& capture) {
  const MapReader map(node, capture.pos, kCaptureKeys, errors_);
  if (const auto* device = map.Find("device")) {
    ReadScalar(*device->value, "'auto' or the name of a device (1 to 255 bytes)", ParseDevice, capture.device, errors_);
  }
  if (const auto* format = map.Find("format")) ReadCaptureFormat(*format->value, capture.format, errors_);
  if (const auto* size = map.Find("size")) {
    ReadScalar(*size->value, "a size such as 1920x1080, each from 16 to 16384", ParseSize, capture.size, errors_);
  }
  if (const auto* rate = map.Find("rate")) {
    ReadScalar(*rate->value, "a frame rate such as 30 or 30000/1001, from 1 to 1000", ParseFrameRate, capture.rate,
               errors_);
  }
}

void Parser::CheckSockets() {
  std::map<std::string_view, std::pair<std::string, int>> taken;  // path -> output and line
  for (const StreamSpec& stream : profile_.streams) {
    for (const OutputSpec& output : stream.outputs) {
      for (const PublishSpec& publish : output.publish) {
        if (publish.socket_path.empty()) continue;
        const auto [first, inserted] = taken.try_emplace(
            publish.socket_path, stream.name.value + "." + output.name.value, publish.socket.pos.line);
        if (inserted) continue;
        errors_.Add(publish.socket.pos, "socket " + QuoteForMessage(publish.socket_path) +
                                            " is already taken by output '" + first->second.first + "' on line " +
                                            std::to_string(first->second.second));
      }
    }
  }
}

}  // namespace

Result<Profile> ParseProfile(std::string_view text, std::string_view file, const ProfileOptions& options) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Diagnostics errors;
  Profile profile;
  profile.file = file;
  if (const auto tree = ParseYaml(text, errors)) Parser(options, profile, errors).Parse(*tree->root);
  if (!errors.empty()) return errors.ToError(file, text);
  profile.text = text;
  return profile;
}

}  // namespace videostream
