// SPDX-License-Identifier: Apache-2.0
// A consumer in a process of its own, and what it left behind.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace videostream::test {

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// A folder of its own, and an alarm that ends a test that hangs.
class ConsumerTest : public testing::Test {
 protected:
  void SetUp() override {
    alarm(100);
    char name[] = "/tmp/vsc-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr) << errno;
    folder_ = name;
  }
  void TearDown() override {
    alarm(0);
    std::filesystem::remove_all(folder_);
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string socket() const { return Path("s"); }

  std::string folder_;
};

// Forks before the test has a producer: a child that inherited the producer's descriptors would keep it alive.
class ConsumerChild {
 public:
  // `work` gives the exit code. Its stdout and stderr are files in `folder`; stdout may be a descriptor instead.
  ConsumerChild(const std::string& folder, const std::function<int()>& work, int stdout_fd = -1)
      : out_(folder + "/out"), err_(folder + "/err") {
    fflush(nullptr);
    pid_ = fork();
    if (pid_ != 0) return;
    alarm(90);
    const int out = stdout_fd >= 0 ? stdout_fd : open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    for (int fd = 3; fd < 64; ++fd) close(fd);
    const int code = work();
    fflush(nullptr);
    _exit(code);
  }
  ~ConsumerChild() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    Wait();
  }
  ConsumerChild(const ConsumerChild&) = delete;
  ConsumerChild& operator=(const ConsumerChild&) = delete;

  void Signal(int number) const { kill(pid_, number); }
  // Its exit code, or 1000 + the signal that ended it.
  int Wait() {
    int status = 0;
    if (pid_ > 0 && waitpid(pid_, &status, 0) == pid_)
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    pid_ = -1;
    return code_;
  }
  bool Ended() {
    int status = 0;
    if (pid_ > 0 && waitpid(pid_, &status, WNOHANG) == pid_) {
      code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
      pid_ = -1;
    }
    return pid_ < 0;
  }
  std::string out() const { return ReadFile(out_); }
  std::string err() const { return ReadFile(err_); }
  nlohmann::json json() const { return nlohmann::json::parse(out(), nullptr, false); }

 private:
  std::string out_, err_;
  pid_t pid_ = -1;
  int code_ = -1;
};

}  // namespace videostream::test
