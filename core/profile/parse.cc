// SPDX-License-Identifier: Apache-2.0
// From the YAML tree to a Profile, key by key, and the checks that need more than one value.
#include "core/profile/parse.h"

#include <map>
#include <utility>

#include "core/profile/diagnostics.h"
#include "core/profile/extend.h"
#include "core/profile/parse_backends.h"
#include "core/profile/parse_match.h"
#include "core/profile/parse_output.h"
#include "core/profile/reader.h"
#include "core/profile/relations.h"
#include "core/profile/yaml_tree.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

std::optional<std::string> ParseProfileName(std::string_view text) {
  return IsProfileName(text) ? std::optional<std::string>(text) : std::nullopt;
}

class Parser {
 public:
  Parser(const ProfileOptions& options, Profile& profile, Diagnostics& errors)
      : options_(options), profile_(profile), errors_(errors) {}

  void Parse(const YamlNode& root);
  // Only what is never inherited: what a profile that is extended says of itself.
  void ParseOwn(const MapReader& map);

 private:
  void ParseStreams(const YamlNode& node);
  void ParseStream(const YamlNode& node, StreamSpec& stream);
  void ParseCapture(const YamlNode& node, CaptureSpec& capture);
  void CheckSockets();

  const ProfileOptions& options_;
  Profile& profile_;
  Diagnostics& errors_;
  bool backends_known_ = false;  // all of them are right in themselves, so what refers to them can be checked
};

void Parser::ParseOwn(const MapReader& map) {
  (void)map.Require("version");
  if (const auto* name = map.Require("name")) {
    ReadScalar(*name->value, KeyType::kProfileName, ParseProfileName, profile_.name, errors_);
  }
  if (const auto* match = map.Find("match")) {
    profile_.match.emplace().pos = match->key->pos;
    ParseMatch(*match->value, *profile_.match, errors_);
  }
}

void Parser::Parse(const YamlNode& root) {
  const MapReader map(root, root.pos, kProfileKeys, errors_);
  ParseOwn(map);
  if (const auto* require = map.Find("require")) ReadRequire(*require->value, profile_.require, errors_);
  const auto* streams = map.Find("streams");
  const bool is_base = streams == nullptr;
  if (const auto* backends = is_base ? map.Find("backends") : map.Require("backends")) {
    backends_known_ = ParseBackends(*backends->value, backends->key->pos, is_base ? kStreamBackendsKeys : kBackendsKeys,
                                    profile_.backends, errors_);
  }
  if (streams != nullptr) {
    ParseStreams(*streams->value);
  } else if (!options_.allow_base) {
    errors_.Add(root.pos,
                "missing key 'streams' in a profile; without it a profile cannot run, only be extended ('extends: "
                "NAME' in another one)");
  }
  // Whom a base has options for may be named by those that extend it.
  if (const auto* options = map.Find("options")) {
    ParseOptions(*options->value, backends_known_ && !is_base, profile_, errors_);
  }
  CheckSockets();
}

void Parser::ParseStreams(const YamlNode& node) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from names to streams", errors_)) return;
  if (!ExpectCount(node, *kProfileKeys.Find("streams"), errors_)) return;
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
  if (const auto* backends = map.Find("backends")) {
    backends_known_ &=
        ParseBackends(*backends->value, backends->key->pos, kStreamBackendsKeys, stream.backends, errors_);
  }
  if (const auto* require = map.Find("require")) ReadRequire(*require->value, stream.require, errors_);
  if (const auto* outputs = map.Require("outputs")) {
    ParseOutputs(*outputs->value, {options_, profile_, backends_known_}, stream, errors_);
  }
  for (auto& [pos, message] : CheckStream(stream)) errors_.Add(pos, std::move(message));
}

void Parser::ParseCapture(const YamlNode& node, CaptureSpec& capture) {
  const MapReader map(node, capture.pos, kCaptureKeys, errors_);
  if (const auto* device = map.Find("device")) {
    const KeySpec& key = *kCaptureKeys.Find("device");
    ReadText(*device->value, "'auto' or the name of a device (1 to 255 bytes)", key.least, key.most, capture.device,
             errors_);
  }
  if (const auto* format = map.Find("format")) ReadCaptureFormat(*format->value, capture.format, errors_);
  if (const auto* size = map.Find("size")) {
    ReadScalar(*size->value, KeyType::kSize, ParseSize, capture.size, errors_);
  }
  if (const auto* rate = map.Find("rate")) {
    ReadScalar(*rate->value, KeyType::kRate, ParseFrameRate, capture.rate, errors_);
  }
  if (const auto* require = map.Find("require")) ReadRequire(*require->value, capture.require, errors_);
}

void Parser::CheckSockets() {
  std::map<std::string_view, std::pair<std::string, SourcePos>> taken;  // path -> output and place
  for (const StreamSpec& stream : profile_.streams) {
    for (const OutputSpec& output : stream.outputs) {
      for (const PublishSpec& publish : output.publish) {
        if (publish.socket_path.empty()) continue;
        const auto [first, inserted] =
            taken.try_emplace(publish.socket_path, stream.name.value + "." + output.name.value, publish.socket.pos);
        if (inserted) continue;
        errors_.Add(publish.socket.pos, "socket " + QuoteForMessage(publish.socket_path) +
                                            " is already taken by output '" + first->second.first + "' on " +
                                            profile_.LineOf(first->second.second));
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
  const ProfileTree tree = ReadProfileTree(text, options, profile, errors);
  if (tree.root != nullptr) {
    Parser(options, profile, errors).Parse(*tree.root);
    for (size_t i = 1; i < tree.files.size(); ++i) {
      const YamlNode& root = *tree.files[i].root;
      Profile base;
      Parser(options, base, errors).ParseOwn(MapReader(root, root.pos, kProfileKeys, errors));
    }
  }
  if (!errors.empty()) {
    std::vector<SourceFile> files = {{file, text}};
    for (const ProfileBase& base : profile.bases) files.push_back({base.file, base.text});
    return errors.ToError(files);
  }
  profile.text = text;
  return profile;
}

}  // namespace videostream
