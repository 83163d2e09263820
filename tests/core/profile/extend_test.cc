// SPDX-License-Identifier: Apache-2.0
// `extends`: where bases are found, how they are merged, and that every message names the file it is about.
#include "core/profile/extend.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/profile/format.h"
#include "tests/core/profile/error_rows.h"
#include "tests/core/profile/file_map.h"

namespace videostream {
namespace {

constexpr std::string_view kBase = R"(version: 1
name: base
match: {arch: x86_64}
require: realtime
backends:
  allocator: [dmabuf-heap, shm]
  capture: [v4l2, sw-fallback]
  encoder: [sw-fallback]
  transport: [shm]
options:
  sw-fallback: {threads: 2, mode: fast}
streams:
  front:
    capture: {format: NV12, size: 1280x720, rate: 30}
    outputs:
      full:
        encoder: {codec: h264, bitrate: 5M}
        publish:
          - {socket: /run/full.sock, buffers: 8}
      small:
        size: 320x180
        publish: [{socket: /run/small.sock}]
)";

Profile MustParse(std::string_view text, const ProfileOptions& options) {
  auto profile = ParseProfile(text, "dir/x.yaml", options);
  EXPECT_TRUE(profile.has_value()) << profile.error().message;
  return profile ? *std::move(profile) : Profile{};
}

std::string MessageOf(std::string_view text, const ProfileOptions& options) {
  const auto profile = ParseProfile(text, "dir/x.yaml", options);
  EXPECT_FALSE(profile.has_value());
  return profile ? "" : profile.error().message;
}

// Catches a mapping that replaces instead of being merged, a list that is appended, and a header that is inherited.
TEST(ExtendTest, MappingsAreMergedAndEverythingElseReplaces) {
  const Profile sut = MustParse(R"(version: 1
name: child
extends: base
backends: {allocator: [shm]}
options: {sw-fallback: {threads: 4}}
streams:
  front:
    capture: {rate: 15}
    outputs:
      full:
        publish: [{socket: /run/other.sock}]
  rear: {capture: {}, outputs: {raw: {publish: [{socket: /run/rear.sock}]}}}
)",
                                WithFiles({{"dir/base.yaml", kBase}}));
  EXPECT_EQ(sut.name.value, "child");
  EXPECT_FALSE(sut.match.has_value());
  ASSERT_EQ(sut.require.size(), 1U);
  EXPECT_EQ(sut.require[0].value, "realtime");
  ASSERT_EQ(sut.Backends(BackendKind::kAllocator).size(), 1U);
  EXPECT_EQ(sut.Backends(BackendKind::kAllocator)[0].value, "shm");
  EXPECT_EQ(sut.Backends(BackendKind::kCapture).size(), 2U);
  ASSERT_EQ(sut.OptionsFor("sw-fallback").size(), 2U);
  EXPECT_EQ(sut.OptionsFor("sw-fallback")[0].values.at(0).value, "4");
  EXPECT_EQ(sut.OptionsFor("sw-fallback")[1].values.at(0).value, "fast");
  ASSERT_EQ(sut.streams.size(), 2U);
  const StreamSpec& front = sut.streams[0];
  EXPECT_EQ(front.capture.rate.value, (FrameRate{15, 1}));
  EXPECT_EQ(front.capture.size.value, (Size{1280, 720}));
  ASSERT_EQ(front.outputs.size(), 2U);
  EXPECT_EQ(front.outputs[0].encoder->bitrate.value, 5000000U);
  EXPECT_EQ(front.outputs[0].publish.at(0).socket.value, "/run/other.sock");
  EXPECT_EQ(front.outputs[0].publish[0].buffers.value, 6U) << "a list is replaced, not merged";
  EXPECT_EQ(sut.streams[1].name.value, "rear");
  ASSERT_EQ(sut.bases.size(), 1U);
  EXPECT_EQ(sut.bases[0].name, "base");
  EXPECT_EQ(sut.bases[0].file, "dir/base.yaml");
}

