// SPDX-License-Identifier: Apache-2.0
// What a good profile becomes, and how several mistakes are reported together.
#include "core/profile/parse.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

// The smallest profile; %s stands for the text of the socket.
std::string Minimal(std::string_view socket) {
  return "version: 1\nname: small\nbackends: {capture: [v4l2], transport: [shm]}\nstreams:\n  front:\n"
         "    capture: {format: YUYV, size: 640x480, rate: 60/2}\n    outputs: {raw: {publish: [{socket: \"" +
         std::string(socket) + "\"}]}}\n";
}

Profile MustParse(std::string_view text, const ProfileOptions& options = NoEnvironment()) {
  auto profile = ParseProfile(text, "x.yaml", options);
  EXPECT_TRUE(profile.has_value()) << profile.error().message;
  return profile ? *std::move(profile) : Profile{};
}

// Catches a value that is read into the wrong field, or in the wrong unit.
TEST(ParseTest, EveryValueArrives) {
  const Profile sut = MustParse(kGoodProfile);
  EXPECT_EQ(sut.name.value, "test");
  EXPECT_EQ(sut.Backends(BackendKind::kAllocator).at(0).value, "shm");
  EXPECT_EQ(sut.Backends(BackendKind::kCapture).at(0).value, "sw-fallback");
  EXPECT_TRUE(sut.Backends(BackendKind::kConverter).empty());
  EXPECT_EQ(sut.Backends(BackendKind::kEncoder).at(0).value, "sw-fallback");
  EXPECT_EQ(sut.Backends(BackendKind::kTransport).at(0).value, "shm");
  ASSERT_EQ(sut.OptionsFor("sw-fallback").size(), 1U);
  EXPECT_EQ(sut.OptionsFor("sw-fallback")[0].key.value, "threads");
  EXPECT_EQ(sut.OptionsFor("sw-fallback")[0].values.at(0).value, "2");

  ASSERT_EQ(sut.streams.size(), 1U);
  const StreamSpec& stream = sut.streams[0];
  EXPECT_EQ(stream.name.value, "front");
  EXPECT_EQ(stream.capture.device.value, "pattern");
  EXPECT_EQ(stream.capture.format.value, "NV12");
  EXPECT_EQ(stream.capture.size.value, (Size{1280, 720}));
  EXPECT_EQ(stream.capture.rate.value, (FrameRate{30, 1}));
  ASSERT_EQ(stream.outputs.size(), 1U);
  const OutputSpec& output = stream.outputs[0];
  EXPECT_EQ(output.name.value, "full");
  EXPECT_FALSE(output.format || output.size);
  ASSERT_TRUE(output.encoder.has_value());
  EXPECT_EQ(output.encoder->codec.value, "h264");
  EXPECT_EQ(output.encoder->bitrate.value, 4000000U);
  EXPECT_EQ(output.encoder->gop.value, 30U);
  ASSERT_EQ(output.publish.size(), 1U);
  const PublishSpec& publish = output.publish[0];
  EXPECT_EQ(publish.transport.value, "shm");
  EXPECT_EQ(publish.socket.value, "/run/test/front.sock");
  EXPECT_EQ(publish.socket_path, "/run/test/front.sock");
  EXPECT_EQ(publish.mode.value, 0660U);
  EXPECT_EQ(publish.buffers.value, 6U);
  EXPECT_EQ(publish.leases.value, 2U);
  EXPECT_EQ(publish.lease_time.value, 1000000000);
  EXPECT_EQ(publish.clients.value, 256U);
}

// Catches a list that is cut or lands in its neighbour, and a value without its place for later messages.
TEST(ParseTest, WhoMayConnectArrives) {
  const Profile sut = MustParse(WithMistake({"", 30, kAccessLines, ""}));
  const PublishSpec& publish = sut.streams.at(0).outputs.at(0).publish.at(0);
  EXPECT_EQ(publish.group.value, "video");
  ASSERT_EQ(publish.allow_uid.size(), 2U);
  EXPECT_EQ(publish.allow_uid[0].value, "1000");
  EXPECT_EQ(publish.allow_uid[1].value, "camera");
  EXPECT_EQ(publish.allow_uid[1].pos.line, 33);
  ASSERT_EQ(publish.allow_gid.size(), 1U);
  EXPECT_EQ(publish.allow_gid[0].value, "video");
  EXPECT_EQ(publish.protect.value, "copy");
}

