// SPDX-License-Identifier: Apache-2.0
// Files and pipes of JPEG pictures: every picture with every byte, and every defect named with its place.
#include "backends/sw-fallback/mjpeg_source.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "backends/sw-fallback/capture.h"
#include "backends/sw-fallback/jpeg_decoder.h"
#include "tests/backends/sw-fallback/fake_host.h"
#include "tests/backends/sw-fallback/jpeg_files.h"

namespace videostream::sw_fallback {
namespace {

class MjpegSourceTest : public testing::Test {
 protected:
  MjpegSourceTest() {
    EXPECT_TRUE(flag_.Open().ok());
    for (int i = 0; i < 6; ++i) {
      pictures_.push_back(MakeJpeg({.quality = 40 + 10 * i, .restart = static_cast<unsigned>(i)}));
    }
  }

  std::string Write(const std::string& content, const char* name = "a.mjpeg") {
    std::string path = dir_.File(name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  std::string All(const std::string& between = "") const {
    std::string all;
    for (const std::string& picture : pictures_) all += picture + between;
    return all;
  }
  std::string ErrorOf(const std::string& path) {
    MjpegSource source(host_.handle());
    const backend::Status status = source.Open(path, false);
    std::string text = status.ok() ? "" : std::to_string(status.code()) + " " + status.message();
    if (const size_t at = text.find(dir_.path()); at != text.npos) text.replace(at, dir_.path().size(), "DIR");
    return text;
  }
  // The bytes of frame `index`, or the code of the failure, which is kept.
  std::string Next(MjpegSource& source, uint64_t index, size_t capacity = 100'000) {
    std::vector<uint8_t> buffer(capacity);
    uint64_t used = 0;
    status_ = source.FillCoded(index, buffer.data(), buffer.size(), backend::Interrupt(flag_.fd()), &used);
    if (!status_.ok()) return std::to_string(status_.code());
    EXPECT_GE(used, 1u);
    EXPECT_LE(used, capacity);
    return {buffer.begin(), buffer.begin() + static_cast<ptrdiff_t>(used)};
  }

  Watchdog watchdog_;
  TempDir dir_;
  FakeHost host_;
  backend::Flag flag_;
  std::vector<std::string> pictures_;
  backend::Status status_;
};

const std::string kEnd = std::to_string(VSTREAM_E_END_OF_STREAM);
const std::string kInterrupted = std::to_string(VSTREAM_E_AGAIN);

// A byte too many or too few, a picture twice or left out, padding delivered as a picture.
TEST_F(MjpegSourceTest, DeliversEveryPictureExactly) {
  for (const std::string& between : {std::string(), std::string(1000, '\0'), std::string("\xFF\xFF")}) {
    MjpegSource sut(host_.handle());
    ASSERT_TRUE(sut.Open(Write(All(between)), false).ok());
    for (uint64_t i = 0; i < pictures_.size(); ++i) EXPECT_EQ(Next(sut, i + 1), pictures_[i]) << i;
    EXPECT_EQ(Next(sut, 7), kEnd);
    EXPECT_EQ(Next(sut, 8), kEnd) << "for good";
  }
  EXPECT_TRUE(host_.Log().empty()) << host_.Log()[0];
}

// A size that is not the picture's, a rate that nobody wished, a format the file does not have.
TEST_F(MjpegSourceTest, OffersWhatTheFileHas) {
  const std::string path = Write(WithSegment(MakeJpeg({.width = 130, .height = 70}), 0xE1, pictures_[0]));
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  vstream_capture_request request{};
  vstream_capture_config config{};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.fourcc, VSTREAM_FORMAT_MJPEG);
  EXPECT_EQ(config.layout.plane_count, 1u);
  EXPECT_EQ(config.layout.planes[0].stride, 0u);
  EXPECT_EQ(config.layout.width, 130u);
  EXPECT_EQ(config.layout.height, 70u);
  EXPECT_EQ(config.rate.num, 30u);
  EXPECT_EQ(config.rate.den, 1u);
  EXPECT_EQ(config.colorimetry.matrix, 6);
  EXPECT_EQ(config.colorimetry.range, VSTREAM_RANGE_FULL);
  request.fourcc = VSTREAM_FORMAT_MJPEG;
  request.width = 1920;
  request.rate = {25, 2};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.layout.width, 130u) << "sizes are adjusted, not refused";
  EXPECT_EQ(config.rate.num, 25u);
  EXPECT_EQ(config.rate.den, 2u);
  request.rate = {UINT32_MAX, 1};
  ASSERT_TRUE(sut.Configure(request, &config).ok());
  EXPECT_EQ(config.rate.num, 1000u);
  request.fourcc = VSTREAM_FORMAT_NV12;
  const backend::Status status = sut.Configure(request, &config);
  EXPECT_EQ(status.code(), VSTREAM_E_UNSUPPORTED);
  EXPECT_EQ(status.message(), "mjpeg '" + path + "': cannot give NV12, expected MJPEG");
}

// Every way in which a file can be no file of JPEG pictures.
TEST_F(MjpegSourceTest, NamesWhatIsWrongAtOpen) {
  EXPECT_EQ(ErrorOf(Write("")), "-1 mjpeg 'DIR/a.mjpeg': byte 0: is empty, expected a JPEG picture");
  EXPECT_EQ(ErrorOf(Write("RIFFxxxxAVI ")),
            "-1 mjpeg 'DIR/a.mjpeg': byte 0: starts with 'RI', expected a JPEG picture ('\\xff\\xd8')");
  EXPECT_EQ(ErrorOf(Write("\xFF\xD8\xFF\xD9" + pictures_[0])),
            "-1 mjpeg 'DIR/a.mjpeg': byte 0: the first picture does not say its size within 4 bytes");
  EXPECT_EQ(ErrorOf(Write(pictures_[0].substr(0, 100))),
            "-1 mjpeg 'DIR/a.mjpeg': byte 0: the file ends before the size of the first picture, after 100 bytes");
  std::string segments = "\xFF\xD8";
  for (int i = 0; i < 17; ++i) segments += "\xFF\xE1\xFF\xFF" + std::string(65533, 'x');
  EXPECT_EQ(ErrorOf(Write(segments)),
            "-1 mjpeg 'DIR/a.mjpeg': byte 0: the first picture does not say its size within 1048576 bytes");
  std::string huge = pictures_[0];
  huge.replace(FindMarker(huge, 0xC0) + 5, 4, "\xFF\xDC\x00\x40", 4);
  EXPECT_EQ(ErrorOf(Write(huge)), "-1 mjpeg 'DIR/a.mjpeg': the first picture is 64x65500, outside 1x1..16384x16384");
  EXPECT_EQ(ErrorOf(dir_.path() + "/none"), "-3 mjpeg 'DIR/none': open: No such file or directory");
  EXPECT_EQ(ErrorOf(dir_.path()), "-1 mjpeg 'DIR': is a directory, expected a file of JPEG pictures");
}

// A broken picture that ends the stream, or takes the next one with it.
TEST_F(MjpegSourceTest, BrokenPicturesAreDeliveredAsTheyAre) {
  const std::string cut = pictures_[1].substr(0, pictures_[1].size() - 40);  // in the coded data
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(pictures_[0] + cut + pictures_[2] + pictures_[3]), false).ok());
  EXPECT_EQ(Next(sut, 1), pictures_[0]);
  EXPECT_EQ(Next(sut, 2), cut);
  EXPECT_EQ(Next(sut, 3), pictures_[2]);
  EXPECT_EQ(Next(sut, 4), pictures_[3]);
  EXPECT_EQ(Next(sut, 5), kEnd);
}