// Catches a place that points into the wrong file, of which later messages would show a line.
TEST(ExtendTest, ValuesKeepTheFileTheyStandIn) {
  const Profile sut = MustParse("version: 1\nname: child\nextends: base\nstreams: {front: {capture: {rate: 15}}}\n",
                                WithFiles({{"dir/base.yaml", kBase}}));
  const CaptureSpec& capture = sut.streams.at(0).capture;
  EXPECT_EQ(capture.rate.pos.file, 0);
  EXPECT_EQ(capture.rate.pos.line, 4);
  EXPECT_EQ(capture.size.pos.file, 1);
  EXPECT_EQ(capture.size.pos.line, 14);
  EXPECT_EQ(sut.LineOf(capture.rate.pos), "line 4");
  EXPECT_EQ(sut.LineOf(capture.size.pos), "line 14 of 'dir/base.yaml'");
  EXPECT_EQ(sut.ErrorAt(capture.size.pos, "too large").message, R"(dir/base.yaml:14:35: error: too large
  14 |     capture: {format: NV12, size: 1280x720, rate: 30}
     |                                   ^~~~~~~~)");
}

// Catches a key that cannot be taken away, and one that goes because its value was forgotten.
TEST(ExtendTest, AnExplicitNullTakesAwayWhatIsInherited) {
  const ProfileOptions options = WithFiles({{"dir/base.yaml", kBase}});
  for (const char* null : {"~", "null"}) {
    const Profile sut = MustParse(std::string("version: 1\nname: child\nextends: base\nrequire: ") + null +
                                      "\nstreams: {front: {outputs: {full: {encoder: ~}, small: " + null + "}}}\n",
                                  options);
    EXPECT_TRUE(sut.require.empty());
    ASSERT_EQ(sut.streams.at(0).outputs.size(), 1U);
    EXPECT_FALSE(sut.streams[0].outputs[0].encoder.has_value());
  }
  EXPECT_EQ(
      MessageOf("version: 1\nname: child\nextends: base\nrequire:\n", options),
      R"(dir/x.yaml:4:1: error: expected a requirement (hardware, realtime, zero-copy), or a list of them, found nothing
   4 | require:
     | ^~~~~~~)");
  EXPECT_EQ(MessageOf("version: 1\nname: child\nextends: base\noptions: {shm: ~}\n", options),
            R"(dir/x.yaml:4:11: error: expected a mapping from options to values, found nothing
   4 | options: {shm: ~}
     |           ^~~)");
}

// Catches a chain that is cut, or merged in the wrong order.
TEST(ExtendTest, TheNearestWins) {
  const Profile sut = MustParse("version: 1\nname: c\nextends: b\n",
                                WithFiles({{"dir/b.yaml",
                                            "version: 1\nname: b\nextends: sub/a.yaml\nrequire: ~\n"
                                            "streams: {front: {capture: {rate: 20}}}\n"},
                                           {"dir/sub/a.yaml",
                                            "version: 1\nname: a\nextends: ../base.yaml\n"
                                            "streams: {front: {capture: {rate: 10, size: 64x64}}}\n"},
                                           {"dir/base.yaml", kBase}}));
  EXPECT_EQ(sut.streams.at(0).capture.rate.value, (FrameRate{20, 1}));
  EXPECT_EQ(sut.streams[0].capture.size.value, (Size{64, 64}));
  EXPECT_EQ(sut.streams[0].capture.size.pos.file, 2);
  EXPECT_EQ(sut.streams[0].capture.format.pos.file, 3);
  EXPECT_TRUE(sut.require.empty());
  ASSERT_EQ(sut.bases.size(), 3U);
  EXPECT_EQ(sut.bases[1].file, "dir/sub/a.yaml");
  EXPECT_EQ(sut.bases[2].file, "dir/base.yaml");
}

// Catches an installed profile that wins over the one beside the file, and a search that ends too early.
TEST(ExtendTest, ABaseIsLookedForBesideTheFileFirst) {
  const std::string child = "version: 1\nname: c\nextends: base\n";
  ProfileOptions options = WithFiles({{"dir/base.yaml", kBase}, {"/etc/base.yaml", kBase}, {"/usr/base.yaml", kBase}});
  options.search_dirs = {"/etc", "/usr"};
  EXPECT_EQ(MustParse(child, options).bases.at(0).file, "dir/base.yaml");
  options = WithFiles({{"/usr/base.yaml", kBase}});
  options.search_dirs = {"/etc", "/usr"};
  EXPECT_EQ(MustParse(child, options).bases.at(0).file, "/usr/base.yaml");
  EXPECT_EQ(MustParse("version: 1\nname: c\nextends: /usr/base.yaml\n", options).bases.at(0).file, "/usr/base.yaml");
}

