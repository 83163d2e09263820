// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream/receive/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "apps/videostream/receive/stop.h"

namespace videostream::receive {
namespace {

int ExitOf(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/vs-output-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    folder_ = name;
    alarm(60);
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(folder_);
  }
  std::string Path(const char* name) const { return folder_ + "/" + name; }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static std::vector<uint8_t> Bytes(std::string_view text) { return {text.begin(), text.end()}; }

  std::string folder_;
  StopSignals signals_;
};

// Catches bytes lost or doubled on the way, and a count that is not that of the file.
TEST_F(OutputTest, WritesWhatItIsGiven) {
  Result<Output> sut = Output::Create(Path("a"), false);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(*sut->Write(Bytes("one,")), Output::Written::kAll);
  EXPECT_EQ(*sut->Write(Bytes("two")), Output::Written::kAll);
  EXPECT_EQ(sut->bytes(), 7u);
  EXPECT_TRUE(sut->Close().has_value());
  EXPECT_TRUE(sut->Close().has_value()) << "idempotent";
  EXPECT_EQ(Read(Path("a")), "one,two");
}

// Catches a recording that replaces an older one unasked, or that cannot when asked.
TEST_F(OutputTest, AnExistingFileIsReplacedOnlyOnRequest) {
  std::ofstream(Path("a")) << "older and longer";
  const Status refused = Output::Check(Path("a"), false);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().message, "'" + Path("a") + "' exists; choose another name, or add --overwrite");
  EXPECT_FALSE(Output::Create(Path("a"), false).has_value());
  EXPECT_EQ(Read(Path("a")), "older and longer");
  Result<Output> sut = Output::Create(Path("a"), true);
  ASSERT_TRUE(sut.has_value());
  EXPECT_TRUE(sut->Write(Bytes("new")).has_value());
  EXPECT_EQ(Read(Path("a")), "new");
}

// Catches names that are found out only after a stream was subscribed to, and texts that do not say what is wrong.
TEST_F(OutputTest, CheckNamesWhatCannotWork) {
  const auto message = [](const std::string& path) {
    const Status status = Output::Check(path, false);
    return status ? std::string() : std::string(CodeName(status.error().code)) + " " + status.error().message;
  };
  EXPECT_EQ(message(Path("missing/x")), "invalid_argument folder '" + Path("missing") + "': No such file or directory");
  EXPECT_EQ(message(folder_), "invalid_argument create '" + folder_ + "': Is a directory");
  std::ofstream(Path("file")) << "x";
  EXPECT_EQ(message(Path("file/x")), "invalid_argument create '" + Path("file/x") + "': Not a directory");
  EXPECT_EQ(message(""), "invalid_argument the name of the output file is empty");
  EXPECT_EQ(message(Path(std::string(300, 'x').c_str())).substr(0, 16), "invalid_argument");
  EXPECT_EQ(message("-"), "");
  EXPECT_EQ(message(Path("new")), "");
  EXPECT_FALSE(std::filesystem::exists(Path("new"))) << "a check creates nothing";
}

// Catches a folder without write permission reported as anything but a refusal.
TEST_F(OutputTest, AFolderWithoutWritePermissionIsRefused) {
  ASSERT_EQ(chmod(folder_.c_str(), 0555), 0);
  const pid_t child = fork();
  if (child == 0) {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    if (syscall(SYS_capset, &header, none) != 0) _exit(1);  // root may write everywhere
    const Status status = Output::Check(Path("x"), false);
    if (status) _exit(2);
    const bool named = status.error().message == "write to folder '" + folder_ + "': Permission denied";
    _exit(status.error().code == Code::kPermission && named ? 42 : 3);
  }
  EXPECT_EQ(ExitOf(child), 42);
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
}

// Catches a full disk that is taken for success.
TEST_F(OutputTest, AFullDiskIsAnErrorThatSaysSo) {
  Result<Output> sut = Output::Create("/dev/full", false);
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  const Result<Output::Written> written = sut->Write(Bytes("x"));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().message, "write '/dev/full': No space left on device");
}

// Catches files left behind by a failed start, and the removal of what somebody else had made.
TEST_F(OutputTest, DiscardRemovesOnlyWhatItMade) {
  Result<Output> made = Output::Create(Path("made"), false);
  ASSERT_TRUE(made.has_value());
  made->Discard();
  EXPECT_FALSE(std::filesystem::exists(Path("made")));
  std::ofstream(Path("theirs")) << "x";
  Result<Output> theirs = Output::Create(Path("theirs"), true);
  ASSERT_TRUE(theirs.has_value());
  theirs->Discard();
  EXPECT_TRUE(std::filesystem::exists(Path("theirs")));
}

// Runs `body` in a child whose stdout is the write end of a pipe; gives the read end and the child.
template <class Body>
std::pair<int, pid_t> WithStdoutPipe(Body body) {
  int ends[2];
  if (pipe(ends) != 0) return {-1, -1};
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    _exit(body());
  }
  close(ends[1]);
  return {ends[0], child};
}

// Catches a death by SIGPIPE, and an endless loop, when the reader of stdout goes away.
TEST_F(OutputTest, AReaderThatGoesAwayEndsTheWriting) {
  const auto [read_end, child] = WithStdoutPipe([] {
    Result<Output> sut = Output::Create("-", false);
    const std::vector<uint8_t> much(1 << 20);
    while (true) {
      const Result<Output::Written> written = sut->Write(much);
      if (!written) return 1;
      if (*written == Output::Written::kReaderGone) return 42;
    }
  });
  char some[100];
  EXPECT_GT(read(read_end, some, sizeof some), 0);
  close(read_end);
  EXPECT_EQ(ExitOf(child), 42);
}

// Catches a program that cannot be stopped while nobody takes what it writes.
TEST_F(OutputTest, ASignalEndsTheWritingToAReaderWhoTakesNothing) {
  const auto [read_end, child] = WithStdoutPipe([] {
    Result<Output> sut = Output::Create("-", false);
    const std::vector<uint8_t> more_than_a_pipe_holds(4 << 20);
    const Result<Output::Written> written = sut->Write(more_than_a_pipe_holds);
    return written && *written == Output::Written::kStopped ? 42 : 1;
  });
  char byte;
  ASSERT_EQ(read(read_end, &byte, 1), 1) << "the child is writing now";
  ASSERT_EQ(kill(child, SIGTERM), 0);
  EXPECT_EQ(ExitOf(child), 42);
  close(read_end);
}

// Catches O_NONBLOCK set on a pipe that other processes write to as well.
TEST_F(OutputTest, TheFlagsOfASharedPipeStayAsTheyAre) {
  const auto [read_end, child] = WithStdoutPipe([] {
    Result<Output> sut = Output::Create("-", false);
    if (!sut->Write(Bytes("x"))) return 1;
    return (fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK) == 0 ? 42 : 2;
  });
  EXPECT_EQ(ExitOf(child), 42);
  close(read_end);
}

}  // namespace
}  // namespace videostream::receive
