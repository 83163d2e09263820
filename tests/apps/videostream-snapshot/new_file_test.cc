// SPDX-License-Identifier: Apache-2.0
#include "apps/videostream-snapshot/new_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace videostream::snapshot {
namespace {

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(60);
    char name[] = "/tmp/vsn-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(folder_);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  static std::string Content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  size_t Files() const { return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {})); }
  std::string ErrorOf(const std::string& path, bool overwrite = false) {
    const Status status = WriteNewFile(path, overwrite, bytes_);
    if (status) return "";
    EXPECT_EQ(status.error().code, Code::kInvalidArgument);
    std::string text = status.error().message;
    if (const size_t at = text.find(folder_); at != text.npos) text.replace(at, folder_.size(), "DIR");
    return text;
  }

  std::string folder_;
  const std::vector<uint8_t> bytes_ = {'n', 'e', 'w'};
};

// Catches a file under another name, with rights of its own, or with company.
TEST_F(NewFileTest, WritesTheFileAndNothingElse) {
  ASSERT_TRUE(WriteNewFile(Path("a"), false, bytes_));
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_EQ(Files(), 1u);
  const mode_t mask = umask(0);
  umask(mask);
  struct stat info {};
  ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0666 & ~mask);
}

// Catches a picture that is lost, an old one that is lost for nothing, and links turned into files.
TEST_F(NewFileTest, ReplacesOnlyWhenToldTo) {
  std::ofstream(Path("a")) << "old";
  EXPECT_EQ(ErrorOf(Path("a")), "'DIR/a' exists; choose another name, or add --overwrite");
  EXPECT_EQ(Content(Path("a")), "old");
  std::filesystem::create_symlink("a", Path("link"));
  ASSERT_TRUE(WriteNewFile(Path("link"), true, bytes_));
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(Path("link")));
  EXPECT_EQ(Files(), 2u);
}

// Catches a private picture that everybody may read once it was written anew.
TEST_F(NewFileTest, KeepsThePermissionsOfTheFileItReplaces) {
  for (const mode_t mode : {mode_t{0600}, mode_t{0666}}) {
    std::ofstream(Path("a")) << "old";
    ASSERT_EQ(chmod(Path("a").c_str(), mode), 0);
    ASSERT_TRUE(WriteNewFile(Path("a"), true, bytes_));
    struct stat info {};
    ASSERT_EQ(stat(Path("a").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, mode);
    EXPECT_EQ(Content(Path("a")), "new");
  }
}

// Catches names that cannot work and are reported as something else.
TEST_F(NewFileTest, NamesWhatIsWrong) {
  EXPECT_EQ(ErrorOf(Path("none/a")), "folder 'DIR/none': No such file or directory");
  EXPECT_EQ(ErrorOf(folder_), "create 'DIR': Is a directory");
  EXPECT_EQ(ErrorOf(Path(std::string(300, 'x'))).rfind("create 'DIR/xxx", 0), 0u);
  EXPECT_EQ(Files(), 0u);
}

// Catches half a file left behind where there is no room for the whole.
TEST_F(NewFileTest, LeavesNothingBehindWhenItFails) {
  std::ofstream(Path("a")) << "old";
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    setrlimit(RLIMIT_FSIZE, &limit);
    const std::vector<uint8_t> large(1000);
    const Status status = WriteNewFile(Path("a"), true, large);
    _exit(!status && status.error().message.find("write '") == 0 ? 0 : 1);
  }
  int result = -1;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  EXPECT_EQ(Content(Path("a")), "old");
  EXPECT_EQ(Files(), 1u);
}

// Catches leftovers of a killed predecessor that are in the way.
TEST_F(NewFileTest, IgnoresLeftovers) {
  std::ofstream(Path(".videostream-snapshot." + std::to_string(getpid()) + ".0")) << "left over";
  ASSERT_TRUE(WriteNewFile(Path("a"), false, bytes_));
  EXPECT_EQ(Content(Path("a")), "new");
  EXPECT_EQ(Files(), 2u);
}

// Catches a FIFO that is replaced by a file.
TEST_F(NewFileTest, WritesIntoPipes) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  std::string read;
  std::thread reader([&] { read = Content(Path("fifo")); });
  EXPECT_TRUE(WriteNewFile(Path("fifo"), false, bytes_));
  reader.join();
  EXPECT_EQ(read, "new");
  EXPECT_TRUE(std::filesystem::is_fifo(Path("fifo")));
}

}  // namespace
}  // namespace videostream::snapshot
