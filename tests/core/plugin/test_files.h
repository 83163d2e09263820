// SPDX-License-Identifier: Apache-2.0
// What the tests of this folder share: the built backends, copies of them that may be damaged, temporary folders.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace videostream::testing {

// A folder of its own below /tmp, removed with everything in it.
class TempDir {
 public:
  TempDir() {
    char name[] = "/tmp/vs-plugin-XXXXXX";
    if (mkdtemp(name) == nullptr) abort();
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

// A file of this workspace that the test has as data.
inline std::string Runfile(std::string_view path) {
  return std::string(std::getenv("TEST_SRCDIR")) + "/" + std::getenv("TEST_WORKSPACE") + "/" + std::string(path);
}

// The path of a backend from tests/core/plugin/backends.
inline std::string Backend(std::string_view name) {
  return Runfile("tests/core/plugin/backends/" + std::string(name) + ".so");
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// With mode 0755, whatever the umask.
inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_EQ(chmod(path.c_str(), 0755), 0) << path;
}

}  // namespace videostream::testing
