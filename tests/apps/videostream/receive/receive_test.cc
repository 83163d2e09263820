// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/receive.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "tests/apps/videostream/receive/consumer_child.h"
#include "tests/apps/videostream/receive/producer.h"

namespace videostream {
namespace {

using test::ConsumerChild;
using test::Producer;
using test::ProducerFormat;

class ReceiveTest : public test::ConsumerTest {
 protected:
  ReceiveOptions Options(uint32_t queue = 4) const {
    ReceiveOptions options;
    options.socket = socket();
    options.queue = queue;
    options.json = true;
    options.quiet = true;
    options.timeout = std::chrono::seconds(60);
    return options;
  }
  ConsumerChild Start(const ReceiveOptions& options, int stdout_fd = -1) const {
    return ConsumerChild(
        folder_, [options] { return RunReceive(options); }, stdout_fd);
  }
};

// Catches frames lost, doubled or miscounted between a producer and a queue consumer that keeps up, and an end of the
// producer that is taken for a failure.
TEST_F(ReceiveTest, AQueueConsumerGetsEveryFrameAndSaysSo) {
  ConsumerChild sut = Start(Options());
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  for (uint64_t number = 1; number <= 200; ++number) {
    ASSERT_TRUE(producer.PublishPattern(number));
    ASSERT_TRUE(producer.WaitUntilTaken());
  }
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  const nlohmann::json json = sut.json();
  EXPECT_EQ(json["schema"], "videostream.receive/1");
  EXPECT_EQ(json["frames"], 200);
  EXPECT_EQ(json["published"], 200);
  EXPECT_EQ(json["first_sequence"], 1);
  EXPECT_EQ(json["last_sequence"], 200);
  EXPECT_EQ(json["reconciles"], true);
  EXPECT_EQ(json["gaps"], 0);
  EXPECT_EQ(json["torn"], 0);
  EXPECT_EQ(json["pattern_missing"], 0);
  EXPECT_EQ(json["out_of_order"], 0);
  EXPECT_EQ(json["void_leases"], 0);
  EXPECT_EQ(json["reconnects"], 0);
  EXPECT_TRUE(json["error"].is_null());
  EXPECT_GT(json["latency_us"]["p50"], 0);
  EXPECT_GE(json["age_us"]["max"], json["latency_us"]["max"]);
  EXPECT_EQ(sut.err(), "");
}

// Catches frames which the producer published last and which are lost because it ends right behind them.
TEST_F(ReceiveTest, WhatWasPublishedBeforeTheEndIsTaken) {
  ConsumerChild sut = Start(Options());
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  for (uint64_t number = 1; number <= 300; ++number) {
    ASSERT_TRUE(producer.PublishPattern(number));
    ASSERT_TRUE(number % 4 != 0 || producer.WaitUntilTaken());
  }
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_EQ(sut.json()["frames"], 300) << sut.out();
  EXPECT_EQ(sut.json()["pattern_missing"], 0);
}

// Catches skipped frames that no counter shows: a consumer of the newest frame only, stopped in between.
TEST_F(ReceiveTest, WhatALatestConsumerSkipsIsCounted) {
  ConsumerChild sut = Start(Options(0));
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishPattern(1));
  ASSERT_TRUE(producer.WaitUntilTaken());
  sut.Signal(SIGSTOP);
  for (uint64_t number = 2; number <= 101; ++number) ASSERT_TRUE(producer.PublishPattern(number));
  sut.Signal(SIGCONT);
  ASSERT_TRUE(producer.WaitUntilTaken());
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  const nlohmann::json json = sut.json();
  EXPECT_EQ(json["published"], 101);
  EXPECT_EQ(json["frames"].get<int>() + json["skipped"]["overrun"].get<int>(), 101) << sut.out();
  EXPECT_GE(json["skipped"]["overrun"], 90);
  EXPECT_EQ(json["pattern_missing"], json["skipped"]["overrun"]) << "the pixels agree with the counters";
  EXPECT_EQ(json["reconciles"], true);
  EXPECT_EQ(json["torn"], 0);
}

// Catches a check that a torn picture passes.
TEST_F(ReceiveTest, ATornPictureIsSeenInThePixels) {
  ConsumerChild sut = Start(Options());
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishPattern(1));
  ASSERT_TRUE(producer.PublishTorn(2));
  ASSERT_TRUE(producer.PublishPattern(3));
  ASSERT_TRUE(producer.WaitUntilTaken());
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_EQ(sut.json()["torn"], 1);
}

