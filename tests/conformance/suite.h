// SPDX-License-Identifier: Apache-2.0
// What the suites of all kinds share: the border that a test looks through, and bounded waiting.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/plugin/create_args.h"
#include "tests/conformance/c_instance.h"
#include "tests/conformance/subject.h"

namespace videostream::conformance {

// Behaviour is written against the interfaces in core, and looked at through each of these: the tables as the backend
// made them, and the runtime's adapters, which must find nothing to complain about.
enum class Border { kC, kRuntime };

// Name of a suite's instance: "CaptureConformance.StopIsIdempotent/c".
std::string BorderName(const testing::TestParamInfo<Border>& info);

class BorderTest : public testing::TestWithParam<Border> {
 protected:
  static Result<std::unique_ptr<Allocator>> MakeAllocator(const BackendCreateArgs& args);
  static Result<std::unique_ptr<Capture>> MakeCapture(const BackendCreateArgs& args);
  static Result<std::unique_ptr<Converter>> MakeConverter(const BackendCreateArgs& args);
  static Result<std::unique_ptr<Encoder>> MakeEncoder(const BackendCreateArgs& args);
  static Result<std::unique_ptr<Transport>> MakeTransport(const BackendCreateArgs& args);
};

// Suites of a kind that the backend lacks are not run: see main.cc.
#define VS_CONFORMANCE_SUITE(Fixture) \
  INSTANTIATE_TEST_SUITE_P(, Fixture, ::testing::Values(Border::kC, Border::kRuntime), BorderName)

// True when `fd` is readable now.
bool IsReadable(int fd);
// Waits until it is readable: until the test as a whole runs out of time, at most.
bool WaitReadable(int fd);

// The reason of a failed Status or Result, for EXPECT_TRUE(ok) << Why(ok).
template <class R>
std::string Why(const R& result) {
  return result ? std::string("success") : std::string(CodeName(result.error().code)) + ": " + result.error().message;
}
// "success", or the name of its code.
template <class R>
std::string CodeOf(const R& result) {
  return result ? "success" : CodeName(result.error().code);
}

// For the macros below.
template <class R>
testing::AssertionResult Succeeds(const char* text, const R& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << " fails: " << Why(result);
}
template <class R>
testing::AssertionResult FailsWith(const char* text, const char* /*code_text*/, const R& result, Code code) {
  if (CodeOf(result) == CodeName(code)) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << " gives " << Why(result) << ", expected: " << CodeName(code);
}

// On a Status or any Result; more text may follow with <<.
#define VS_EXPECT_OK(expression) EXPECT_PRED_FORMAT1(Succeeds, expression)
#define VS_ASSERT_OK(expression) ASSERT_PRED_FORMAT1(Succeeds, expression)
#define VS_EXPECT_CODE(expression, code) EXPECT_PRED_FORMAT2(FailsWith, expression, code)

// A new folder with a short path in /tmp, removed with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace videostream::conformance
