// SPDX-License-Identifier: Apache-2.0
// `match`, `require` and the lists of backends of a stream or an output.
#include "core/profile/parse_match.h"

#include <string_view>

#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

using std::literals::operator""sv;

Profile MustParse(const ErrorRow& change) {
  auto profile = ParseProfile(WithMistake(change), "x.yaml", NoEnvironment());
  EXPECT_TRUE(profile.has_value()) << profile.error().message;
  return profile ? *std::move(profile) : Profile{};
}

std::vector<std::string> Texts(const std::vector<Located<std::string>>& list) {
  std::vector<std::string> texts;
  for (const auto& text : list) texts.push_back(text.value);
  return texts;
}

using Words = std::vector<std::string>;

// Catches a pattern that lands under another key, and one word that is not taken for a list of one.
TEST(ParseMatchTest, EveryKeyArrives) {
  const Profile sut = MustParse({"", 2, R"(name: test
match:
  compatible: ["fsl,imx8mp*", "fsl,imx8mm"]
  arch: aarch64
  soc: i.MX8*
  dmi: "LENOVO *"
  kernel: ["6.*"]
  node: /dev/mpp_service)"sv,
                                 ""});
  ASSERT_TRUE(sut.match.has_value());
  EXPECT_EQ(Texts(sut.match->compatible), (Words{"fsl,imx8mp*", "fsl,imx8mm"}));
  EXPECT_EQ(Texts(sut.match->arch), (Words{"aarch64"}));
  EXPECT_EQ(Texts(sut.match->soc), (Words{"i.MX8*"}));
  EXPECT_EQ(Texts(sut.match->dmi), (Words{"LENOVO *"}));
  EXPECT_EQ(Texts(sut.match->kernel), (Words{"6.*"}));
  EXPECT_EQ(Texts(sut.match->node), (Words{"/dev/mpp_service"}));
  EXPECT_EQ(sut.match->pos.line, 3);
  EXPECT_EQ(sut.match->compatible[1].pos.column, 31);
}

// Catches a requirement of one place that is taken for that of another.
TEST(ParseRequireTest, EveryPlaceHasItsOwn) {
  EXPECT_EQ(Texts(MustParse({"", 2, "name: test\nrequire: hardware"sv, ""}).require), (Words{"hardware"}));
  EXPECT_EQ(Texts(MustParse({"", 11, "  front:\n    require: [realtime, zero-copy]"sv, ""}).streams.at(0).require),
            (Words{"realtime", "zero-copy"}));
  EXPECT_EQ(Texts(MustParse({"", 16, "      require: zero-copy"sv, ""}).streams.at(0).capture.require),
            (Words{"zero-copy"}));
  EXPECT_EQ(
      Texts(MustParse({"", 18, "      full:\n        require: realtime"sv, ""}).streams.at(0).outputs.at(0).require),
      (Words{"realtime"}));
  EXPECT_EQ(
      Texts(MustParse({"", 22, "          require: hardware"sv, ""}).streams.at(0).outputs.at(0).encoder->require),
      (Words{"hardware"}));
}

// Catches a list that is read and not used, or used for another output.
TEST(ParseSlotBackendsTest, TheNearestListCounts) {
  const Profile sut = MustParse({"", 11, R"(  front:
    backends: {capture: [v4l2], encoder: [stream-encoder]})"sv,
                                 ""});
  const StreamSpec& stream = sut.streams.at(0);
  const OutputSpec* output = stream.outputs.data();
  EXPECT_EQ(Texts(sut.Backends(BackendKind::kCapture, stream, nullptr)), (Words{"v4l2"}));
  EXPECT_EQ(Texts(sut.Backends(BackendKind::kEncoder, stream, output)), (Words{"stream-encoder"}));
  EXPECT_EQ(Texts(sut.Backends(BackendKind::kTransport, stream, output)), (Words{"shm"}));
  const Profile nearer = MustParse({"", 18, R"(      full:
        backends: {encoder: [output-encoder]})"sv,
                                    ""});
  EXPECT_EQ(Texts(nearer.Backends(BackendKind::kEncoder, nearer.streams.at(0), nearer.streams[0].outputs.data())),
            (Words{"output-encoder"}));
  EXPECT_EQ(nearer.EveryBackend(), (Words{"shm", "sw-fallback", "output-encoder"}));
}

// Catches checks that look only at the lists of the profile.
TEST(ParseSlotBackendsTest, WhatRefersToBackendsFindsThoseOfASlot) {
  // The profile's own list of encoders is gone, and so is the backend that the options are for.
  const Profile sut = MustParse({"", 0, R"(version: 1
name: test
backends: {capture: [v4l2], transport: [shm]}
options: {sw-fallback: {threads: 2}}
streams:
  front:
    capture: {}
    outputs:
      full:
        backends: {encoder: [sw-fallback], transport: [tcp]}
        encoder: {codec: h264}
        publish: [{transport: tcp, socket: /run/x.sock}]
)"sv,
                                 ""});
  EXPECT_EQ(sut.OptionsFor("sw-fallback").size(), 1U);
}

class MatchErrorTest : public ErrorRowTest {};

// Catches a pattern that could never fit, or a requirement that is ignored.
TEST_P(MatchErrorTest, MessageIsExact) { ExpectTheMessage(); }

