// SPDX-License-Identifier: Apache-2.0
// The program as users start it, on a socket with frames; what it writes is decoded again.
#include <sys/stat.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/apps/videostream-snapshot/decoded.h"
#include "tests/apps/videostream/receive/consumer_child.h"
#include "tests/apps/videostream/receive/producer.h"

namespace videostream::snapshot {
namespace {

using test::ConsumerChild;
using test::Producer;
using test::ProducerFormat;

constexpr uint32_t kWidth = 64, kHeight = 48;
constexpr uint8_t kU = 100, kV = 150;

uint8_t Ramp(size_t x, size_t y) { return static_cast<uint8_t>(30 + 2 * x + y); }

class SnapshotTest : public test::ConsumerTest {
 protected:
  ConsumerChild Start(std::vector<std::string> arguments, int stdout_fd = -1) const {
    arguments.insert(arguments.begin(), {kProgram, socket()});
    arguments.insert(arguments.end(), {"--timeout", "60s"});
    return Run(arguments, stdout_fd);
  }
  ConsumerChild Run(const std::vector<std::string>& arguments, int stdout_fd = -1) const {
    return ConsumerChild(
        folder_,
        [arguments] {
          std::vector<char*> argv;
          argv.reserve(arguments.size() + 1);
          for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
          argv.push_back(nullptr);
          execv(argv[0], argv.data());
          return 99;
        },
        stdout_fd);
  }
  static ProducerFormat Format(uint32_t fourcc) {
    ProducerFormat format;
    format.fourcc = fourcc;
    format.width = kWidth;
    format.height = kHeight;
    return format;
  }
  // A picture that is known everywhere: a ramp of luma (or of R, G, B), in one colour.
  static bool Publish(Producer& producer, uint32_t fourcc) {
    return producer.PublishBytes([fourcc](size_t i) -> uint8_t {
      if (fourcc == VSTREAM_FORMAT_RGB24) return Ramp(i / 3 % kWidth, i / 3 / kWidth) - static_cast<uint8_t>(i % 3) * 7;
      if (i < size_t{kWidth} * kHeight) return Ramp(i % kWidth, i / kWidth);
      return i % 2 == 0 ? kU : kV;
    });
  }
  // What that is in R, G, B: BT.601, limited range.
  static RgbPicture Expected(uint32_t fourcc) {
    RgbPicture out{kWidth, kHeight, {}};
    for (uint32_t y = 0; y < kHeight; ++y) {
      for (uint32_t x = 0; x < kWidth; ++x) {
        const double luma = (Ramp(x, y) - 16) * 255 / 219.0;
        const double u = fourcc == VSTREAM_FORMAT_GREY ? 0 : (kU - 128) * 255 / 224.0;
        const double v = fourcc == VSTREAM_FORMAT_GREY ? 0 : (kV - 128) * 255 / 224.0;
        const double rgb[3] = {luma + 1.402 * v, luma - 0.344136 * u - 0.714136 * v, luma + 1.772 * u};
        for (int i = 0; i < 3; ++i) {
          const double value = fourcc == VSTREAM_FORMAT_RGB24 ? Ramp(x, y) - 7 * i : rgb[i];
          out.pixels.push_back(static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))));
        }
      }
    }
    return out;
  }
  // Runs it to its end on a socket that has one frame of this format.
  int Take(uint32_t fourcc, std::vector<std::string> arguments) {
    ConsumerChild sut = Start(std::move(arguments));
    Producer producer(socket(), Format(fourcc));
    EXPECT_TRUE(producer.WaitForConsumers(1));
    EXPECT_TRUE(Publish(producer, fourcc));
    EXPECT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
    const int code = sut.Wait();
    out_ = sut.out();
    err_ = sut.err();
    return code;
  }
  std::string Relative(std::string text) const {
    for (size_t at = 0; (at = text.find(folder_)) != text.npos;) text.replace(at, folder_.size(), "DIR");
    return text;
  }
  // Files in the folder, without the two that hold the output of the child.
  size_t Files() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      count += name != "out" && name != "err" && name != "s" ? 1 : 0;
    }
    return count;
  }

  static constexpr char kProgram[] = "apps/videostream-snapshot/videostream-snapshot";
  std::string out_, err_;
};

// Catches wrong colours, a picture that is shifted or upside down, and a file that other programs cannot read.
TEST_F(SnapshotTest, PngAndJpegShowWhatWasPublished) {
  for (const uint32_t fourcc : {VSTREAM_FORMAT_NV12, VSTREAM_FORMAT_GREY, VSTREAM_FORMAT_RGB24}) {
    SCOPED_TRACE(fourcc);
    ASSERT_EQ(Take(fourcc, {Path("a.png"), "--overwrite"}), 0) << err_;
    EXPECT_LE(Distance(DecodeFile(test::ReadFile(Path("a.png"))), Expected(fourcc)),
              fourcc == VSTREAM_FORMAT_RGB24 ? 0 : 3);
    ASSERT_EQ(Take(fourcc, {Path("a.jpg"), "--overwrite", "--quality", "100"}), 0) << err_;
    EXPECT_LE(Distance(DecodeFile(test::ReadFile(Path("a.jpg"))), Expected(fourcc)), 6);
    EXPECT_EQ(err_, "");
  }
  EXPECT_EQ(Files(), 2u) << "nothing but the two pictures";
}

