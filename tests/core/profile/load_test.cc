// SPDX-License-Identifier: Apache-2.0
// Finding and reading profile files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "core/profile/parse.h"
#include "tests/core/profile/error_rows.h"

namespace videostream {
namespace {

// Of the calling thread: what lets root read every file. 0, or -1 with errno.
int DropCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return static_cast<int>(::syscall(SYS_capset, &header, none));
}

class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    ::alarm(60);  // a FIFO that blocks must not hang the test
    std::string name = "/tmp/vsprofXXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr) << std::strerror(errno);
    dir_ = name;
  }
  ~LoadTest() override {
    std::filesystem::permissions(dir_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(dir_);
  }

  std::string Write(const std::string& name, std::string_view text) const {
    std::string path = dir_ + "/" + name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  static Error LoadError(const std::string& path, const ProfileOptions& options = NoEnvironment()) {
    const auto profile = LoadProfile(path, options);
    EXPECT_FALSE(profile.has_value());
    return profile ? Error{} : profile.error();
  }

  std::string dir_;
};

// Catches a loader that does not keep what messages need: the name of the file and its text.
TEST_F(LoadTest, FileIsParsedUnderItsPath) {
  const std::string path = Write("good.yaml", kGoodProfile);
  const auto sut = LoadProfile(path, NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->file, path);
  EXPECT_EQ(sut->text, kGoodProfile);
  EXPECT_EQ(sut->streams.size(), 1U);
}

// Catches parse errors that name another file than the one that was read.
TEST_F(LoadTest, MistakesCarryThePath) {
  const std::string path = Write("bad.yaml", "version: 2\n");
  EXPECT_TRUE(LoadError(path).message.starts_with(path + ":1:10: error: ")) << LoadError(path).message;
}

// Catches exit code 3 (no device) for a mistyped file name: that is a wrong command line.
TEST_F(LoadTest, MissingFileIsAWrongArgument) {
  const Error error = LoadError(dir_ + "/none.yaml");
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.message, "profile '" + dir_ + "/none.yaml': open: No such file or directory");
}

// Catches a directory or device that is read as if it were a file.
TEST_F(LoadTest, OnlyFilesAndPipesAreRead) {
  EXPECT_EQ(LoadError(dir_ + "/").message, "profile '" + dir_ + "/': is a directory, expected a file");
  EXPECT_EQ(LoadError("/dev/zero").message, "profile '/dev/zero': is neither a file nor a pipe");
}

// Catches a refusal that is reported as something else than a refusal.
TEST_F(LoadTest, UnreadableFileIsAPermissionError) {
  const std::string path = Write("secret.yaml", kGoodProfile);
  ASSERT_EQ(::chmod(path.c_str(), 0), 0) << std::strerror(errno);
  Error error;
  int dropped = -1;
  // Capabilities belong to a thread: only this one stops being allowed everything.
  std::thread([&] {
    dropped = DropCapabilities();
    error = LoadError(path);
  }).join();
  ASSERT_EQ(dropped, 0) << "capset";
  EXPECT_EQ(error.code, Code::kPermission);
  EXPECT_EQ(error.message, "profile '" + path + "': open: Permission denied");
}

// Catches memory filled by a file that is no profile.
TEST_F(LoadTest, SizeOfAFileIsBounded) {
  const std::string path = Write("large.yaml", std::string(kMaxProfileBytes + 1, '#'));
  EXPECT_EQ(LoadError(path).message, "profile '" + path + "': expected at most 1048576 bytes, found more");
}

// Catches the same with a text that is not read from a file, or one that is parsed before it is measured.
TEST_F(LoadTest, TenMegabytesAreRefusedAtOnce) {
  const std::string large = "a: " + std::string(size_t{10} << 20, '[');
  const auto sut = ParseProfile(large, "x.yaml", NoEnvironment());
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().message, "x.yaml: error: a profile has at most 1048576 bytes, found more");
  EXPECT_EQ(LoadError(Write("large.yaml", large)).message,
            "profile '" + dir_ + "/large.yaml': expected at most 1048576 bytes, found more");
  const std::string child = Write("child.yaml", "version: 1\nname: child\nextends: large\n");
  EXPECT_EQ(LoadError(child).message, child + ":3:10: error: profile '" + dir_ +
                                          "/large.yaml': expected at most 1048576 bytes, found more\n"
                                          "   3 | extends: large\n     |          ^~~~~");
}

