// SPDX-License-Identifier: Apache-2.0
// Colour: on a terminal, and only there. The choice is made once per process, so each case is a process of its own:
// this program with --write-one-line.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "core/base/log.h"
#include "core/base/unique_fd.h"

namespace videostream {
namespace {

constexpr char kWriteOneLine[] = "--write-one-line";
constexpr unsigned kWatchdogSeconds = 60;

[[noreturn]] void RunChild(const char* stderr_path, const char* no_color) {
  ::alarm(kWatchdogSeconds);
  const int fd = ::open(stderr_path, O_WRONLY | O_CREAT | O_NOCTTY | O_CLOEXEC, 0600);
  if (fd < 0 || ::dup2(fd, STDERR_FILENO) < 0) ::_exit(100);
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("COLORTERM");
  if (no_color == nullptr) {
    ::unsetenv("NO_COLOR");
  } else {
    ::setenv("NO_COLOR", no_color, 1);
  }
  ::execl("/proc/self/exe", "log_terminal_test", kWriteOneLine, nullptr);
  ::_exit(101);
}

std::string ReadAll(int fd) {
  std::string all;
  std::array<char, 1024> chunk{};
  for (;;) {
    const ssize_t count = ::read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return all;  // EIO: the terminal's last writer is gone
    all.append(chunk.data(), static_cast<size_t>(count));
  }
}

void ExpectSuccess(pid_t child) {
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child) << std::strerror(errno);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "wait status " << status;
}

// What the line looks like on a pseudo terminal.
std::string OnTerminal(const char* no_color) {
  ::alarm(kWatchdogSeconds);
  const UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 64> name{};
  if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0 ||
      ::ptsname_r(master.get(), name.data(), name.size()) != 0) {
    ADD_FAILURE() << "no pseudo terminal: " << std::strerror(errno);
    return {};
  }
  // Held open while the child starts: reading a terminal nobody has opened yet would look like its end.
  UniqueFd slave(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) RunChild(name.data(), no_color);
  ExpectSuccess(child);
  slave.reset();
  return ReadAll(master.get());
}

// Catches a log without colour where the operator looks for the red line.
TEST(LogTerminalTest, LevelIsColouredOnATerminal) {
  const std::string line = OnTerminal(nullptr);
  EXPECT_NE(line.find("\x1b["), std::string::npos) << line;
  EXPECT_NE(line.find("error"), std::string::npos) << line;
}

// Catches a NO_COLOR that is ignored.
TEST(LogTerminalTest, NoColorTurnsItOff) {
  const std::string line = OnTerminal("1");
  EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  EXPECT_NE(line.find("error core.test: line"), std::string::npos) << line;
}

// Catches an empty NO_COLOR that counts as set, which its definition excludes.
TEST(LogTerminalTest, EmptyNoColorDoesNothing) { EXPECT_NE(OnTerminal("").find("\x1b["), std::string::npos); }

// Catches escape codes in log files.
TEST(LogTerminalTest, NoColourInAFile) {
  std::string path = "/tmp/videostream-log-XXXXXX";
  const UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  ASSERT_TRUE(file.valid()) << std::strerror(errno);
  const pid_t child = ::fork();
  if (child == 0) RunChild(path.c_str(), nullptr);
  ExpectSuccess(child);
  const std::string line = ReadAll(file.get());
  EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
  EXPECT_NE(line.find("error core.test: line"), std::string::npos) << line;
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace videostream

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], videostream::kWriteOneLine) == 0) {
    videostream::Log(videostream::LogLevel::kError, "core.test", "line");
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
