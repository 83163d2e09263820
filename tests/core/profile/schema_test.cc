// SPDX-License-Identifier: Apache-2.0
// The schema and the parser say the same of every profile, but for what a schema cannot say, which is listed here.
#include "core/profile/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/profile/parse.h"
#include "core/profile/yaml_tree.h"
#include "tests/core/profile/error_rows.h"
#include "tests/core/profile/file_map.h"
#include "tests/core/profile/json_schema.h"
#include "tests/core/profile/key_examples.h"
#include "tests/core/profile/mutator.h"

namespace videostream {
namespace {

// What only the parser can say: each is a part of the messages that say it.
constexpr std::string_view kBeyondTheSchema[] = {
    // two values that do not go together
    "which no list under 'backends' names",
    "is not in the list 'transport'",
    "but 'backends' names none",
    "does not go with codec",
    "fewer leases than buffers",
    "is already taken by output",
    "an output cannot have more frames",
    "beyond the captured picture",
    "has no format, but MJPEG is captured",
    "is for YUV formats and GREY",
    // ranges of a quotient, a sum, a length in bytes; spellings that are equal as text and not as JSON
    "expected a frame rate",
    "expected a crop",
    "bytes, but a unix socket takes at most",
    "is already in this list",
    // of the merged profile
    "a profile cannot extend itself",
    "is not found; tried",
};

const nlohmann::json& Schema() {
  static const nlohmann::json schema = nlohmann::json::parse(ProfileSchema());
  return schema;
}

// Nothing where the text is not even YAML of the kind that profiles are written in.
std::optional<nlohmann::json> AsJson(const std::string& text) {
  Diagnostics errors;
  const auto tree = ParseYaml(text, errors);
  if (!tree || !errors.empty()) return std::nullopt;
  return ToJson(*tree->root);
}

// The messages without places, source lines and carets.
std::vector<std::string> Messages(const std::string& error) {
  std::vector<std::string> messages;
  for (size_t at = 0; (at = error.find(": error: ", at)) != std::string::npos;) {
    at += std::string_view(": error: ").size();
    messages.push_back(error.substr(at, error.find('\n', at) - at));
  }
  return messages;
}

bool IsBeyondTheSchema(const std::string& message) {
  return std::any_of(std::begin(kBeyondTheSchema), std::end(kBeyondTheSchema),
                     [&](std::string_view part) { return message.find(part) != std::string::npos; });
}

struct Tally {
  int accepted = 0, refused = 0, beyond = 0;
};

// Profiles that stand alone: of one that extends, only the merged tree can be judged.
void ExpectAgreement(const std::string& text, Tally& tally) {
  const auto json = AsJson(text);
  if (!json || (json->is_object() && json->contains("extends"))) return;
  ProfileOptions options = NoEnvironment();
  options.allow_base = true;
  const auto profile = ParseProfile(text, "x.yaml", options);
  const auto problem = SchemaProblem(*json, Schema(), Schema());
  if (profile) {
    ++tally.accepted;
    EXPECT_FALSE(problem.has_value()) << *problem << "\n" << text;
    return;
  }
  const std::vector<std::string> messages = Messages(profile.error().message);
  if (problem) {
    ++tally.refused;
  } else if (std::all_of(messages.begin(), messages.end(), IsBeyondTheSchema)) {
    ++tally.beyond;
  } else {
    ADD_FAILURE() << "the schema accepts what the parser refuses:\n" << profile.error().message << "\n" << text;
  }
}

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Catches a key, type or range that only one of them knows.
TEST(SchemaTest, AgreesWithTheParserOnShippedProfiles) {
  Tally tally;
  for (const auto& entry : std::filesystem::directory_iterator("configs")) {
    if (entry.path().extension() != ".yaml") continue;
    SCOPED_TRACE(entry.path());
    const std::string text = ReadAll(entry.path());
    const auto json = AsJson(text);
    ASSERT_TRUE(json.has_value());
    const auto problem = SchemaProblem(*json, Schema(), Schema());
    EXPECT_FALSE(problem.has_value()) << *problem;
    ExpectAgreement(text, tally);
  }
  EXPECT_GE(tally.accepted, 2);
}

// Catches an example in the manual that is none, and a key whose schema refuses its own example.
TEST(SchemaTest, AgreesWithTheParserOnTheExampleOfEveryKey) {
  for (const KeyExample& example : KeyExamples()) {
    SCOPED_TRACE(example.name);
    Tally tally;
    ExpectAgreement(example.text, tally);
    EXPECT_EQ(tally.accepted, example.implemented ? 1 : 0) << example.text;
    EXPECT_EQ(tally.refused, example.implemented ? 0 : 1) << example.text;
  }
}

// Catches what nobody thought of: values of every kind at every key, keys at every place.
TEST(SchemaTest, AgreesWithTheParserOnMutants) {
  const uint32_t seed = SoakSeed(1);
  const auto count = static_cast<uint32_t>(SoakCount(20000));
  std::vector<std::string> originals = {WithMistake({"", 30, kAccessLines, ""})};
  for (const KeyExample& example : KeyExamples()) originals.push_back(example.text);
  Tally tally;
  for (uint32_t i = 0; i < count; ++i) {
    SCOPED_TRACE("seed " + std::to_string(seed + i));
    ExpectAgreement(Mutator(seed + i).MutateValues(originals[i % originals.size()]), tally);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(tally.accepted, 10);
  EXPECT_GT(tally.refused, 10);
  std::printf(
      "PROOF: schema and parser agree on %d profiles accepted, %d refused by both, %d beyond a schema, seed %u\n",
      tally.accepted, tally.refused, tally.beyond, seed);
}

// Catches a schema that demands of a profile what it inherits, or that has no word for taking something away.
TEST(SchemaTest, AProfileThatExtendsMayLeaveOutAndTakeAway) {
  const auto problem = [](const std::string& text) { return SchemaProblem(AsJson(text).value(), Schema(), Schema()); };
  EXPECT_FALSE(problem("version: 1\nname: a\nextends: b\n").has_value());
  EXPECT_FALSE(
      problem("version: 1\nname: a\nextends: b\nrequire: ~\noptions: {shm: ~, v4l2: {heap: ~}}\n").has_value());
  EXPECT_FALSE(
      problem("version: 1\nname: a\nextends: b\nstreams: {x: ~, y: {outputs: {z: {encoder: ~}}}}\n").has_value());
  EXPECT_TRUE(problem("version: 1\nextends: b\n").has_value());
  EXPECT_TRUE(problem("version: 1\nname: ~\nextends: b\n").has_value());
  EXPECT_TRUE(problem("version: 1\nname: a\nextends: b\nstreams: {y: {outputs: {z: {publish: [{buffers: 3}]}}}}\n"));
  EXPECT_TRUE(problem("version: 1\nname: a\nextends: b\nstreams: {y: {outputs: {z: {encodr: ~}}}}\n").has_value());
}

}  // namespace
}  // namespace videostream
