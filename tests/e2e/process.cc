// SPDX-License-Identifier: Apache-2.0
// Starting and watching programs.
#include "tests/e2e/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace videostream::e2e {
namespace {

[[noreturn]] void Become(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                         const std::string& out, const std::string& err) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const std::string& entry : environment) {
    const size_t equals = entry.find('=');
    if (equals == std::string::npos) {
      unsetenv(entry.c_str());
    } else {
      setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, 1);
    }
  }
  dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
  dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDOUT_FILENO);
  dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600), STDERR_FILENO);
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  dprintf(STDERR_FILENO, "exec '%s': %s\n", argv[0], strerror(errno));
  _exit(127);
}

void OnAlarm(int /*signal*/) {
  constexpr char kText[] = "watchdog: the test takes too long\n";
  (void)!write(STDERR_FILENO, kText, sizeof kText - 1);
  abort();
}

}  // namespace

TempDir::TempDir() {
  char name[] = "/tmp/vs-e2e-XXXXXX";
  if (mkdtemp(name) == nullptr) {
    perror("mkdtemp");
    abort();
  }
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  pid_ = fork();
  if (pid_ == 0) Become(command, environment, dir_ / "out", dir_ / "err");
  EXPECT_GT(pid_, 0) << strerror(errno);
}

Process::~Process() {
  if (reaped_ || pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::Signal(int signal) const { EXPECT_EQ(kill(pid_, signal), 0) << strerror(errno); }

bool Process::Ended() {
  if (!reaped_ && waitpid(pid_, &status_, WNOHANG) == pid_) reaped_ = true;
  return reaped_;
}

Outcome Process::Wait() {
  if (!reaped_) {
    while (waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
  }
  return {WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_), Out(), Err()};
}

std::string Process::Out() const { return ReadAll(dir_ / "out"); }
std::string Process::Err() const { return ReadAll(dir_ / "err"); }

bool Process::WaitForText(const std::string& text) {
  while (true) {
    const bool ended = Ended();
    if (Out().find(text) != std::string::npos || Err().find(text) != std::string::npos) return true;
    if (ended) return false;
    poll(nullptr, 0, 10);
  }
}

Outcome RunProgram(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  return Process(command, environment).Wait();
}

void Watchdog(unsigned seconds) {
  std::signal(SIGALRM, OnAlarm);
  alarm(seconds);
}

std::string Runfile(const std::string& path) {
  const char* root = getenv("TEST_SRCDIR");
  const char* workspace = getenv("TEST_WORKSPACE");
  if (root == nullptr || workspace == nullptr) return path;
  return std::string(root) + "/" + workspace + "/" + path;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteAll(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  EXPECT_TRUE(file.flush()) << path;
}

std::string Install(const TempDir& dir, const std::vector<std::string>& backends) {
  namespace fs = std::filesystem;
  fs::create_directories(dir / "bin");
  fs::create_directories(dir / "lib/videostream");
  fs::create_directories(dir / "run");
  std::string program = dir / "bin/videostream";
  fs::copy_file(Runfile("apps/videostream/videostream"), program);
  for (const std::string& name : backends) {
    const std::string file = name + ".so";
    fs::copy_file(fs::path(Runfile("backends")) / name / file, fs::path(dir / "lib/videostream") / file);
  }
  return program;
}

std::vector<std::string> InstalledEnvironment(const TempDir& dir) {
  return {"TEST_SRCDIR", "RUNFILES_DIR", "RUNFILES_MANIFEST_FILE", "VIDEOSTREAM_BACKEND_PATH",
          "RUNTIME_DIRECTORY=" + (dir / "run")};
}

}  // namespace videostream::e2e