constexpr ErrorRow kRows[] = {
    {"MatchIsAWord", 2, "name: test\nmatch: imx8mp"sv,
     R"(x.yaml:3:8: error: expected a mapping, found 'imx8mp'
   3 | match: imx8mp
     |        ^~~~~~)"},
    {"MatchIsEmpty", 2, "name: test\nmatch: {}"sv,
     R"(x.yaml:3:8: error: 'match' has no key; expected one of: compatible, arch, soc, dmi, kernel, node
   3 | match: {}
     |        ^)"},
    {"MatchKeyMisspelt", 2, "name: test\nmatch: {kernal: 6.1}"sv,
     R"(x.yaml:3:9: error: unknown key 'kernal' in 'match'; did you mean 'kernel'?
   3 | match: {kernal: 6.1}
     |         ^~~~~~)"},
    {"PatternEmpty", 2, "name: test\nmatch: {soc: ''}"sv,
     R"(x.yaml:3:14: error: expected a pattern of 1 to 128 bytes, found ''
   3 | match: {soc: ''}
     |              ^~)"},
    {"PatternsEmpty", 2, "name: test\nmatch: {soc: []}"sv,
     R"(x.yaml:3:14: error: expected a pattern of 1 to 128 bytes, or a list of 1 to 16 of them, found a list of 0
   3 | match: {soc: []}
     |              ^)"},
    {"PatternsTooMany", 2, "name: test\nmatch: {soc: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}"sv,
     R"(x.yaml:3:14: error: expected a pattern of 1 to 128 bytes, or a list of 1 to 16 of them, found a list of 17
   3 | match: {soc: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]}
     |              ^)"},
    {"PatternTwice", 2, "name: test\nmatch: {soc: [a, b, a]}"sv,
     R"(x.yaml:3:21: error: 'a' is already in this list
   3 | match: {soc: [a, b, a]}
     |                     ^)"},
    {"PatternIsAMapping", 2, "name: test\nmatch: {soc: {a: b}}"sv,
     R"(x.yaml:3:14: error: expected a pattern of 1 to 128 bytes, or a list of 1 to 16 of them, found a mapping
   3 | match: {soc: {a: b}}
     |              ^)"},
    {"PatternWithAVariable", 2, "name: test\nmatch: {node: \"${DEV}/x\"}"sv,
     R"(x.yaml:3:15: error: expected a pattern of 1 to 128 bytes, found '${DEV}/x'; only ${RUNTIME}, at the start of a 'socket', stands for something else
   3 | match: {node: "${DEV}/x"}
     |               ^~~~~~~~~~)"},
    {"RequirementMisspelt", 2, "name: test\nrequire: hardwar"sv,
     R"(x.yaml:3:10: error: expected a requirement (hardware, realtime, zero-copy), found 'hardwar'; did you mean 'hardware'?
   3 | require: hardwar
     |          ^~~~~~~)"},
    {"RequirementsEmpty", 2, "name: test\nrequire: []"sv,
     R"(x.yaml:3:10: error: expected a requirement (hardware, realtime, zero-copy), or a list of them, found a list of 0
   3 | require: []
     |          ^)"},
    {"RequirementTwice", 22, "          require: [realtime, realtime]"sv,
     R"(x.yaml:22:31: error: 'realtime' is already in this list
  22 |           require: [realtime, realtime]
     |                               ^~~~~~~~)"},
    {"RequirementIsAMapping", 16, "      require: {hardware: 1}"sv,
     R"(x.yaml:16:16: error: expected a requirement (hardware, realtime, zero-copy), or a list of them, found a mapping
  16 |       require: {hardware: 1}
     |                ^)"},
    {"KindOfAStreamMisspelt", 11, "  front:\n    backends: {encodr: [x]}"sv,
     R"(x.yaml:12:16: error: unknown key 'encodr' in 'backends' of a stream; did you mean 'encoder'?
  12 |     backends: {encodr: [x]}
     |                ^~~~~~)"},
    {"CaptureOfAnOutput", 18, "      full:\n        backends: {capture: [v4l2]}"sv,
     R"(x.yaml:19:20: error: unknown key 'capture' in 'backends' of an output; expected one of: allocator, converter, encoder, transport
  19 |         backends: {capture: [v4l2]}
     |                    ^~~~~~~)"},
    {"BackendsOfAStreamAreAList", 11, "  front:\n    backends: [x]"sv,
     R"(x.yaml:12:15: error: expected a mapping, found a list
  12 |     backends: [x]
     |               ^)"},
    {"TransportNotInTheListOfTheOutput", 18, "      full:\n        backends: {transport: [tcp]}"sv,
     R"(x.yaml:25:24: error: transport 'shm' is not in the list 'transport' under 'backends'
  25 |           - transport: shm
     |                        ^~~)"},
    {"VariableInADevice", 13, "      device: \"${CAMERA}\""sv,
     R"(x.yaml:13:15: error: expected 'auto' or the name of a device (1 to 255 bytes), found '${CAMERA}'; only ${RUNTIME}, at the start of a 'socket', stands for something else
  13 |       device: "${CAMERA}"
     |               ^~~~~~~~~~~)"},
    {"VariableInAnOption", 9, "  sw-fallback: {file: \"${HOME}/x\"}"sv,
     R"(x.yaml:9:23: error: expected a value of at most 1024 bytes, or a list of such, found '${HOME}/x'; only ${RUNTIME}, at the start of a 'socket', stands for something else
   9 |   sw-fallback: {file: "${HOME}/x"}
     |                       ^~~~~~~~~~~)"},
    {"VariableInANumber", 27, "            buffers: ${BUFFERS}"sv,
     R"(x.yaml:27:22: error: expected a whole number from 2 to 64, found '${BUFFERS}'; only ${RUNTIME}, at the start of a 'socket', stands for something else
  27 |             buffers: ${BUFFERS}
     |                      ^~~~~~~~~~)"},
};

INSTANTIATE_TEST_SUITE_P(All, MatchErrorTest, testing::ValuesIn(kRows), RowName);

}  // namespace
}  // namespace videostream
