// SPDX-License-Identifier: Apache-2.0
// Outputs, their encoders and publications.
#include "core/profile/parse_output.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/profile/parse_backends.h"
#include "core/profile/reader.h"

namespace videostream {
namespace {

using Kind = YamlNode::Kind;

class OutputParser {
 public:
  OutputParser(const OutputContext& context, const StreamSpec& stream, OutputSpec& output, Diagnostics& errors)
      : context_(context), stream_(stream), output_(output), errors_(errors) {}

  void Parse(const YamlNode& node);

 private:
  void ParsePicture(const MapReader& map, OutputSpec& output);
  void ParseEncoder(const YamlNode& node, EncoderSpec& encoder);
  void RefuseWithCodec(const MapReader& map, std::string_view key, std::string_view codec, std::string_view why);
  void ParsePublishList(const YamlNode& node, const SourcePos& pos);
  void ParsePublish(const YamlNode& node, PublishSpec& publish);
  void ParseSocket(const YamlNode& node, PublishSpec& publish);
  void ParseAccess(const MapReader& map, PublishSpec& publish);
  void CheckTransport(const PublishSpec& publish);

  // The list that is in force for this output.
  [[nodiscard]] const std::vector<Located<std::string>>& Backends(BackendKind kind) const {
    return context_.profile.Backends(kind, stream_, &output_);
  }

