// SPDX-License-Identifier: Apache-2.0
// Y4M files and pipes: every byte where it belongs, and every defect named with its place.
#include "backends/sw-fallback/y4m_source.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fstream>
#include <random>
#include <thread>

#include "tests/backends/sw-fallback/fake_host.h"

namespace videostream::sw_fallback {
namespace {

constexpr char kHeader[] = "YUV4MPEG2 W6 H4 F25:1\n";
constexpr size_t kFrameBytes = size_t{6} * 4 * 3 / 2;

std::string FrameOf(uint8_t number) {
  std::string frame = "FRAME\n";
  for (size_t i = 0; i < kFrameBytes; ++i) frame += static_cast<char>(size_t{number} * 37 + i);
  return frame;
}

class Y4mSourceTest : public testing::Test {
 protected:
  Y4mSourceTest() { EXPECT_TRUE(flag_.Open().ok()); }

  std::string Write(const std::string& content) {
    std::string path = dir_.File("a.y4m");
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  // What Open says of a file of this content, with the path replaced.
  std::string OpenError(const std::string& content) { return ErrorOf(Write(content)); }
  std::string ErrorOf(const std::string& path) {
    Y4mSource source(host_.handle());
    const backend::Status status = source.Open(path, false);
    std::string text = status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
    if (const size_t at = text.find(dir_.path()); at != text.npos) text.replace(at, dir_.path().size(), "DIR");
    return text;
  }
  backend::Status Fill(Y4mSource& source, uint64_t index, uint32_t fourcc = VSTREAM_FORMAT_I420, uint32_t padding = 0) {
    host_.Add(1, PaddedLayout(fourcc, 6, 4, padding));
    return source.Fill(index, 0, host_.Picture(1), backend::Interrupt(flag_.fd()));
  }
  // The picture in file order.
  std::string Pixels() {
    const Image image = host_.Picture(1);
    std::string all;
    for (uint32_t plane = 0; plane < image.format->plane_count; ++plane) {
      const PlaneFormat& format = image.format->planes[plane];
      for (uint32_t y = 0; y < Rows(format, 4); ++y) {
        all.append(reinterpret_cast<char*>(image.data[plane]) + size_t{y} * image.stride[plane], RowBytes(format, 6));
      }
    }
    return all;
  }

  Watchdog watchdog_;
  TempDir dir_;
  FakeHost host_;
  backend::Flag flag_;
};

// Planes mixed up, padding written over, a frame read twice or left out.
TEST_F(Y4mSourceTest, DeliversEveryFrameExactly) {
  std::string content = kHeader;
  for (uint8_t i = 0; i < 50; ++i) content += FrameOf(i);
  const std::string path = Write(content);
  for (uint32_t padding : {0u, 10u}) {
    Y4mSource sut(host_.handle());
    ASSERT_TRUE(sut.Open(path, false).ok());
    for (uint8_t i = 0; i < 50; ++i) {
      ASSERT_TRUE(Fill(sut, i + 1u, VSTREAM_FORMAT_I420, padding).ok());
      ASSERT_EQ("FRAME\n" + Pixels(), FrameOf(i));
      ASSERT_TRUE(host_.GuardsIntact(1));
    }
    EXPECT_EQ(Fill(sut, 51).code(), VSTREAM_E_END_OF_STREAM);
    EXPECT_EQ(Fill(sut, 52).code(), VSTREAM_E_END_OF_STREAM) << "for good";
  }
  EXPECT_TRUE(host_.Log().empty()) << host_.Log()[0];
}

// U and V interleaved the wrong way round.
TEST_F(Y4mSourceTest, InterleavesForNv12) {
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(kHeader + FrameOf(3)), false).ok());
  ASSERT_TRUE(Fill(sut, 1, VSTREAM_FORMAT_NV12, 7).ok());
  const std::string pixels = Pixels(), expected = FrameOf(3).substr(6);
  EXPECT_EQ(pixels.substr(0, 24), expected.substr(0, 24));
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(pixels[24 + 2 * i], expected[24 + i]) << i;
    EXPECT_EQ(pixels[25 + 2 * i], expected[30 + i]) << i;
  }
  EXPECT_TRUE(host_.GuardsIntact(1));
}

// A format that the file does not have.
TEST_F(Y4mSourceTest, OffersWhatTheFileHas) {
  const std::string path = Write(kHeader);
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  vstream_capture_request request{};
  vstream_capture_config config{};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.fourcc, VSTREAM_FORMAT_I420);
  EXPECT_EQ(config.layout.width, 6u);
  EXPECT_EQ(config.rate.num, 25u);
  request.fourcc = VSTREAM_FORMAT_NV12;
  request.width = 1920;
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.fourcc, VSTREAM_FORMAT_NV12);
  EXPECT_EQ(config.layout.width, 6u) << "sizes are adjusted, not refused";
  request.fourcc = VSTREAM_FORMAT_RGB24;
  const backend::Status status = sut.Configure(request, &config);
  EXPECT_EQ(status.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(status.message(), "y4m '" + path + "': cannot give RGB24, expected I420 or NV12");
}