// Catches a profile shown with a key that names a file which others do not have.
TEST(ExtendTest, TheMergedProfileIsWrittenWithoutExtends) {
  const Profile sut = MustParse("version: 1\nname: child\nextends: base\n", WithFiles({{"dir/base.yaml", kBase}}));
  const std::string text = FormatProfile(sut);
  EXPECT_EQ(text.find("extends"), std::string::npos) << text;
  const auto back = ParseProfile(text, "back.yaml", NoEnvironment());
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, sut);
}

// Catches a base without streams that runs, or that cannot be checked by itself.
TEST(ExtendTest, WithoutStreamsAProfileIsOnlyABase) {
  const std::string base = "version: 1\nname: prefs\nbackends: {capture: [v4l2]}\noptions: {hantro-vpu: {slices: 2}}\n";
  ProfileOptions options = WithFiles({{"dir/prefs.yaml", base}});
  EXPECT_EQ(MessageOf(base, options),
            "dir/x.yaml:1:1: error: missing key 'streams' in a profile; without it a profile cannot run, only be "
            "extended ('extends: NAME' in another one)\n   1 | version: 1\n     | ^");
  options.allow_base = true;
  EXPECT_TRUE(MustParse(base, options).streams.empty());
  EXPECT_EQ(MustParse(base, options), MustParse(FormatProfile(MustParse(base, options)), options));
  options.allow_base = false;
  EXPECT_EQ(MessageOf("version: 1\nname: c\nextends: prefs\nbackends: {transport: [shm]}\n"
                      "streams: {a: {capture: {}, outputs: {o: {publish: [{socket: /run/o}]}}}}\n",
                      options),
            R"(dir/prefs.yaml:4:11: error: options for backend 'hantro-vpu', which no list under 'backends' names
   4 | options: {hantro-vpu: {slices: 2}}
     |           ^~~~~~~~~~)");
}

struct ChainRow {
  const char* name;
  std::string text;
  std::map<std::string, std::string_view> files;
  std::string expected;

  friend void PrintTo(const ChainRow& row, std::ostream* out) { *out << row.name; }
};

class ExtendErrorTest : public testing::TestWithParam<ChainRow> {};

// Catches an error in the wrong file, or one that hides those of the other files.
TEST_P(ExtendErrorTest, MessageIsExact) {
  ProfileOptions options = WithFiles(GetParam().files);
  options.search_dirs = {"/etc"};
  EXPECT_EQ(MessageOf(GetParam().text, options), GetParam().expected);
}