  const OutputContext& context_;
  const StreamSpec& stream_;
  OutputSpec& output_;
  Diagnostics& errors_;
};

void OutputParser::Parse(const YamlNode& node) {
  const MapReader map(node, output_.name.pos, kOutputKeys, errors_);
  ParsePicture(map, output_);
  if (const auto* backends = map.Find("backends")) {
    context_.backends_known &=
        ParseBackends(*backends->value, backends->key->pos, kOutputBackendsKeys, output_.backends, errors_);
  }
  if (const auto* require = map.Find("require")) ReadRequire(*require->value, output_.require, errors_);
  if (const auto* encoder = map.Find("encoder")) {
    output_.encoder.emplace().pos = encoder->key->pos;
    ParseEncoder(*encoder->value, *output_.encoder);
  }
  if (const auto* publish = map.Require("publish")) ParsePublishList(*publish->value, publish->key->pos);
}

void OutputParser::ParsePicture(const MapReader& map, OutputSpec& output) {
  if (const auto* format = map.Find("format")) ReadFormat(*format->value, output.format.emplace(), errors_);
  if (const auto* size = map.Find("size")) {
    ReadScalar(*size->value, KeyType::kSize, ParseSize, output.size.emplace(), errors_);
  }
  if (const auto* rate = map.Find("rate")) {
    ReadScalar(*rate->value, KeyType::kRate, ParseFrameRate, output.rate, errors_);
  }
  if (const auto* crop = map.Find("crop")) {
    ReadScalar(*crop->value, KeyType::kCrop, ParseCrop, output.crop, errors_);
  }
  if (const auto* rotate = map.Find("rotate")) ReadRotation(*rotate->value, output.rotate, errors_);
  if (const auto* flip = map.Find("flip")) ReadWord(*flip->value, "a flip", FlipNames(), output.flip, errors_);
  if (const auto* filter = map.Find("filter")) {
    ReadWord(*filter->value, "a filter", FilterNames(), output.filter, errors_);
  }
  if (const auto* color = map.Find("color")) ReadWord(*color->value, "a color", ColorNames(), output.color, errors_);
}

void OutputParser::ParseEncoder(const YamlNode& node, EncoderSpec& encoder) {
  const MapReader map(node, encoder.pos, kEncoderKeys, errors_);
  if (context_.backends_known && Backends(BackendKind::kEncoder).empty()) {
    errors_.Add(encoder.pos, "an encoder is wanted, but 'backends' names none; add 'encoder: [...]' there");
  }
  if (const auto* codec = map.Require("codec")) ReadCodec(*codec->value, encoder.codec, errors_);
  if (const auto* bitrate = map.Find("bitrate")) {
    ReadScalar(*bitrate->value, KeyType::kBitrate, ParseBitrate, encoder.bitrate, errors_);
  }
  if (const auto* gop = map.Find("gop")) ReadWhole(*gop->value, kEncoderKeys, "gop", encoder.gop, errors_);
  if (const auto* quality = map.Find("quality"))
    ReadWhole(*quality->value, kEncoderKeys, "quality", encoder.quality, errors_);
  if (const auto* require = map.Find("require")) ReadRequire(*require->value, encoder.require, errors_);
  if (encoder.codec.value == "mjpeg") {
    RefuseWithCodec(map, "bitrate", "mjpeg", "its pictures are as large as 'quality' makes them; say 'quality: 85'");
    RefuseWithCodec(map, "gop", "mjpeg", "each of its pictures is a key frame; take 'gop' out");
  } else if (encoder.codec.value == "h264") {
    RefuseWithCodec(map, "quality", "h264", "its quality follows from the bitrate; say 'bitrate: 4M'");
  }
}

void OutputParser::RefuseWithCodec(const MapReader& map, std::string_view key, std::string_view codec,
                                   std::string_view why) {
  const auto* entry = map.Find(key);
  if (entry == nullptr) return;
  errors_.Add(entry->key->pos, "key '" + std::string(key) + "' does not go with codec '" + std::string(codec) +
                                   "': " + std::string(why));
}

void OutputParser::ParsePublishList(const YamlNode& node, const SourcePos& pos) {
  if (!ExpectKind(node, Kind::kList, InfoOf(KeyType::kPublish).expected, errors_)) return;
  if (node.items.empty()) return errors_.Add(pos, "expected one entry under 'publish', found none");
  if (node.items.size() > 1) {
    errors_.Add(node.items[1]->pos,
                "several entries under 'publish' are not implemented yet in this version; expected 1, "
                "found " +
                    std::to_string(node.items.size()));
  }
  PublishSpec& publish = output_.publish.emplace_back();
  publish.pos = node.items.front()->pos;
  ParsePublish(*node.items.front(), publish);
}

void OutputParser::ParsePublish(const YamlNode& node, PublishSpec& publish) {
  const MapReader map(node, publish.pos, kPublishKeys, errors_);
  if (!map.ok()) return;
  if (const auto* transport = map.Find("transport")) {
    ReadName(*transport->value, "the name of a transport", publish.transport, errors_);
  }
  if (const auto* socket = map.Require("socket")) ParseSocket(*socket->value, publish);
  if (const auto* buffers = map.Find("buffers"))
    ReadWhole(*buffers->value, kPublishKeys, "buffers", publish.buffers, errors_);
  if (const auto* leases = map.Find("leases"))
    ReadWhole(*leases->value, kPublishKeys, "leases", publish.leases, errors_);
  if (const auto* time = map.Find("lease_time")) {
    ReadScalar(*time->value, KeyType::kDuration, ParseDuration, publish.lease_time, errors_);
  }
  if (const auto* clients = map.Find("clients"))
    ReadWhole(*clients->value, kPublishKeys, "clients", publish.clients, errors_);
  ParseAccess(map, publish);
  CheckTransport(publish);
  if (publish.leases.value >= publish.buffers.value) {
    errors_.Add(publish.leases.pos.in_file() ? publish.leases.pos : publish.buffers.pos,
                "one consumer could hold every buffer: expected fewer leases than buffers, found " +
                    std::to_string(publish.leases.value) + " of " + std::to_string(publish.buffers.value));
  }
}

void OutputParser::ParseAccess(const MapReader& map, PublishSpec& publish) {
  constexpr std::string_view kUser = "user such as camera or 1000";
  constexpr std::string_view kGroup = "group such as video or 44";
  if (const auto* mode = map.Find("mode")) {
    ReadScalar(*mode->value, KeyType::kMode, ParseMode, publish.mode, errors_);
  }
  if (const auto* group = map.Find("group")) ReadAccount(*group->value, kGroup, publish.group, errors_);
  if (const auto* allow = map.Find("allow")) {
    const MapReader lists(*allow->value, allow->key->pos, kAllowKeys, errors_);
    if (const auto* users = lists.Find("uid")) {
      ReadAccounts(*users->value, kUser, "users", publish.allow_uid, errors_);
    }
    if (const auto* groups = lists.Find("gid")) {
      ReadAccounts(*groups->value, kGroup, "groups", publish.allow_gid, errors_);
    }
  }
  if (const auto* protect = map.Find("protect")) {
    ReadWord(*protect->value, "a protection", ProtectNames(), publish.protect, errors_);
  }
}

void OutputParser::CheckTransport(const PublishSpec& publish) {
  std::vector<std::string_view> names;
  for (const auto& name : Backends(BackendKind::kTransport)) names.push_back(name.value);
  const bool listed = std::find(names.begin(), names.end(), publish.transport.value) != names.end();
  if (listed || !context_.backends_known) return;
  errors_.Add(publish.transport.pos.in_file() ? publish.transport.pos : publish.pos,
              "transport '" + publish.transport.value + "' is not in the list 'transport' under 'backends'" +
                  DidYouMean(publish.transport.value, names));
}

void OutputParser::ParseSocket(const YamlNode& node, PublishSpec& publish) {
  if (!ExpectKind(node, Kind::kScalar, InfoOf(KeyType::kSocket).expected, errors_)) return;
  auto path = ResolveSocketPath(node.text, context_.options.env);
  if (!path) return errors_.Add(node.pos, path.error().message);
  publish.socket = {node.text, node.pos};
  publish.socket_path = *std::move(path);
}

}  // namespace

void ParseOutputs(const YamlNode& node, const OutputContext& context, StreamSpec& stream, Diagnostics& errors) {
  if (!ExpectKind(node, Kind::kMap, "a mapping from names to outputs", errors)) return;
  if (!ExpectCount(node, *kStreamKeys.Find("outputs"), errors)) return;
  for (const YamlNode::Entry& entry : node.entries) {
    OutputSpec& output = stream.outputs.emplace_back();
    ReadName(*entry.key, "the name of an output", output.name, errors);
    output.name.pos = entry.key->pos;
    OutputParser(context, stream, output, errors).Parse(*entry.value);
  }
}

}  // namespace videostream
