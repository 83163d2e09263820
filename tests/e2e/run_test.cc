// SPDX-License-Identifier: Apache-2.0
// `videostream run` as a process: what it reports, how it ends, and what it refuses to start with.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

using Json = nlohmann::json;

class RunTest : public testing::Test {
 protected:
  void SetUp() override {
    Watchdog(110);
    program_ = Install(dir_, {"shm", "sw-fallback"});
  }

  std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return arguments;
  }
  Outcome Videostream(std::vector<std::string> arguments) {
    return RunProgram(Command(std::move(arguments)), InstalledEnvironment(dir_));
  }

  // The profile of development machines with one text replaced by another.
  std::string Profile(const std::string& from = "", const std::string& to = "") {
    std::string text = ReadAll(Runfile("configs/dev-x86_64.yaml"));
    if (!from.empty()) {
      const size_t at = text.find(from);
      EXPECT_NE(at, std::string::npos) << from;
      text.replace(at, from.size(), to);
    }
    WriteAll(dir_ / "profile.yaml", text);
    return dir_ / "profile.yaml";
  }

  // A failed start: nothing on stdout, no socket left.
  void ExpectRefused(const Outcome& outcome, int code, const std::string& error) {
    EXPECT_EQ(outcome.code, code);
    EXPECT_EQ(outcome.err, error);
    EXPECT_EQ(outcome.out, "");
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
  }

  TempDir dir_;
  std::string program_;
};

uint64_t Sum(const Json& counts) {
  uint64_t sum = 0;
  for (const auto& count : counts) sum += count.get<uint64_t>();
  return sum;
}