// Every way in which a file can be no Y4M file.
TEST_F(Y4mSourceTest, NamesWhatIsWrongAtOpen) {
  EXPECT_EQ(OpenError(""), "-1 y4m 'DIR/a.y4m': byte 0: is empty, expected 'YUV4MPEG2 '");
  EXPECT_EQ(OpenError("YUV4MPEG2 W2147483648 H64 F25:1\n"),
            "-1 y4m 'DIR/a.y4m': line 1: width 2147483648 is outside 2..16384");
  EXPECT_EQ(OpenError("YUV4MPEG2 W64 H64 F25:1"), "-1 y4m 'DIR/a.y4m': line 1: ends at byte 23 without a newline");
  EXPECT_EQ(OpenError("RIFF"), "-1 y4m 'DIR/a.y4m': line 1: starts with 'RIFF', expected 'YUV4MPEG2 '");
  EXPECT_EQ(OpenError(std::string(5000, 'x')),
            "-1 y4m 'DIR/a.y4m': line 1: starts with 'xxxxxxxxxx', expected 'YUV4MPEG2 '");
  EXPECT_EQ(OpenError("YUV4MPEG2 W64 H64 F25:1 X" + std::string(5000, 'x') + "\n"),
            "-1 y4m 'DIR/a.y4m': line 1: longer than 1024 bytes");
  EXPECT_EQ(OpenError("YUV4MPEG2 W64 H64 F25:1 C444\n"),
            "-2 y4m 'DIR/a.y4m': line 1: colour space 'C444' is not supported, expected one of C420, C420jpeg, "
            "C420mpeg2, C420paldv, Cmono");
  EXPECT_EQ(ErrorOf(dir_.path() + "/none"), "-3 y4m 'DIR/none': open: No such file or directory");
  EXPECT_EQ(ErrorOf(dir_.path()), "-1 y4m 'DIR': is a directory, expected a Y4M file");
  if (::geteuid() != 0) {
    const std::string path = Write(kHeader);
    ::chmod(path.c_str(), 0);
    EXPECT_EQ(ErrorOf(path), "-4 y4m 'DIR/a.y4m': open: Permission denied");
  }
}

// Pixels taken for a frame header and on from there: the error must come at once, with the place.
TEST_F(Y4mSourceTest, StopsWhereFramesAreOutOfStep) {
  const std::string path = Write(kHeader + FrameOf(1) + "FRXME\n" + FrameOf(2));
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  ASSERT_TRUE(Fill(sut, 1).ok());
  const backend::Status status = Fill(sut, 2);
  EXPECT_EQ(status.code(), VSTREAM_E_IO);
  EXPECT_EQ(status.message(), "y4m '" + path + "': byte 64: expected 'FRAME', found 'FRXME'");
}

// Half a frame shown as a whole one; a truncation that nobody hears of.
TEST_F(Y4mSourceTest, EndsBeforeATruncatedFrame) {
  for (const size_t left : {size_t{3}, size_t{6}, size_t{20}, size_t{6 + kFrameBytes - 1}}) {
    FakeHost fresh;
    const std::string path = Write(kHeader + FrameOf(1) + FrameOf(2).substr(0, left));
    Y4mSource sut(fresh.handle());
    ASSERT_TRUE(sut.Open(path, false).ok());
    ASSERT_TRUE(Fill(sut, 1).ok());
    EXPECT_EQ(Fill(sut, 2).code(), VSTREAM_E_END_OF_STREAM) << left;
    EXPECT_EQ(Fill(sut, 2).code(), VSTREAM_E_END_OF_STREAM) << left;
    ASSERT_EQ(fresh.Log().size(), 1u) << left;
    const std::string where =
        left < 6 ? "inside the header of a frame" : "after " + std::to_string(left - 6) + " of 36 bytes of a frame";
    std::string expected = "3 y4m '";
    expected.append(path).append("': byte 64: the file ends ").append(where);
    EXPECT_EQ(fresh.Log()[0], expected.append(": it is truncated; that frame is left out"));
  }
}

// A loop that repeats or skips a frame at the seam, or that spins on a file without frames.
TEST_F(Y4mSourceTest, LoopsWithoutASeam) {
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(kHeader + FrameOf(0) + FrameOf(1) + FrameOf(2) + "FRAME\nxx"), true).ok());
  for (uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(Fill(sut, i + 1).ok());
    EXPECT_EQ("FRAME\n" + Pixels(), FrameOf(static_cast<uint8_t>(i % 3)));
  }
  EXPECT_EQ(host_.Log().size(), 1u) << "the truncation is said once";
  Y4mSource empty(host_.handle());
  ASSERT_TRUE(empty.Open(Write(kHeader), true).ok());
  EXPECT_EQ(Fill(empty, 1).code(), VSTREAM_E_END_OF_STREAM);
}

