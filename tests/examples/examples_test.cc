// SPDX-License-Identifier: Apache-2.0
// Every example as a user starts it: producers and consumers find each other, print what they promise, and end well.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

std::string Example(const std::string& name) { return Runfile("examples/" + name); }

uint64_t Number(const std::string& digits) { return std::stoull(digits); }

struct ExamplesTest : testing::Test {
  ExamplesTest() { Watchdog(250); }

  // Ctrl-C; then its last words: how many it has published.
  static uint64_t Stop(Process& producer) {
    producer.Signal(SIGINT);
    const Outcome outcome = producer.Wait();
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.err, "");
    std::smatch match;
    EXPECT_TRUE(std::regex_search(outcome.out, match, std::regex(R"(\npublished (\d+) frames, left out \d+\n$)")))
        << outcome.out;
    return match.empty() ? 0 : Number(match[1]);
  }

  TempDir dir;
  const std::string socket = dir / "cam.sock";
};

// "frame N: 640x480, brightness B" `count` times, N rising, B as the producer has drawn frame N; then the sum.
void ExpectFramesOfHostBasic(const Outcome& outcome, size_t count) {
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::regex line(R"(frame (\d+): 640x480, brightness (\d+)\n)");
  size_t frames = 0;
  uint64_t last = 0;
  for (std::sregex_iterator it(outcome.out.begin(), outcome.out.end(), line), end; it != end; ++it, ++frames) {
    const uint64_t number = Number((*it)[1]);
    EXPECT_GT(number, last) << outcome.out;
    EXPECT_EQ(Number((*it)[2]), 16 + (number - 1) % 220) << outcome.out;
    last = number;
  }
  EXPECT_EQ(frames, count) << outcome.out;
  EXPECT_TRUE(std::regex_search(outcome.out, std::regex("\nreceived " + std::to_string(count) + " of \\d+ frames\n$")))
      << outcome.out;
}

// An example that does not start, does not receive what the other language sends, or does not stop.
TEST_F(ExamplesTest, HostAndClientBasicInBothLanguages) {
  for (const char* host : {"host_basic", "host_basic_c"}) {
    Process producer({Example(host), socket});
    for (const char* client : {"client_basic", "client_basic_c"}) {
      SCOPED_TRACE(std::string(client) + " of " + host);
      ExpectFramesOfHostBasic(RunProgram({Example(client), socket, "12"}), 12);
    }
    EXPECT_GE(Stop(producer), 24U);
    EXPECT_FALSE(std::filesystem::exists(socket)) << "left behind by " << host;
  }
}

// A limit that is not kept.
TEST_F(ExamplesTest, HostsStopAfterTheirLimit) {
  for (const char* host : {"host_basic", "host_basic_c"}) {
    const Outcome outcome = RunProgram({Example(host), socket, "5"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find("published 5 frames, left out 0\n"), std::string::npos) << outcome.out;
  }
}

// A client that cannot be stopped while it waits, or that does not wait for a producer which comes later.
TEST_F(ExamplesTest, ClientsWaitForTheProducerAndEndWithCtrlC) {
  struct Expected {
    const char* client;
    const char* at_start;  // empty: says nothing before the first frame
    const char* per_frame;
    const char* at_end;
  };
  for (const Expected& expected : {Expected{"client_basic", "still waiting", ", brightness ", "\nreceived "},
                                   Expected{"client_basic_c", "still waiting", ", brightness ", "\nreceived "},
                                   Expected{"epoll_client", "", " bytes in plane 0", "\nreceived "},
                                   Expected{"multi_client", "receiving from ", "", " taken"}}) {
    SCOPED_TRACE(expected.client);
    Process consumer({Example(expected.client), socket});
    EXPECT_TRUE(consumer.WaitForText(expected.at_start));
    Process producer({Example("host_basic"), socket});
    EXPECT_TRUE(producer.WaitForText("publishing on")) << producer.Err();
    EXPECT_TRUE(consumer.WaitForText(expected.per_frame)) << consumer.Out() << consumer.Err();
    consumer.Signal(SIGINT);
    const Outcome outcome = consumer.Wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find(expected.at_end), std::string::npos) << outcome.out;
    Stop(producer);
  }
}

