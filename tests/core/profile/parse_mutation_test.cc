// SPDX-License-Identifier: Apache-2.0
// Broken files of all kinds: whatever happens to a profile on its way, it parses or is refused with a place in the
// file.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "core/profile/format.h"
#include "core/profile/parse.h"
#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  std::string Mutate(std::string text) {
    for (size_t count = 1 + Below(4); count > 0 && !text.empty(); --count) MutateOnce(text);
    return text;
  }

 private:
  size_t Below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

  void MutateOnce(std::string& text) {
    static const std::vector<std::string> kTokens = {"[",          "]",
                                                     "{",          "}",
                                                     ":",          ": ",
                                                     "- ",         "? ",
                                                     "\"",         "'",
                                                     "#",          "&a ",
                                                     "*a",         "!!int ",
                                                     "|",          ">",
                                                     "%",          "@",
                                                     "---",        "\n---\n",
                                                     "\t",         "\r\n",
                                                     "\n",         "  ",
                                                     "<<: *a",     "~",
                                                     "0",          "99999999999999999999",
                                                     "\\",         "\\x",
                                                     "${RUNTIME}", "\xEF\xBB\xBF",
                                                     "\xC3\xA9",   std::string(1, '\0'),
                                                     "\x7F",       "...",
                                                     "null",       ","};
    switch (Below(6)) {
      case 0:
        return EditLines(text);
      case 1:
        text.resize(Below(text.size() + 1));
        return;
      case 2:
        text[Below(text.size())] = static_cast<char>(Below(256));
        return;
      case 3:
        text.erase(Below(text.size()), 1 + Below(8));
        return;
      case 4:
        text.insert(Below(text.size() + 1), kTokens[Below(kTokens.size())]);
        return;
      default:
        text.insert(Below(text.size() + 1), text.substr(Below(text.size()), Below(40)));
    }
  }

  void EditLines(std::string& text) {
    std::vector<std::string> lines;
    for (size_t start = 0; start < text.size();) {
      const size_t end = std::min(text.find('\n', start), text.size() - 1);
      lines.push_back(text.substr(start, end + 1 - start));
      start = end + 1;
    }
    const size_t a = Below(lines.size());
    const size_t b = Below(lines.size());
    switch (Below(4)) {
      case 0:
        lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(a));
        break;
      case 1:
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(b), std::string(lines[a]));
        break;
      case 2:
        std::swap(lines[a], lines[b]);
        break;
      default:
        lines[a].insert(0, Below(5), ' ');
    }
    text.clear();
    for (const std::string& line : lines) text += line;
  }

  std::mt19937 random_;
};

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

// Every message starts with a place, and all places lie within the text.
void ExpectPlacesInside(const std::string& message, const std::string& text) {
  static const std::regex kPlace("x\\.yaml:([0-9]+):([0-9]+): error: [^\\n]+");
  ASSERT_TRUE(std::regex_search(message, kPlace, std::regex_constants::match_continuous)) << message;
  const auto [lines, longest] = Extent(text);
  for (std::sregex_iterator it(message.begin(), message.end(), kPlace), end; it != end; ++it) {
    const int line = std::stoi((*it)[1]);
    const int column = std::stoi((*it)[2]);
    ASSERT_TRUE(line >= 1 && line <= lines) << message;
    ASSERT_TRUE(column >= 1 && column <= std::max(1, longest)) << message;
  }
}

void CheckMutants(const std::string& original, uint32_t first_seed, uint32_t count) {
  int parsed = 0;
  int refused = 0;
  for (uint32_t seed = first_seed; seed < first_seed + count; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const std::string text = Mutator(seed).Mutate(original);
    const auto sut = ParseProfile(text, "x.yaml", NoEnvironment());
    if (!sut) {
      ++refused;
      EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
      ASSERT_NO_FATAL_FAILURE(ExpectPlacesInside(sut.error().message, text));
      continue;
    }
    ++parsed;
    const auto again = ParseProfile(FormatProfile(*sut), "again.yaml", NoEnvironment());
    ASSERT_TRUE(again.has_value()) << again.error().message;
    ASSERT_EQ(*again, *sut);
  }
  // Mutants that all fare alike would test nothing.
  EXPECT_GT(parsed, 10);
  EXPECT_GT(refused, 10);
  std::printf("seeds %u..%u: %d parsed, %d refused\n", first_seed, first_seed + count - 1, parsed, refused);
}

// Catches crashes, hangs and errors without a place on files that were cut, garbled or badly merged.
TEST(ParseMutationTest, EveryMutantParsesOrIsRefusedWithAPlace) {
  CheckMutants(WithMistake({"", 30, kAccessLines, ""}), 1, 6000);
}

// Catches the same where comments, flow style, aliases and several lines of options are involved.
TEST(ParseMutationTest, MutantsOfADenseProfileToo) {
  CheckMutants(R"(# dense
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
               100000, 6000);
}

}  // namespace
}  // namespace videostream
