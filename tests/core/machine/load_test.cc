// SPDX-License-Identifier: Apache-2.0
// What is wrong in a machine description is told with its place; nothing of a file is trusted.
#include "core/machine/load.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "core/base/unique_fd.h"
#include "core/machine/format.h"
#include "core/profile/profile.h"
#include "tests/core/machine/random_machine.h"

namespace videostream {
namespace {

constexpr char kGood[] =
    "version: 1\n"                               // 1
    "provenance: composed from documentation\n"  // 2
    "source: the manual of the board\n"          // 3
    "facts:\n"                                   // 4
    "  compatible: [\"vendor,board\"]\n"         // 5
    "limits:\n"                                  // 6
    "  memory_total: 512MiB\n"                   // 7
    "backends:\n"                                // 8
    "  v4l2:\n"                                  // 9
    "    kinds: [capture, encoder]\n"            // 10
    "    devices:\n"                             // 11
    "      - kind: capture\n"                    // 12
    "        id: cam\n"                          // 13
    "        buffers: 2..32\n"                   // 14
    "        formats:\n"                         // 15
    "          - { format: NV12, directions: [output], size: 640x480..1920x1080, rate: 30000/1001, stride: 16 "
    "}\n"                         // 16
    "    options:\n"              // 17
    "      - name: buffers\n"     // 18
    "        type: integer\n"     // 19
    "        kinds: [capture]\n"  // 20
    "        minimum: -1\n"       // 21
    "        maximum: 32\n";      // 22

std::string Replaced(std::string_view from, std::string_view to) {
  std::string text = kGood;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

// Catches values that are read, but not as they were meant.
TEST(ParseMachineTest, ReadsWhatIsWritten) {
  const Result<MachineDescription> sut = ParseMachine(kGood, "boards/x.yaml");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->name, "x");
  EXPECT_EQ(sut->provenance, Provenance::kComposed);
  EXPECT_EQ(sut->limits.memory_total, uint64_t{512} << 20U);
  const BackendReport& report = sut->inventory.at("v4l2");
  EXPECT_STREQ(report.identity.name, "v4l2");
  EXPECT_EQ(report.identity.abi_minor, VSTREAM_ABI_MINOR);
  ASSERT_EQ(report.devices.size(), 1U);
  const vstream_device& device = report.devices[0];
  EXPECT_EQ(device.struct_size, sizeof device);
  EXPECT_EQ(device.reason, static_cast<uint32_t>(VSTREAM_REASON_USABLE));
  EXPECT_EQ(device.min_buffers, 2U);
  EXPECT_EQ(device.max_buffers, 32U);
  ASSERT_EQ(device.format_count, 1U);
  EXPECT_EQ(device.formats[0].min_height, 480U);
  EXPECT_EQ(device.formats[0].max_width, 1920U);
  EXPECT_EQ(device.formats[0].step_width, 1U);
  EXPECT_EQ(device.formats[0].max_rate.den, 1001U);
  EXPECT_EQ(report.options.at(0).minimum, -1);
}

struct Wrong {
  const char* from;
  const char* to;
  const char* message;  // with the place
};

// Catches an error that is passed over, told at another place, or without what was expected.
TEST(ParseMachineTest, EveryErrorHasItsPlace) {
  const Wrong cases[] = {
      {"version: 1", "version: 2", "x.yaml:1:10: error: expected a whole number from 1 to 1, found '2'"},
      {"version: 1\n", "", "x.yaml:1:1: error: missing key 'version' in a machine description"},
      {"provenance: composed from documentation", "provenance: guessed",
       "x.yaml:2:13: error: expected a provenance (recorded, composed from documentation), found 'guessed'"},
      {"source: the manual of the board", "source: \"\"", "x.yaml:3:9: error: expected where this is known from"},
      {"facts:", "fact:", "x.yaml:4:1: error: unknown key 'fact' in a machine description; did you mean 'facts'?"},
      {"compatible: [\"vendor,board\"]", "compatible: board", "x.yaml:5:15: error: expected a list, found 'board'"},
      {"512MiB", "512MB", "x.yaml:7:17: error: expected a number of bytes"},
      {"512MiB", "\"512\"", "x.yaml:7:17: error: expected a number of bytes"},
      {"512MiB", "99999999999999999GiB", "x.yaml:7:17: error: expected a number of bytes"},
      {"  v4l2:", "  V4L2:", "x.yaml:9:3: error: expected the name of a backend"},
      {"    kinds: [capture, encoder]\n", "", "x.yaml:9:3: error: missing key 'kinds' in a backend"},
      {"[capture, encoder]", "[]", "x.yaml:10:12: error: expected at least one kind, found a list"},
      {"[capture, encoder]", "[capture, capture]", "x.yaml:10:22: error: 'capture' is already in this list"},
      {"[capture, encoder]", "[encoder]", "x.yaml:12:15: error: 'kinds' of this backend does not have 'capture'"},
      {"kind: capture", "kind: camera", "x.yaml:12:15: error: expected a kind of device (allocator, capture, "},
      {"        id: cam\n", "        id: \"\"\n", "x.yaml:12:9: error: a usable device has an 'id'"},
      {"        id: cam\n", "", "x.yaml:12:9: error: missing key 'id' in a device"},
      {"id: cam", "id: [cam]",
       "x.yaml:13:13: error: expected the id of a device (0 to 127 bytes of text), found a list"},
      {"2..32", "32..2", "x.yaml:14:18: error: expected numbers of buffers such as 2..32, found '32..2'"},
      {"format: NV12", "format: nv12",
       "x.yaml:16:23: error: expected a format such as NV12 or H264, or a code such as "
       "0x3231564e, found 'nv12'; did you mean 'NV12'?"},
      {"640x480..1920x1080", "640x480..1920x99999", "error: expected a size such as 1920x1080, or 16x16..4096x2304"},
      {"640x480..1920x1080", "1920x1080..640x480", "error: expected a size such as 1920x1080, or 16x16..4096x2304"},
      {"30000/1001", "0", "error: expected a frame rate such as 60 or 30000/1001, found '0'"},
      {"30000/1001", "30/0", "error: expected a frame rate such as 60 or 30000/1001, found '30/0'"},
      {"stride: 16", "stride: 24", "error: expected a power of two, found '24'"},
      {"stride: 16", "stride: 8192", "error: expected a whole number from 1 to 4096, found '8192'"},
      {"stride: 16", "pitch: 16", "error: unknown key 'pitch' in a format"},
      {"name: buffers", "name: Buffers!", "x.yaml:18:15: error: expected the name of an option"},
      {"type: integer", "type: choice", "x.yaml:18:9: error: an option has 'choices' exactly if its type is choice"},
      {"        kinds: [capture]", "        kinds: [transport]", "x.yaml:20:16: error: expected kinds of this backend"},
      {"maximum: 32", "maximum: -32", "x.yaml:22:18: error: expected a maximum not below the minimum, found '-32'"},
      {"minimum: -1", "minimum: -9223372036854775809", "x.yaml:21:18: error: expected a whole number without quotes"},
  };
  for (const Wrong& wrong : cases) {
    const Result<MachineDescription> sut = ParseMachine(Replaced(wrong.from, wrong.to), "x.yaml");
    ASSERT_FALSE(sut) << wrong.to;
    EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
    EXPECT_NE(sut.error().message.find(wrong.message), std::string::npos) << wrong.message << "\n"
                                                                          << sut.error().message;
  }
}

// Catches a reader that stops at the first error, or that points beside the value.
TEST(ParseMachineTest, AllErrorsOfAFileAreToldWithACaret) {
  std::string text = Replaced("512MiB", "lots");
  text.replace(text.find("2..32"), 5, "some");
  const Result<MachineDescription> sut = ParseMachine(text, "x.yaml");
  ASSERT_FALSE(sut);
  EXPECT_EQ(sut.error().message,
            "x.yaml:7:17: error: expected a number of bytes such as 4096, 512KiB, 384MiB or 8GiB, found 'lots'\n"
            "   7 |   memory_total: lots\n"
            "     |                 ^~~~\n"
            "x.yaml:14:18: error: expected numbers of buffers such as 2..32, found 'some'\n"
            "  14 |         buffers: some\n"
            "     |                  ^~~~");
}

// Catches a backend that was not loaded, with an identity all the same, and one without that is taken for loaded.
TEST(ParseMachineTest, ARefusedBackendNeedsNoIdentity) {
  const std::string text =
      "version: 1\nprovenance: recorded\nsource: x\nfacts: {}\nbackends:\n"
      "  v4l2: { refused: { code: not_found, message: \"there is no such file\" } }\n";
  const Result<MachineDescription> sut = ParseMachine(text, "x.yaml");
  ASSERT_TRUE(sut) << sut.error().message;
  EXPECT_EQ(sut->inventory.at("v4l2").refused, (Error{Code::kNotFound, "there is no such file"}));
  EXPECT_EQ(sut->inventory.at("v4l2").identity.kinds, 0U);
  for (const auto& [from, to, message] : {Wrong{"not_found", "lost", "6:28: error: expected the name of an error code"},
                                          Wrong{"{ refused", "{ abi: 0.1, refused", "'abi'"}}) {
    std::string wrong = text;
    wrong.replace(wrong.find(from), std::string_view(from).size(), to);
    const Result<MachineDescription> bad = ParseMachine(wrong, "x.yaml");
    ASSERT_FALSE(bad) << wrong;
    EXPECT_NE(bad.error().message.find(message), std::string::npos) << bad.error().message;
  }
}

// Catches the same device twice, which no profile could tell apart.
TEST(ParseMachineTest, NoDeviceTwice) {
  const Result<MachineDescription> sut =
      ParseMachine(Replaced("    options:\n", "      - { kind: capture, id: cam }\n    options:\n"), "x.yaml");
  ASSERT_FALSE(sut);
  EXPECT_NE(sut.error().message.find("x.yaml:17:9: error: this backend has a device of this kind and id 'cam' already"),
            std::string::npos)
      << sut.error().message;
}

// Catches a file that takes the program down, or that is half read: thousands of broken ones are refused or read whole.
TEST(ParseMachineTest, MutatedFilesAreRefusedOrRead) {
  alarm(300);
  const char* given = std::getenv("VIDEOSTREAM_SEED");
  const uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 7;
  SCOPED_TRACE("VIDEOSTREAM_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  int refused = 0, read = 0;
  for (int i = 0; i < 1500; ++i) {
    std::string text = i % 3 == 0 ? FormatMachine(RandomMachine(seed + static_cast<uint64_t>(i)).Make()) : kGood;
    for (uint64_t change = 1 + random() % 3; change > 0; --change) {
      const size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + random() % 20);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 40));
          break;
        default:
          text.insert(at, 1, "{}[]:,&*!|>'\"%@`\n\t -"[random() % 20]);
      }
      if (text.empty()) text = "x";
    }
    const Result<MachineDescription> sut = ParseMachine(text, "m.yaml");
    if (!sut) {
      EXPECT_EQ(sut.error().code, Code::kInvalidArgument);
      EXPECT_FALSE(sut.error().message.empty());
      ++refused;
    } else {
      // What was read is sound: it can be written and read again.
      const Result<MachineDescription> again = ParseMachine(FormatMachine(*sut), "m.yaml");
      EXPECT_TRUE(again) << again.error().message << "\n" << text;
      ++read;
    }
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(read, 20);
  alarm(0);
}