// Catches --no-check that checks, and `torn` that is a number where nothing was looked at.
TEST_F(ReceiveTest, WithoutCheckNothingIsSaidAboutTearing) {
  ReceiveOptions options = Options();
  options.check = false;
  ConsumerChild sut = Start(options);
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishTorn(1));
  ASSERT_TRUE(producer.WaitUntilTaken());
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_TRUE(sut.json()["torn"].is_null());
  EXPECT_EQ(sut.json()["frames"], 1);
}

// Catches a --count that is off by one, or that waits for the producer's end.
TEST_F(ReceiveTest, CountEndsItWhileTheProducerGoesOn) {
  ReceiveOptions options = Options();
  options.count = 3;
  ConsumerChild sut = Start(options);
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  uint64_t number = 0;
  ASSERT_TRUE(producer.ServeUntil([&] { return !producer.PublishPattern(++number) || sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_EQ(sut.json()["frames"], 3);
  EXPECT_EQ(sut.json()["reconciles"], true) << sut.out();
}

// Catches a --duration that needs frames to notice that it is over, or that never ends.
TEST_F(ReceiveTest, DurationEndsItWithoutFurtherFrames) {
  ReceiveOptions options = Options();
  options.duration = std::chrono::milliseconds(50);
  ConsumerChild sut = Start(options);
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishPattern(1));
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_EQ(sut.json()["frames"], 1);
}

// Catches an end by signal that loses the summary.
TEST_F(ReceiveTest, ASignalEndsItInGoodOrder) {
  for (const int number : {SIGINT, SIGTERM}) {
    ConsumerChild sut = Start(Options());
    Producer producer(socket(), {});
    ASSERT_TRUE(producer.WaitForConsumers(1));
    ASSERT_TRUE(producer.PublishPattern(1));
    ASSERT_TRUE(producer.WaitUntilTaken());
    sut.Signal(number);
    ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
    EXPECT_EQ(sut.Wait(), 0) << sut.err();
    EXPECT_EQ(sut.json()["frames"], 1) << number;
  }
}

// Catches a consumer that gives up with its producer although it was told not to, and counters that begin anew.
TEST_F(ReceiveTest, ReconnectGoesOnWithTheNextProducer) {
  ReceiveOptions options = Options();
  options.reconnect = true;
  options.count = 5;
  ConsumerChild sut = Start(options);
  {
    Producer first(socket(), {});
    ASSERT_TRUE(first.WaitForConsumers(1));
    for (const uint64_t number : {7u, 8u, 9u}) ASSERT_TRUE(first.PublishPattern(number));
    ASSERT_TRUE(first.WaitUntilTaken());
    ASSERT_TRUE(first.Close());
  }
  Producer second(socket(), {});
  ASSERT_TRUE(second.WaitForConsumers(1));
  for (const uint64_t number : {1u, 2u}) ASSERT_TRUE(second.PublishPattern(number));
  ASSERT_TRUE(second.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 0) << sut.err();
  const nlohmann::json json = sut.json();
  EXPECT_EQ(json["frames"], 5);
  EXPECT_EQ(json["reconnects"], 1);
  EXPECT_EQ(json["out_of_order"], 0) << "another source, another count";
  EXPECT_EQ(json["pattern_missing"], 0);
}

std::string Y4mOf(const std::vector<std::string>& pictures) {
  std::string y4m = "YUV4MPEG2 W64 H64 F30:1 Ip A1:1 C420jpeg\n";
  for (const std::string& picture : pictures) y4m += "FRAME\n" + picture;
  return y4m;
}

uint8_t ByteOf(uint64_t frame, size_t index) { return static_cast<uint8_t>(index * 7 + index / 64 + frame * 31); }

// The picture that ByteOf fills an NV12 buffer of 64x64 with, as I420.
std::string I420(uint64_t frame) {
  std::string picture;
  for (size_t i = 0; i < 4096; ++i) picture += static_cast<char>(ByteOf(frame, i));
  for (const size_t first : {4096u, 4097u}) {
    for (size_t i = first; i < 6144; i += 2) picture += static_cast<char>(ByteOf(frame, i));
  }
  return picture;
}

// Catches frames written twice, in part, or while the summary gets between them.
TEST_F(ReceiveTest, RawFramesBecomeAY4mFile) {
  ReceiveOptions options = Options();
  options.raw = Path("a.y4m");
  ConsumerChild sut = Start(options);
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  std::vector<std::string> expected;
  for (uint64_t frame = 1; frame <= 20; ++frame) {
    ASSERT_TRUE(producer.PublishBytes([&](size_t index) { return ByteOf(frame, index); }));
    ASSERT_TRUE(producer.WaitUntilTaken());
    expected.push_back(I420(frame));
  }
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_TRUE(test::ReadFile(Path("a.y4m")) == Y4mOf(expected)) << "the files differ";
  EXPECT_EQ(sut.json()["written"], 20);
  EXPECT_EQ(sut.json()["bytes"], std::filesystem::file_size(Path("a.y4m")));
  EXPECT_TRUE(sut.json()["torn"].is_null()) << "no test pattern";
}

// Catches anything but the stream on stdout: a player would stumble over a summary.
TEST_F(ReceiveTest, RawToStdoutWritesNothingElseThere) {
  ReceiveOptions options = Options();
  options.raw = "-";
  options.json = false;
  options.quiet = false;
  ConsumerChild sut = Start(options);
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishBytes([](size_t index) { return ByteOf(1, index); }));
  ASSERT_TRUE(producer.WaitUntilTaken());
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_TRUE(sut.out() == Y4mOf({I420(1)}));
  EXPECT_NE(sut.err().find("frames        1 of 1 published"), std::string::npos) << sut.err();
}

// Catches packets that are not written as they are, or that do not begin with a key frame.
TEST_F(ReceiveTest, RawPacketsAreWrittenAsTheyAre) {
  ReceiveOptions options = Options(32);
  options.packets = true;
  options.raw = Path("a.h264");
  ConsumerChild sut = Start(options);
  ProducerFormat format;
  format.fourcc = VSTREAM_FORMAT_H264;
  Producer producer(socket(), format);
  ASSERT_TRUE(producer.WaitForConsumers(1));
  std::string expected;
  for (int i = 0; i < 30; ++i) {
    const std::string packet = std::string("\0\0\1", 3) + static_cast<char>(i % 10 == 5 ? 0x65 : 0x41) +
                               std::string(static_cast<size_t>(i), 'x') + static_cast<char>(i + 1);
    if (i >= 5) expected += packet;
    ASSERT_TRUE(producer.PublishPacket({reinterpret_cast<const uint8_t*>(packet.data()), packet.size()}, i % 10 == 5,
                                       int64_t{i} * 33'333'333));
    ASSERT_TRUE(producer.WaitUntilTaken());
  }
  ASSERT_TRUE(producer.Close());
  ASSERT_EQ(sut.Wait(), 0) << sut.err();
  EXPECT_EQ(test::ReadFile(Path("a.h264")), expected);
  EXPECT_EQ(sut.json()["skipped"]["await_key"], 5);
  EXPECT_EQ(sut.json()["frames"], 25);
  EXPECT_EQ(sut.json()["reconciles"], true);
}

// Catches a consumer that keeps a buffer of the producer while its own reader takes nothing, and an end of that reader
// that is taken for a failure.
TEST_F(ReceiveTest, AStalledReaderOfStdoutCostsTheProducerNothing) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ReceiveOptions options = Options();
  options.raw = "-";
  options.json = false;
  ConsumerChild sut = Start(options, ends[1]);
  close(ends[1]);
  ProducerFormat format;
  format.width = format.height = 512;  // more than a pipe holds
  Producer producer(socket(), format);
  ASSERT_TRUE(producer.WaitForConsumers(1));
  const auto in_pipe = [&] {
    int bytes = 0;
    ioctl(ends[0], FIONREAD, &bytes);
    return bytes;
  };
  ASSERT_TRUE(producer.PublishPattern(1));
  ASSERT_TRUE(producer.ServeUntil([&] { return in_pipe() >= 65536; }));
  for (uint64_t number = 2; number <= 200; ++number) ASSERT_TRUE(producer.PublishPattern(number)) << number;
  ASSERT_EQ(producer.Consumers().size(), 1u);
  EXPECT_EQ(producer.Consumers()[0].leases_held, 0u);
  EXPECT_EQ(producer.Consumers()[0].revocations, 0u);
  close(ends[0]);
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 0) << sut.err();
}