// Catches a base that is looked for in the wrong place when real files are read.
TEST_F(LoadTest, ABaseIsReadFromTheFolderOfTheFile) {
  std::filesystem::create_directory(dir_ + "/sub");
  Write("sub/base.yaml", kGoodProfile);
  const std::string child = Write("child.yaml", "version: 1\nname: child\nextends: sub/base.yaml\n");
  const auto sut = LoadProfile(child, NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->name.value, "child");
  EXPECT_EQ(sut->bases.at(0).file, dir_ + "/sub/base.yaml");
  EXPECT_EQ(sut->bases.at(0).text, kGoodProfile);
}

// Catches a profile from a pipe (`videostream run <(generate)`) being refused or cut short.
TEST_F(LoadTest, PipeIsReadToItsEnd) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0) << std::strerror(errno);
  const size_t half = kGoodProfile.size() / 2;
  ASSERT_EQ(::write(ends[1], kGoodProfile.data(), half), static_cast<ssize_t>(half));
  ASSERT_EQ(::write(ends[1], kGoodProfile.data() + half, kGoodProfile.size() - half),
            static_cast<ssize_t>(kGoodProfile.size() - half));
  ::close(ends[1]);
  const auto sut = LoadProfile("/proc/self/fd/" + std::to_string(ends[0]), NoEnvironment());
  ::close(ends[0]);
  EXPECT_TRUE(sut.has_value()) << sut.error().message;
}

// Catches a command that hangs on a FIFO nobody writes to.
TEST_F(LoadTest, FifoWithoutWriterDoesNotBlock) {
  const std::string path = dir_ + "/fifo";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0) << std::strerror(errno);
  EXPECT_NE(LoadError(path).message.find("the profile is empty"), std::string::npos);
}

// Catches a name looked for in the wrong order, or in the current directory.
TEST_F(LoadTest, BareNameIsFoundInTheSearchDirectories) {
  std::filesystem::create_directory(dir_ + "/first");
  std::filesystem::create_directory(dir_ + "/second");
  ProfileOptions options = NoEnvironment();
  options.search_dirs = {dir_ + "/first", dir_ + "/second"};
  Write("second/board.yaml", kGoodProfile);
  EXPECT_EQ(*FindProfile("board", options), dir_ + "/second/board.yaml");
  Write("first/board.yaml", kGoodProfile);
  EXPECT_EQ(*FindProfile("board", options), dir_ + "/first/board.yaml");
  EXPECT_TRUE(LoadProfile("board", options).has_value());
  EXPECT_EQ(*FindProfile("./board", options), "./board");
  EXPECT_EQ(*FindProfile("board.yaml", options), "board.yaml");
}

// Catches an error that does not say where it looked.
TEST_F(LoadTest, UnknownNameSaysWhatWasTried) {
  ProfileOptions options = NoEnvironment();
  options.search_dirs = {"/nowhere/a", "/nowhere/b"};
  const Error error = LoadError("board", options);
  EXPECT_EQ(error.code, Code::kInvalidArgument);
  EXPECT_EQ(error.message,
            "profile 'board': not found; tried '/nowhere/a/board.yaml', '/nowhere/b/board.yaml'; give the path of a "
            "file, or the name of an installed profile");
}

// Catches a shipped profile that does not parse.
TEST(ShippedProfiles, DevelopmentProfileParses) {
  const auto sut = LoadProfile("configs/dev-x86_64.yaml", NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  EXPECT_EQ(sut->name.value, "dev-x86_64");
  EXPECT_EQ(sut->streams.at(0).name.value, "front");
  EXPECT_EQ(sut->streams.at(0).outputs.at(0).publish.at(0).socket_path, "/run/videostream/front.sock");
}

// Catches the same in the one with two outputs, and a rewrite of it that loses what it is to show.
TEST(ShippedProfiles, DetectorProfileParses) {
  const auto sut = LoadProfile("configs/detector-x86_64.yaml", NoEnvironment());
  ASSERT_TRUE(sut.has_value()) << sut.error().message;
  const auto& outputs = sut->streams.at(0).outputs;
  ASSERT_EQ(outputs.size(), 2U);
  EXPECT_EQ(outputs[0].encoder->codec.value, "h264");
  EXPECT_EQ(outputs[1].name.value, "detector");
  EXPECT_EQ(outputs[1].format->value, "RGB24");
  EXPECT_EQ(outputs[1].size->value, (Size{640, 640}));
  EXPECT_EQ(outputs[1].rate.value, (FrameRate{10, 1}));
}

}  // namespace
}  // namespace videostream
