// SPDX-License-Identifier: Apache-2.0
// See diff.h.
#include "core/planner/diff.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/frame/format.h"

namespace videostream {
namespace {

std::string Text(const std::string& value) { return value.empty() ? "none" : "'" + value + "'"; }
std::string Text(uint32_t value) { return std::to_string(value); }
std::string Text(int64_t value) { return std::to_string(value); }

std::string Text(const std::vector<Located<std::string>>& list) {
  std::string text;
  for (const auto& one : list) text += (text.empty() ? "" : ", ") + one.value;
  return "[" + text + "]";
}

std::string FormatText(uint32_t fourcc) { return fourcc == 0 ? "any" : FormatName(fourcc); }

std::string SizeText(uint32_t width, uint32_t height) {
  return width == 0 && height == 0 ? "any" : std::to_string(width) + "x" + std::to_string(height);
}

std::string RateText(const vstream_ratio& rate) {
  if (rate.num == 0) return "any";
  return std::to_string(rate.num) + (rate.den == 1 ? "" : "/" + std::to_string(rate.den));
}

std::string CropText(const vstream_rect& crop) {
  if (crop.width == 0) return "none";
  return SizeText(crop.width, crop.height) + "+" + std::to_string(crop.x) + "+" + std::to_string(crop.y);
}

std::string ColorText(const vstream_colorimetry& color) {
  return "matrix " + std::to_string(color.matrix) + " range " + std::to_string(color.range);
}

std::string WhoText(const Choice& choice) {
  return choice.device.empty() ? choice.backend : choice.backend + "/" + choice.device;
}

// Collects the differences of one stream.
class Differ {
 public:
  Differ(std::string stream, const LiveEncoders& live) : live_(live) { change_.stream = std::move(stream); }

  StreamChange Compare(const StreamPlan& from, const StreamPlan& to) && {
    const std::string& name = change_.stream;
    Compare(name + ".capture", from.capture, to.capture);
    Compare(name, "capture ", from.captured, to.captured);
    same_picture_ = change_.reasons.empty();
    CompareOutputs(from.outputs, to.outputs);
    if (change_.kind != ChangeKind::kLive) change_.bitrates.clear();
    return std::move(change_);
  }

 private:
  void Restart(const std::string& where, const std::string& what) {
    change_.kind = ChangeKind::kRestart;
    change_.reasons.push_back(where + ": " + what + " (restart)");
  }

  void Values(const std::string& where, const std::string& what, const std::string& from, const std::string& to) {
    if (from != to) Restart(where, what + " " + from + " -> " + to);
  }

  void Compare(const std::string& where, const std::string& prefix, const PlannedFormat& from,
               const PlannedFormat& to) {
    Values(where, prefix + "format", FormatText(from.fourcc), FormatText(to.fourcc));
    Values(where, prefix + "size", SizeText(from.width, from.height), SizeText(to.width, to.height));
    Values(where, prefix + "rate", RateText(from.rate), RateText(to.rate));
  }

  void Compare(const std::string& slot, const Choice& from, const Choice& to) {
    if (from.backend != to.backend || from.device != to.device) {
      // The options of another backend are others anyway.
      return Restart(slot, WhoText(from) + " -> " + WhoText(to));
    }
    CompareOptions(slot, from.options, to.options);
  }

  using Options = std::vector<std::pair<std::string, std::string>>;

  static std::string ValueOf(const Options& options, const std::string& key) {
    std::string text;
    for (const auto& [name, value] : options) {
      if (name == key) text.append(text.empty() ? "'" : ", '").append(value).append("'");
    }
    return text.empty() ? "default" : text;
  }

  void CompareOptions(const std::string& slot, const Options& from, const Options& to) {
    std::set<std::string> keys;
    for (const Options* options : {&from, &to}) {
      for (const auto& [key, value] : *options) keys.insert(key);
    }
    for (const std::string& key : keys) Values(slot, "option '" + key + "'", ValueOf(from, key), ValueOf(to, key));
  }

  void Compare(const std::string& slot, const std::optional<Choice>& from, const std::optional<Choice>& to) {
    if (from && to) return Compare(slot, *from, *to);
    if (from) Restart(slot, WhoText(*from) + " -> none");
    if (to) Restart(slot, "none -> " + WhoText(*to));
  }

  void CompareOutputs(const std::vector<OutputPlan>& from, const std::vector<OutputPlan>& to) {
    const auto find = [](const std::vector<OutputPlan>& in, const std::string& name) {
      return std::ranges::find(in, name, &OutputPlan::name);
    };
    std::vector<std::string> before;  // of those that stay
    std::vector<std::string> after;
    for (const OutputPlan& output : from) {
      if (find(to, output.name) == to.end()) Restart(change_.stream + "." + output.name, "output removed");
      if (find(to, output.name) != to.end()) before.push_back(output.name);
    }
    for (const OutputPlan& output : to) {
      const auto old = find(from, output.name);
      if (old == from.end()) {
        Restart(change_.stream + "." + output.name, "output added");
      } else {
        after.push_back(output.name);
        Compare(*old, output);
      }
    }
    // The first one's allocator gives the captured buffers.
    if (before != after) Restart(change_.stream, "order of the outputs");
  }

