// SPDX-License-Identifier: Apache-2.0
// Writing a Profile by hand: the layout is part of the output, and every text that is not plainly a word is quoted.
#include "core/profile/format.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/profile/scalars.h"

namespace videostream {
namespace {

// Texts that YAML reads as something else than themselves, or that other YAML readers might.
bool IsPlain(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/";
  constexpr std::string_view kRest = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.+-";
  constexpr std::array<std::string_view, 3> kNull = {"null", "Null", "NULL"};
  for (const std::string_view word : kNull) {
    if (text == word) return false;
  }
  return !text.empty() && kFirst.find(text[0]) != std::string_view::npos &&
         text.find_first_not_of(kRest) == std::string_view::npos;
}

std::string Scalar(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string List(const std::vector<Located<std::string>>& values) {
  std::string list = "[";
  for (const auto& value : values) list += (list.size() > 1 ? ", " : "") + Scalar(value.value);
  return list + "]";
}

class Writer {
 public:
  void Key(int depth, std::string_view key) { out_ += Indent(depth) + Scalar(key) + ":\n"; }
  void Line(int depth, std::string_view key, std::string_view value) {
    out_ += Indent(depth) + Scalar(key) + ": " + std::string(value) + "\n";
  }
  // The first line of a list entry, of which the others are one level deeper.
  void Item(int depth, std::string_view key, std::string_view value) {
    out_ += Indent(depth) + "- " + std::string(key) + ": " + std::string(value) + "\n";
  }
  [[nodiscard]] std::string Take() { return std::move(out_); }

 private:
  static std::string Indent(int depth) { return std::string(static_cast<size_t>(depth) * 2, ' '); }

  std::string out_;
};

// What is absent is not written.
void WriteWords(int depth, std::string_view key, const std::vector<Located<std::string>>& words, Writer& out) {
  if (!words.empty()) out.Line(depth, key, List(words));
}

void WriteMatch(const MatchSpec& match, Writer& out) {
  out.Key(0, "match");
  WriteWords(1, "compatible", match.compatible, out);
  WriteWords(1, "arch", match.arch, out);
  WriteWords(1, "soc", match.soc, out);
  WriteWords(1, "dmi", match.dmi, out);
  WriteWords(1, "kernel", match.kernel, out);
  WriteWords(1, "node", match.node, out);
}

void WriteBackends(int depth, const BackendLists& lists, Writer& out) {
  const bool any = std::any_of(lists.begin(), lists.end(), [](const auto& list) { return !list.empty(); });
  if (!any) return;
  out.Key(depth, "backends");
  for (size_t i = 0; i < kBackendKinds; ++i) WriteWords(depth + 1, kBackendKindNames.at(i), lists.at(i), out);
}

void WriteOptions(const Profile& profile, Writer& out) {
  if (profile.options.empty()) return;
  out.Key(0, "options");
  for (const BackendOptions& backend : profile.options) {
    if (backend.options.empty()) {
      out.Line(1, backend.backend.value, "{}");
      continue;
    }
    out.Key(1, backend.backend.value);
    for (const Option& option : backend.options) {
      out.Line(2, option.key.value, option.is_list ? List(option.values) : Scalar(option.values.at(0).value));
    }
  }
}

void WritePublish(const PublishSpec& publish, Writer& out) {
  out.Item(5, "transport", Scalar(publish.transport.value));
  out.Line(6, "socket", Scalar(publish.socket.value));
  out.Line(6, "mode", "\"" + FormatMode(publish.mode.value) + "\"");
  out.Line(6, "buffers", std::to_string(publish.buffers.value));
  out.Line(6, "leases", std::to_string(publish.leases.value));
  out.Line(6, "lease_time", FormatDuration(publish.lease_time.value));
  out.Line(6, "clients", std::to_string(publish.clients.value));
  if (!publish.group.value.empty()) out.Line(6, "group", Scalar(publish.group.value));
  if (!publish.allow_uid.empty() || !publish.allow_gid.empty()) {
    out.Key(6, "allow");
    if (!publish.allow_uid.empty()) out.Line(7, "uid", List(publish.allow_uid));
    if (!publish.allow_gid.empty()) out.Line(7, "gid", List(publish.allow_gid));
  }
  out.Line(6, "protect", Scalar(publish.protect.value));
}

void WriteEncoder(const EncoderSpec& encoder, Writer& out) {
  out.Key(4, "encoder");
  out.Line(5, "codec", Scalar(encoder.codec.value));
  if (encoder.codec.value == "mjpeg") {
    out.Line(5, "quality", std::to_string(encoder.quality.value));
  } else {
    out.Line(5, "bitrate", FormatBitrate(encoder.bitrate.value));
    out.Line(5, "gop", std::to_string(encoder.gop.value));
  }
  WriteWords(5, "require", encoder.require, out);
}

void WriteOutput(const OutputSpec& output, Writer& out) {
  out.Key(3, output.name.value);
  WriteWords(4, "require", output.require, out);
  WriteBackends(4, output.backends, out);
  if (output.format) out.Line(4, "format", Scalar(output.format->value));
  if (output.size) out.Line(4, "size", FormatSize(output.size->value));
  if (output.rate.value.num != 0) out.Line(4, "rate", FormatFrameRate(output.rate.value));
  if (output.crop.value.width != 0) out.Line(4, "crop", FormatCrop(output.crop.value));
  out.Line(4, "rotate", std::to_string(output.rotate.value));
  out.Line(4, "flip", Scalar(output.flip.value));
  out.Line(4, "filter", Scalar(output.filter.value));
  if (!output.color.value.empty()) out.Line(4, "color", Scalar(output.color.value));
  if (output.encoder) WriteEncoder(*output.encoder, out);
  out.Key(4, "publish");
  for (const PublishSpec& publish : output.publish) WritePublish(publish, out);
}

void WriteStream(const StreamSpec& stream, Writer& out) {
  out.Key(1, stream.name.value);
  WriteWords(2, "require", stream.require, out);
  WriteBackends(2, stream.backends, out);
  out.Key(2, "capture");
  out.Line(3, "device", Scalar(stream.capture.device.value));
  if (!stream.capture.format.value.empty()) out.Line(3, "format", Scalar(stream.capture.format.value));
  if (stream.capture.size.value.width != 0) out.Line(3, "size", FormatSize(stream.capture.size.value));
  if (stream.capture.rate.value.num != 0) out.Line(3, "rate", FormatFrameRate(stream.capture.rate.value));
  WriteWords(3, "require", stream.capture.require, out);
  out.Key(2, "outputs");
  for (const OutputSpec& output : stream.outputs) WriteOutput(output, out);
}

}  // namespace

std::string FormatProfile(const Profile& profile) {
  Writer out;
  out.Line(0, "version", "1");
  out.Line(0, "name", Scalar(profile.name.value));
  if (profile.match) WriteMatch(*profile.match, out);
  WriteWords(0, "require", profile.require, out);
  WriteBackends(0, profile.backends, out);
  WriteOptions(profile, out);
  if (!profile.streams.empty()) out.Key(0, "streams");
  for (const StreamSpec& stream : profile.streams) WriteStream(stream, out);
  return out.Take();
}

}  // namespace videostream
