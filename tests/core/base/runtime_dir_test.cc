// SPDX-License-Identifier: Apache-2.0
// Where sockets go by default.
#include "core/base/runtime_dir.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

namespace videostream {
namespace {

std::map<std::string, std::string> g_environment;

const char* FakeEnv(const char* name) {
  const auto found = g_environment.find(name);
  return found == g_environment.end() ? nullptr : found->second.c_str();
}

std::string RuntimeDirIn(std::map<std::string, std::string> environment) {
  g_environment = std::move(environment);
  return RuntimeDir(FakeEnv);
}

// Catches a changed order: daemon and tools would look for each other in different places.
TEST(RuntimeDirTest, SystemdFirstThenUserSessionThenRun) {
  EXPECT_EQ(RuntimeDirIn({{"RUNTIME_DIRECTORY", "/run/vs"}, {"XDG_RUNTIME_DIR", "/run/user/7"}}), "/run/vs");
  EXPECT_EQ(RuntimeDirIn({{"XDG_RUNTIME_DIR", "/run/user/7"}}), "/run/user/7/videostream");
  EXPECT_EQ(RuntimeDirIn({}), "/run/videostream");
}

// Catches the whole of systemd's list taken for one path.
TEST(RuntimeDirTest, OnlyTheFirstOfSeveralRuntimeDirectoriesIsTaken) {
  EXPECT_EQ(RuntimeDirIn({{"RUNTIME_DIRECTORY", "/run/a:/run/b"}}), "/run/a");
}

// Catches sockets in the current directory because a variable is empty or relative.
TEST(RuntimeDirTest, UselessVariablesArePassedOver) {
  EXPECT_EQ(RuntimeDirIn({{"RUNTIME_DIRECTORY", ""}, {"XDG_RUNTIME_DIR", "relative"}}), "/run/videostream");
  EXPECT_EQ(RuntimeDirIn({{"RUNTIME_DIRECTORY", "/"}, {"XDG_RUNTIME_DIR", "/x//"}}), "/x/videostream");
}

// Catches a lookup that does not read the environment of the process.
TEST(RuntimeDirTest, SecureEnvReadsTheEnvironment) {
  ASSERT_EQ(::setenv("VIDEOSTREAM_TEST_VARIABLE", "here", 1), 0);
  EXPECT_STREQ(SecureEnv("VIDEOSTREAM_TEST_VARIABLE"), "here");
  ASSERT_EQ(::unsetenv("VIDEOSTREAM_TEST_VARIABLE"), 0);
  EXPECT_EQ(SecureEnv("VIDEOSTREAM_TEST_VARIABLE"), nullptr);
}

}  // namespace
}  // namespace videostream
