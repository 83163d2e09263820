// SPDX-License-Identifier: Apache-2.0
// A platform profile as plain data, checked: what the YAML file says, with the place of every value for later messages.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace videostream {

// Bounds on what is read and reported: a profile is written by hand, but perhaps not by a friend.
inline constexpr size_t kMaxProfileBytes = size_t{1} << 20;
inline constexpr size_t kMaxProfileErrors = 20;

// Where a value stands in the profile: 1-based line and column and the width, counted in characters, not bytes.
// line 0: not in the file (a default, or set on the command line).
struct SourcePos {
  int line = 0;
  int column = 0;
  int width = 0;
  int file = 0;  // 0: the profile's own; N: Profile::bases[N - 1]

  [[nodiscard]] bool in_file() const { return line > 0; }
};

// A value and its place. Two are equal when the values are: the place does not matter to what a profile means.
template <class T>
struct Located {
  T value{};
  SourcePos pos;

  friend bool operator==(const Located& a, const Located& b) { return a.value == b.value; }
};

// Pixels; 16..16384 each.
struct Size {
  uint32_t width = 0;
  uint32_t height = 0;

  friend bool operator==(const Size&, const Size&) = default;
};

// Frames per second as a fraction in lowest terms; 1..1000, so den is never 0, and num only where no rate was given.
struct FrameRate {
  uint32_t num = 0;
  uint32_t den = 1;

  friend bool operator==(const FrameRate&, const FrameRate&) = default;
};

enum class BackendKind : uint8_t { kAllocator, kCapture, kConverter, kEncoder, kTransport };
inline constexpr size_t kBackendKinds = 5;
inline constexpr std::array<std::string_view, kBackendKinds> kBackendKindNames = {"allocator", "capture", "converter",
                                                                                  "encoder", "transport"};

// Backends by BackendKind, in order of preference.
using BackendLists = std::array<std::vector<Located<std::string>>, kBackendKinds>;

// What must hold, whatever the preferences say; words of RequirementNames(): "hardware" (no converter or encoder of the
// CPU), "realtime" (devices that say that they keep up), "zero-copy" (what the capture gives is published as it is).
using Requirements = std::vector<Located<std::string>>;

// One option of a backend, as text: its type is checked against the schema the backend declares, by whoever loads it.
struct Option {
  Located<std::string> key;
  std::vector<Located<std::string>> values;  // exactly one unless is_list
  bool is_list = false;

  friend bool operator==(const Option&, const Option&) = default;
};

struct BackendOptions {
  Located<std::string> backend;
  std::vector<Option> options;  // in the order of the file, keys unique

  friend bool operator==(const BackendOptions&, const BackendOptions&) = default;
};

struct CaptureSpec {
  Located<std::string> device{"auto", {}};  // "auto", or what the capture backend calls a device
  // Absent ones are as the device gives them.
  Located<std::string> format;  // a name of FormatNames(), or MJPEG; empty: absent
  Located<Size> size;           // 0x0: absent
  Located<FrameRate> rate;      // num 0: absent
  Requirements require;
  SourcePos pos;  // of the key `capture`

  friend bool operator==(const CaptureSpec& a, const CaptureSpec& b);
};

struct EncoderSpec {
  Located<std::string> codec;              // "h264" or "mjpeg"
  Located<uint32_t> bitrate{4000000, {}};  // bit/s, 1000..1000000000; h264 only
  Located<uint32_t> quality{85, {}};       // 1..100; mjpeg only
  Located<uint32_t> gop{30, {}};           // frames from one key frame to the next, 1..1000
  Requirements require;
  SourcePos pos;  // of the key `encoder`

  friend bool operator==(const EncoderSpec& a, const EncoderSpec& b);
};

struct PublishSpec {
  Located<std::string> transport{"shm", {}};
  Located<std::string> socket;                  // as written
  std::string socket_path;                      // absolute, ${RUNTIME} expanded, at most 107 bytes: fits sun_path
  Located<uint32_t> mode{0660, {}};             // permission bits of the socket, 0..0777
  Located<uint32_t> buffers{6, {}};             // 2..64
  Located<uint32_t> leases{2, {}};              // frames one consumer may hold, 1..16 and fewer than buffers
  Located<int64_t> lease_time{1000000000, {}};  // ns a consumer may hold a frame, 10 ms..60 s
  Located<uint32_t> clients{256, {}};           // 1..4096
  Located<std::string> group;                   // of the socket, name or number; empty: what the kernel gives it
  // Users and groups that may connect, names or numbers, at most 64 each and unique; both empty: the socket's mode
  // alone.
  std::vector<Located<std::string>> allow_uid, allow_gid;
  Located<std::string> protect{"none", {}};  // "none", "copy"
  SourcePos pos;                             // of the entry in the list

  friend bool operator==(const PublishSpec& a, const PublishSpec& b);
};

// Pixels of the captured picture, as `WxH+X+Y`; width 0: everything.
struct CropSpec {
  uint32_t x = 0, y = 0, width = 0, height = 0;

  friend bool operator==(const CropSpec&, const CropSpec&) = default;
};