  void Compare(const OutputPlan& from, const OutputPlan& to) {
    const std::string name = change_.stream + "." + to.name;
    if (same_picture_ || from.converter || to.converter) {
      Compare(name, "", from.published, to.published);
    } else {  // format and size are those of the capture, and told there
      Values(name, "rate", RateText(from.published.rate), RateText(to.published.rate));
    }
    Values(name, "crop", CropText(from.crop), CropText(to.crop));
    Values(name, "transform", Text(from.transform), Text(to.transform));
    Values(name, "color", ColorText(from.color), ColorText(to.color));
    Compare(name + ".allocator", from.allocator, to.allocator);
    Compare(name + ".converter", from.converter, to.converter);
    if (from.converter && to.converter) {
      Values(name + ".converter", "filter", Text(from.filter), Text(to.filter));
    }
    CompareEncoders(name + ".encoder", from, to);
    ComparePublish(name + ".transport", from, to);
  }

  void CompareEncoders(const std::string& slot, const OutputPlan& from, const OutputPlan& to) {
    Compare(slot, from.encoder, to.encoder);
    if (!from.encoder || !to.encoder || !from.encoding || !to.encoding) return;
    const EncoderSpec& old = *from.encoding;
    const EncoderSpec& now = *to.encoding;
    Values(slot, "codec", FormatText(from.codec), FormatText(to.codec));
    Values(slot, "gop", Text(old.gop.value), Text(now.gop.value));
    if (to.codec == VSTREAM_FORMAT_MJPEG) {  // of bit rate and quality each codec has one
      return Values(slot, "quality", Text(old.quality.value), Text(now.quality.value));
    }
    if (old.bitrate == now.bitrate) return;
    if (!live_.contains(slot)) return Values(slot, "bitrate", Text(old.bitrate.value), Text(now.bitrate.value));
    change_.kind = std::max(change_.kind, ChangeKind::kLive);
    change_.reasons.push_back(slot + ": bitrate " + Text(old.bitrate.value) + " -> " + Text(now.bitrate.value) +
                              " (live)");
    change_.bitrates.push_back({to.name, old.bitrate.value, now.bitrate.value});
  }

  // Most of it are options of the transport as well: then they are named once, as in the profile.
  void ComparePublish(const std::string& slot, const OutputPlan& from, const OutputPlan& to) {
    const PublishSpec& old = from.publish;
    const PublishSpec& now = to.publish;
    const size_t before = change_.reasons.size();
    Values(slot, "socket", Text(old.socket_path), Text(now.socket_path));
    Values(slot, "mode", Octal(old.mode.value), Octal(now.mode.value));
    Values(slot, "buffers", Text(old.buffers.value), Text(now.buffers.value));
    Values(slot, "leases", Text(old.leases.value), Text(now.leases.value));
    Values(slot, "lease_time", Text(old.lease_time.value) + " ns", Text(now.lease_time.value) + " ns");
    Values(slot, "clients", Text(old.clients.value), Text(now.clients.value));
    Values(slot, "group", Text(old.group.value), Text(now.group.value));
    Values(slot, "allow uid", Text(old.allow_uid), Text(now.allow_uid));
    Values(slot, "allow gid", Text(old.allow_gid), Text(now.allow_gid));
    Values(slot, "protect", Text(old.protect.value), Text(now.protect.value));
    const bool same_backend =
        from.transport.backend == to.transport.backend && from.transport.device == to.transport.device;
    if (!same_backend || change_.reasons.size() == before) Compare(slot, from.transport, to.transport);
  }

  static std::string Octal(uint32_t mode) {
    std::string text = "0000";
    for (size_t i = 0; i < 4; ++i) text[3 - i] = static_cast<char>('0' + ((mode >> (3 * i)) & 7U));
    return text;
  }

  const LiveEncoders& live_;
  bool same_picture_ = true;
  StreamChange change_;
};

}  // namespace

std::string_view ChangeKindName(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kUnchanged:
      return "unchanged";
    case ChangeKind::kLive:
      return "live";
    case ChangeKind::kRestart:
      return "restart";
    case ChangeKind::kAdded:
      return "added";
    case ChangeKind::kRemoved:
      return "removed";
  }
  return "unknown";
}

std::vector<StreamChange> DiffPlans(const Plan& from, const Plan& to, const LiveEncoders& live) {
  std::vector<StreamChange> changes;
  for (const StreamPlan& stream : to.streams) {
    const auto old = std::ranges::find(from.streams, stream.name, &StreamPlan::name);
    if (old == from.streams.end()) {
      changes.push_back({stream.name, ChangeKind::kAdded, {stream.name + ": added"}, {}});
    } else {
      changes.push_back(Differ(stream.name, live).Compare(*old, stream));
    }
  }
  for (const StreamPlan& stream : from.streams) {
    if (std::ranges::find(to.streams, stream.name, &StreamPlan::name) != to.streams.end()) continue;
    changes.push_back({stream.name, ChangeKind::kRemoved, {stream.name + ": removed"}, {}});
  }
  return changes;
}

}  // namespace videostream