// Catches a default that differs from the manual.
TEST(ParseTest, WhatIsLeftOutHasItsDefault) {
  const Profile sut = MustParse(Minimal("/run/x.sock"));
  const PublishSpec& publish = sut.streams.at(0).outputs.at(0).publish.at(0);
  EXPECT_EQ(sut.streams[0].capture.device.value, "auto");
  EXPECT_FALSE(sut.streams[0].capture.device.pos.in_file());
  EXPECT_EQ(sut.streams[0].capture.rate.value, (FrameRate{30, 1}));
  EXPECT_FALSE(sut.streams[0].outputs[0].encoder.has_value());
  EXPECT_EQ(publish.transport.value, "shm");
  EXPECT_EQ(publish.mode.value, 0660U);
  EXPECT_EQ(publish.buffers.value, 6U);
  EXPECT_EQ(publish.leases.value, 2U);
  EXPECT_EQ(publish.lease_time.value, 1000000000);
  EXPECT_EQ(publish.clients.value, 256U);
  EXPECT_EQ(publish.group.value, "");
  EXPECT_TRUE(publish.allow_uid.empty() && publish.allow_gid.empty());
  EXPECT_EQ(publish.protect.value, "none");
}

// Catches a made-up format, size or rate where the profile leaves the choice to the device.
TEST(ParseTest, CaptureMayLeaveEverythingToTheDevice) {
  std::string text = Minimal("/run/x.sock");
  text.replace(text.find("{format: YUYV, size: 640x480, rate: 60/2}"), 41, "{}");
  const Profile sut = MustParse(text);
  const CaptureSpec& capture = sut.streams.at(0).capture;
  EXPECT_EQ(capture.device.value, "auto");
  EXPECT_EQ(capture.format.value, "");
  EXPECT_EQ(capture.size.value, (Size{0, 0}));
  EXPECT_EQ(capture.rate.value.num, 0U);
}

// Catches an output whose own format or size is dropped, and encoder defaults.
TEST(ParseTest, OutputMayHaveItsOwnFormatAndSize) {
  const Profile sut = MustParse(R"(
version: 1
name: two-sizes
backends: {capture: [v4l2], converter: [sw-fallback], encoder: [a, b], transport: [shm]}
streams:
  front:
    capture: {format: YUYV, size: 640x480, rate: 30000/1001}
    outputs:
      small: {format: RGB24, size: 320x240, encoder: {codec: h264}, publish: [{socket: /run/x.sock}]}
)");
  const OutputSpec& output = sut.streams.at(0).outputs.at(0);
  ASSERT_TRUE(output.format && output.size && output.encoder);
  EXPECT_EQ(output.format->value, "RGB24");
  EXPECT_EQ(output.size->value, (Size{320, 240}));
  EXPECT_EQ(output.encoder->bitrate.value, 4000000U);
  EXPECT_EQ(output.encoder->gop.value, 30U);
  EXPECT_EQ(sut.streams[0].capture.rate.value, (FrameRate{30000, 1001}));
}

// Catches streams, preferences or options that are sorted instead of kept in the order of the file.
TEST(ParseTest, OrderOfTheFileIsKept) {
  const Profile sut = MustParse(R"(
version: 1
name: order
backends: {capture: [v4l2, b, a], transport: [shm]}
options: {b: {z: 1, heap: ["linux,cma", system], y: ""}, a: {}}
streams:
  zulu: {capture: {format: GREY, size: 16x16, rate: 1}, outputs: {o: {publish: [{socket: /run/z}]}}}
  alfa: {capture: {format: BGRA, size: 16384x16384, rate: 1000}, outputs: {o: {publish: [{socket: /run/a}]}}}
)");
  ASSERT_EQ(sut.streams.size(), 2U);
  EXPECT_EQ(sut.streams[0].name.value, "zulu");
  EXPECT_EQ(sut.streams[1].name.value, "alfa");
  EXPECT_EQ(sut.Backends(BackendKind::kCapture).at(2).value, "a");
  const auto& options = sut.OptionsFor("b");
  ASSERT_EQ(options.size(), 3U);
  EXPECT_EQ(options[0].key.value, "z");
  EXPECT_FALSE(options[0].is_list);
  ASSERT_TRUE(options[1].is_list);
  ASSERT_EQ(options[1].values.size(), 2U);
  EXPECT_EQ(options[1].values[0].value, "linux,cma");
  EXPECT_EQ(options[1].values[1].value, "system");
  EXPECT_EQ(options[2].values.at(0).value, "");
  EXPECT_TRUE(sut.OptionsFor("a").empty());
}

