// SPDX-License-Identifier: Apache-2.0
// The tables of docs/profiles.md are those of the parser.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "core/profile/key_types.h"
#include "core/profile/keys.h"

namespace videostream {
namespace {

std::string Manual() {
  std::ifstream file("docs/profiles.md");
  EXPECT_TRUE(file.is_open()) << "docs/profiles.md";
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Code(std::string_view text) { return "`" + std::string(text) + "`"; }

std::string DefaultText(const KeySpec& key) {
  if (!key.implemented) return "–";
  if (key.required) return "required";
  if (!key.fallback.empty()) return Code(key.fallback);
  return key.otherwise.empty() ? "none" : std::string(key.otherwise);
}

// One table as the manual has it, between its comments.
std::string Section(const KeyTable& table) {
  std::string text = "<!-- keys: " + std::string(table.id) +
                     " -->\n\n| key | type | default | example | meaning |\n|---|---|---|---|---|\n";
  for (const KeySpec& key : table.keys) {
    text += "| " + Code(key.name) + " | " + (key.implemented ? TypeText(key) : "–") + " | " + DefaultText(key) + " | " +
            Code(key.example) + " | " + (key.implemented ? "" : "Not yet. ") + std::string(key.help) + " |\n";
  }
  return text + "\n<!-- end of keys -->\n";
}

// Catches a key, type, default or example that the manual says otherwise or not at all. On a failure, what has to stand
// there is printed.
TEST(ManualTest, EveryTableIsThatOfTheParser) {
  const std::string manual = Manual();
  for (const KeyTable* table : AllKeyTables()) {
    if (table->id.ends_with("-backends")) continue;  // keys of kBackendsKeys, none required
    const std::string section = Section(*table);
    EXPECT_NE(manual.find(section), std::string::npos) << "docs/profiles.md lacks this:\n" << section;
  }
}

// Catches a format or codec that the prose forgets.
TEST(ManualTest, EveryFormatAndCodecIsNamed) {
  const std::string manual = Manual();
  const size_t at = manual.find("### Formats and codecs");
  ASSERT_NE(at, std::string::npos);
  const std::string section = manual.substr(at, manual.find("\n## ", at) - at);
  for (const std::string_view format : CaptureFormatNames()) EXPECT_NE(section.find(Code(format)), std::string::npos);
  for (const KeySpec& codec : CodecNames()) EXPECT_NE(section.find(Code(codec.name)), std::string::npos);
}

}  // namespace
}  // namespace videostream