// Would catch: frames that no counter shows (INV-11), and a summary that scripts cannot read.
TEST_F(RunTest, NumbersComeOutEvenAtTheEnd) {
  const Outcome outcome = Videostream({"run", "--profile", Profile(), "--duration", "1s", "--json", "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("{\n  \"schema\": \"videostream.run/1\",\n", 0), 0U) << outcome.out;
  const Json json = Json::parse(outcome.out);
  ASSERT_EQ(json["streams"].size(), 1U);
  const Json& stream = json["streams"][0];
  EXPECT_EQ(stream["state"], "stopped");
  for (const char* name : {"frames", "packets"}) {
    const Json& flow = stream[name];
    EXPECT_GT(flow["published"], 0) << flow;
    EXPECT_EQ(flow["in_flight"], 0) << flow;
    EXPECT_EQ(flow["in"].get<uint64_t>(), flow["published"].get<uint64_t>() + Sum(flow["dropped"])) << flow;
  }
  EXPECT_EQ(stream["backends"]["capture"], "sw-fallback/pattern");
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// The profile above with a second output, smaller and slower.
constexpr const char* kDetector =
    "      detector:\n        format: RGB24\n        size: 320x320\n        rate: 10\n"
    "        publish: [ { transport: shm, socket: \"${RUNTIME}/front-det.sock\" } ]\n";

// Would catch: an output that is not opened, not told apart from the other, or not accounted for.
TEST_F(RunTest, EachOutputIsARecordOfItsOwn) {
  const std::string profile = Profile();
  WriteAll(profile, ReadAll(profile) + kDetector);
  Process run(Command({"run", "--profile", profile, "--json"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(run.WaitForText("front.detector is published on " + (dir_ / "run/front-det.sock"))) << run.Err();
  const Outcome receive = Videostream({"receive", dir_ / "run/front-det.sock", "--count", "5", "--json", "--quiet"});
  EXPECT_EQ(receive.code, 0) << receive.err;
  EXPECT_EQ(Json::parse(receive.out)["frames"], 5) << receive.out;
  const std::string text = Videostream({"status"}).out;
  for (const char* row : {"\nfront.full      frames   NV12 1280x720@", "\nfront.full      packets  H264 ",
                          "\nfront.detector  frames   RGB24 320x320@10 "}) {
    EXPECT_NE(text.find(row), std::string::npos) << row << "\nis not in\n" << text;
  }
  const std::string table = text.substr(text.find("\nSTREAM "));
  for (size_t at = 0; at + 1 < table.size();) {
    const size_t end = std::min(table.find('\n', at + 1), table.size());
    EXPECT_LE(end - at - 1, 80U) << table.substr(at + 1, end - at - 1);
    at = end;
  }
  run.Signal(SIGTERM);
  const Outcome outcome = run.Wait();
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find(" published, "), std::string::npos) << outcome.err;
  const Json streams = Json::parse(outcome.out)["streams"];
  ASSERT_EQ(streams.size(), 2U);
  EXPECT_EQ(streams[0]["output"], "full");
  EXPECT_EQ(streams[1]["output"], "detector");
  EXPECT_EQ(streams[1]["packets"], nullptr);
  EXPECT_GT(streams[1]["frames"]["dropped"]["rate_limit"], 0);
  for (const Json& stream : streams) {
    const Json& flow = stream["frames"];
    EXPECT_EQ(flow["in"].get<uint64_t>(), flow["published"].get<uint64_t>() + Sum(flow["dropped"])) << stream;
    EXPECT_TRUE(flow["color"].contains("matrix") && flow["color"].contains("range")) << flow;
  }
  EXPECT_EQ(streams[0]["frames"]["color"]["range"], "limited") << streams[0];
  // The consumer of the second output is not that of the first.
  EXPECT_EQ(streams[0]["consumers"].size(), 0U) << streams[0];
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: a runtime that does not say what it chose, or whose table does not come.
TEST_F(RunTest, TextNamesBackendsSocketsAndCounters) {
  const Outcome outcome =
      Videostream({"run", "--profile", Profile(), "--set", "sw-fallback.frames=20", "--set", "sw-fallback.pace=max"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const std::string& text :
       {std::string("  front.capture         sw-fallback/pattern "),
        "  front.full is published on " + (dir_ / "run/front.sock\n"),
        "  control socket " + (dir_ / "run/control.sock\n"), std::string("\nfront.full  frames   NV12 1280x720"),
        std::string("  20         20  ")}) {
    EXPECT_NE(outcome.out.find(text), std::string::npos) << text << "\nis not in\n" << outcome.out;
  }
}

// Would catch: a runtime that cannot be asked, ends badly on a signal, or leaves its sockets behind.
TEST_F(RunTest, StatusAnswersAndSignalsEndInOrder) {
  for (const int signal : {SIGINT, SIGTERM}) {
    Process run(Command({"run", "--profile", Profile(), "--json"}), InstalledEnvironment(dir_));
    ASSERT_TRUE(run.WaitForText(" published")) << run.Err();
    const Outcome status = Videostream({"status", "--json"});
    EXPECT_EQ(status.code, 0) << status.err;
    EXPECT_EQ(status.out.rfind("{\n  \"schema\": \"videostream.status/1\",\n", 0), 0U) << status.out;
    EXPECT_EQ(Json::parse(status.out)["pid"], run.pid());
    const Outcome text = Videostream({"status"});
    EXPECT_NE(text.out.find("front.full  frames   NV12 1280x720"), std::string::npos) << text.out;
    run.Signal(signal);
    kill(run.pid(), signal);  // as `timeout` does: to the process, then to its group
    const Outcome outcome = run.Wait();
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_TRUE(Json::accept(outcome.out)) << outcome.out;
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
  }
}

// Would catch: capture that begins without its audience, and a wait that no signal ends.
TEST_F(RunTest, WaitForHoldsTheFramesBack) {
  Process run(Command({"run", "--profile", Profile(), "--wait-for", "1", "--duration", "1s", "--json"}),
              InstalledEnvironment(dir_));
  ASSERT_TRUE(run.WaitForText("(waiting)")) << run.Err();
  const Json before = Json::parse(Videostream({"status", "--json"}).out);
  EXPECT_EQ(before["streams"][0]["state"], "starting");
  EXPECT_EQ(before["streams"][0]["frames"]["in"], 0);
  const Outcome receive =
      Videostream({"receive", dir_ / "run/front.sock", "--count", "20", "--policy", "queue:4", "--json"});
  EXPECT_EQ(receive.code, 0) << receive.err;
  EXPECT_EQ(Json::parse(receive.out)["first_sequence"], 1) << receive.out;
  const Outcome outcome = run.Wait();
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // The consumer has left before the end and is still accounted for.
  const Json consumers = Json::parse(outcome.out)["streams"][0]["consumers"];
  ASSERT_EQ(consumers.size(), 1U) << outcome.out;
  EXPECT_EQ(consumers[0]["policy"], "queue");

  Process waiting(Command({"run", "--profile", Profile(), "--wait-for", "1"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(waiting.WaitForText("(waiting)")) << waiting.Err();
  waiting.Signal(SIGTERM);
  EXPECT_EQ(waiting.Wait().code, 0);
}

// Would catch: two runtimes in each other's way, in each of the ways they can be.
TEST_F(RunTest, ASecondRuntimeIsRefusedAndTheFirstGoesOn) {
  const std::string profile = Profile();
  Process first(Command({"run", "--profile", profile, "--json"}), InstalledEnvironment(dir_));
  ASSERT_TRUE(first.WaitForText(" published")) << first.Err();
  const std::string pid = std::to_string(first.pid());
  const Outcome control = Videostream({"run", "--profile", profile});
  EXPECT_EQ(control.code, 1);
  EXPECT_EQ(control.err,
            "videostream run: control socket '" + (dir_ / "run/control.sock") + "': process " + pid +
                " serves it already; end that one, or start this one with --control PATH or --no-control\n");
  const Outcome socket = Videostream({"run", "--profile", profile, "--no-control"});
  EXPECT_EQ(socket.code, 1);
  EXPECT_NE(socket.err.find("socket '" + (dir_ / "run/front.sock") + "': in use by process " + pid), std::string::npos)
      << socket.err;
  EXPECT_EQ(Videostream({"status"}).code, 0);
  first.Signal(SIGTERM);
  EXPECT_EQ(first.Wait().code, 0);
}

// Would catch: a crash after which the same command does not start again.
TEST_F(RunTest, StartsAgainAfterKill) {
  {
    Process first(Command({"run", "--profile", Profile()}), InstalledEnvironment(dir_));
    ASSERT_TRUE(first.WaitForText("control socket")) << first.Err();
    first.Signal(SIGKILL);
    first.Wait();
  }
  EXPECT_FALSE(std::filesystem::is_empty(dir_ / "run"));
  const Outcome again = Videostream({"run", "--profile", Profile(), "--set", "sw-fallback.frames=3", "--quiet"});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: an errno, a partial start or a wrong exit code for paths that cannot be sockets.
TEST_F(RunTest, ImpossibleSocketsAreExplained) {
  const std::string profile = Profile();
  const std::string missing = dir_ / "no/control.sock";
  ExpectRefused(Videostream({"run", "--profile", profile, "--control", missing}), 3,
                "videostream run: control socket '" + missing + "': there is no folder '" + (dir_ / "no") +
                    "'; create it, or name another path with --control\n");
  const std::string longer = dir_ / std::string(120, 'c');
  ExpectRefused(Videostream({"run", "--profile", profile, "--control", longer}), 2,
                "videostream run: control socket '" + longer + "': the path has " + std::to_string(longer.size()) +
                    " bytes, a socket can have 107; name a shorter one with --control\n");
  const std::string lost = dir_ / "no/front.sock";
  const Outcome stream = Videostream({"run", "--profile", Profile("${RUNTIME}/front.sock", lost)});
  EXPECT_EQ(stream.code, 3) << stream.err;
  EXPECT_NE(stream.err.find("socket '" + lost + "'"), std::string::npos) << stream.err;
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
  const Outcome file =
      Videostream({"run", "--profile", Profile("${RUNTIME}/front.sock", dir_ / std::string(120, 's'))});
  EXPECT_EQ(file.code, 2) << file.err;
  EXPECT_NE(file.err.find("profile.yaml:"), std::string::npos) << file.err;
}

std::string Y4m(const std::string& header, int frames, size_t bytes_of_last) {
  constexpr size_t kBytes = 64 * 64 * 3 / 2;
  std::string text = header + "\n";
  for (int i = 0; i < frames; ++i) text += "FRAME\n" + std::string(i + 1 == frames ? bytes_of_last : kBytes, '\x50');
  return text;
}

// Would catch: footage that is cut or doubled on its way through the runtime.
TEST_F(RunTest, InputIsReplayedToItsEnd) {
  WriteAll(dir_ / "in.y4m", Y4m("YUV4MPEG2 W64 H64 F50:1 C420", 25, 64 * 64 * 3 / 2));
  const Outcome outcome = Videostream({"run", "--profile", Profile(), "--input", dir_ / "in.y4m", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json stream = Json::parse(outcome.out)["streams"][0];
  EXPECT_EQ(stream["state"], "ended");
  EXPECT_EQ(stream["frames"]["in"], 25);
  EXPECT_EQ(stream["frames"]["width"], 64);
  EXPECT_EQ(stream["frames"]["rate"], Json::array({50, 1}));
  EXPECT_EQ(stream["backends"]["capture"], "sw-fallback/file");
}

// Would catch: a file of JPEGs that is read as Y4M, or is not decoded for consumers of raw frames.
TEST_F(RunTest, JpegsAreReplayedDecoded) {
  const std::string jpegs = dir_ / "in.mjpeg";
  {
    const std::string profile = Profile("codec: h264", "codec: mjpeg");
    std::string text = ReadAll(profile);
    for (const char* key : {"          bitrate: ", "          gop: "}) {
      const size_t at = text.find(key);
      ASSERT_NE(at, std::string::npos) << key;
      text.erase(at, text.find('\n', at) + 1 - at);
    }
    WriteAll(profile, text);
    Process run(Command({"run", "--profile", profile}), InstalledEnvironment(dir_));
    ASSERT_TRUE(run.WaitForText("control socket")) << run.Err();
    const Outcome receive = Videostream(
        {"receive", dir_ / "run/front.sock", "--packets", "--policy", "queue:8", "--count", "6", "--raw", jpegs});
    ASSERT_EQ(receive.code, 0) << receive.err;
    run.Signal(SIGTERM);
    ASSERT_EQ(run.Wait().code, 0);
  }
  const Outcome outcome = Videostream({"run", "--profile", Profile(), "--input", jpegs, "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json stream = Json::parse(outcome.out)["streams"][0];
  EXPECT_EQ(stream["state"], "ended");
  EXPECT_EQ(stream["frames"]["in"], 6) << stream;
  EXPECT_EQ(stream["frames"]["published"], 6) << stream;
  EXPECT_EQ(stream["frames"]["format"], "NV12") << stream;
  EXPECT_EQ(stream["frames"]["width"], 1280) << stream;
}

// Would catch: bad footage that starts, crashes, or fails without the file's name.
TEST_F(RunTest, BadInputIsExplained) {
  const auto run = [&](const std::string& file) {
    return Videostream({"run", "--profile", Profile(), "--input", file});
  };
  const std::string none = dir_ / "none.y4m";
  ExpectRefused(run(none), 2, "videostream run: input '" + none + "': No such file or directory\n");
  ExpectRefused(run(dir_.path()), 2,
                "videostream run: input '" + dir_.path() + "': a folder, expected a Y4M or MJPEG file\n");
  struct Bad {
    std::string name, content;
  };
  const Bad cases[] = {
      {"empty", ""},
      {"text", "root:x:0:0:root:/root:/bin/bash\n"},
      {"huge", Y4m("YUV4MPEG2 W999999999 H999999999 F25:1 C420", 1, 100)},
      {"zero", Y4m("YUV4MPEG2 W0 H64 F25:1 C420", 1, 100)},
  };
  for (const Bad& bad : cases) {
    const std::string file = dir_ / (bad.name + ".y4m");
    WriteAll(file, bad.content);
    const Outcome outcome = run(file);
    EXPECT_NE(outcome.code, 0) << bad.name;
    EXPECT_LT(outcome.code, 128) << bad.name << ": " << outcome.err;
    EXPECT_NE(outcome.err.find("'" + file + "'"), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "") << bad.name;
    EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run")) << bad.name;
  }
  // The last frame is cut, as after a crash of whoever wrote it: those before it count.
  WriteAll(dir_ / "cut.y4m", Y4m("YUV4MPEG2 W64 H64 F100:1 C420", 5, 100));
  const Outcome cut = run(dir_ / "cut.y4m");
  EXPECT_EQ(cut.code, 0) << cut.err;
  EXPECT_NE(cut.err.find("cut.y4m': byte 24630: the file ends after 100 of 6144 bytes of a frame"), std::string::npos)
      << cut.err;
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: options that reach no backend, or are not checked.
TEST_F(RunTest, WrongSettingsAreRefusedBeforeAnythingStarts) {
  const Outcome backend = Videostream({"run", "--profile", Profile(), "--set", "nothing.key=1"});
  EXPECT_EQ(backend.code, 2);
  EXPECT_NE(backend.err.find("set: option 'nothing.key'"), std::string::npos) << backend.err;
  const Outcome key = Videostream({"run", "--profile", Profile(), "--set", "sw-fallback.pac=max"});
  EXPECT_EQ(key.code, 2);
  EXPECT_NE(key.err.find("unknown option 'pac'"), std::string::npos) << key.err;
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

}  // namespace
}  // namespace videostream::e2e