// Catches places that are 0-based, in bytes, or of the key instead of the value: later messages point there.
TEST(ParseTest, ValuesKnowTheirPlace) {
  const Profile sut = MustParse(kGoodProfile);
  const auto expect = [](const SourcePos& pos, int line, int column, int width) {
    EXPECT_EQ(pos.line, line);
    EXPECT_EQ(pos.column, column);
    EXPECT_EQ(pos.width, width);
  };
  expect(sut.name.pos, 2, 7, 4);
  expect(sut.Backends(BackendKind::kCapture).at(0).pos, 5, 13, 11);
  expect(sut.options.at(0).backend.pos, 9, 3, 11);
  expect(sut.options[0].options.at(0).key.pos, 9, 17, 7);
  expect(sut.options[0].options[0].values.at(0).pos, 9, 26, 1);
  expect(sut.streams.at(0).name.pos, 11, 3, 5);
  expect(sut.streams[0].capture.pos, 12, 5, 7);
  expect(sut.streams[0].capture.size.pos, 15, 13, 8);
  expect(sut.streams[0].outputs.at(0).name.pos, 18, 7, 4);
  expect(sut.streams[0].outputs[0].encoder->pos, 19, 9, 7);
  expect(sut.streams[0].outputs[0].publish.at(0).pos, 24, 13, 1);
  expect(sut.streams[0].outputs[0].publish[0].mode.pos, 26, 19, 6);
}

// Catches ${RUNTIME} expanded to another place than the control socket, or lost from what was written.
TEST(ParseTest, RuntimeTokenIsExpandedFromTheEnvironment) {
  const ProfileOptions user = {{}, [](const char* name) -> const char* {
                                 return std::string_view(name) == "XDG_RUNTIME_DIR" ? "/run/user/7" : nullptr;
                               }};
  const Profile sut = MustParse(Minimal("${RUNTIME}/front.sock"), user);
  const PublishSpec& publish = sut.streams.at(0).outputs.at(0).publish.at(0);
  EXPECT_EQ(publish.socket_path, "/run/user/7/videostream/front.sock");
  EXPECT_EQ(publish.socket.value, "${RUNTIME}/front.sock");
}

