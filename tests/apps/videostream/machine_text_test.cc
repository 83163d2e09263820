// SPDX-License-Identifier: Apache-2.0
// What `profile which` prints: golden, and within 80 columns.
#include "apps/videostream/machine_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/videostream/machine_json.h"
#include "apps/videostream/table.h"

namespace videostream {
namespace {

using Fate = ProfileCandidate::Fate;

MachineDescription Board() {
  MachineDescription machine;
  machine.name = "board";
  machine.provenance = Provenance::kComposed;
  machine.source = "a board with a rather long description of what it is made of and what is plugged in";
  machine.facts.compatible = {"vendor,board", "fsl,imx8mp"};
  machine.cites["the machine"] = {"the manual", "the driver"};
  machine.cites["v4l2 encoder x"] = {"not shown in the text"};
  return machine;
}

ProfileSelection Selection() {
  ProfileSelection selection;
  selection.path = "/usr/share/videostream/profiles/imx8mp.yaml";
  selection.folders = {"/etc/videostream/profiles", "/usr/share/videostream/profiles"};
  const KeyMatch fits{"compatible", true, "fsl,imx8mp", "fsl,imx8mp", 84049};
  const KeyMatch arch{"arch", true, "aarch64", "aarch64", 149};
  const KeyMatch misses{"compatible", false, "fsl,imx8mm", "'vendor,board', 'fsl,imx8mp'", 0};
  selection.candidates = {
      {"imx8mp", selection.path, Fate::kChosen, {true, 84049, {fits}}, ""},
      {"generic", "/g.yaml", Fate::kLess, {true, 149, {arch}}, ""},
      {"imx8mm", "/m.yaml", Fate::kMisfit, {false, 0, {misses}}, ""},
      {"dev", "/d.yaml", Fate::kNoMatch, {}, ""},
      {"base", "/b.yaml", Fate::kBase, {}, ""},
      {"imx8mp", "/usr/lib/imx8mp.yaml", Fate::kShadowed, {}, ""},
  };
  return selection;
}

// Catches a text that says less than was found out, or that is wider than a terminal.
TEST(ProfileWhichTextTest, SaysHowAndWhyNot) {
  const std::string sut = ProfileWhichText(Board(), Selection(), "other");
  EXPECT_EQ(sut,
            "machine 'board': composed from documentation, so unverified: nobody has seen\n"
            "this on such a machine\n"
            "  source: a board with a rather long description of what it is made of and what\n"
            "  is plugged in\n"
            "  the machine by: the manual; the driver\n"
            "\n"
            "profile 'imx8mp' fits best: 84049 points\n"
            "  /usr/share/videostream/profiles/imx8mp.yaml\n"
            "\n"
            "  KEY         PATTERN     FITS        POINTS\n"
            "  compatible  fsl,imx8mp  fsl,imx8mp   84049\n"
            "\n"
            "The others:\n"
            "  generic: fits less well, 149 points (arch 'aarch64')\n"
            "  imx8mm: compatible 'fsl,imx8mm' does not fit, there is 'vendor,board',\n"
            "  'fsl,imx8mp'\n"
            "  dev: has no `match`: found by its name only\n"
            "  base: has no streams: it is there to be extended\n"
            "  imx8mp: '/usr/lib/imx8mp.yaml' stands behind another one of this name\n"
            "\n"
            "VIDEOSTREAM_PROFILE is set to 'other', which comes before all of this\n");
  std::istringstream lines(sut);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTextWidth) << line;
}

// Catches a failure that reads like a success, and a terminal that obeys a profile's name.
TEST(ProfileWhichTextTest, WithoutAWinner) {
  ProfileSelection selection = Selection();
  selection.path.clear();
  selection.error = Error{Code::kInvalidArgument, "two fit"};
  selection.candidates = {{"a", "/a.yaml", Fate::kTied, {true, 149, {{"arch", true, "x", "x", 149}}}, ""},
                          {"b\x1b[2J", "/b.yaml", Fate::kWrong, {}, "b.yaml:1:1: error: no\nmore"}};
  MachineDescription here;
  here.name = "this machine";
  EXPECT_EQ(ProfileWhichText(here, selection, ""),
            "no profile is chosen\n"
            "\n"
            "The others:\n"
            "  a: fits as well as another one, 149 points (arch 'x')\n"
            "  b\\x1b[2J: cannot be read: b.yaml:1:1: error: no\n");
  selection.candidates.clear();
  EXPECT_EQ(
      ProfileWhichText(here, selection, ""),
      "no profile is chosen\n\nNo profiles in:\n  /etc/videostream/profiles\n  /usr/share/videostream/profiles\n");
}

// Catches a key that scripts rely on and that is gone.
TEST(ProfileWhichJsonTest, HasEverything) {
  const nlohmann::json sut = nlohmann::json::parse(ProfileWhichJson(Board(), Selection(), ""));
  EXPECT_EQ(sut["schema"], "videostream.profile-which/1");
  EXPECT_EQ(sut["machine"]["provenance"], "composed from documentation");
  EXPECT_EQ(sut["machine"]["verified"], false);
  EXPECT_EQ(sut["machine"]["facts"]["compatible"][1], "fsl,imx8mp");
  EXPECT_EQ(sut["machine"]["facts"]["soc"], nullptr);
  EXPECT_EQ(sut["machine"]["cites"]["v4l2 encoder x"][0], "not shown in the text");
  EXPECT_EQ(sut["profile"]["name"], "imx8mp");
  EXPECT_EQ(sut["variable"], nullptr);
  EXPECT_EQ(sut["candidates"].size(), 6U);
  EXPECT_EQ(sut["candidates"][2]["fate"], "misfit");
  EXPECT_EQ(sut["candidates"][2]["keys"][0]["fits"], false);
  EXPECT_EQ(sut["folders"].size(), 2U);
  ProfileSelection none;
  none.error = Error{Code::kUnsupported, "none"};
  const nlohmann::json error = nlohmann::json::parse(ProfileWhichJson(Board(), none, "x"));
  EXPECT_EQ(error["profile"], nullptr);
  EXPECT_EQ(error["error"]["code"], "unsupported");
  EXPECT_EQ(error["variable"], "x");
}

}  // namespace
}  // namespace videostream
