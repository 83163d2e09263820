// SPDX-License-Identifier: Apache-2.0
// `profile show`: the normal form, and that it means the same.
#include "core/profile/format.h"

#include <gtest/gtest.h>

#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/profile/keys.h"
#include "core/profile/parse.h"
#include "core/profile/relations.h"
#include "core/profile/scalars.h"
#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

// Random profiles within what a profile may say, with texts chosen to trip a writer of YAML.
class RandomProfile {
 public:
  explicit RandomProfile(uint32_t seed) : random_(seed) {}

  Profile Make() {
    Profile profile;
    profile.name.value = Word() + "_" + Word();
    for (auto& list : profile.backends) list = Backends();
    profile.require = Require();
    if (Below(2) == 0) profile.match = Match();
    for (const auto& list : profile.backends) {
      if (Below(2) == 0) AddOptions(list.front().value, profile);
    }
    const uint32_t streams = 1 + Below(4);
    for (uint32_t i = 0; i < streams; ++i) profile.streams.push_back(Stream(i, profile));
    return profile;
  }

 private:
  uint32_t Below(uint32_t bound) { return std::uniform_int_distribution<uint32_t>(0, bound - 1)(random_); }
  uint32_t Between(uint32_t least, uint32_t most) { return least + Below(most - least + 1); }

  std::string Word() {
    static const std::vector<std::string> kWords = {"null", "true", "no",    "1",    "0x1f", "1e3", "-",
                                                    "--",   "y",    "front", "v4l2", "a-b",  "007"};
    return kWords[Below(static_cast<uint32_t>(kWords.size()))];
  }

  std::string Name() {
    std::string name = Word();
    while (!IsName(name)) name = Word();
    return name;
  }

  // Unique within one list by its number.
  std::vector<Located<std::string>> Backends() {
    std::vector<Located<std::string>> list;
    const uint32_t count = Between(1, 16);
    for (uint32_t i = 0; i < count; ++i) list.push_back({Name() + std::to_string(i), {}});
    return list;
  }

  Requirements Require() {
    Requirements require;
    for (const std::string_view word : RequirementNames()) {
      if (Below(4) == 0) require.push_back({std::string(word), {}});
    }
    return require;
  }

  // Of another number for every one, so that none stands in a list twice.
  std::vector<Located<std::string>> Patterns() {
    std::vector<Located<std::string>> list;
    const uint32_t count = Below(17);
    for (uint32_t i = 0; i < count; ++i) list.push_back({Text() + "*" + std::to_string(i), {}});
    return list;
  }

  MatchSpec Match() {
    MatchSpec match;
    match.arch = {{"x86_64", {}}};
    for (auto* list : {&match.compatible, &match.soc, &match.dmi, &match.kernel, &match.node}) *list = Patterns();
    return match;
  }

  // Lists for some kinds; what transports and encoders refer to is kept.
  BackendLists SomeBackends(const Profile& profile) {
    BackendLists lists;
    for (auto& list : lists) {
      if (Below(16) == 0) list = Backends();
    }
    lists[static_cast<size_t>(BackendKind::kTransport)].clear();
    if (Below(4) == 0) lists[static_cast<size_t>(BackendKind::kTransport)] = profile.Backends(BackendKind::kTransport);
    return lists;
  }

  std::string Text() {
    static const std::vector<std::string> kPieces = {"a",
                                                     " ",
                                                     "'",
                                                     "\"",
                                                     "\\",
                                                     ":",
                                                     ": ",
                                                     "#",
                                                     " #",
                                                     ",",
                                                     "[",
                                                     "]",
                                                     "{",
                                                     "}",
                                                     "&",
                                                     "*",
                                                     "!",
                                                     "|",
                                                     ">",
                                                     "%",
                                                     "@",
                                                     "`",
                                                     "?",
                                                     "- ",
                                                     "~",
                                                     "null",
                                                     "\xC3\xA9",
                                                     "\xF0\x9F\x98\x80",
                                                     "\xE2\x80\xA8",
                                                     "\xC2\x85",
                                                     "\xEF\xBB\xBF",
                                                     "0",
                                                     "---"};
    std::string text;
    const uint32_t count = Below(8);
    for (uint32_t i = 0; i < count; ++i) text += kPieces[Below(static_cast<uint32_t>(kPieces.size()))];
    return text;
  }

