// SPDX-License-Identifier: Apache-2.0
// The binary shape of the backend ABI and of the C API, compared with literals, in C and in C++.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <span>
#include <string>

#include "tests/include/abi/pin_table.h"

namespace {

const pin kPinsInCpp[] = {
#include "tests/include/abi/pins.inc"
};

std::span<const pin> PinsInC() {
  size_t count = 0;
  const pin* pins = abi_pins_in_c(&count);
  return {pins, count};
}

void ExpectAsPinned(std::span<const pin> pins) {
  for (const pin& p : pins) EXPECT_EQ(p.found, p.expected) << p.type << " " << p.name;
}

std::string Header(const std::string& name) {
  const std::string path = std::string(std::getenv("TEST_SRCDIR")) + "/" + std::getenv("TEST_WORKSPACE") +
                           "/include/videostream/" + name + ".h";
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return std::regex_replace(text, std::regex(R"(\\\n)"), " ");
}

constexpr const char* kHeaders[] = {"error",     "frame",   "backend",   "allocator", "capture",
                                    "converter", "encoder", "transport", "client",    "host"};

// Catches: a field inserted, reordered or resized, a constant renumbered, as a C backend would see it.
TEST(Abi, IsAsPinnedInC) { ExpectAsPinned(PinsInC()); }

// Catches: a struct that C++ lays out otherwise than C (an empty base, another alignment).
TEST(Abi, IsAsPinnedInCpp) { ExpectAsPinned(kPinsInCpp); }

// Catches: a field added without a pin, also one that hides in padding; and padding itself, which would cross the
// border uninitialised.
TEST(Abi, PinnedFieldsCoverEveryStructWithoutAHole) {
  int64_t end = 0;
  int64_t size = 0;
  const char* type = "";
  for (const pin& p : kPinsInCpp) {
    if (p.kind == PIN_KIND_CONSTANT) continue;
    if (p.kind == PIN_KIND_SIZE) {
      EXPECT_EQ(end, size) << "end of " << type;
      end = 0;
      size = p.expected;
      type = p.type;
      continue;
    }
    ASSERT_STREQ(p.type, type);
    EXPECT_EQ(p.expected, end) << p.type << "." << p.name;
    end = p.expected + static_cast<int64_t>(p.field_size);
  }
  EXPECT_EQ(end, size) << "end of " << type;
}

// Catches: a constant or struct added to a header without a pin.
TEST(Abi, EveryConstantAndStructOfTheHeadersIsPinned) {
  std::set<std::string> pinned = {"VSTREAM_EXPORT", "VSTREAM_MAGIC", "VSTREAM_DROP_REASON_NAMES"};  // no numbers
  for (const pin& p : kPinsInCpp) pinned.insert(p.kind == PIN_KIND_CONSTANT ? p.name : p.type);
  const std::regex names(R"(\n#define (VSTREAM_\w+) +[^\s]|\n\} (vstream_\w+);)");
  size_t seen = 0;
  for (const char* header : kHeaders) {
    const std::string text = Header(header);
    for (std::sregex_iterator it(text.begin(), text.end(), names), end; it != end; ++it, ++seen) {
      const std::string name = (*it)[1].matched ? (*it)[1].str() : (*it)[2].str();
      EXPECT_TRUE(pinned.contains(name)) << name << " of " << header << ".h is not in pins.inc";
    }
  }
  EXPECT_GT(seen, 100U) << "the headers were not read";
}

// Catches: a magic of another length or another text; the loader compares all eight bytes.
TEST(Abi, MagicIsEightBytesWithItsNul) {
  EXPECT_EQ(sizeof VSTREAM_MAGIC, 8U);
  EXPECT_STREQ(VSTREAM_MAGIC, "VSTREAM");
}

// Catches: a reason added to the enumeration and forgotten in the names, so that a metric reads past the list.
TEST(Abi, EveryDropReasonHasAName) {
  const char* const names[] = VSTREAM_DROP_REASON_NAMES;
  EXPECT_EQ(std::size(names), size_t{VSTREAM_DROP_REASONS});
  EXPECT_LE(std::size(names), std::size(vstream_consumer{}.skipped));
}

}  // namespace
