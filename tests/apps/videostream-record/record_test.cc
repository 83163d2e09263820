// SPDX-License-Identifier: Apache-2.0
// The recorder as users start it, on a socket with H.264 packets; ffprobe and ffmpeg judge the files.
#include <dirent.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "tests/apps/videostream-record/h264_packets.h"
#include "tests/apps/videostream-record/probe.h"
#include "tests/apps/videostream/receive/consumer_child.h"
#include "tests/apps/videostream/receive/producer.h"

namespace videostream {
namespace {

using test::ConsumerChild;
using test::Producer;
using test::ProducerFormat;

constexpr uint32_t kWidth = 176, kHeight = 144, kGop = 10;
constexpr int64_t kFrameNs = 33'333'333;

class RecordTest : public test::ConsumerTest {
 protected:
  ConsumerChild Start(std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), {kProgram, socket(), file(), "--json", "--quiet", "--timeout", "60s"});
    return Run(arguments);
  }
  ConsumerChild Run(const std::vector<std::string>& arguments) const {
    return ConsumerChild(folder_, [arguments] {
      std::vector<char*> argv;
      argv.reserve(arguments.size() + 1);
      for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
      argv.push_back(nullptr);
      execv(argv[0], argv.data());
      return 99;
    });
  }
  std::string file() const { return Path("a.mp4"); }

  // Packets as an encoder gives them, every one taken before the next.
  void Publish(Producer& producer, uint32_t from, uint32_t to) const {
    for (uint32_t i = from; i < to; ++i) {
      ASSERT_TRUE(producer.PublishPacket(packets_[i].bytes, packets_[i].key, kStart + i * kFrameNs)) << i;
      ASSERT_TRUE(producer.WaitUntilTaken()) << i;
    }
  }
  static ProducerFormat Format() {
    ProducerFormat format;
    format.fourcc = VSTREAM_FORMAT_H264;
    format.width = kWidth;
    format.height = kHeight;
    return format;
  }

  static constexpr char kProgram[] = "apps/videostream-record/videostream-record";
  static constexpr int64_t kStart = 1'000'000'000'000;
  const std::vector<test::H264Packet> packets_ = test::MakeH264(kWidth, kHeight, 60, kGop);
};

// Catches packets lost between socket and file, timestamps that are not those of the source, a file that needs the
// producer to be played, and an end of the producer taken for a failure.
TEST_F(RecordTest, EveryPublishedPacketIsInTheFile) {
  ConsumerChild sut = Start();
  Producer producer(socket(), Format());
  ASSERT_TRUE(producer.WaitForConsumers(1));
  Publish(producer, 0, 60);
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  const test::Probed probed = test::Probe(file());
  EXPECT_EQ(probed.codec, "h264");
  EXPECT_EQ(probed.width, kWidth);
  EXPECT_EQ(probed.height, kHeight);
  EXPECT_EQ(probed.decoded, 60u);
  EXPECT_EQ(probed.errors, "");
  ASSERT_EQ(probed.times.size(), 60u);
  for (uint32_t i = 0; i < 60; ++i) EXPECT_NEAR(probed.times[i], i / 30.0, 1e-6) << i;
  const nlohmann::json json = sut.json();
  EXPECT_EQ(json["schema"], "videostream.record/1");
  EXPECT_EQ(json["file"], file());
  EXPECT_EQ(json["frames"], 60);
  EXPECT_EQ(json["written"], 60);
  EXPECT_EQ(json["published"], 60);
  EXPECT_EQ(json["reconciles"], true);
  EXPECT_NEAR(json["duration_s"].get<double>(), 2, 1e-9);
  EXPECT_EQ(json["fragments"], 3) << "a key frame every third of a second, fragments of a second: after 20 frames each";
  EXPECT_EQ(json["bytes"], std::filesystem::file_size(file()));
  EXPECT_TRUE(json["torn"].is_null());
  EXPECT_EQ(sut.err(), "") << "libavformat has nothing to say";
}

// Catches a file that is worthless until its end is written.
TEST_F(RecordTest, AKilledRecorderLeavesAFileThatPlaysUpToTheLastFragment) {
  ConsumerChild sut = Start({"--fragment", "330ms"});
  Producer producer(socket(), Format());
  ASSERT_TRUE(producer.WaitForConsumers(1));
  Publish(producer, 0, 45);
  // Taken is not yet written: the packet behind the fragment has to be in the recorder's hands.
  ASSERT_TRUE(producer.ServeUntil([&] { return test::Probe(file()).times.size() >= 40; }));
  sut.Signal(SIGKILL);
  EXPECT_EQ(sut.Wait(), 1000 + SIGKILL);
  const test::Probed probed = test::Probe(file());
  EXPECT_EQ(probed.times.size(), 40u);
  EXPECT_EQ(probed.decoded, 40u);
}

// Catches an end by signal that loses what is not yet in a fragment.
TEST_F(RecordTest, ASignalFinishesTheFile) {
  for (const int number : {SIGINT, SIGTERM}) {
    ConsumerChild sut = Start({"--overwrite"});
    Producer producer(socket(), Format());
    ASSERT_TRUE(producer.WaitForConsumers(1));
    Publish(producer, 0, 25);
    sut.Signal(number);
    ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
    EXPECT_EQ(sut.Wait(), 0) << sut.err();
    EXPECT_EQ(test::Probe(file()).decoded, 25u);
    EXPECT_EQ(sut.json()["written"], 25);
  }
}