  void AddOptions(const std::string& backend, Profile& profile) {
    for (const BackendOptions& existing : profile.options) {
      if (existing.backend.value == backend) return;
    }
    BackendOptions& options = profile.options.emplace_back();
    options.backend.value = backend;
    const uint32_t count = Below(5);
    for (uint32_t i = 0; i < count; ++i) {
      Option& option = options.options.emplace_back();
      option.key.value = Name() + "_" + std::to_string(i);
      option.is_list = Below(2) == 0;
      const uint32_t values = option.is_list ? Below(4) : 1;
      for (uint32_t v = 0; v < values; ++v) option.values.push_back({Text(), {}});
    }
  }

  std::string OneOf(std::span<const std::string_view> names) {
    return std::string(names[Below(static_cast<uint32_t>(names.size()))]);
  }
  std::string Format() { return OneOf(FormatNames()); }
  Size AnySize() { return {Between(16, 16384), Between(16, 16384)}; }

  FrameRate Rate() {
    std::optional<FrameRate> rate;
    while (!rate) rate = ParseFrameRate(std::to_string(Between(1, 1000000)) + "/" + std::to_string(Between(1, 2000)));
    return *rate;
  }

  // Another one for every `number`.
  std::string Account(uint32_t number) {
    if (Below(2) == 0) return std::to_string(number * 67'000'000 + Below(1000));
    return "Null_.@-" + std::to_string(number);
  }

  PublishSpec Publish(uint32_t number, const Profile& profile) {
    PublishSpec publish;
    const auto& transports = profile.Backends(BackendKind::kTransport);
    publish.transport.value = transports[Below(static_cast<uint32_t>(transports.size()))].value;
    publish.socket.value = (Below(2) == 0 ? "${RUNTIME}/" : "/run/x y: #") + std::to_string(number);
    publish.socket_path = *ResolveSocketPath(publish.socket.value, NoEnvironment().env);
    publish.mode.value = Below(01000);
    publish.leases.value = Between(1, 16);
    publish.buffers.value = Between(publish.leases.value + 1, 64);
    publish.lease_time.value = int64_t{1000000} * Between(10, 60000);
    publish.clients.value = Between(1, 4096);
    if (Below(2) == 0) publish.group.value = Account(0);
    for (auto* list : {&publish.allow_uid, &publish.allow_gid}) {
      const uint32_t count = Below(2) == 0 ? 0 : Between(1, 64);
      for (uint32_t i = 0; i < count; ++i) list->push_back({Account(i), {}});
    }
    publish.protect.value = OneOf(ProtectNames());
    return publish;
  }

  StreamSpec Stream(uint32_t number, const Profile& profile) {
    StreamSpec stream;
    stream.name.value = Name() + std::to_string(number);
    stream.capture.device.value = "d" + Text();
    if (Below(4) != 0) stream.capture.format.value = OneOf(CaptureFormatNames());
    if (Below(4) != 0) stream.capture.size.value = AnySize();
    if (Below(4) != 0) stream.capture.rate.value = Rate();
    stream.capture.require = Require();
    stream.require = Require();
    stream.backends = SomeBackends(profile);
    const uint32_t outputs = Between(1, 8);
    for (uint32_t i = 0; i < outputs; ++i) stream.outputs.push_back(Output(i, number * 8 + i, stream.capture, profile));
    return stream;
  }

  // One that goes with the capture.
  OutputSpec Output(uint32_t number, uint32_t socket, const CaptureSpec& capture, const Profile& profile) {
    StreamSpec alone;
    alone.capture = capture;
    do {
      alone.outputs = {AnyOutput()};
    } while (!CheckStream(alone).empty());
    OutputSpec output = alone.outputs.front();
    output.name.value = Name() + std::to_string(number);
    output.publish.push_back(Publish(socket, profile));
    output.require = Require();
    output.backends = SomeBackends(profile);
    output.backends[static_cast<size_t>(BackendKind::kCapture)].clear();
    return output;
  }

