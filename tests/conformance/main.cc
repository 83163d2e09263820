// SPDX-License-Identifier: Apache-2.0
// The conformance program: loads one backend, runs the suites of its kinds, each test under a watchdog.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "core/base/log.h"
#include "core/plugin/identity.h"
#include "tests/conformance/settings.h"
#include "tests/conformance/subject.h"

namespace videostream::conformance {
namespace {

constexpr unsigned kSecondsPerTest = 60;

// "Suite.Name" of the running test, for the signal handler.
char running[256];

void OutOfTime(int /*signal*/) {
  constexpr char kBefore[] = "\n[  FAILED  ] ";
  constexpr char kAfter[] =
      "\nThe test did not end in time: a call of the backend blocks, or never gives what it owes.\n";
  (void)!::write(STDOUT_FILENO, kBefore, sizeof kBefore - 1);
  (void)!::write(STDOUT_FILENO, running, std::strlen(running));
  (void)!::write(STDOUT_FILENO, kAfter, sizeof kAfter - 1);
  ::_exit(1);
}

class Watchdog : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& info) override {
    std::snprintf(running, sizeof running, "%s.%s", info.test_suite_name(), info.name());
    ::alarm(kSecondsPerTest);
  }
  void OnTestEnd(const testing::TestInfo& /*info*/) override { ::alarm(0); }
};

// The suites that fit the backend.
std::string Filter() {
  static constexpr const char* kSuites[VSTREAM_KINDS] = {"Allocator", "Capture", "Converter", "Encoder", "Transport"};
  std::string filter = "Backend.*:Instance.*";
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    if (Subject::Get().Tests(kind)) filter += std::string(":") + kSuites[kind] + "*";
  }
  // Tests of the kinds that this backend lacks, of suites with one test per kind.
  filter += "-";
  for (uint32_t kind = 0; kind < VSTREAM_KINDS; ++kind) {
    if (!Subject::Get().Tests(kind)) filter += std::string("*/") + KindName(kind) + ":";
  }
  return filter;
}

int Run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  auto settings = ParseSettings(&argc, argv);
  if (settings && argc > 1) settings = Fail(Code::kInvalidArgument, "unknown argument '" + std::string(argv[1]) + "'");
  if (!settings) {
    std::fprintf(stderr, "conformance: %s\n\n%s", settings.error().message.c_str(), kUsage);
    return 2;
  }
  SetTheSettings(*settings);
  SetLogLevel(LogLevel::kError);
  if (Status loaded = Subject::Load(settings->backend); !loaded) {
    std::printf("[  FAILED  ] Backend.IsLoaded\n%s\n", loaded.error().message.c_str());
    return 1;
  }
  if ((settings->kinds & ~Subject::Get().plugin().identity().kinds) != 0) {
    std::printf("[  FAILED  ] Backend.HasTheKinds\nIts identity lacks a kind of --kinds.\n");
    return 1;
  }
  if (testing::GTEST_FLAG(filter) == "*") testing::GTEST_FLAG(filter) = Filter();
  struct sigaction action {};
  action.sa_handler = OutOfTime;
  ::sigaction(SIGALRM, &action, nullptr);
  testing::UnitTest::GetInstance()->listeners().Append(new Watchdog);  // owned by the list
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace videostream::conformance

int main(int argc, char** argv) { return videostream::conformance::Run(argc, argv); }
