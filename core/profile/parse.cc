// SPDX-License-Identifier: Apache-2.0
// From the YAML tree to a Profile, key by key, and the checks that need more than one value.
#include "core/profile/parse.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/profile/diagnostics.h"
#include "core/profile/parse_backends.h"
#include "core/profile/reader.h"
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
  void ParseOutputs(const YamlNode& node, StreamSpec& stream);
  void ParseOutput(const YamlNode& node, OutputSpec& output);
  void ParseEncoder(const YamlNode& node, EncoderSpec& encoder);
  void ParsePublishList(const YamlNode& node, const SourcePos& pos, OutputSpec& output);
  void ParsePublish(const YamlNode& node, PublishSpec& publish);
  void ParseSocket(const YamlNode& node, PublishSpec& publish);
  void CheckTransport(const PublishSpec& publish);
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
  if (const auto* outputs = map.Require("outputs")) ParseOutputs(*outputs->value, stream);
}

void Parser::ParseCapture(const YamlNode& node, CaptureSpec& capture) {
  const MapReader map(node, capture.pos, kCaptureKeys, errors_);
  if (const auto* device = map.Find("device")) {
    ReadScalar(*device->value, "'auto' or the name of a device (1 to 255 bytes)", ParseDevice, capture.device, errors_);
  }
  if (const auto* format = map.Find("format")) ReadFormat(*format->value, capture.format, errors_);
  if (const auto* size = map.Find("size")) {
    ReadScalar(*size->value, "a size such as 1920x1080, each from 16 to 16384", ParseSize, capture.size, errors_);
  }
  if (const auto* rate = map.Find("rate")) {
    ReadScalar(*rate->value, "a frame rate such as 30 or 30000/1001, from 1 to 1000", ParseFrameRate, capture.rate,
               errors_);
  }
}

void Parser::ParseOutputs(const YamlNode& node, StreamSpec& stream) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from names to outputs", errors_)) return;
  if (node.entries.empty()) return errors_.Add(node.pos, "expected one output, found none");
  if (node.entries.size() > 1) {
    errors_.Add(node.entries[1].key->pos,
                "several outputs are not implemented yet in this version; expected 1, found " +
                    std::to_string(node.entries.size()));
  }
  const YamlNode::Entry& entry = node.entries.front();
  OutputSpec& output = stream.outputs.emplace_back();
  ReadName(*entry.key, "the name of an output", output.name, errors_);
  output.name.pos = entry.key->pos;
  ParseOutput(*entry.value, output);
}

void Parser::ParseOutput(const YamlNode& node, OutputSpec& output) {
  const MapReader map(node, output.name.pos, kOutputKeys, errors_);
  if (const auto* format = map.Find("format")) ReadFormat(*format->value, output.format.emplace(), errors_);
  if (const auto* size = map.Find("size")) {
    ReadScalar(*size->value, "a size such as 1920x1080, each from 16 to 16384", ParseSize, output.size.emplace(),
               errors_);
  }
  if (const auto* encoder = map.Find("encoder")) {
    output.encoder.emplace().pos = encoder->key->pos;
    ParseEncoder(*encoder->value, *output.encoder);
  }
  if (const auto* publish = map.Require("publish")) ParsePublishList(*publish->value, publish->key->pos, output);
}

void Parser::ParseEncoder(const YamlNode& node, EncoderSpec& encoder) {
  const MapReader map(node, encoder.pos, kEncoderKeys, errors_);
  if (backends_known_ && profile_.Backends(BackendKind::kEncoder).empty()) {
    errors_.Add(encoder.pos, "an encoder is wanted, but 'backends' names none; add 'encoder: [...]' there");
  }
  if (const auto* codec = map.Require("codec")) ReadCodec(*codec->value, encoder.codec, errors_);
  if (const auto* bitrate = map.Find("bitrate")) {
    ReadScalar(*bitrate->value, "a bitrate such as 5M, 500k or 5000000, from 1k to 1000M", ParseBitrate,
               encoder.bitrate, errors_);
  }
  if (const auto* gop = map.Find("gop")) ReadWhole(*gop->value, 1, 1000, encoder.gop, errors_);
}

