// SPDX-License-Identifier: Apache-2.0
// `videostream reload` and SIGHUP, as an operator uses them; and the log, whose levels change meanwhile.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/e2e/process.h"

namespace videostream::e2e {
namespace {

using Json = nlohmann::json;

class ReloadVerbTest : public testing::Test {
 protected:
  void SetUp() override {
    Watchdog(110);
    program_ = Install(dir_, {"shm", "sw-fallback"});
    Write("1280x720");
  }

  void Write(const std::string& size, const std::string& capture = "[sw-fallback]") {
    WriteAll(
        dir_ / "profile.yaml",
        "version: 1\nname: mine\nbackends:\n  allocator: [shm]\n  capture: " + capture +
            "\n  transport: [shm]\nstreams:\n  front:\n    capture: { device: pattern, format: NV12, size: " + size +
            ", rate: 30 }\n    outputs:\n      full:\n        publish: [ { socket: \"${RUNTIME}/front.sock\" } ]\n");
  }
  std::vector<std::string> Command(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program_);
    return arguments;
  }
  Outcome Videostream(std::vector<std::string> arguments) {
    return RunProgram(Command(std::move(arguments)), InstalledEnvironment(dir_));
  }
  std::vector<std::string> Run() { return Command({"run", "--profile", dir_ / "profile.yaml", "--quiet"}); }
  void AwaitStarted() {
    while (Videostream({"events"}).out.find(": started: ") == std::string::npos) {
    }
  }
  Json Status() { return Json::parse(Videostream({"status", "--json"}).out); }
  // Everything that comes back for one request on the control socket.
  std::string Post(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(static_cast<char*>(address.sun_path), (dir_ / "run/control.sock").c_str(),
                 sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << std::strerror(errno);
    const std::string request = "POST " + path + " HTTP/1.1\r\n\r\n";
    EXPECT_EQ(send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    char chunk[4096];
    for (ssize_t n; (n = recv(fd, chunk, sizeof chunk, 0)) > 0;) answer.append(chunk, static_cast<size_t>(n));
    close(fd);
    return answer;
  }

  TempDir dir_;
  std::string program_;
};

// Would catch: a verb that does not reload, says something else than what was done, or ends with the wrong code.
TEST_F(ReloadVerbTest, TellsWhatItDoesAndWhatIsWrong) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  Outcome outcome = Videostream({"reload"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("generation 1\n  front: unchanged\n"), std::string::npos) << outcome.out;

  Write("640x480");
  outcome = Videostream({"reload", "--dry-run"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("dry run: profile 'mine'", 0), 0U) << outcome.out;
  EXPECT_NE(outcome.out.find("  front: restart\n    front: capture size 1280x720 -> 640x480 (restart)\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_EQ(Status()["streams"][0]["frames"]["width"], 1280);

  outcome = Videostream({"reload", "--json"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.rfind("{\n  \"schema\": \"videostream.reload/1\",\n", 0), 0U) << outcome.out;
  EXPECT_EQ(Json::parse(outcome.out)["streams"][0]["action"], "restart");
  EXPECT_EQ(Status()["streams"][0]["frames"]["width"], 640);
  EXPECT_EQ(Status()["reload"]["generation"], 2);

  Write("640x");
  outcome = Videostream({"reload"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err.rfind(dir_ / "profile.yaml:9:", 0), 0U) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const Json refused = Status()["reload"]["refused"];
  EXPECT_EQ(refused["file"], dir_ / "profile.yaml");
  EXPECT_EQ(refused["error"]["code"], "invalid_argument");
  EXPECT_EQ(refused["text"], ReadAll(dir_ / "profile.yaml"));
  const Outcome status = Videostream({"status"});
  EXPECT_NE(status.out.find(", generation 2"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("\nreload refused on "), std::string::npos) << status.out;
  EXPECT_NE(status.out.find(dir_ / "profile.yaml:9:"), std::string::npos) << status.out;

  Write("640x480", "[nonesuch]");
  outcome = Videostream({"reload", "--json"});
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out)["error"]["code"], "unsupported");
  Write("640x480");
  EXPECT_EQ(Videostream({"reload"}).code, 0);
  EXPECT_TRUE(Status()["reload"]["refused"].is_null());
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
  EXPECT_EQ(Videostream({"reload"}).code, 3) << "nobody is there";
}

// Would catch: a runtime that ends on SIGHUP, or forgets one that comes while it reloads.
TEST_F(ReloadVerbTest, HangUpsReload) {
  Process run(Run(), InstalledEnvironment(dir_));
  AwaitStarted();
  Write("320x240");
  run.Signal(SIGHUP);
  while (Status()["streams"][0]["frames"]["width"] != 320) {
  }
  for (const char* size : {"640x480", "160x128", "320x240", "64x64"}) {
    Write(size);
    run.Signal(SIGHUP);
  }
  while (Status()["streams"][0]["frames"]["width"] != 64) {
  }
  Write("64x");
  run.Signal(SIGHUP);
  while (Status()["reload"]["refused"].is_null()) {
  }
  EXPECT_NE(Videostream({"events"}).out.find(" ! reload refused: "), std::string::npos);
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: a runtime that lives on, unseen, when the terminal that it was started from is closed.
TEST_F(ReloadVerbTest, AClosedTerminalEndsIt) {
  const std::vector<std::string> command = Run();
  const std::vector<std::string> environment = InstalledEnvironment(dir_);
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, nullptr);
  ASSERT_GE(pid, 0) << std::strerror(errno);
  if (pid == 0) {
    for (const std::string& variable : environment) {
      const size_t equals = variable.find('=');
      if (equals == std::string::npos) unsetenv(variable.c_str());
      if (equals != std::string::npos) setenv(variable.substr(0, equals).c_str(), variable.c_str() + equals + 1, 1);
    }
    const int nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) dup2(nowhere, fd);
    std::vector<char*> words;
    for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    execv(words[0], words.data());
    _exit(127);
  }
  AwaitStarted();
  Write("64x64");
  kill(pid, SIGHUP);  // as long as the terminal is there it means what it means to a service
  while (Status()["streams"][0]["frames"]["width"] != 64) {
  }
  close(terminal);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "run"));
}

// Would catch: levels that need a restart, or that an error changes.
TEST_F(ReloadVerbTest, TheLevelsOfTheLogChangeWhileItRuns) {
  Process run(Command({"run", "--profile", dir_ / "profile.yaml", "--quiet", "--log-level", "error,core.host=debug",
                       "--log-format", "json"}),
              InstalledEnvironment(dir_));
  AwaitStarted();
  EXPECT_NE(Post("/v1/log").find(R"({"schema": "videostream.log/1", "levels": "error,core.host=debug"})"),
            std::string::npos);
  EXPECT_EQ(Videostream({"reload"}).code, 0);
  EXPECT_EQ(run.Err().find("reload applied"), std::string::npos) << run.Err();
  EXPECT_NE(Post("/v1/log?levels=error,runtime%3Dinfo").find(R"("error,runtime=info")"), std::string::npos);
  EXPECT_EQ(Videostream({"reload"}).code, 0);
  EXPECT_TRUE(run.WaitForText(R"("level":"info","topic":"core.runtime","text":"reload applied)"));
  const std::string wrong = Post("/v1/log?levels=loud");
  EXPECT_NE(wrong.find("HTTP/1.1 400 "), std::string::npos) << wrong;
  EXPECT_NE(wrong.find("log level 'loud' is not one of trace, debug, info, warn, error"), std::string::npos) << wrong;
  EXPECT_NE(Post("/v1/log").find(R"("error,runtime=info")"), std::string::npos);
  run.Signal(SIGTERM);
  EXPECT_EQ(run.Wait().code, 0);
}

}  // namespace
}  // namespace videostream::e2e