// Catches packets in front of the first key frame in the file, time that does not begin at 0, and skipped packets
// whose time is closed up.
TEST_F(RecordTest, ALateStartBeginsAtAKeyFrameAndGapsStayVisible) {
  ConsumerChild sut = Start();
  Producer producer(socket(), Format());
  ASSERT_TRUE(producer.WaitForConsumers(1));
  Publish(producer, 3, 20);   // key frame: 10
  Publish(producer, 40, 60);  // key frames: 40, 50
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  const test::Probed probed = test::Probe(file());
  ASSERT_EQ(probed.times.size(), 30u);
  EXPECT_NEAR(probed.times[0], 0, 1e-6);
  EXPECT_NEAR(probed.times[9], 9 / 30.0, 1e-6);
  EXPECT_NEAR(probed.times[10], 30 / 30.0, 1e-6);
  EXPECT_EQ(probed.decoded, 30u);
  EXPECT_EQ(sut.json()["skipped"]["await_key"], 7);
  EXPECT_EQ(sut.json()["reconciles"], true);
}

// Catches limits that are off by one or wait for the producer.
TEST_F(RecordTest, CountAndDurationEndIt) {
  for (const std::vector<std::string>& limit :
       {std::vector<std::string>{"--count", "12"}, std::vector<std::string>{"--duration", "1ms"}}) {
    ConsumerChild sut = Start({limit[0], limit[1], "--overwrite"});
    Producer producer(socket(), Format());
    ASSERT_TRUE(producer.WaitForConsumers(1));
    uint32_t next = 0;
    ASSERT_TRUE(producer.ServeUntil([&] {
      if (next < packets_.size()) {
        producer.PublishPacket(packets_[next].bytes, packets_[next].key, kStart + next * kFrameNs);
        ++next;
        producer.WaitUntilTaken();
      }
      return sut.Ended();
    }));
    EXPECT_EQ(sut.Wait(), 0) << sut.err();
    const auto written = sut.json()["written"].get<uint64_t>();
    EXPECT_EQ(test::Probe(file()).decoded, written);
    EXPECT_TRUE(limit[0] != "--count" || written == 12) << written;
    EXPECT_GE(written, 1u);
  }
}

// Catches a file that appears although nothing could be recorded, in each way in which that can be.
TEST_F(RecordTest, NothingHalfStartedIsLeftBehind) {
  ConsumerChild early = Start();
  {
    Producer producer(socket(), Format());
    ASSERT_TRUE(producer.WaitForConsumers(1));
    Publish(producer, 1, 5);  // no key frame
    ASSERT_TRUE(producer.Close());
  }
  EXPECT_EQ(early.Wait(), 1);
  EXPECT_NE(early.err().find("the producer ended before its first frame"), std::string::npos) << early.err();
  EXPECT_FALSE(std::filesystem::exists(file()));

  ConsumerChild absent = Run({kProgram, socket(), file(), "--timeout", "50ms", "--quiet"});
  EXPECT_EQ(absent.Wait(), 3);
  EXPECT_EQ(absent.err(), "videostream record: socket '" + socket() +
                              "': does not exist after waiting 0.05 s; start a producer with 'videostream run'\n");
  EXPECT_FALSE(std::filesystem::exists(file()));

  ConsumerChild interrupted = Start();
  Producer silent(socket(), Format());
  ASSERT_TRUE(silent.WaitForConsumers(1));
  interrupted.Signal(SIGINT);
  EXPECT_EQ(interrupted.Wait(), 1);
  EXPECT_EQ(interrupted.err(),
            "videostream record: interrupted before the first key frame; '" + file() + "' was not created\n");
  EXPECT_FALSE(std::filesystem::exists(file()));
}

// Catches names that fail only once the stream is there, and texts that do not help.
TEST_F(RecordTest, WhatCannotWorkIsSaidAtOnce) {
  const auto error = [&](const std::vector<std::string>& arguments, int code) {
    std::vector<std::string> command = {kProgram};
    command.insert(command.end(), arguments.begin(), arguments.end());
    ConsumerChild sut = Run(command);
    EXPECT_EQ(sut.Wait(), code);
    return sut.err();
  };
  EXPECT_EQ(error({socket(), Path("no/a.mp4")}, 2),
            "videostream record: folder '" + Path("no") + "': No such file or directory\n");
  std::ofstream(file()) << "precious";
  EXPECT_EQ(error({socket(), file()}, 2),
            "videostream record: '" + file() + "' exists; choose another name, or add --overwrite\n");
  EXPECT_EQ(test::ReadFile(file()), "precious");
  EXPECT_EQ(error({socket()}, 2).substr(0, 35), "videostream record: FILE is missing");
  EXPECT_EQ(error({socket(), file(), "--frgment", "1s"}, 2).substr(0, 46),
            "videostream record: unknown option '--frgment'");
}

// Catches a full disk that goes unnoticed, or whose error is libavformat's.
TEST_F(RecordTest, AFullDiskEndsItWithItsName) {
  ConsumerChild sut = Run({kProgram, socket(), "/dev/full", "--quiet", "--json"});
  Producer producer(socket(), Format());
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishPacket(packets_[0].bytes, true, kStart));
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 1);
  EXPECT_EQ(sut.err(), "videostream record: write '/dev/full': No space left on device\n");
  EXPECT_EQ(sut.json()["written"], 0);
}

// Catches a muxer that stays silent about damage in the stream, and one that floods the terminal.
TEST_F(RecordTest, WithoutJsonTheSummaryIsForPeople) {
  ConsumerChild sut = Run({kProgram, socket(), file(), "--quiet", "--timeout", "60s"});
  Producer producer(socket(), Format());
  ASSERT_TRUE(producer.WaitForConsumers(1));
  Publish(producer, 0, 30);
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_TRUE(sut.out().starts_with(file() + ": 30 frames, 1.0 s, ")) << sut.out();
  EXPECT_NE(sut.out().find("packets       30 of 30 published"), std::string::npos) << sut.out();
}

}  // namespace
}  // namespace videostream