// Frames that were read ahead of a stop and are then missing.
TEST_F(Y4mSourceTest, RewindsToAnyRecentFrame) {
  std::string content = kHeader;
  for (uint8_t i = 0; i < 10; ++i) content += FrameOf(i).insert(5, std::string(i, ' '));  // headers of any length
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(content), false).ok());
  for (uint64_t i = 1; i <= 8; ++i) ASSERT_TRUE(Fill(sut, i).ok());
  EXPECT_EQ(sut.Rewind(5), 5u);
  for (uint64_t i = 5; i <= 10; ++i) {
    ASSERT_TRUE(Fill(sut, i).ok());
    EXPECT_EQ("FRAME\n" + Pixels(), FrameOf(static_cast<uint8_t>(i - 1)));
  }
}

// A pipe whose writer is slow, in the middle of everything: an interrupt must neither hang nor lose the place.
TEST_F(Y4mSourceTest, PipeKeepsItsPlaceAcrossInterrupts) {
  const std::string path = dir_.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const Fd writer(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  const auto put = [&](const std::string& text) {
    ASSERT_EQ(::write(writer.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  };
  put(std::string(kHeader) + FrameOf(0) + "FRA");
  Y4mSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  ASSERT_TRUE(Fill(sut, 1).ok());
  flag_.Raise();
  EXPECT_EQ(Fill(sut, 2).code(), VSTREAM_E_AGAIN);
  EXPECT_EQ(sut.Rewind(2), 2u) << "nothing of frame 2 was lost";
  flag_.Lower();
  put(FrameOf(1).substr(3, 20));
  backend::Status status;
  std::thread reader([&] { status = Fill(sut, 2); });
  for (int waiting = 1; waiting > 0;) ASSERT_EQ(::ioctl(writer.get(), FIONREAD, &waiting), 0);
  flag_.Raise();  // the reader has taken the half frame, and waits for the rest
  reader.join();
  flag_.Lower();
  EXPECT_EQ(status.code(), VSTREAM_E_AGAIN);
  const uint64_t next = sut.Rewind(2);
  EXPECT_EQ(next, 3u) << "frame 2 was begun: it is lost, and counted";
  put(FrameOf(1).substr(23) + FrameOf(2));
  ASSERT_TRUE(Fill(sut, next).ok());
  EXPECT_EQ("FRAME\n" + Pixels(), FrameOf(2));
}

// Opening a pipe nobody writes to must end.
TEST_F(Y4mSourceTest, WaitsForAWriterOnlySoLong) {
  const std::string path = dir_.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(path), "-8 y4m 'DIR/fifo': no header within 1 s: start the writer first");
  Y4mSource looping(host_.handle());
  const backend::Status status = looping.Open(path, true);
  EXPECT_EQ(status.code(), VSTREAM_E_INVALID);
  EXPECT_EQ(status.message(), "y4m '" + path + "': option 'loop' needs a regular file, and this is none");
}

// Mutated files: whatever the bytes say, the reader stays inside its buffers and comes to an end.
TEST_F(Y4mSourceTest, MutatedFilesEndInOrder) {
  const unsigned seed = 7;
  std::mt19937 random(seed);
  std::string good = kHeader;
  for (uint8_t i = 0; i < 4; ++i) good += FrameOf(i);
  for (int round = 0; round < 2000; ++round) {
    std::string content = good;
    for (unsigned change = 1 + random() % 3; change-- > 0;) {
      const size_t at = random() % content.size();
      if (random() % 2 == 0) {
        content[at] = static_cast<char>(random());
      } else {
        content.erase(at, 1 + random() % 40);
      }
    }
    Y4mSource sut(host_.handle());
    if (!sut.Open(Write(content), random() % 2 == 0).ok()) continue;
    vstream_capture_request request{};
    vstream_capture_config config{};
    ASSERT_TRUE(sut.Configure(request, &config).ok());
    if (config.layout.width * config.layout.height > 4096) continue;
    host_.Add(1, config.layout);
    for (uint64_t i = 1; i <= 12; ++i) {
      const backend::Status status = sut.Fill(i, 0, host_.Picture(1), backend::Interrupt(flag_.fd()));
      ASSERT_TRUE(host_.GuardsIntact(1)) << "seed " << seed << " round " << round;
      if (!status.ok()) break;
    }
  }
}

}  // namespace
}  // namespace videostream::sw_fallback
