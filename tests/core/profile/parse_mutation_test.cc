// SPDX-License-Identifier: Apache-2.0
// Broken files of all kinds: whatever happens to a profile on its way, it parses or is refused with a place in the
// file.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>

#include "core/profile/format.h"
#include "core/profile/parse.h"
#include "tests/core/profile/error_rows.h"
#include "tests/core/profile/file_map.h"
#include "tests/core/profile/mutator.h"

namespace videostream {
namespace {

// The number of lines and the characters of the longest one.
std::pair<int, int> Extent(const std::string& text) {
  int lines = 1;
  int longest = 0;
  int column = 0;
  for (const char c : text) {
    column = c == '\n' ? 0 : column + 1;
    lines += c == '\n' ? 1 : 0;
    longest = std::max(longest, column);
  }
  return {lines, longest};
}

using Files = std::map<std::string, std::string>;

// Every message starts with a place, and all places lie within the text of their file.
void ExpectPlacesInside(const std::string& message, const Files& files) {
  static const std::regex kPlace("([a-z]+\\.yaml):([0-9]+):([0-9]+): error: [^\\n]+");
  ASSERT_TRUE(std::regex_search(message, kPlace, std::regex_constants::match_continuous)) << message;
  for (std::sregex_iterator it(message.begin(), message.end(), kPlace), end; it != end; ++it) {
    ASSERT_TRUE(files.contains((*it)[1])) << message;
    const auto [lines, longest] = Extent(files.at((*it)[1]));
    const int line = std::stoi((*it)[2]);
    const int column = std::stoi((*it)[3]);
    ASSERT_TRUE(line >= 1 && line <= lines) << message;
    ASSERT_TRUE(column >= 1 && column <= std::max(1, longest)) << message;
  }
}

struct Tally {
  int parsed = 0, refused = 0;
};

// "x.yaml" of `files` parses, and is the same after it was written, or is refused with places.
void Check(const Files& files, Tally& tally) {
  std::map<std::string, std::string_view> views(files.begin(), files.end());
  const auto sut = ParseProfile(files.at("x.yaml"), "x.yaml", WithFiles(std::move(views)));
  if (!sut) {
    ++tally.refused;
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
    ASSERT_NO_FATAL_FAILURE(ExpectPlacesInside(sut.error().message, files));
    return;
  }
  ++tally.parsed;
  const auto again = ParseProfile(FormatProfile(*sut), "again.yaml", NoEnvironment());
  ASSERT_TRUE(again.has_value()) << again.error().message;
  ASSERT_EQ(*again, *sut);
}

// Mutants that all fare alike would test nothing.
void Conclude(const char* what, const Tally& tally, uint32_t seed) {
  EXPECT_GT(tally.parsed, 4);
  EXPECT_GT(tally.refused, 4);
  std::printf("PROOF: %d mutants of %s: %d parsed, %d refused with their places, seeds from %u\n",
              tally.parsed + tally.refused, what, tally.parsed, tally.refused, seed);
}

void CheckMutants(const char* what, const std::string& original, uint32_t first_seed) {
  const uint32_t first = SoakSeed(first_seed);
  Tally tally;
  for (uint32_t seed = first; seed < first + SoakCount(10000); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_NO_FATAL_FAILURE(Check({{"x.yaml", Mutator(seed).Mutate(original)}}, tally));
  }
  Conclude(what, tally, first);
}

// Catches crashes, hangs and errors without a place on files that were cut, garbled or badly merged.
TEST(ParseMutationTest, EveryMutantParsesOrIsRefusedWithAPlace) {
  CheckMutants("a profile", WithMistake({"", 30, kAccessLines, ""}), 1);
}

// Catches a merge of trees that do not go together, and a place in the wrong one of three files.
TEST(ParseMutationTest, MutantsOfBasesToo) {
  const Files originals = {{"x.yaml",
                            "version: 1\nname: x\nextends: base\nrequire: ~\noptions: {shm: {a: [b]}}\n"
                            "streams: {front: {capture: {rate: 15}, outputs: {full: {encoder: {gop: 5}}}}}\n"},
                           {"base.yaml",
                            "version: 1\nname: base\nextends: deep.yaml\nmatch: {arch: x86_64}\n"
                            "require: [hardware, realtime]\noptions: {shm: {a: 1}, sw-fallback: ~}\n"},
                           {"deep.yaml", WithMistake({"", 30, kAccessLines, ""})}};
  const uint32_t first = SoakSeed(200000);
  Tally tally;
  for (uint32_t seed = first; seed < first + SoakCount(10000); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Mutator mutator(seed);
    Files files = originals;
    for (auto& [name, text] : files) {
      if (mutator.Below(2) == 0) text = mutator.Below(2) == 0 ? mutator.Mutate(text) : mutator.MutateValues(text);
    }
    ASSERT_NO_FATAL_FAILURE(Check(files, tally));
  }
  Conclude("a profile with two bases", tally, first);
}

// Catches the same where comments, flow style, aliases and several lines of options are involved.
TEST(ParseMutationTest, MutantsOfADenseProfileToo) {
  CheckMutants("a dense profile", R"(# dense
version: 1
name: dense
backends: {capture: &c [v4l2, sw-fallback], encoder: *c, transport: [shm]} # all of them
options: {v4l2: {heap: ["linux,cma", 'it''s'], n: ~x}, shm: {}}
streams: {front: {capture: {device: "a\x41", format: NV12, size: 64x64, rate: 30/1},
  outputs: {o: {encoder: {codec: h264}, publish: [{socket: "${RUNTIME}/a"}]}}},
  rear: {capture: {format: GREY, size: 64x64, rate: 5}, outputs: {o: {publish: [{socket: /run/b}]},
    p: {format: I420, crop: 32x48+16+8, size: 96x64, rotate: 270, flip: vertical, filter: nearest, color: bt601-full,
      rate: 5/2, encoder: {codec: mjpeg, quality: 1}, publish: [{socket: /run/c}]}}}}
)",
               100000);
}

}  // namespace
}  // namespace videostream