// Memory or patience without end for what is no picture at all; the error must say where.
TEST_F(MjpegSourceTest, WhatCannotBeAPictureEndsWithItsPlace) {
  const std::string path = Write(pictures_[0] + std::string(70'000, 'x'));
  const std::string start = "mjpeg '" + path + "': byte " + std::to_string(pictures_[0].size()) + ": ";
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  EXPECT_EQ(Next(sut, 1), pictures_[0]);
  EXPECT_EQ(Next(sut, 2), std::to_string(VSTREAM_E_IO));
  EXPECT_EQ(status_.message(), start + "no picture begins within 65536 bytes");
  Write(pictures_[0] + MakeJpeg({.width = 200, .height = 200, .noise = 1}) + pictures_[2]);
  MjpegSource large(host_.handle());
  ASSERT_TRUE(large.Open(path, false).ok());
  EXPECT_EQ(Next(large, 1), pictures_[0]);
  EXPECT_EQ(Next(large, 2, 20'000), std::to_string(VSTREAM_E_IO));
  EXPECT_EQ(status_.message(), start + "the picture is larger than 20000 bytes");
}

// Half a picture shown at the end; a truncation that nobody hears of.
TEST_F(MjpegSourceTest, EndsBeforeATruncatedPicture) {
  for (const size_t left : {size_t{2}, size_t{3}, size_t{300}, pictures_[1].size() - 1}) {
    FakeHost fresh;
    const std::string path = Write(pictures_[0] + pictures_[1].substr(0, left));
    MjpegSource sut(fresh.handle());
    ASSERT_TRUE(sut.Open(path, false).ok());
    EXPECT_EQ(Next(sut, 1), pictures_[0]);
    EXPECT_EQ(Next(sut, 2), kEnd) << left;
    EXPECT_EQ(Next(sut, 2), kEnd) << left;
    ASSERT_EQ(fresh.Log().size(), 1u) << left;
    EXPECT_EQ(fresh.Log()[0], "3 mjpeg '" + path + "': byte " + std::to_string(pictures_[0].size()) +
                                  ": the file ends inside of the picture that begins there: it is truncated; that "
                                  "picture is left out");
  }
}

// A loop that repeats or skips a picture at the seam, or that spins on a file without a whole one.
TEST_F(MjpegSourceTest, LoopsWithoutASeam) {
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(All() + pictures_[0].substr(0, 50)), true).ok());
  for (uint64_t i = 0; i < 20; ++i) EXPECT_EQ(Next(sut, i + 1), pictures_[i % pictures_.size()]) << i;
  EXPECT_EQ(host_.Log().size(), 1u) << "the truncation is said once";
  MjpegSource empty(host_.handle());
  ASSERT_TRUE(empty.Open(Write(pictures_[0].substr(0, pictures_[0].size() / 2)), true).ok());
  EXPECT_EQ(Next(empty, 1), kEnd);
}

// Pictures that were read ahead of a stop and are then missing; the first of them was read at Open.
TEST_F(MjpegSourceTest, RewindsToAnyRecentPicture) {
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(Write(All(std::string(1, '\0'))), false).ok());
  for (uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(Next(sut, i), pictures_[i - 1]);
  for (const uint64_t back : {3U, 1U}) {
    EXPECT_EQ(sut.Rewind(back), back);
    for (uint64_t i = back; i <= 6; ++i) EXPECT_EQ(Next(sut, i), pictures_[i - 1]);
  }
}

// A pipe whose writer is slow, in the middle of everything: an interrupt must neither hang nor lose the place.
TEST_F(MjpegSourceTest, PipeKeepsItsPlaceAcrossInterrupts) {
  const std::string path = dir_.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const Fd writer(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  const auto put = [&](const std::string& bytes) {
    ASSERT_EQ(::write(writer.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  };
  put(pictures_[0] + std::string(3, '\0'));
  MjpegSource sut(host_.handle());
  ASSERT_TRUE(sut.Open(path, false).ok());
  EXPECT_EQ(Next(sut, 1), pictures_[0]);
  flag_.Raise();
  EXPECT_EQ(Next(sut, 2), kInterrupted);
  EXPECT_EQ(sut.Rewind(2), 2u) << "nothing of picture 2 was lost";
  flag_.Lower();
  put(pictures_[1].substr(0, 500));
  std::string taken;
  std::thread reader([&] { taken = Next(sut, 2); });
  for (int waiting = 1; waiting > 0;) ASSERT_EQ(::ioctl(writer.get(), FIONREAD, &waiting), 0);
  flag_.Raise();  // the reader has taken the half picture, and waits for the rest
  reader.join();
  flag_.Lower();
  EXPECT_EQ(taken, kInterrupted);
  const uint64_t next = sut.Rewind(2);
  EXPECT_EQ(next, 3u) << "picture 2 was begun: it is lost, and counted";
  put(pictures_[1].substr(500) + pictures_[2]);
  EXPECT_EQ(Next(sut, next), pictures_[2]);
}

// Opening a pipe nobody writes to must end.
TEST_F(MjpegSourceTest, WaitsForAWriterOnlySoLong) {
  const std::string path = dir_.File("fifo");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(ErrorOf(path), "-8 mjpeg 'DIR/fifo': no picture within 1 s: start the writer first");
  MjpegSource looping(host_.handle());
  EXPECT_EQ(looping.Open(path, true).message(),
            "mjpeg '" + path + "': option 'loop' needs a regular file, and this is none");
}

// Mutated files: whatever the bytes say, the reader stays inside its buffers and comes to an end.
TEST_F(MjpegSourceTest, MutatedFilesEndInOrder) {
  const unsigned seed = 9;
  std::mt19937 random(seed);
  const std::string good = All(std::string(2, '\0'));
  for (int round = 0; round < 2000; ++round) {
    std::string content = good;
    for (unsigned change = 1 + random() % 4; change-- > 0;) {
      const size_t at = random() % (random() % 2 == 0 ? content.size() : 700);
      if (random() % 2 == 0) {
        content[at] = random() % 2 == 0 ? '\xFF' : static_cast<char>(random());
      } else {
        content.erase(at, 1 + random() % 400);
      }
    }
    MjpegSource sut(host_.handle());
    if (!sut.Open(Write(content), random() % 2 == 0).ok()) continue;
    uint64_t index = 1;
    while (index <= 20 && Next(sut, index, 1 + random() % 8000).size() > 3) ++index;
    if (random() % 2 == 0) Next(sut, sut.Rewind(1 + random() % index));
    ASSERT_FALSE(HasFailure()) << "seed " << seed << " round " << round;
  }
}

// What another program writes and reads, as a judge: every picture of its file, and its pixels. Luma is decoded the
// same way up to the rounding of the transform.
TEST_F(MjpegSourceTest, FilesOfAnotherProgram) {
  constexpr uint32_t kWidth = 322, kHeight = 242, kFrames = 12;
  const std::string file = dir_.File("f.mjpeg"), raw = dir_.File("f.yuv");
  for (const char* kind : {"yuvj420p -huffman default", "yuvj422p -huffman default", "yuvj444p -huffman optimal"}) {
    SCOPED_TRACE(kind);
    // LD_PRELOAD: a sanitizer's run-time library is not for it.
    std::string command = "unset LD_PRELOAD; ffmpeg -v error -y -f lavfi -i testsrc2=size=322x242:rate=25";
    command.append(" -frames:v 12 -c:v mjpeg -q:v 2 -pix_fmt ").append(kind).append(" -f mjpeg ").append(file);
    command.append(" && ffmpeg -v error -y -i ").append(file).append(" -pix_fmt yuvj420p -f rawvideo ").append(raw);
    const int status = std::system(command.c_str());  // NOLINT(cert-env33-c): fixed words and paths of ours
    if (WEXITSTATUS(status) == 127) GTEST_SKIP() << "no ffmpeg on this machine";
    ASSERT_EQ(status, 0);
    std::ifstream stream(raw, std::ios::binary);
    const std::string reference{std::istreambuf_iterator<char>(stream), {}};
    constexpr size_t kBytes = size_t{kWidth} * kHeight * 3 / 2;
    ASSERT_EQ(reference.size(), kFrames * kBytes);
    MjpegSource sut(host_.handle());
    ASSERT_TRUE(sut.Open(file, false).ok());
    JpegDecoder decoder;
    decoder.Configure(kWidth, kHeight);
    host_.Add(1, MinimalLayout(VSTREAM_FORMAT_I420, kWidth, kHeight));
    for (uint32_t i = 0; i < kFrames; ++i) {
      const std::string picture = Next(sut, i + 1, 400'000);
      const backend::Status decoded =
          decoder.Decode(reinterpret_cast<const uint8_t*>(picture.data()), picture.size(), host_.Picture(1));
      ASSERT_TRUE(decoded.ok()) << decoded.message();
      int worst = 0;
      double chroma = 0;
      for (size_t at = 0; at < kBytes; ++at) {
        const int error = std::abs(host_.Plane(1, 0)[at] - static_cast<uint8_t>(reference[i * kBytes + at]));
        if (at < size_t{kWidth} * kHeight) {
          worst = std::max(worst, error);
        } else {
          chroma += error / (kBytes / 3.0);
        }
      }
      EXPECT_LE(worst, 2) << i;
      EXPECT_LE(chroma, 4) << i << ": on average; the two make 4:2:0 of more in different ways";
    }
    EXPECT_EQ(Next(sut, kFrames + 1), kEnd);
  }
}

// The device `file` takes such a file for what it is, with or without a name that says so, and gives its bytes.
TEST_F(MjpegSourceTest, TheDeviceFileKnowsThemByTheirContent) {
  for (const char* name : {"a.mjpeg", "b.mjpg", "c.bin"}) {
    const std::string path = Write(All(), name);
    Capture device;
    device.SetHost(host_.handle());
    const CreateInfo info("file", {{"path", path}, {"pace", "max"}});
    ASSERT_TRUE(device.Open(info.options()).ok());
    vstream_capture_request request{};
    vstream_capture_config config{};
    ASSERT_TRUE(device.Configure(request, &config).ok());
    EXPECT_EQ(config.layout.fourcc, VSTREAM_FORMAT_MJPEG);
    vstream_layout small = config.layout;
    small.planes[0].size = 100;
    EXPECT_EQ(device.Attach(1, host_.Add(1, small)).code(), VSTREAM_E_INVALID);
    ASSERT_TRUE(device.Attach(1, host_.Add(1, config.layout)).ok());
    ASSERT_TRUE(device.Start().ok());
    int32_t fd = -1;
    ASSERT_TRUE(device.PollFd(&fd).ok());
    vstream_frame frame{};
    for (const std::string& picture : pictures_) {
      ASSERT_TRUE(device.Queue(1).ok());
      ASSERT_TRUE(Readable(fd, 60'000));
      frame = {};
      ASSERT_TRUE(device.Dequeue(&frame).ok());
      ASSERT_EQ(frame.bytes_used[0], picture.size());
      EXPECT_EQ(std::string(host_.Plane(1, 0), host_.Plane(1, 0) + picture.size()), picture);
      EXPECT_EQ(frame.colorimetry.range, VSTREAM_RANGE_FULL);
    }
    ASSERT_TRUE(device.Queue(1).ok());
    ASSERT_TRUE(Readable(fd, 60'000));
    EXPECT_EQ(device.Dequeue(&frame).code(), VSTREAM_E_END_OF_STREAM);
  }
  Capture device;
  device.SetHost(host_.handle());
  const CreateInfo info("file", {{"path", Write("GIF89a", "d.mjpg")}});
  EXPECT_NE(device.Open(info.options()).message().find("expected a JPEG picture"), std::string::npos);
}

}  // namespace
}  // namespace videostream::sw_fallback
