// SPDX-License-Identifier: Apache-2.0
// For tests of whole programs: starts them, reads what they say, ends them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace videostream::e2e {

// What a program left behind.
struct Outcome {
  int code = -1;    // exit code; 128 + the signal that ended it
  std::string out;  // stdout
  std::string err;  // stderr
};

// A folder in /tmp with a short name (paths of sockets are short), removed with everything in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A child process with its output in files. Killed by the destructor if it still runs.
class Process {
 public:
  // `environment`: NAME=VALUE, over that of the test; "NAME" alone takes NAME away. stdin is empty.
  explicit Process(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Waits for its end. The watchdog of the test (Watchdog) bounds it.
  Outcome Wait();
  // What it has written so far.
  std::string Out() const;
  std::string Err() const;
  // Waits until its stdout or stderr contains `text`; false if it ends before.
  bool WaitForText(const std::string& text);

 private:
  bool Ended();

  TempDir dir_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool reaped_ = false;
};

// Runs a program to its end.
Outcome RunProgram(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

// Ends the test with a message after so many seconds; call it first in every test that starts programs.
void Watchdog(unsigned seconds);

// Absolute path of a file among the test's data: "apps/videostream/videostream".
std::string Runfile(const std::string& path);

std::string ReadAll(const std::string& path);
void WriteAll(const std::string& path, const std::string& text);

// A copy of a program and of some backends in an installation of their own (bin/, lib/videostream/), which finds
// nothing else: returns the path of the program. `backends`: "shm", ...
std::string Install(const TempDir& dir, const std::vector<std::string>& backends);
// The environment that goes with it: without Bazel's runfiles, run folder in `dir`.
std::vector<std::string> InstalledEnvironment(const TempDir& dir);

}  // namespace videostream::e2e
