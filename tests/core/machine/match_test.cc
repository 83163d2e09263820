// SPDX-License-Identifier: Apache-2.0
// Patterns, and the points of a match.
#include "core/machine/match.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <initializer_list>

namespace videostream {
namespace {

std::vector<Located<std::string>> Patterns(std::initializer_list<const char*> words) {
  std::vector<Located<std::string>> patterns;
  for (const char* word : words) patterns.push_back({word, {}});
  return patterns;
}

MachineFacts Board() {
  MachineFacts facts;
  facts.compatible = {"vendor,board", "vendor,som", "fsl,imx8mp"};
  facts.arch = "aarch64";
  facts.soc = "i.MX8MP";
  facts.dmi = "Vendor Product 1";
  facts.kernel = "6.12.34-lts";
  facts.nodes = {"/dev/dma_heap/system", "/dev/video0"};
  return facts;
}

// Catches a pattern that is anchored at one end only, and a '*' that stands for one character.
TEST(PatternFitsTest, StarsStandForAnyText) {
  const struct {
    const char* pattern;
    const char* text;
    bool fits;
  } cases[] = {
      {"abc", "abc", true},     {"abc", "abcd", false},  {"abc", "ab", false},
      {"", "", true},           {"*", "", true},         {"*", "abc", true},
      {"a*", "a", true},        {"a*", "ba", false},     {"*c", "abc", true},
      {"*c", "abcd", false},    {"a*c", "abbc", true},   {"a*c", "ac", true},
      {"a*b*c", "aXbYc", true}, {"a*b*c", "acb", false}, {"*b*", "abc", true},
      {"**", "x", true},        {"a*ab", "aab", true},   {"a*ab", "ab", false},
      {"ABC", "abc", false},    {"a?c", "abc", false},   {"6.*-lts", "6.1-lts", true},
      {"*aab", "aaaab", true},
  };
  for (const auto& [pattern, text, fits] : cases) EXPECT_EQ(PatternFits(pattern, text), fits) << pattern << " " << text;
}

// Catches a search whose time explodes with the number of stars: this would not end.
TEST(PatternFitsTest, ManyStarsEnd) {
  alarm(60);
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "a*";
  EXPECT_FALSE(PatternFits(pattern + "b", std::string(2000, 'a')));
  alarm(0);
}

// Catches a key that is not looked at, or looked for in another fact.
TEST(MatchMachineTest, EachKeyLooksAtItsFact) {
  MatchSpec match;
  match.compatible = Patterns({"fsl,imx8mp"});
  match.soc = Patterns({"i.MX8M*"});
  match.dmi = Patterns({"Vendor *"});
  match.node = Patterns({"/dev/nothing", "/dev/video*"});
  match.kernel = Patterns({"6.*"});
  match.arch = Patterns({"armv7l", "aarch64"});
  const MatchResult sut = MatchMachine(match, Board());
  EXPECT_TRUE(sut.fits);
  ASSERT_EQ(sut.keys.size(), 6U);
  const struct {
    const char* key;
    const char* pattern;
    const char* fact;
    uint32_t points;
  } expected[] = {{"compatible", "fsl,imx8mp", "fsl,imx8mp", 5600 * 14 + 49},
                  {"soc", "i.MX8M*", "i.MX8MP", 2706},
                  {"dmi", "Vendor *", "Vendor Product 1", 1307},
                  {"node", "/dev/video*", "/dev/video0", 610},
                  {"kernel", "6.*", "6.12.34-lts", 252},
                  {"arch", "aarch64", "aarch64", 149}};
  uint32_t sum = 0;
  for (size_t i = 0; i < sut.keys.size(); ++i) {
    EXPECT_EQ(sut.keys[i].key, expected[i].key);
    EXPECT_EQ(sut.keys[i].pattern, expected[i].pattern);
    EXPECT_EQ(sut.keys[i].fact, expected[i].fact);
    EXPECT_EQ(sut.keys[i].points, expected[i].points) << expected[i].key;
    sum += expected[i].points;
  }
  EXPECT_EQ(sut.points, sum);
}

// Catches a profile that is taken though one of its keys does not fit, or because it has none.
TEST(MatchMachineTest, EveryKeyHasToFit) {
  MatchSpec match;
  EXPECT_FALSE(MatchMachine(match, Board()).fits);
  match.arch = Patterns({"aarch64"});
  EXPECT_TRUE(MatchMachine(match, Board()).fits);
  match.node = Patterns({"/dev/rga", "/dev/mpp_service"});
  const MatchResult sut = MatchMachine(match, Board());
  EXPECT_FALSE(sut.fits);
  EXPECT_EQ(sut.points, 0U);
  EXPECT_EQ(sut.keys[0].pattern, "/dev/rga");
  EXPECT_EQ(sut.keys[0].fact, "'/dev/dma_heap/system', '/dev/video0'");
}

// Catches '*' that fits what is not there.
TEST(MatchMachineTest, WhatIsUnknownFitsNothing) {
  MatchSpec match;
  match.soc = Patterns({"*"});
  MachineFacts facts = Board();
  EXPECT_TRUE(MatchMachine(match, facts).fits);
  facts.soc.clear();
  const MatchResult sut = MatchMachine(match, facts);
  EXPECT_FALSE(sut.fits);
  EXPECT_EQ(sut.keys[0].fact, "nothing");
}

// Catches weights with which a few vague keys outdo a board's own name.
TEST(MatchMachineTest, AKeyOutweighsAllThatComeAfterIt) {
  MachineFacts facts = Board();
  MatchSpec all;  // as exact as can be
  const struct {
    std::vector<Located<std::string>> MatchSpec::*key;
    const char* exact;
    const char* vague;
  } keys[] = {{&MatchSpec::arch, "aarch64", "*"},     {&MatchSpec::kernel, "6.12.34-lts", "*"},
              {&MatchSpec::node, "/dev/video0", "*"}, {&MatchSpec::dmi, "Vendor Product 1", "*"},
              {&MatchSpec::soc, "i.MX8MP", "*"},      {&MatchSpec::compatible, "fsl,imx8mp", "*mp"}};
  for (const auto& [key, exact, vague] : keys) {
    MatchSpec one;
    one.*key = Patterns({vague});
    EXPECT_GT(MatchMachine(one, facts).points, MatchMachine(all, facts).points) << exact;
    all.*key = Patterns({exact});
  }
  // A position in the device tree's list outweighs all keys.
  MatchSpec board;
  board.compatible = Patterns({"vendor,s*"});
  EXPECT_GT(MatchMachine(board, facts).points, MatchMachine(all, facts).points);
  // However long that list is.
  facts.compatible.assign(40, "other");
  facts.compatible.emplace_back("fsl,imx8mp");
  MatchSpec soc_level, rest = all;
  soc_level.compatible = Patterns({"fsl*"});
  rest.compatible.clear();
  EXPECT_GT(MatchMachine(soc_level, facts).points, MatchMachine(rest, facts).points);
}

// Catches two patterns of one key of which the vaguer wins.
TEST(MatchMachineTest, TheCloserPatternHasMorePoints) {
  const auto points = [](const char* pattern) {
    MatchSpec match;
    match.kernel = Patterns({pattern});
    return MatchMachine(match, Board()).points;
  };
  EXPECT_GT(points("6.12.34-lts"), points("6.12.34-*"));
  EXPECT_GT(points("6.12.*"), points("6.*"));
  EXPECT_GT(points("6.*"), points("*"));
  EXPECT_EQ(points("5.*"), 0U);
}

}  // namespace
}  // namespace videostream
