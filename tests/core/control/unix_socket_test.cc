// SPDX-License-Identifier: Apache-2.0
// The folder of the control socket.
#include "core/control/unix_socket.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace videostream {
namespace {

const char* g_runtime_dir = nullptr;
const char* FakeEnv(const char* name) { return std::string(name) == "RUNTIME_DIRECTORY" ? g_runtime_dir : nullptr; }

// Would catch: creating folders that are not ours, or leaving an empty one behind.
TEST(UnixSocket, RuntimeFolderIsMadeAndRemovedAgain) {
  char folder[] = "/tmp/vs-socket-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string dir = folder;
  const std::string runtime = dir + "/run";
  g_runtime_dir = runtime.c_str();
  {
    RuntimeDirGuard guard;
    ASSERT_TRUE(guard.Ensure(dir + "/other/x.sock", FakeEnv));
    EXPECT_FALSE(std::filesystem::exists(dir + "/other"));
    ASSERT_TRUE(guard.Ensure(ControlPath("", FakeEnv), FakeEnv));
    EXPECT_TRUE(std::filesystem::is_directory(runtime));
  }
  EXPECT_FALSE(std::filesystem::exists(runtime));
  std::filesystem::create_directory(runtime);
  {
    RuntimeDirGuard guard;
    ASSERT_TRUE(guard.Ensure(ControlPath("", FakeEnv), FakeEnv));
  }
  EXPECT_TRUE(std::filesystem::exists(runtime));
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace videostream