// Catches numbers that are not those of the frame.
TEST_F(SnapshotTest, SaysWhatItHasWritten) {
  ASSERT_EQ(Take(VSTREAM_FORMAT_NV12, {Path("a.png")}), 0) << err_;
  const std::string bytes = std::to_string(std::filesystem::file_size(Path("a.png")));
  EXPECT_EQ(Relative(out_), "DIR/a.png: 64x48, frame 1 (NV12), " + bytes + " bytes\n");
  ASSERT_EQ(Take(VSTREAM_FORMAT_GREY, {Path("a.jpeg"), "--json"}), 0) << err_;
  const nlohmann::json json = nlohmann::json::parse(out_, nullptr, false);
  EXPECT_EQ(json["schema"], "videostream.snapshot/1");
  EXPECT_EQ(json["socket"], socket());
  EXPECT_EQ(json["file"], Path("a.jpeg"));
  EXPECT_EQ(json["type"], "jpeg");
  EXPECT_EQ(json["width"], kWidth);
  EXPECT_EQ(json["height"], kHeight);
  EXPECT_EQ(json["format"], "GREY");
  EXPECT_EQ(json["sequence"], 1);
  EXPECT_EQ(json["bytes"], std::filesystem::file_size(Path("a.jpeg")));
  EXPECT_TRUE(json["error"].is_null());
}

// Catches text between the bytes of the picture.
TEST_F(SnapshotTest, DashIsPngOnStdout) {
  ASSERT_EQ(Take(VSTREAM_FORMAT_NV12, {"-"}), 0) << err_;
  EXPECT_LE(Distance(DecodeFile(out_), Expected(VSTREAM_FORMAT_NV12)), 3);
  EXPECT_EQ(Files(), 0u);
}

// Catches command lines that wait for a frame first, an old picture that is lost, and texts without a way on.
TEST_F(SnapshotTest, WrongFilesAreRefusedBeforeAnythingIsTaken) {
  const auto error = [&](const std::vector<std::string>& arguments) {
    ConsumerChild sut = Start(arguments);
    EXPECT_EQ(sut.Wait(), 2);
    return Relative(sut.err());
  };
  std::ofstream(Path("a.png")) << "old";
  EXPECT_EQ(error({Path("a.png")}),
            "videostream snapshot: 'DIR/a.png' exists; choose another name, or add --overwrite\n");
  EXPECT_EQ(error({Path("none/a.png")}), "videostream snapshot: folder 'DIR/none': No such file or directory\n");
  EXPECT_EQ(error({Path("b.png"), "--quality", "50"}),
            "videostream snapshot: --quality is for JPEG, and 'DIR/b.png' is to be PNG\n");
  EXPECT_EQ(error({"-", "--json"}),
            "videostream snapshot: --json prints to stdout, and so does the picture; name a file\n");
  EXPECT_EQ(test::ReadFile(Path("a.png")), "old");
  EXPECT_EQ(Files(), 1u);
}

// Catches one exit code for everything: a script must see whether to wait, to start something or to give up.
TEST_F(SnapshotTest, NoProducerIsThreeAndNoFrameIsFive) {
  ConsumerChild nobody = Run({kProgram, socket(), Path("a.png"), "--timeout", "200ms"});
  EXPECT_EQ(nobody.Wait(), 3);
  EXPECT_EQ(Relative(nobody.err()),
            "videostream snapshot: socket 'DIR/s': does not exist after waiting 0.2 s; start a producer with "
            "'videostream run'\n");
  ConsumerChild patient = Run({kProgram, socket(), Path("a.png"), "--timeout", "3s", "--json"});
  Producer producer(socket(), Format(VSTREAM_FORMAT_NV12));
  ASSERT_TRUE(producer.ServeUntil([&] { return patient.Ended(); }));
  EXPECT_EQ(patient.Wait(), 5);
  EXPECT_NE(patient.err().find("connected, but no frame within 3 s"), std::string::npos) << patient.err();
  EXPECT_NE(patient.json()["error"].get<std::string>().find("no frame"), std::string::npos);
  EXPECT_EQ(Files(), 0u);
}

// Catches a picture made of nothing when the producer goes, or the user does not want it any more.
TEST_F(SnapshotTest, AnEndBeforeTheFirstFrameLeavesNothing) {
  {
    ConsumerChild sut = Start({Path("a.png")});
    Producer producer(socket(), Format(VSTREAM_FORMAT_NV12));
    ASSERT_TRUE(producer.WaitForConsumers(1));
    ASSERT_TRUE(producer.Close());
    EXPECT_EQ(sut.Wait(), 1);
    EXPECT_EQ(Relative(sut.err()), "videostream snapshot: socket 'DIR/s': the producer ended before its first frame\n");
  }
  ConsumerChild sut = Start({Path("a.png")});
  Producer producer(socket(), Format(VSTREAM_FORMAT_NV12));
  ASSERT_TRUE(producer.WaitForConsumers(1));
  sut.Signal(SIGINT);
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 1);
  EXPECT_EQ(sut.err(), "videostream snapshot: interrupted before a frame came\n");
  EXPECT_EQ(Files(), 0u);
}

}  // namespace
}  // namespace videostream::snapshot