// A client that cannot get anywhere, and goes on or ends as if all were well.
TEST_F(ExamplesTest, ClientsFailWhereThereIsNoSocket) {
  std::ofstream(socket) << "no socket";
  for (const char* client : {"client_basic", "client_basic_c", "epoll_client", "multi_client"}) {
    const Outcome outcome = RunProgram({Example(client), socket});
    EXPECT_EQ(outcome.code, 1) << client;
    EXPECT_NE((outcome.out + outcome.err).find("this is a regular file, not a socket"), std::string::npos)
        << outcome.out << outcome.err;
  }
}

// Clients of one socket that are in each other's way, or a count that does not add up.
TEST_F(ExamplesTest, MultiClientTellsWhatEachClientMissed) {
  Process producer({Example("host_basic"), socket});
  const Outcome outcome = RunProgram({Example("multi_client"), socket, "60"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* name : {"latest, fast", "latest, slow", "queue of 2"}) {
    std::smatch line;
    const std::regex format("(?:^|\n)" + std::string(name) + R"(: (\d+) published, (\d+) taken([^\n]*))");
    ASSERT_TRUE(std::regex_search(outcome.out, line, format)) << outcome.out;
    const uint64_t published = Number(line[1]);
    uint64_t accounted = Number(line[2]);
    const std::string rest = line[3];
    const std::regex skipped(R"((\d+) skipped \(\w+\))");
    for (std::sregex_iterator it(rest.begin(), rest.end(), skipped), end; it != end; ++it)
      accounted += Number((*it)[1]);
    EXPECT_GE(published, 60U) << name;
    EXPECT_LE(accounted, published) << outcome.out;
    EXPECT_GE(accounted + 2, published) << "more than wait in a queue of 2: " << outcome.out;
  }
  EXPECT_GE(Stop(producer), 60U);
}

// An event loop that is not woken.
TEST_F(ExamplesTest, EpollClientReceives) {
  Process producer({Example("host_basic_c"), socket});
  const Outcome outcome = RunProgram({Example("epoll_client"), socket, "15"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::regex line(R"(frame \d+: 307200 bytes in plane 0\n)");
  EXPECT_EQ(std::distance(std::sregex_iterator(outcome.out.begin(), outcome.out.end(), line), std::sregex_iterator()),
            15);
  EXPECT_NE(outcome.out.find("received 15 of "), std::string::npos) << outcome.out;
  Stop(producer);
}

// A capture backend that is driven in the wrong order, starved of buffers, or whose errors get lost.
TEST_F(ExamplesTest, CameraCapturePublishesTheTestPattern) {
  {
    Process camera({Example("camera_capture"), "sw-fallback", "pattern", socket});
    const Outcome outcome = RunProgram({Example("client_basic"), socket, "10"});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.out.find(": 1280x720, brightness "), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("received 10 of "), std::string::npos) << outcome.out;
    EXPECT_GE(Stop(camera), 10U);
  }
  const Outcome limited = RunProgram({Example("camera_capture"), "sw-fallback", "pattern", socket, "20"});
  EXPECT_EQ(limited.code, 0) << limited.err;
  EXPECT_EQ(limited.out, "publishing 1280x720 of 'sw-fallback' on " + socket + "\npublished 20 frames, left out 0\n");
  const Outcome unknown = RunProgram({Example("camera_capture"), "sw-fallback", "webcam", socket, "1"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_NE(unknown.err.find("device 'webcam'"), std::string::npos) << unknown.err;
}

// A beginner's first mistakes that end in a crash or in silence.
TEST_F(ExamplesTest, MistakesAreExplained) {
  for (const char* name : {"client_basic", "client_basic_c", "epoll_client", "multi_client", "host_basic",
                           "host_basic_c", "camera_capture"}) {
    const Outcome usage = RunProgram({Example(name)});
    EXPECT_EQ(usage.code, 2) << name;
    EXPECT_EQ(usage.err.rfind(std::string("usage: ") + name + " ", 0), 0U) << usage.err;
  }
  for (const char* name : {"client_basic", "client_basic_c", "epoll_client"}) {
    const Outcome outcome = RunProgram({Example(name), std::string(200, 'x'), "1"});
    EXPECT_EQ(outcome.code, 1) << name;
    EXPECT_NE(outcome.err.find("the kernel takes at most 107"), std::string::npos) << outcome.err;
  }
  for (const char* name : {"host_basic", "host_basic_c"}) {
    const Outcome outcome = RunProgram({Example(name), "/nonesuch/cam.sock", "1"});
    EXPECT_EQ(outcome.code, 1) << name;
    EXPECT_NE(outcome.err.find("'/nonesuch': No such file or directory"), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace videostream::e2e
