// SPDX-License-Identifier: Apache-2.0
// Footage replayed at its own rate and recorded: every frame in the MP4, timestamps at the source's rate, picture close
// to the source. In full with a street scene of 795 frames (package opencv-doc), in short with 40 made ones.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace videostream {
namespace {

constexpr const char* kScene = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";

struct Footage {
  std::vector<std::string> ffmpeg_input;
  size_t frames;
};

Footage Choose() {
  if (std::getenv("VIDEOSTREAM_SOAK") != nullptr) return {{"-i", kScene}, 795};
  return {{"-f", "lavfi", "-i", "testsrc2=size=768x576:rate=10:duration=4"}, 40};
}

// Bug: frames lost at the start, the end or in between; timestamps of another rate; a picture that is not the source's.
TEST(RealFootage, IsRecordedFrameByFrame) {
  e2e::Watchdog(280);
  const Footage footage = Choose();
  if (footage.frames == 795 && access(kScene, R_OK) != 0) FAIL() << kScene << ": apt-get install opencv-doc";
  e2e::TempDir dir;
  std::vector<std::string> make = {"ffmpeg", "-v", "error", "-y"};
  make.insert(make.end(), footage.ffmpeg_input.begin(), footage.ffmpeg_input.end());
  make.insert(make.end(), {"-pix_fmt", "yuv420p", dir / "in.y4m"});
  const e2e::Outcome made = e2e::RunProgram(make);
  ASSERT_EQ(made.code, 0) << made.err;

  const std::string socket = dir / "s.sock", mp4 = dir / "out.mp4";
  e2e::WriteAll(dir / "p.yaml",
                "version: 1\nname: proof\nbackends:\n  allocator: [shm]\n  capture: [sw-fallback]\n"
                "  encoder: [sw-fallback]\n  transport: [shm]\nstreams:\n  s:\n    capture: { device: pattern }\n"
                "    outputs:\n      o:\n        encoder: { codec: h264, bitrate: 4M, gop: 30 }\n        publish:\n"
                "          - { transport: shm, socket: " +
                    socket + ", buffers: 8, leases: 2 }\n");
  const std::string program = e2e::Runfile("apps/videostream/videostream");
  e2e::Process recorder({e2e::Runfile("apps/videostream-record/videostream-record"), socket, mp4});
  const e2e::Outcome host = e2e::RunProgram({program, "run", "--profile", dir / "p.yaml", "--input", dir / "in.y4m",
                                             "--wait-for", "1", "--no-control", "--quiet"});
  ASSERT_EQ(host.code, 0) << host.err;
  const e2e::Outcome recorded = recorder.Wait();
  ASSERT_EQ(recorded.code, 0) << recorded.err;

  // Every frame, at the source's rate: 10 frames per second.
  const e2e::Outcome times =
      e2e::RunProgram({"ffprobe", "-v", "error", "-show_entries", "packet=pts_time", "-of", "csv=p=0", mp4});
  std::istringstream lines(times.out);
  size_t count = 0;
  for (double time; lines >> time; ++count) {
    EXPECT_NEAR(time, 0.1 * static_cast<double>(count), 0.001) << "packet " << count;
    lines.ignore(64, '\n');
  }
  EXPECT_EQ(count, footage.frames);
  const e2e::Outcome decoded = e2e::RunProgram(
      {"ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", mp4});
  EXPECT_EQ(std::strtoul(decoded.out.c_str(), nullptr, 10), footage.frames) << decoded.out << decoded.err;

  // Frame by frame: both inputs numbered in the same time base, else the filter pairs the wrong ones.
  const e2e::Outcome psnr =
      e2e::RunProgram({"ffmpeg", "-hide_banner", "-i", mp4, "-i", dir / "in.y4m", "-lavfi",
                       "[0:v]settb=1/10,setpts=N[a];[1:v]settb=1/10,setpts=N[b];[a][b]psnr", "-f", "null", "-"});
  std::smatch found;
  ASSERT_TRUE(std::regex_search(psnr.err, found, std::regex("average:([0-9.]+) min:([0-9.]+)"))) << psnr.err;
  EXPECT_GT(std::stod(found[1]), 30.0) << psnr.err;
  if (!HasFailure()) {
    std::printf("PROOF: %zu of %zu frames recorded at the source's rate, PSNR %s dB on average, %s dB at worst\n",
                count, footage.frames, found.str(1).c_str(), found.str(2).c_str());
  }
}

}  // namespace
}  // namespace videostream