// Catches RGB written as something else, and a text that leaves the user alone.
TEST_F(ReceiveTest, RgbCannotBeWrittenAsY4m) {
  ReceiveOptions options = Options();
  options.raw = Path("a.y4m");
  ConsumerChild sut = Start(options);
  ProducerFormat format;
  format.fourcc = VSTREAM_FORMAT_RGB24;
  Producer producer(socket(), format);
  ASSERT_TRUE(producer.WaitForConsumers(1));
  ASSERT_TRUE(producer.PublishBytes([](size_t index) { return static_cast<uint8_t>(index); }));
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 3);
  EXPECT_EQ(sut.err(), "videostream receive: socket '" + socket() +
                           "': frames of format RGB24 cannot be written as Y4M, which holds NV12, NV21, I420, YUYV, "
                           "UYVY and GREY\n");
  EXPECT_FALSE(std::filesystem::exists(Path("a.y4m")));
}

// Catches a wait that never ends, or an exit code that scripts cannot tell from others.
TEST_F(ReceiveTest, WithoutAProducerItGivesUpAndSaysWhy) {
  ReceiveOptions options = Options();
  options.timeout = std::chrono::milliseconds(50);
  ConsumerChild missing = Start(options);
  EXPECT_EQ(missing.Wait(), 3);
  EXPECT_EQ(missing.err(), "videostream receive: socket '" + socket() +
                               "': does not exist after waiting 0.05 s; start a producer with 'videostream run'\n");
  EXPECT_EQ(missing.json()["frames"], 0);
  EXPECT_FALSE(missing.json()["error"].is_null());

  std::ofstream(socket()) << "not a socket";
  ConsumerChild wrong = Start(options);
  EXPECT_EQ(wrong.Wait(), 2);
  EXPECT_EQ(wrong.err(), "videostream receive: socket '" + socket() +
                             "': is no VideoStream host: this is a regular file, not a socket; check the path\n");
  std::filesystem::remove(socket());

  // As a killed producer leaves it.
  const int left = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket().data(), socket().size());
  ASSERT_EQ(::bind(left, reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
  ::close(left);
  ConsumerChild dead = Start(options);
  EXPECT_EQ(dead.Wait(), 3);
  EXPECT_EQ(dead.err(), "videostream receive: socket '" + socket() +
                            "': nobody answered within 0.05 s; is 'videostream run' still alive?\n");
}

// Catches a connection without frames taken for a working one.
TEST_F(ReceiveTest, AProducerWithoutFramesIsATimeout) {
  for (const bool packets : {false, true}) {
    ReceiveOptions options = Options();
    options.packets = packets;
    options.timeout = std::chrono::seconds(2);
    ConsumerChild sut = Start(options);
    Producer producer(socket(), {});
    ASSERT_TRUE(producer.WaitForConsumers(1));
    ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
    EXPECT_EQ(sut.Wait(), 5);
    EXPECT_EQ(sut.err(), "videostream receive: socket '" + socket() + "': connected, but no " +
                             (packets ? "packet within 2 s; is there an encoder in the profile?\n"
                                      : "frame within 2 s; see 'videostream status'\n"));
  }
}

// Catches a refusal that is retried for ever, or whose reason gets lost.
TEST_F(ReceiveTest, AQueueThatTheProducerCannotAffordIsRefusedWithTheLimit) {
  ConsumerChild sut = Start(Options(32));
  Producer producer(socket(), {});
  ASSERT_TRUE(producer.ServeUntil([&] { return sut.Ended(); }));
  EXPECT_EQ(sut.Wait(), 2);
  EXPECT_NE(sut.err().find("socket '" + socket() + "': refused: queue 32: the producer has room for 5"),
            std::string::npos)
      << sut.err();
}

// Catches options that are found out only when a stream is there.
TEST_F(ReceiveTest, WhatCannotWorkIsSaidAtOnce) {
  const auto error = [&](const std::function<void(ReceiveOptions&)>& change) {
    ReceiveOptions options = Options();
    change(options);
    ConsumerChild sut = Start(options);
    EXPECT_EQ(sut.Wait(), 2);
    return sut.err();
  };
  EXPECT_EQ(error([](auto& options) { options.raw = "-"; }),
            "videostream receive: --json and --raw - would both write to stdout; use --raw FILE, or leave --json "
            "out\n");
  EXPECT_EQ(error([](auto& options) { options.queue = 33; }),
            "videostream receive: queue:33 is too deep, at most queue:32\n");
  EXPECT_EQ(error([](auto& options) { options.overwrite = true; }), "videostream receive: --overwrite needs --raw\n");
  EXPECT_EQ(error([&](auto& options) { options.raw = Path("no/a.y4m"); }),
            "videostream receive: folder '" + Path("no") + "': No such file or directory\n");
  const std::string long_path = "/tmp/" + std::string(200, 'x');
  EXPECT_EQ(error([&](auto& options) { options.socket = long_path; }),
            "videostream receive: socket '" + long_path + "': path of 205 bytes, the kernel takes at most 107\n");
}

}  // namespace
}  // namespace videostream