// Catches an off-by-one at the end of sun_path, in both directions.
TEST(ParseTest, SocketPathMayFillSunPath) {
  const std::string longest = "/" + std::string(106, 's');
  EXPECT_EQ(MustParse(Minimal(longest)).streams.at(0).outputs.at(0).publish.at(0).socket_path.size(), 107U);
  const auto sut = ParseProfile(Minimal(longest + "s"), "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("has 108 bytes, but a unix socket takes at most 107"), std::string::npos)
      << sut.error().message;
}

// Catches files of other editors being refused: byte order mark, CRLF, no newline at the end, aliases, quotes.
TEST(ParseTest, OtherSpellingsOfYamlMeanTheSame) {
  const Profile expected = MustParse(kGoodProfile);
  std::string crlf = "\xEF\xBB\xBF";
  for (const char c : kGoodProfile) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(MustParse(crlf), expected);
  EXPECT_EQ(MustParse(kGoodProfile.substr(0, kGoodProfile.size() - 1)), expected);
  std::string aliased(kGoodProfile);
  aliased.replace(aliased.find("[sw-fallback]"), 13, "&cpu [sw-fallback]");
  aliased.replace(aliased.find("encoder: [sw-fallback]"), 22, "encoder: *cpu");
  EXPECT_EQ(MustParse(aliased), expected);
  std::string quoted(kGoodProfile);
  quoted.replace(quoted.find("1280x720"), 8, "'1280x720'");
  quoted.replace(quoted.find("name: test"), 10, "\"name\": \"t\\x65st\"");
  EXPECT_EQ(MustParse(quoted), expected);
}

// Catches a parser that stops at the first mistake, or reports in another order than that of the file.
TEST(ParseTest, IndependentMistakesAreReportedTogetherInOrder) {
  std::string text(kGoodProfile);
  text.replace(text.find("gop: 30"), 7, "gop: no");
  text.replace(text.find("name: test"), 10, "name: Test");
  text.replace(text.find("rate: 30\n"), 9, "rate: 30\n      rate: 31\n");
  const auto sut = ParseProfile(text, "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().message,
            R"(x.yaml:2:7: error: expected the name of the profile (1 to 32 of a-z, 0-9, '-' and '_'), found 'Test'
   2 | name: Test
     |       ^~~~
x.yaml:17:7: error: duplicate key 'rate', first on line 16
  17 |       rate: 31
     |       ^~~~
x.yaml:23:16: error: expected a whole number from 1 to 1000, found 'no'
  23 |           gop: no
     |                ^~)");
}

// Catches a flood of messages from one broken file.
TEST(ParseTest, OnlyTheFirstTwentyMistakesAreShown) {
  std::string text(kGoodProfile);
  for (int i = 0; i < 23; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const auto sut = ParseProfile(text, "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_NE(sut.error().message.find("unknown key 'key19'"), std::string::npos);
  EXPECT_EQ(sut.error().message.find("unknown key 'key20'"), std::string::npos);
  EXPECT_TRUE(sut.error().message.ends_with("\nx.yaml: 3 more errors")) << sut.error().message;
}

// Catches follow-up errors: what refers to broken preference lists cannot be judged.
TEST(ParseTest, BrokenBackendsCauseOneMessageOnly) {
  std::string text(kGoodProfile);
  text.replace(text.find("transport: [shm]"), 16, "transpot: [shm]");
  text.replace(text.find("encoder: [sw-fallback]"), 22, "encoder: sw-fallback");
  const auto sut = ParseProfile(text, "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().message,
            R"(x.yaml:3:1: error: missing key 'transport' in 'backends'
   3 | backends:
     | ^~~~~~~~
x.yaml:6:12: error: expected a list of backends such as [shm], found 'sw-fallback'
   6 |   encoder: sw-fallback
     |            ^~~~~~~~~~~
x.yaml:7:3: error: unknown key 'transpot' in 'backends'; did you mean 'transport'?
   7 |   transpot: [shm]
     |   ^~~~~~~~)");
}

// Catches bounds that are off: the largest profile must parse, one more must not.
TEST(ParseTest, NumberOfStreamsIsBounded) {
  const auto with_streams = [](int count) {
    std::string text = "version: 1\nname: n\nbackends: {capture: [a], transport: [shm]}\nstreams:\n";
    for (int i = 0; i < count; ++i) {
      text += "  s" + std::to_string(i) +
              ": {capture: {format: NV12, size: 16x16, rate: 1}, outputs: {o: {publish: [{socket: /run/" +
              std::to_string(i) + "}]}}}\n";
    }
    return text;
  };
  EXPECT_EQ(MustParse(with_streams(16)).streams.size(), 16U);
  EXPECT_FALSE(ParseProfile(with_streams(17), "x.yaml", NoEnvironment()).has_value());
}

// Catches a document that is parsed although it is larger than anything written by hand.
TEST(ParseTest, SizeIsBounded) {
  std::string text(kGoodProfile);
  while (text.size() < kMaxProfileBytes) text += "#\n";
  text.resize(kMaxProfileBytes, '#');
  EXPECT_TRUE(ParseProfile(text, "x.yaml", NoEnvironment()).has_value());
  text += '\n';
  EXPECT_EQ(ParseProfile(text, "x.yaml", NoEnvironment()).error().message,
            "x.yaml: error: a profile has at most 1048576 bytes, found more");
}

// Catches a line so long that positions in it cost more than they are worth.
TEST(ParseTest, LengthOfALineIsBounded) {
  const std::string text = std::string(kGoodProfile) + "#" + std::string(4095, 'x') + "\n";
  EXPECT_TRUE(ParseProfile(text, "x.yaml", NoEnvironment()).has_value());
  const auto sut = ParseProfile("# \n#" + std::string(4096, 'x') + "\n", "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_TRUE(sut.error().message.starts_with("x.yaml:2:4097: error: line longer than 4096 bytes"))
      << sut.error().message;
}

}  // namespace
}  // namespace videostream
