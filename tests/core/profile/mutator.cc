// SPDX-License-Identifier: Apache-2.0
// The ways in which files get broken.
#include "tests/core/profile/mutator.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace videostream {
namespace {

using std::literals::operator""sv;

constexpr std::string_view kTokens[] = {"[",
                                        "]",
                                        "{",
                                        "}",
                                        ":",
                                        ": ",
                                        "- ",
                                        "? ",
                                        "\"",
                                        "'",
                                        "#",
                                        "&a ",
                                        "*a",
                                        "!!int ",
                                        "|",
                                        ">",
                                        "%",
                                        "@",
                                        "---",
                                        "\n---\n",
                                        "\t",
                                        "\r\n",
                                        "\n",
                                        "  ",
                                        "<<: *a",
                                        "~",
                                        "0",
                                        "99999999999999999999",
                                        "\\",
                                        "\\x",
                                        "${RUNTIME}",
                                        "\xEF\xBB\xBF",
                                        "\xC3\xA9",
                                        "\0"sv,
                                        "\x7F",
                                        "...",
                                        "null",
                                        ",",
                                        "extends: base",
                                        "match: ",
                                        "require: "};

constexpr std::string_view kValues[] = {"~",
                                        "0",
                                        "1",
                                        "2",
                                        "16",
                                        "64",
                                        "65",
                                        "1000",
                                        "1001",
                                        "-1",
                                        "007",
                                        "\"6\"",
                                        "5M",
                                        "1001M",
                                        "999",
                                        "30",
                                        "30/1",
                                        "0/1",
                                        "64x64",
                                        "8x8",
                                        "16384x16384",
                                        "16385x16",
                                        "64x64+0+0",
                                        "64x64+16384+0",
                                        "90",
                                        "45",
                                        "\"90\"",
                                        "h264",
                                        "mjpeg",
                                        "h265",
                                        "NV12",
                                        "MJPEG",
                                        "nv12",
                                        "none",
                                        "copy",
                                        "box",
                                        "vertical",
                                        "bt709",
                                        "\"0660\"",
                                        "660",
                                        "0888",
                                        "1s",
                                        "9ms",
                                        "60000ms",
                                        "61s",
                                        "hardware",
                                        "zero-copy",
                                        "[hardware]",
                                        "[hardware, hardware]",
                                        "[]",
                                        "{}",
                                        "[a]",
                                        "{a: 1}",
                                        "shm",
                                        "[shm]",
                                        "[v4l2, shm]",
                                        "v4l2",
                                        "/run/a.sock",
                                        "\"${RUNTIME}/b\"",
                                        "\"${HOME}/b\"",
                                        "relative",
                                        "/run/",
                                        "true",
                                        "auto",
                                        "\"\"",
                                        "video",
                                        "4294967295",
                                        "[1000, root]",
                                        "[1, 1]",
                                        "[[a]]",
                                        "a_b",
                                        "require",
                                        "backends",
                                        "encoder",
                                        "publish",
                                        "format",
                                        "size",
                                        "rate",
                                        "quality",
                                        "gop",
                                        "match",
                                        "streams",
                                        "options",
                                        "name",
                                        "version",
                                        "isolation",
                                        "allow",
                                        "uid",
                                        "capture"};

}  // namespace

uint32_t SoakCount(uint32_t full) { return std::getenv("VIDEOSTREAM_SOAK") != nullptr ? full : full / 20; }

uint32_t SoakSeed(uint32_t fallback) {
  const char* seed = std::getenv("VIDEOSTREAM_SEED");
  return seed == nullptr ? fallback : static_cast<uint32_t>(std::strtoul(seed, nullptr, 10));
}

std::string Mutator::Mutate(std::string text) {
  for (size_t count = 1 + Below(4); count > 0 && !text.empty(); --count) MutateOnce(text);
  return text;
}

std::string Mutator::MutateValues(std::string text) {
  constexpr std::string_view kBetween = " \n:[]{},";
  for (size_t count = 1 + Below(3); count > 0 && !text.empty(); --count) {
    const size_t start = text.find_first_not_of(kBetween, Below(text.size()));
    if (start == std::string::npos) continue;
    const size_t end = std::min(text.find_first_of(kBetween, start), text.size());
    text.replace(start, end - start, kValues[Below(std::size(kValues))]);
  }
  return text;
}

void Mutator::MutateOnce(std::string& text) {
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
      text.insert(Below(text.size() + 1), kTokens[Below(std::size(kTokens))]);
      return;
    default:
      text.insert(Below(text.size() + 1), text.substr(Below(text.size()), Below(40)));
  }
}

void Mutator::EditLines(std::string& text) {
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

}  // namespace videostream
