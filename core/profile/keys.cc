// SPDX-License-Identifier: Apache-2.0
// The tables of keys, formats, codecs and other words, and the search for the nearest name.
#include "core/profile/keys.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace videostream {
namespace {

constexpr bool kYes = true;
constexpr bool kNotYet = false;

constexpr KeySpec kProfile[] = {{"version", kYes}, {"name", kYes},       {"backends", kYes}, {"options", kYes},
                                {"streams", kYes}, {"extends", kNotYet}, {"match", kNotYet}, {"require", kNotYet}};
constexpr KeySpec kBackends[] = {
    {"allocator", kYes}, {"capture", kYes}, {"converter", kYes}, {"encoder", kYes}, {"transport", kYes}};
constexpr KeySpec kOption[] = {{"isolation", kNotYet}, {"deadline", kNotYet}};
constexpr KeySpec kStream[] = {{"capture", kYes}, {"outputs", kYes}, {"require", kNotYet}};
constexpr KeySpec kCapture[] = {
    {"device", kYes}, {"format", kYes}, {"size", kYes}, {"rate", kYes}, {"require", kNotYet}};
constexpr KeySpec kOutput[] = {{"format", kYes},  {"size", kYes},    {"rate", kYes},      {"crop", kYes},
                               {"rotate", kYes},  {"flip", kYes},    {"filter", kYes},    {"color", kYes},
                               {"encoder", kYes}, {"publish", kYes}, {"require", kNotYet}};
constexpr KeySpec kEncoder[] = {
    {"codec", kYes}, {"bitrate", kYes}, {"gop", kYes}, {"quality", kYes}, {"require", kNotYet}};
constexpr KeySpec kPublish[] = {{"transport", kYes}, {"socket", kYes},     {"mode", kYes},    {"buffers", kYes},
                                {"leases", kYes},    {"lease_time", kYes}, {"clients", kYes}, {"group", kYes},
                                {"allow", kYes},     {"protect", kYes}};
constexpr KeySpec kAllow[] = {{"uid", kYes}, {"gid", kYes}};

constexpr std::string_view kCaptureFormats[] = {"NV12", "NV21", "I420", "YUYV", "UYVY", "RGB24", "BGR24",
                                                "RGBX", "RGBA", "BGRX", "BGRA", "GREY", "MJPEG"};
constexpr size_t kCodedFormats = 1;  // at the end of the list above
constexpr KeySpec kCodecs[] = {{"h264", kYes}, {"h265", kNotYet}, {"mjpeg", kYes}};
constexpr std::string_view kFlips[] = {"none", "horizontal", "vertical"};
constexpr std::string_view kFilters[] = {"nearest", "bilinear", "box"};
constexpr std::string_view kProtects[] = {"none", "copy"};
constexpr std::string_view kColors[] = {"bt601", "bt601-full", "bt709", "bt709-full", "bt2020", "bt2020-full"};

bool SameIgnoringCase(char a, char b) {
  return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before;
  std::vector<size_t> previous;
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(previous, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (SameIgnoringCase(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped =
          i > 1 && j > 1 && SameIgnoringCase(a[i - 1], b[j - 2]) && SameIgnoringCase(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

// The candidate nearest to `name` if it is near enough to be a slip of the pen, ignoring case.
std::optional<std::string_view> NearestName(std::string_view name, std::span<const std::string_view> candidates) {
  constexpr size_t kLongestCompared = 64;
  if (name.size() > kLongestCompared) return std::nullopt;
  std::optional<std::string_view> nearest;
  size_t least = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : candidates) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < std::min(least, candidate.size())) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace

const KeyTable kProfileKeys{"a profile", kProfile};
const KeyTable kBackendsKeys{"'backends'", kBackends};
const KeyTable kOptionKeys{"the options of a backend", kOption};
const KeyTable kStreamKeys{"a stream", kStream};
const KeyTable kCaptureKeys{"'capture'", kCapture};
const KeyTable kOutputKeys{"an output", kOutput};
const KeyTable kEncoderKeys{"'encoder'", kEncoder};
const KeyTable kPublishKeys{"an entry of 'publish'", kPublish};
const KeyTable kAllowKeys{"'allow'", kAllow};

std::span<const KeyTable* const> AllKeyTables() {
  static constexpr const KeyTable* kAll[] = {&kProfileKeys, &kBackendsKeys, &kOptionKeys,  &kStreamKeys, &kCaptureKeys,
                                             &kOutputKeys,  &kEncoderKeys,  &kPublishKeys, &kAllowKeys};
  return kAll;
}

std::span<const std::string_view> CaptureFormatNames() { return kCaptureFormats; }
std::span<const std::string_view> FormatNames() {
  return CaptureFormatNames().first(std::size(kCaptureFormats) - kCodedFormats);
}
std::span<const KeySpec> CodecNames() { return kCodecs; }
std::span<const std::string_view> FlipNames() { return kFlips; }
std::span<const std::string_view> FilterNames() { return kFilters; }
std::span<const std::string_view> ColorNames() { return kColors; }
std::span<const std::string_view> ProtectNames() { return kProtects; }

std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates) {
  const auto nearest = NearestName(name, candidates);
  return nearest ? "; did you mean '" + std::string(*nearest) + "'?" : "";
}

const KeySpec* KeyTable::Find(std::string_view name) const {
  const auto* found =
      std::find_if(keys.data(), keys.data() + keys.size(), [name](const KeySpec& key) { return key.name == name; });
  return found == keys.data() + keys.size() ? nullptr : found;
}

std::string KeyTable::Hint(std::string_view name) const {
  std::vector<std::string_view> names;
  std::string list;
  for (const KeySpec& key : keys) {
    names.push_back(key.name);
    if (key.implemented) list += (list.empty() ? "" : ", ") + std::string(key.name);
  }
  const std::string nearest = DidYouMean(name, names);
  return nearest.empty() ? "; expected one of: " + list : nearest;
}

}  // namespace videostream
