// SPDX-License-Identifier: Apache-2.0
// Options of a profile against a schema: what is passed on, and the exact text of what is not.
#include "core/plugin/options.h"

#include <gtest/gtest.h>

#include <cstring>

namespace videostream {
namespace {

vstream_option_spec Spec(const char* name, uint32_t type, uint32_t kinds, uint32_t flags = 0, int64_t minimum = 0,
                         int64_t maximum = 0, const char* choices = "") {
  vstream_option_spec spec{};
  spec.struct_size = sizeof spec;
  spec.type = type;
  spec.flags = flags;
  spec.kinds = kinds;
  spec.minimum = minimum;
  spec.maximum = maximum;
  std::strncpy(spec.name, name, sizeof spec.name - 1);
  std::strncpy(spec.choices, choices, sizeof spec.choices - 1);
  return spec;
}

constexpr uint32_t kCapture = VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE);
constexpr uint32_t kEncoder = VSTREAM_KIND_BIT(VSTREAM_KIND_ENCODER);

const std::vector<vstream_option_spec>& Schema() {
  static const std::vector<vstream_option_spec> schema = {
      Spec("heap", VSTREAM_OPTION_STRING, kCapture, VSTREAM_OPTION_FLAG_LIST),
      Spec("bytes", VSTREAM_OPTION_INTEGER, kCapture, 0, 1, 2'000'000),
      Spec("loop", VSTREAM_OPTION_BOOLEAN, kCapture),
      Spec("deadline", VSTREAM_OPTION_DURATION, kCapture, 0, 1'000'000, 60'000'000'000),
      Spec("pattern", VSTREAM_OPTION_CHOICE, kCapture, 0, 0, 0, "bars|noise|grey"),
      Spec("socket", VSTREAM_OPTION_STRING, kCapture, VSTREAM_OPTION_FLAG_HOST),
      Spec("gop", VSTREAM_OPTION_INTEGER, kEncoder),
      Spec("free", VSTREAM_OPTION_INTEGER, kCapture | kEncoder),
  };
  return schema;
}

CheckedOptions Check(const OptionList& raw, OptionSource source = OptionSource::kProfile) {
  return CheckOptions(Schema(), VSTREAM_KIND_CAPTURE, raw, source);
}

// Catches: an option of another kind of the same backend taken for one of this kind.
TEST(TakesOption, LooksAtTheKind) {
  EXPECT_TRUE(TakesOption(Schema(), VSTREAM_KIND_CAPTURE, "heap"));
  EXPECT_TRUE(TakesOption(Schema(), VSTREAM_KIND_ENCODER, "free"));
  EXPECT_FALSE(TakesOption(Schema(), VSTREAM_KIND_ENCODER, "heap"));
  EXPECT_FALSE(TakesOption(Schema(), VSTREAM_KIND_CAPTURE, "hea"));
  EXPECT_FALSE(TakesOption({}, VSTREAM_KIND_CAPTURE, "heap"));
}

// Catches: a value handed to a backend in a spelling that the ABI does not have.
TEST(CheckOptions, WritesValuesAsTheAbiWantsThem) {
  const CheckedOptions checked = Check({{"heap", "linux,cma"},
                                        {"bytes", "64k"},
                                        {"heap", "system"},
                                        {"loop", "yes"},
                                        {"deadline", "100ms"},
                                        {"pattern", "noise"},
                                        {"free", "-3"}});
  EXPECT_TRUE(checked.problems.empty()) << checked.problems[0].message;
  EXPECT_EQ(checked.options, (OptionList{{"heap", "linux,cma"},
                                         {"bytes", "64000"},
                                         {"heap", "system"},
                                         {"loop", "true"},
                                         {"deadline", "100000000"},
                                         {"pattern", "noise"},
                                         {"free", "-3"}}));
}

// Catches: sizes in bytes that cannot be written as people think of them, or a unit taken for its neighbour.
TEST(NormaliseOption, KnowsPowersOf1000And1024) {
  const vstream_option_spec free = Spec("free", VSTREAM_OPTION_INTEGER, kCapture);
  const std::pair<const char*, const char*> rows[] = {{"64k", "64000"}, {"2M", "2000000"},     {"1G", "1000000000"},
                                                      {"4KiB", "4096"}, {"64MiB", "67108864"}, {"1GiB", "1073741824"}};
  for (const auto& [written, meant] : rows) EXPECT_EQ(NormaliseOption(free, written).value_or("refused"), meant);
  EXPECT_FALSE(NormaliseOption(free, "64mib").has_value());
  EXPECT_FALSE(NormaliseOption(free, "KiB").has_value());
  EXPECT_FALSE(NormaliseOption(free, "9007199254740993GiB").has_value());
}

struct Wrong {
  const char* key;
  const char* value;
  bool in_key;
  const char* message;
};

class WrongOption : public ::testing::TestWithParam<Wrong> {};

// Catches: a wrong option that is passed on, or refused without saying what would be right.
TEST_P(WrongOption, IsAProblemWithItsPositionAndText) {
  const CheckedOptions checked = Check({{"loop", "on"}, {GetParam().key, GetParam().value}});
  ASSERT_EQ(checked.problems.size(), 1U);
  EXPECT_EQ(checked.problems[0].index, 1U);
  EXPECT_EQ(checked.problems[0].in_key, GetParam().in_key);
  EXPECT_EQ(checked.problems[0].message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongOption,
    ::testing::Values(
        Wrong{"heep", "x", true,
              "unknown option 'heep', expected one of: heap, bytes, loop, deadline, pattern, free; nearest is 'heap'"},
        Wrong{"zzzzzz", "x", true,
              "unknown option 'zzzzzz', expected one of: heap, bytes, loop, deadline, pattern, free"},
        Wrong{"", "x", true, "unknown option '', expected one of: heap, bytes, loop, deadline, pattern, free"},
        Wrong{"gop", "3", true, "option 'gop' is not for kind 'capture'"},
        Wrong{"socket", "/x", true, "option 'socket' is set by the runtime and cannot be given here"},
        Wrong{"loop", "off", true, "option 'loop' found twice, one value expected"},
        Wrong{"bytes", "3M", false, "option 'bytes': '3M' found, 1 to 2000000 expected"},
        Wrong{"bytes", "0", false, "option 'bytes': '0' found, 1 to 2000000 expected"},
        Wrong{"bytes", "", false,
              "option 'bytes': '' found, a whole number expected (k, M, G, KiB, MiB or GiB may follow)"},
        Wrong{"bytes", "1.5", false,
              "option 'bytes': '1.5' found, a whole number expected (k, M, G, KiB, MiB or GiB may follow)"},
        Wrong{"bytes", "k", false,
              "option 'bytes': 'k' found, a whole number expected (k, M, G, KiB, MiB or GiB may follow)"},
        Wrong{"free", "9223372036854775807k", false,
              "option 'free': '9223372036854775807k' found, a whole number expected (k, M, G, KiB, MiB or GiB may "
              "follow)"},
        Wrong{"free", "99999999999999999999", false,
              "option 'free': '99999999999999999999' found, a whole number expected (k, M, G, KiB, MiB or GiB may "
              "follow)"},
        Wrong{"deadline", "100", false, "option 'deadline': '100' found, a duration expected (100ms, 2s, 1500us)"},
        Wrong{"deadline", "-1s", false, "option 'deadline': '-1s' found, a duration expected (100ms, 2s, 1500us)"},
        Wrong{"deadline", "999us", false, "option 'deadline': '999us' found, 1ms to 1m expected"},
        Wrong{"deadline", "61s", false, "option 'deadline': '61s' found, 1ms to 1m expected"},
        Wrong{"pattern", "noize", false,
              "option 'pattern': 'noize' found, one of: bars, noise, grey expected; nearest is 'noise'"},
        Wrong{"pattern", "bars|noise", false,
              "option 'pattern': 'bars|noise' found, one of: bars, noise, grey expected"}),
    [](const auto& wrong) { return "Case" + std::to_string(wrong.index); });

// Catches: only the first mistake reported, so that a profile is mended line by line.
TEST(CheckOptions, ReportsEveryProblem) {
  const CheckedOptions checked = Check({{"nope", "1"}, {"bytes", "5"}, {"loop", "maybe"}});
  ASSERT_EQ(checked.problems.size(), 2U);
  EXPECT_EQ(checked.problems[0].index, 0U);
  EXPECT_EQ(checked.problems[1].index, 2U);
  EXPECT_EQ(checked.problems[1].message, "option 'loop': 'maybe' found, true or false expected");
}

// Catches: the runtime unable to hand a transport its socket.
TEST(CheckOptions, LetsTheRuntimeSetWhatIsItsOwn) {
  const CheckedOptions checked = Check({{"socket", "/run/a.sock"}}, OptionSource::kRuntime);
  EXPECT_TRUE(checked.problems.empty());
  EXPECT_EQ(checked.options, (OptionList{{"socket", "/run/a.sock"}}));
}

// Catches: foreign text that reaches a terminal, and values without bound.
TEST(NormaliseOption, BoundsAndEscapesText) {
  const vstream_option_spec text = Spec("t", VSTREAM_OPTION_STRING, kCapture);
  EXPECT_TRUE(NormaliseOption(text, std::string(4096, 'x')));
  EXPECT_EQ(NormaliseOption(text, std::string(4097, 'x')).error().message,
            "4097 bytes found, text of at most 4096 bytes without NUL expected");
  EXPECT_FALSE(NormaliseOption(text, std::string("a\0b", 3)));
  const vstream_option_spec number = Spec("n", VSTREAM_OPTION_INTEGER, kCapture);
  EXPECT_EQ(NormaliseOption(number, "\x1b[2J\n").error().message,
            "'\\x1b[2J' found, a whole number expected (k, M, G, KiB, MiB or GiB may follow)");
}

// Catches: units mixed up, by which a deadline becomes a thousand times too long.
TEST(NormaliseOption, KnowsTheUnitsOfDurations) {
  const vstream_option_spec duration = Spec("d", VSTREAM_OPTION_DURATION, kCapture);
  for (const auto& [text, ns] : {std::pair{"7ns", "7"}, std::pair{"7us", "7000"}, std::pair{"7ms", "7000000"},
                                 std::pair{"7s", "7000000000"}, std::pair{"7m", "420000000000"}, std::pair{"0", "0"}}) {
    EXPECT_EQ(NormaliseOption(duration, text).value(), ns) << text;
  }
}

}  // namespace
}  // namespace videostream