// Catches an error that speaks of a profile.
TEST(ParseMachineTest, ErrorsSpeakOfMachines) {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {{"", "the machine description is empty"},
               {"# nothing\n", "the machine description is empty"},
               {std::string(kGood) + "---\nversion: 1\n", "a machine description is one document, found a second one"},
               {"source: |\n  x\n", "block texts have no place in a machine description"},
               {"source: !!str x\n", "has no meaning in a machine description"},
               {std::string(kMaxMachineBytes + 1, ' '), "a machine description has at most 1048576 bytes"}};
  for (const auto& [text, message] : cases) {
    const Result<MachineDescription> sut = ParseMachine(text, "x.yaml");
    ASSERT_FALSE(sut) << message;
    EXPECT_NE(sut.error().message.find(message), std::string::npos) << sut.error().message;
    EXPECT_EQ(sut.error().message.find("profile"), std::string::npos) << sut.error().message;
  }
}

class LoadMachineTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(60);
    char name[] = "/tmp/vsm-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    dir_ = name;
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(dir_);
  }
  std::string Path(const std::string& name) const { return dir_ + "/" + name; }

  std::string dir_;
};

// Catches a description that only a regular file can give.
TEST_F(LoadMachineTest, ReadsFilesAndPipes) {
  std::ofstream(Path("board.yaml")) << kGood;
  const Result<MachineDescription> file = LoadMachine(Path("board.yaml"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->name, "board");
  int ends[2] = {-1, -1};
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0) << errno;
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  ASSERT_EQ(write(writer.get(), kGood, sizeof kGood - 1), static_cast<ssize_t>(sizeof kGood - 1)) << errno;
  writer.reset();
  const Result<MachineDescription> pipe = LoadMachine("/proc/self/fd/" + std::to_string(reader.get()));
  EXPECT_TRUE(pipe) << pipe.error().message;
}

// Catches a wrong name on the command line that is told as a missing device, and an endless file that is read whole.
TEST_F(LoadMachineTest, RefusesWhatIsNoDescription) {
  const Result<MachineDescription> missing = LoadMachine(Path("nothing.yaml"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error(),
            (Error{Code::kInvalidArgument, "machine '" + Path("nothing.yaml") + "': open: No such file or directory"}));
  const Result<MachineDescription> folder = LoadMachine(dir_);
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find("is neither a file nor a pipe"), std::string::npos) << folder.error().message;
  const Result<MachineDescription> device = LoadMachine("/dev/zero");
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code, Code::kInvalidArgument);
  std::ofstream(Path("huge.yaml")) << std::string(kMaxMachineBytes + 1, '#');
  const Result<MachineDescription> huge = LoadMachine(Path("huge.yaml"));
  ASSERT_FALSE(huge);
  EXPECT_NE(huge.error().message.find("expected at most 1048576 bytes, found more"), std::string::npos)
      << huge.error().message;
}

}  // namespace
}  // namespace videostream
