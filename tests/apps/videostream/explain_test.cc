// SPDX-License-Identifier: Apache-2.0
// What `explain` prints, word for word. VIDEOSTREAM_GOLDEN=FOLDER writes the texts there instead of comparing them.
#include "apps/videostream/explain.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>

#include "tests/core/planner/board_fixture.h"

namespace videostream {
namespace {

constexpr const char* kFolder = "tests/apps/videostream/golden/";

// A profile as it is read from a file: every name has its line.
void GiveLines(Profile& profile) {
  int line = 5;
  for (auto& list : profile.backends) {
    for (auto& name : list) name.pos = {line, 15, 4, 0};
    ++line;
  }
}

struct Scene {
  const char* name;
  void (*change)(Board&, MachineDescription&);
  const char* question;  // of --why-not; null: none

  friend void PrintTo(const Scene& scene, std::ostream* out) { *out << scene.name; }
};

struct Told {
  explicit Told(const Scene& scene) {
    board.profile.name.value = "board";
    GiveLines(board.profile);
    machine.name = "this machine";
    scene.change(board, machine);
    board.options.limits = machine.limits;
    planning = board.Plan();
    if (scene.question == nullptr) return;
    const Result<Forced> question = ParseWhyNot(board.profile, scene.question);
    EXPECT_TRUE(question) << question.error().message;
    if (question) why_not = AskWhyNot(board.profile, board.inventory, board.options, *question);
  }
  Explanation explanation() const { return {board.profile, machine, planning, why_not}; }

  Board board;
  MachineDescription machine;
  Planning planning;
  std::optional<WhyNot> why_not;
};

class Golden : public testing::TestWithParam<Scene> {};

// Would catch: any change of what users read that nobody has looked at; lines that a terminal breaks.
TEST_P(Golden, TextIsAsItWas) {
  const Told sut(GetParam());
  const std::string text = ExplainText(sut.explanation());
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80U) << line;
  const std::string file = std::string(GetParam().name) + ".txt";
  if (const char* folder = std::getenv("VIDEOSTREAM_GOLDEN")) {
    std::ofstream(std::string(folder) + "/" + file) << text;
    return;
  }
  std::ifstream golden(kFolder + file);
  ASSERT_TRUE(golden) << kFolder + file;
  std::ostringstream expected;
  expected << golden.rdbuf();
  EXPECT_EQ(text, expected.str());
}

// Everything in hardware, a picture for a detector, and how much memory is left.
void HardwareAndDetector(Board& board, MachineDescription& machine) {
  OutputSpec& small = Board::AddOutput(board.front(), "detector");
  small.format = Located<std::string>{"RGBA", {31, 15, 4, 0}};
  small.size = Located<Size>{{640, 640}, {32, 13, 7, 0}};
  small.rate.value = {10, 1};
  machine.limits.memory_available = uint64_t{1500} << 20U;
  machine.limits.cma_free = uint64_t{300} << 20U;
}

// A requirement that nothing here can meet.
void NothingCanServe(Board& board, MachineDescription&) {
  board.profile.require = {{"hardware", {3, 11, 8, 0}}};
  board.device("vpu").reason = VSTREAM_REASON_PERMISSION;
  Set(board.device("vpu").evidence, "open '/dev/video0': Permission denied");
  Set(board.device("vpu").fix, "add the user to group 'video'");
}

// More streams than cameras and encoders.
void MoreStreamsThanDevices(Board& board, MachineDescription&) {
  board.AddStream("rear");
  board.AddStream("side");
}

// A board that is elsewhere, described from documents; a profile on top of another one.
void AnotherBoard(Board& board, MachineDescription& machine) {
  machine.name = "imx";
  machine.provenance = Provenance::kComposed;
  machine.source = "reference manual of the vendor, not tried on a board";
  board.profile.bases.push_back({"generic", "configs/generic.yaml", ""});
  for (auto& name : board.profile.backends[3]) name.pos = {12, 15, 4, 1};
  board.inventory["g2d"].refused = Error{Code::kNotFound, "the description of machine 'imx' does not have it"};
  Board::AddOutput(board.front(), "small").size = Located<Size>{{640, 360}, {32, 13, 7, 0}};
  board.profile.options.push_back({{"g2d", {}}, {}});
}

// The CPU named first for conversions, and a device that has refused before.
void OrderAgainstCost(Board& board, MachineDescription&) {
  board.Prefer(BackendKind::kConverter, {"soft", "g2d"});
  GiveLines(board.profile);
  board.full().flip = {"horizontal", {28, 15, 10, 0}};
  board.options.nogoods.push_back({"front.full.encoder", "vpu", "h1", 0, "VIDIOC_S_FMT: Invalid argument"});
}

// More than there is.
void TooLittleMemory(Board& board, MachineDescription& machine) {
  board.full().publish[0].buffers.pos = {40, 20, 1, 0};
  machine.limits.memory_available = uint64_t{1} << 30U;
  machine.limits.cma_free = uint64_t{16} << 20U;
}

const Scene kScenes[] = {
    {"hardware_and_detector", HardwareAndDetector, nullptr},
    {"nothing_can_serve", NothingCanServe, "front.encoder=soft"},
    {"more_streams_than_devices", MoreStreamsThanDevices, "side.full.encoder=vpu"},
    {"another_board", AnotherBoard, "front.full.allocator=shm"},
    {"order_against_cost", OrderAgainstCost, "front.converter=soft"},
    {"too_little_memory", TooLittleMemory, nullptr},
};

INSTANTIATE_TEST_SUITE_P(Explain, Golden, testing::ValuesIn(kScenes),
                         [](const auto& row) { return std::string(row.param.name); });

// Would catch: a document that scripts can no longer read, and what the text says but the document does not.
TEST(ExplainJson, HasEverythingThatTheTextHas) {
  const Told sut({"json", AnotherBoard, "front.full.allocator=shm"});
  const auto json = nlohmann::json::parse(ExplainJson(sut.explanation()));
  EXPECT_EQ(json["schema"], "videostream.explain/1");
  EXPECT_EQ(json["profile"]["extends"][0]["file"], "configs/generic.yaml");
  EXPECT_EQ(json["machine"]["provenance"], "composed");
  EXPECT_EQ(json["machine"]["verified"], false);
  EXPECT_EQ(json["machine"]["memory_available"], nullptr);
  EXPECT_EQ(json["possible"], true);
  ASSERT_EQ(json["slots"].size(), 9U);
  const auto& encoder = json["slots"][2]["candidates"][0];
  EXPECT_EQ(encoder["verdict"], "taken");
  EXPECT_EQ(encoder["file"], "configs/generic.yaml");
  EXPECT_EQ(encoder["line"], 12);
  EXPECT_EQ(json["slots"][0]["candidates"][0]["file"], "board.yaml");
  ASSERT_EQ(json["links"].size(), 1U);
  EXPECT_EQ(json["links"][0]["work"], "conversion");
  EXPECT_EQ(json["links"][0]["bytes"], 640 * 360 * 3 / 2);
  ASSERT_EQ(json["pools"].size(), 3U);
  uint32_t sum = 0;
  for (const auto& part : json["pools"][0]["parts"]) sum += part["buffers"].get<uint32_t>();
  EXPECT_EQ(json["pools"][0]["buffers"], sum);
  EXPECT_EQ(json["pools"][1]["buffer_bytes"], nullptr);
  EXPECT_EQ(json["why_not"]["outcome"], "possible");
  EXPECT_EQ(json["warnings"].size(), 1U);
}

}  // namespace
}  // namespace videostream
