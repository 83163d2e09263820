// SPDX-License-Identifier: Apache-2.0
// Every key a profile may contain, as data: the table behind the parser, the JSON Schema and the manual.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace videostream {

// What follows the name of a key or value that is known but of no effect in this version.
inline constexpr std::string_view kNotImplementedYet = " is not implemented yet in this version";

// What a value may be; how each is spelt is said in key_types.h.
enum class KeyType : uint8_t {
  kVersion,      // 1
  kProfileName,  //
  kText,         // KeySpec::least to most bytes
  kPatterns,     // a pattern, or a list of them
  kRequire,      // a word of KeySpec::words, or a list of them
  kMapping,      // of KeySpec::table
  kNamed,        // least to most entries of KeySpec::table, by name
  kOptions,      // by backend
  kBackends,     // a list of names
  kBackend,      // one name
  kWord,         // one of KeySpec::words
  kWhole,        // a number from least to most
  kSize,
  kRate,
  kCrop,
  kRotation,
  kBitrate,
  kDuration,
  kMode,
  kSocket,
  kAccount,   // a user or group
  kAccounts,  // a list of them
  kPublish,   // a list of KeySpec::table with one entry
};
inline constexpr size_t kKeyTypes = 23;

struct KeyTable;

struct KeySpec {
  std::string_view name{};
  bool implemented = true;  // false: known, and refused with "is not implemented yet in this version"
  KeyType type = KeyType::kText;
  bool required = false;
  uint32_t least = 0, most = 0;               // where the type has a range
  std::span<const std::string_view> words{};  // kWord, kRequire
  const KeyTable* table = nullptr;            // kMapping, kNamed, kPublish
  std::string_view fallback{};                // the default, as YAML; empty: there is none that can be written
  std::string_view otherwise{};               // what an absent key means then; empty: none
  std::string_view example{};                 // as YAML; of mappings the manual has its own
  std::string_view help{};                    // one or two sentences
};

// The keys of one kind of mapping.
struct KeyTable {
  std::string_view where;  // for messages and the manual: "an output"
  std::span<const KeySpec> keys;
  std::string_view id{};  // for the schema: "output"

  // Null when the key is unknown.
  [[nodiscard]] const KeySpec* Find(std::string_view name) const;
  // The end of a message about an unknown key: "; did you mean 'encoder'?" for a near miss, else "; expected one of:
  // ...".
  [[nodiscard]] std::string Hint(std::string_view name) const;
};

extern const KeyTable kProfileKeys;
extern const KeyTable kMatchKeys;
extern const KeyTable kBackendsKeys;        // of a profile
extern const KeyTable kStreamBackendsKeys;  // of a stream: none is required
extern const KeyTable kOutputBackendsKeys;  // the same without `capture`
extern const KeyTable kOptionKeys;          // keys the runtime reserves among a backend's own options
extern const KeyTable kStreamKeys;
extern const KeyTable kCaptureKeys;
extern const KeyTable kOutputKeys;
extern const KeyTable kEncoderKeys;
extern const KeyTable kPublishKeys;
extern const KeyTable kAllowKeys;

// All of the above.
[[nodiscard]] std::span<const KeyTable* const> AllKeyTables();

// Raw formats a profile may name, those of a capture (with MJPEG as the last), and codecs, those of this version first.
[[nodiscard]] std::span<const std::string_view> FormatNames();
[[nodiscard]] std::span<const std::string_view> CaptureFormatNames();
[[nodiscard]] std::span<const KeySpec> CodecNames();

// What `flip`, `filter` and `color` of an output may be, `protect` of a publication, and `require`.
[[nodiscard]] std::span<const std::string_view> FlipNames();
[[nodiscard]] std::span<const std::string_view> FilterNames();
[[nodiscard]] std::span<const std::string_view> ColorNames();
[[nodiscard]] std::span<const std::string_view> ProtectNames();
[[nodiscard]] std::span<const std::string_view> RequirementNames();

// The end of a message about an unknown name: "; did you mean 'NV12'?" for a near miss, else empty.
[[nodiscard]] std::string DidYouMean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace videostream