std::vector<ChainRow> Rows() {
  const std::string header = "version: 1\nname: c\n";
  std::map<std::string, std::string_view> deep = {{"dir/a9.yaml", kBase}};
  static const std::vector<std::string> kLinks = [] {
    std::vector<std::string> links;
    for (int i = 1; i < 9; ++i) links.push_back("version: 1\nname: a\nextends: a" + std::to_string(i + 1) + "\n");
    return links;
  }();
  for (int i = 1; i < 9; ++i) deep["dir/a" + std::to_string(i) + ".yaml"] = kLinks[static_cast<size_t>(i) - 1];
  return {
      {"NotFound",
       header + "extends: generic\n",
       {},
       R"(dir/x.yaml:3:10: error: profile 'generic' is not found; tried 'dir/generic.yaml', '/etc/generic.yaml'
   3 | extends: generic
     |          ^~~~~~~)"},
      {"PathNotFound",
       header + "extends: ../y.yaml\n",
       {},
       R"(dir/x.yaml:3:10: error: profile '../y.yaml' is not found; tried 'y.yaml'
   3 | extends: ../y.yaml
     |          ^~~~~~~~~)"},
      {"Itself",
       header + "extends: ./x.yaml\n",
       {{"dir/x.yaml", kBase}},
       R"(dir/x.yaml:3:10: error: a profile cannot extend itself: 'dir/x.yaml' -> 'dir/x.yaml'
   3 | extends: ./x.yaml
     |          ^~~~~~~~)"},
      {"Circle",
       header + "extends: a\n",
       {{"dir/a.yaml", "version: 1\nname: a\nextends: b\n"}, {"dir/b.yaml", "version: 1\nname: b\nextends: a\n"}},
       R"(dir/b.yaml:3:10: error: a profile cannot extend itself: 'dir/a.yaml' -> 'dir/b.yaml' -> 'dir/a.yaml'
   3 | extends: a
     |          ^)"},
      {"TooLong", header + "extends: a1\n", deep,
       R"(dir/a8.yaml:3:10: error: more than 8 profiles extend each other: 'dir/x.yaml' -> 'dir/a1.yaml' -> 'dir/a2.yaml' -> 'dir/a3.yaml' -> 'dir/a4.yaml' -> 'dir/a5.yaml' -> 'dir/a6.yaml' -> 'dir/a7.yaml' -> 'dir/a8.yaml' -> 'dir/a9.yaml'
   3 | extends: a9
     |          ^~)"},
      {"ExtendsIsAList",
       header + "extends: [a, b]\n",
       {},
       R"(dir/x.yaml:3:10: error: expected the name of a profile or the path of its file (1 to 255 bytes), found a list
   3 | extends: [a, b]
     |          ^)"},
      {"ExtendsWithAVariable",
       header + "extends: ${HOME}/a.yaml\n",
       {},
       R"(dir/x.yaml:3:10: error: expected the name of a profile or the path of its file (1 to 255 bytes), found '${HOME}/a.yaml'; only ${RUNTIME}, at the start of a 'socket', stands for something else
   3 | extends: ${HOME}/a.yaml
     |          ^~~~~~~~~~~~~~)"},
      {"BaseOfAnotherVersion",
       header + "extends: a\n",
       {{"dir/a.yaml", "version: 2\nname: a\n"}},
       R"(dir/a.yaml:1:10: error: expected version 1, the only one this program knows, found '2'
   1 | version: 2
     |          ^)"},
      {"BaseIsAList",
       header + "extends: a\n",
       {{"dir/a.yaml", "- x\n"}},
       R"(dir/a.yaml:1:1: error: expected a profile, which is a mapping that starts with 'version: 1', found a list
   1 | - x
     | ^)"},
      {"BaseIsNoYaml",
       header + "extends: a\n",
       {{"dir/a.yaml", "version: 1\nname: [a\n"}},
       R"(dir/a.yaml:2:7: error: no ']' closes this
   2 | name: [a
     |       ^)"},
      {"BaseIsEmpty",
       header + "extends: a\n",
       {{"dir/a.yaml", ""}},
       R"(dir/a.yaml:1:1: error: the profile is empty; it needs at least 'version', 'name', 'backends' and 'streams'
   1 |
     | ^)"},
      {"AllFilesInOneGo",
       header + "extends: a\nbackends: {capture: [v4l2, v4l2]}\n",
       {{"dir/a.yaml", "version: 1\nmatch: {archs: x}\nextends: base\nbackends: {transport: shm}\nreqire: hardware\n"},
        {"dir/base.yaml", kBase}},
       R"(dir/x.yaml:4:28: error: backend 'v4l2' is already in this list
   4 | backends: {capture: [v4l2, v4l2]}
     |                            ^~~~
dir/a.yaml:1:1: error: missing key 'name' in a profile
   1 | version: 1
     | ^
dir/a.yaml:2:9: error: unknown key 'archs' in 'match'; did you mean 'arch'?
   2 | match: {archs: x}
     |         ^~~~~
dir/a.yaml:4:23: error: expected a list of backends such as [shm], found 'shm'
   4 | backends: {transport: shm}
     |                       ^~~
dir/a.yaml:5:1: error: unknown key 'reqire' in a profile; did you mean 'require'?
   5 | reqire: hardware
     | ^~~~~~)"},
      {"SocketOfABase",
       header + "extends: base\nstreams: {front: {outputs: {second: {publish: [{socket: /run/full.sock}]}}}}\n",
       {{"dir/base.yaml", kBase}},
       R"(dir/x.yaml:4:57: error: socket '/run/full.sock' is already taken by output 'front.full' on line 19 of 'dir/base.yaml'
   4 | streams: {front: {outputs: {second: {publish: [{socket: /run/full.sock}]}}}}
     |                                                         ^~~~~~~~~~~~~~)"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, ExtendErrorTest, testing::ValuesIn(Rows()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace videostream