  OutputSpec AnyOutput() {
    OutputSpec output;
    if (Below(2) == 0) output.format = {Format(), {}};
    if (Below(2) == 0) output.size = {AnySize(), {}};
    if (Below(2) == 0) output.rate.value = Rate();
    if (Below(2) == 0) output.crop.value = {Below(1024), Below(1024), Between(16, 8192), Between(16, 8192)};
    output.rotate.value = 90 * Below(4);
    output.flip.value = OneOf(FlipNames());
    output.filter.value = OneOf(FilterNames());
    if (Below(2) == 0) output.color.value = OneOf(ColorNames());
    if (Below(2) == 0) output.encoder = Encoder();
    return output;
  }

  EncoderSpec Encoder() {
    EncoderSpec encoder;
    encoder.require = Require();
    if (Below(2) == 0) {
      encoder.codec.value = "mjpeg";
      encoder.quality.value = Between(1, 100);
      return encoder;
    }
    encoder.codec.value = "h264";
    encoder.bitrate.value = Between(1000, 1000000000);
    if (Below(2) == 0) encoder.bitrate.value = Between(1, 1000) * 1000000;
    encoder.gop.value = Between(1, 1000);
    return encoder;
  }

  std::mt19937 random_;
};

// Catches a text that YAML reads as something else (null, a comment, an alias), and any field the writer forgets.
TEST(FormatTest, WhatIsWrittenParsesBackEqual) {
  for (uint32_t seed = 1; seed <= 500; ++seed) {
    const Profile profile = RandomProfile(seed).Make();
    const std::string text = FormatProfile(profile);
    const auto back = ParseProfile(text, "written.yaml", NoEnvironment());
    ASSERT_TRUE(back.has_value()) << "seed " << seed << "\n" << back.error().message << "\n" << text;
    ASSERT_EQ(*back, profile) << "seed " << seed << "\n" << text;
    ASSERT_EQ(FormatProfile(*back), text) << "seed " << seed;
  }
}

// Catches a change of the normal form: people compare it with diff.
TEST(FormatTest, NormalFormIsFixed) {
  const auto profile = ParseProfile(R"(streams:
  front:
    outputs:
      small: {publish: [{socket: "${RUNTIME}/front.sock", buffers: 8}], size: 640x360, encoder: {codec: h264}}
      tiny: {publish: [{socket: /run/tiny.sock, protect: copy, allow: {gid: [44], uid: [1000, user@example.com]},
        group: video}], color: bt709-full, filter: box, flip: horizontal, rotate: 90,
        encoder: {codec: mjpeg}, crop: 640x480+16+32, rate: 20/2, format: GREY, size: 16x16}
    capture: {rate: 60/2, size: 1280x720, format: "NV12"}
options: {shm: {heap: ["linux,cma", "system"], label: "", threads: 2}, v4l2: {}}
backends: {transport: [shm], encoder: [x264-like, sw-fallback], capture: [v4l2]}
name: demo
version: 1
)",
                                    "x.yaml", NoEnvironment());
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_EQ(FormatProfile(*profile), R"(version: 1
name: demo
backends:
  capture: [v4l2]
  encoder: [x264-like, sw-fallback]
  transport: [shm]
options:
  shm:
    heap: ["linux,cma", system]
    label: ""
    threads: 2
  v4l2: {}
streams:
  front:
    capture:
      device: auto
      format: NV12
      size: 1280x720
      rate: 30
    outputs:
      small:
        size: 640x360
        rotate: 0
        flip: none
        filter: bilinear
        encoder:
          codec: h264
          bitrate: 4M
          gop: 30
        publish:
          - transport: shm
            socket: "${RUNTIME}/front.sock"
            mode: "0660"
            buffers: 8
            leases: 2
            lease_time: 1s
            clients: 256
            protect: none
      tiny:
        format: GREY
        size: 16x16
        rate: 10
        crop: 640x480+16+32
        rotate: 90
        flip: horizontal
        filter: box
        color: bt709-full
        encoder:
          codec: mjpeg
          quality: 85
        publish:
          - transport: shm
            socket: /run/tiny.sock
            mode: "0660"
            buffers: 6
            leases: 2
            lease_time: 1s
            clients: 256
            group: video
            allow:
              uid: [1000, "user@example.com"]
              gid: [44]
            protect: copy
)");
}

}  // namespace
}  // namespace videostream