struct OutputSpec {
  Located<std::string> name;
  std::optional<Located<std::string>> format;  // absent: as captured
  std::optional<Located<Size>> size;           // after rotation; absent: as captured (cropped, turned)
  Located<FrameRate> rate;                     // at most; num 0: every frame that is captured
  Located<CropSpec> crop;
  Located<uint32_t> rotate;                     // degrees clockwise: 0, 90, 180, 270
  Located<std::string> flip{"none", {}};        // "none", "horizontal", "vertical": before it is turned
  Located<std::string> filter{"bilinear", {}};  // "nearest", "bilinear", "box"
  Located<std::string> color;          // "bt601", "bt709", "bt2020", each also with "-full"; empty: as captured
  std::optional<EncoderSpec> encoder;  // absent: raw frames only
  std::vector<PublishSpec> publish;    // exactly one in this version
  BackendLists backends;               // of this output alone; an empty list: those of the stream
  Requirements require;

  friend bool operator==(const OutputSpec&, const OutputSpec&) = default;
};

struct StreamSpec {
  Located<std::string> name;
  CaptureSpec capture;
  std::vector<OutputSpec> outputs;  // at least one, at most 8; names and sockets are unique
  BackendLists backends;            // of this stream alone; an empty list: those of the profile
  Requirements require;

  friend bool operator==(const StreamSpec&, const StreamSpec&) = default;
};

// Which machines a profile is for. Each word is a pattern with '*' for any text (see core/machine/match.h); of one key
// one word has to fit, and of every key that is there. An empty list: the key is absent.
struct MatchSpec {
  std::vector<Located<std::string>> compatible;  // of the device tree: "fsl,imx8mp"
  std::vector<Located<std::string>> arch;        // as `uname -m` says: "aarch64"
  std::vector<Located<std::string>> soc;         // /sys/devices/soc0/soc_id: "i.MX8MP"
  std::vector<Located<std::string>> dmi;         // "VENDOR PRODUCT" of the firmware
  std::vector<Located<std::string>> kernel;      // as `uname -r` says
  std::vector<Located<std::string>> node;        // device nodes that exist: "/dev/mpp_service"
  SourcePos pos;                                 // of the key `match`

  friend bool operator==(const MatchSpec& a, const MatchSpec& b);
};

// A profile that another one extends.
struct ProfileBase {
  std::string name;  // as the one that extends it says
  std::string file;  // what messages call it
  std::string text;
};

// A whole profile. Produced by ParseProfile and LoadProfile, which guarantee the ranges above, names of
// [a-z0-9-]{1,32}, at least one stream, unique names and sockets. A plain value: copy it, compare it, read it from any
// thread.
struct Profile {
  std::string file;  // what messages call it; not compared
  std::string text;  // the source, for carets in later messages (at most 1 MiB); not compared
  // What it extends, nearest first: already merged into what follows. Not compared.
  std::vector<ProfileBase> bases;

  Located<std::string> name;
  std::optional<MatchSpec> match;  // absent: found by its name only. Never inherited
  BackendLists backends;
  std::vector<BackendOptions> options;  // in the order of the file
  std::vector<StreamSpec> streams;      // in the order of the file
  Requirements require;

  // The preference list of a kind; empty if the profile names no backend for it. Borrowed from this profile.
  [[nodiscard]] const std::vector<Located<std::string>>& Backends(BackendKind kind) const;
  // That for a slot: of the output, else of the stream, else of the profile. `output` may be null (for a capture).
  // Borrowed from the arguments.
  [[nodiscard]] const std::vector<Located<std::string>>& Backends(BackendKind kind, const StreamSpec& stream,
                                                                  const OutputSpec* output) const;
  // Everything that is named for a kind anywhere, each once, in the order of the file: what has to be loaded.
  [[nodiscard]] std::vector<std::string> EveryBackend() const;

  // The options of a backend, empty if there are none. Borrowed from this profile.
  [[nodiscard]] const std::vector<Option>& OptionsFor(std::string_view backend) const;

  // Where something stands, in a few words: "line 12", of a base "line 12 of 'configs/generic.yaml'".
  [[nodiscard]] std::string LineOf(const SourcePos& pos) const;

  // A kInvalidArgument error in the form of the parser's own, for what can only be checked later (an option against a
  // schema, a device that is not there): `FILE:LINE:COLUMN: error: MESSAGE`, the line and a caret; without the place
  // where `pos` is not in the file.
  [[nodiscard]] Error ErrorAt(const SourcePos& pos, std::string_view message) const;

  friend bool operator==(const Profile& a, const Profile& b);
};

// Sets one scalar option of one backend, replacing what the file said (`--set`). kInvalidArgument if no list under
// `backends` names the backend, or if key or value are not what a profile may hold. On failure nothing has changed.
[[nodiscard]] Status SetOption(Profile& profile, std::string_view backend, std::string_view key,
                               std::string_view value);

// The same from one word of a command line: "BACKEND.KEY=VALUE".
[[nodiscard]] Status SetOption(Profile& profile, std::string_view assignment);

}  // namespace videostream
