// SPDX-License-Identifier: Apache-2.0
// Every key a profile may contain, and whether this version implements it: the table behind the parser and the manual.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace videostream {

// What follows the name of a key or value that is known but of no effect in this version.
inline constexpr std::string_view kNotImplementedYet = " is not implemented yet in this version";

struct KeySpec {
  std::string_view name;
  bool implemented;  // false: known, and refused with "is not implemented yet in this version"
};

// The keys of one kind of mapping.
struct KeyTable {
  std::string_view where;  // for messages and the manual: "an output"
  std::span<const KeySpec> keys;

  // Null when the key is unknown.
  [[nodiscard]] const KeySpec* Find(std::string_view name) const;
  // The end of a message about an unknown key: "; did you mean 'encoder'?" for a near miss, else "; expected one of:
  // ...".
  [[nodiscard]] std::string Hint(std::string_view name) const;
};

extern const KeyTable kProfileKeys;
extern const KeyTable kBackendsKeys;
extern const KeyTable kOptionKeys;  // keys the runtime reserves among a backend's own options
extern const KeyTable kStreamKeys;
extern const KeyTable kCaptureKeys;
extern const KeyTable kOutputKeys;
extern const KeyTable kEncoderKeys;
extern const KeyTable kPublishKeys;
extern const KeyTable kAllowKeys;

// All of the above, for tests and for whoever writes a schema.
[[nodiscard]] std::span<const KeyTable* const> AllKeyTables();

// Raw formats a profile may name, those of a capture (with MJPEG as the last), and codecs.
[[nodiscard]] std::span<const std::string_view> FormatNames();
[[nodiscard]] std::span<const std::string_view> CaptureFormatNames();
[[nodiscard]] std::span<const KeySpec> CodecNames();

// What `flip`, `filter` and `color` of an output may be, and `protect` of a publication.
[[nodiscard]] std::span<const std::string_view> FlipNames();
[[nodiscard]] std::span<const std::string_view> FilterNames();
[[nodiscard]] std::span<const std::string_view> ColorNames();
[[nodiscard]] std::span<const std::string_view> ProtectNames();

// The end of a message about an unknown name: "; did you mean 'NV12'?" for a near miss, else empty.
[[nodiscard]] std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace videostream