void Parser::ParsePublishList(const YamlNode& node, const SourcePos& pos, OutputSpec& output) {
  if (!ExpectKind(node, Kind::kList, "a list with one mapping per transport", errors_)) return;
  if (node.items.empty()) return errors_.Add(pos, "expected one entry under 'publish', found none");
  if (node.items.size() > 1) {
    errors_.Add(node.items[1]->pos,
                "several entries under 'publish' are not implemented yet in this version; expected 1, "
                "found " +
                    std::to_string(node.items.size()));
  }
  PublishSpec& publish = output.publish.emplace_back();
  publish.pos = node.items.front()->pos;
  ParsePublish(*node.items.front(), publish);
}

void Parser::ParsePublish(const YamlNode& node, PublishSpec& publish) {
  const MapReader map(node, publish.pos, kPublishKeys, errors_);
  if (!map.ok()) return;
  if (const auto* transport = map.Find("transport")) {
    ReadName(*transport->value, "the name of a transport", publish.transport, errors_);
  }
  if (const auto* socket = map.Require("socket")) ParseSocket(*socket->value, publish);
  if (const auto* mode = map.Find("mode")) {
    ReadScalar(*mode->value, "permissions as four octal digits such as \"0660\"", ParseMode, publish.mode, errors_);
  }
  if (const auto* buffers = map.Find("buffers")) ReadWhole(*buffers->value, 2, 64, publish.buffers, errors_);
  if (const auto* leases = map.Find("leases")) ReadWhole(*leases->value, 1, 16, publish.leases, errors_);
  if (const auto* time = map.Find("lease_time")) {
    ReadScalar(*time->value, "a duration such as 1s or 100ms, from 10ms to 60s", ParseDuration, publish.lease_time,
               errors_);
  }
  if (const auto* clients = map.Find("clients")) ReadWhole(*clients->value, 1, 4096, publish.clients, errors_);
  CheckTransport(publish);
  if (publish.leases.value >= publish.buffers.value) {
    errors_.Add(publish.leases.pos.in_file() ? publish.leases.pos : publish.buffers.pos,
                "one consumer could hold every buffer: expected fewer leases than buffers, found " +
                    std::to_string(publish.leases.value) + " of " + std::to_string(publish.buffers.value));
  }
}

void Parser::CheckTransport(const PublishSpec& publish) {
  std::vector<std::string_view> names;
  for (const auto& name : profile_.Backends(BackendKind::kTransport)) names.push_back(name.value);
  const bool listed = std::find(names.begin(), names.end(), publish.transport.value) != names.end();
  if (listed || !backends_known_) return;
  errors_.Add(publish.transport.pos.in_file() ? publish.transport.pos : publish.pos,
              "transport '" + publish.transport.value + "' is not in the list 'transport' under 'backends'" +
                  DidYouMean(publish.transport.value, names));
}

void Parser::ParseSocket(const YamlNode& node, PublishSpec& publish) {
  if (!ExpectKind(node, Kind::kScalar, "the path of a socket", errors_)) return;
  auto path = ResolveSocketPath(node.text, options_.env);
  if (!path) return errors_.Add(node.pos, path.error().message);
  publish.socket = {node.text, node.pos};
  publish.socket_path = *std::move(path);
}

void Parser::CheckSockets() {
  std::map<std::string_view, std::pair<std::string_view, int>> taken;  // path -> stream and line
  for (const StreamSpec& stream : profile_.streams) {
    for (const OutputSpec& output : stream.outputs) {
      for (const PublishSpec& publish : output.publish) {
        if (publish.socket_path.empty()) continue;
        const auto [first, inserted] =
            taken.try_emplace(publish.socket_path, stream.name.value, publish.socket.pos.line);
        if (inserted) continue;
        errors_.Add(publish.socket.pos, "socket " + QuoteForMessage(publish.socket_path) +
                                            " is already taken by stream '" + std::string(first->second.first) +
                                            "' on line " + std::to_string(first->second.second));
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
