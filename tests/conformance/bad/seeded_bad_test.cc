// SPDX-License-Identifier: Apache-2.0
// The suite itself under test: it fails on each backend of this folder by the name of the rule that was broken, and
// finds nothing in the one without a fault.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <vector>

namespace {

struct Outcome {
  int exit_code = -1;
  std::set<std::string> failed;
  int passed = 0;
  std::string text;
};

// Runs the suite on a backend of this folder.
Outcome RunSuite(const std::string& backend, const std::string& arguments = "") {
  // What this test was told about shards and reports is not for the program that it runs.
  const std::string command =
      "exec env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX -u GTEST_SHARD_STATUS_FILE -u XML_OUTPUT_FILE "
      "-u TESTBRIDGE_TEST_ONLY tests/conformance/conformance --backend=tests/conformance/bad/" +
      backend + ".so " + arguments + " 2>&1";
  Outcome run;
  std::FILE* pipe = ::popen(command.c_str(), "re");  // NOLINT(cert-env33-c): constant words
  if (pipe == nullptr) {
    ADD_FAILURE() << "popen: " << std::strerror(errno);
    return run;
  }
  char line[4096];
  while (std::fgets(line, sizeof line, pipe) != nullptr) {
    const std::string text = line;
    run.text += text;
    constexpr char kFailed[] = "[  FAILED  ] ", kOk[] = "[       OK ] ";
    if (text.starts_with(kOk)) ++run.passed;
    if (!text.starts_with(kFailed)) continue;
    const std::string name = text.substr(sizeof kFailed - 1);
    if (name.find('.') != name.npos) run.failed.insert(name.substr(0, name.find_first_of(" ,\n")));
  }
  const int status = ::pclose(pipe);
  run.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return run;
}

// Would catch rules that are stricter than the contract: then nobody could pass.
TEST(SeededBad, AReferenceWithoutAFaultPasses) {
  const Outcome run = RunSuite("reference");
  EXPECT_EQ(run.exit_code, 0) << run.text;
  EXPECT_THAT(run.failed, testing::IsEmpty());
  EXPECT_GT(run.passed, 200);
}

// Would catch a file that is not there, or is none of ours, taken for a success.
TEST(SeededBad, AFileThatIsNoBackendFails) {
  EXPECT_EQ(RunSuite("no-such-file").exit_code, 1);
  EXPECT_EQ(RunSuite("reference", "--kinds=nonsense").exit_code, 2);
  EXPECT_EQ(RunSuite("reference", "--nonsense").exit_code, 2);
  EXPECT_EQ(RunSuite("allocator-not-zeroed", "--kinds=capture").exit_code, 1);
}

struct Bad {
  const char* backend;
  const char* expected;     // the test that has to fail
  const char* filter = "";  // where a whole run would mean many waits for what never comes
};

std::ostream& operator<<(std::ostream& out, const Bad& bad) { return out << bad.backend; }

constexpr Bad kBad[] = {
    {"allocator-leaks-fd", "AllocatorConformance.AThousandBuffersLeaveNothingBehind/c"},
    {"allocator-not-cloexec", "AllocatorConformance.FdsAreCloseOnExec/c"},
    {"allocator-not-zeroed", "AllocatorConformance.MemoryIsZeroed/c"},
    {"allocator-uncommitted", "AllocatorConformance.MemoryIsCommitted/c"},
    {"any-device", "Instance.AnUnknownDeviceIsNotFound/allocator"},
    {"capture-always-readable", "CaptureStreamConformance.PollFdIsReadableOnlyWithSomethingToTake/c"},
    {"capture-delivers-unqueued", "CaptureStreamConformance.DeliversQueuedBuffersOnly/c"},
    {"capture-keeps-mapping", "CaptureStreamConformance.StartsAgainAfterStop/c"},
    {"capture-never-readable", "CaptureStreamConformance.FramesAreFull/c", "CaptureStream*/c"},
    {"capture-sequence-repeats", "CaptureStreamConformance.SequenceAndTimeRise/c"},
    {"capture-stop-keeps-buffers", "CaptureStreamConformance.StopReturnsEveryQueuedBuffer/c"},
    {"capture-writes-late", "CaptureStreamConformance.WritesNothingToABufferThatWasGivenBack/c"},
    {"capture-writes-past-plane", "CaptureStreamConformance.WritesNothingBeyondThePlanes/c"},
    {"converter-job-twice", "ConverterConformance.EveryJobComesBackOnceInOrder/c"},
    {"converter-out-of-order", "ConverterConformance.TakesMaxJobsAndNoMore/c"},
    {"converter-writes-source", "ConverterConformance.WritesNothingButTheTarget/c"},
    {"encoder-damages-packets", "EncoderStreamConformance.ADecoderSeesEveryFrame/c"},
    {"encoder-first-not-key", "EncoderStreamConformance.TheFirstPacketIsAKeyFrameWithParameterSets/c"},
    {"encoder-ignores-force-key", "EncoderStreamConformance.ForceKeyMakesAKeyFrame/c"},
    {"encoder-loses-time", "EncoderStreamConformance.KeyFramesComeOncePerGop/c"},
    {"encoder-no-end", "EncoderStreamConformance.AfterDrainANewSequenceStartsWithAKeyFrame/c", "*.AfterDrain*/c"},
    {"exports-more", "Backend.ExportsOneSymbol"},
    {"instance-leaks-fd", "Instance.LeavesNothingBehind/allocator"},
    {"output-on-error", "AllocatorBorder.ARefusalLeavesTheOutputAlone"},
    {"output-on-error", "Instance.ErrorsKeepToTheRoomThatTheCallerHas/allocator"},
    {"probe-ignores-capacity", "Backend.ProbeWritesNoMoreRecordsThanFit"},
    {"transport-gives-newest", "TransportConformance.ReclaimNeverGivesTheNewest/c"},
    {"transport-gives-twice", "TransportConformance.ReclaimGivesEachBufferOnce/c"},
    {"transport-not-sealed", "TransportConformance.MemfdsAreSealed/c"},
};

class SeededBackend : public testing::TestWithParam<Bad> {};

// Would catch a test of the suite that cannot fail.
TEST_P(SeededBackend, IsNoticed) {
  const std::string filter = GetParam().filter;
  // What never comes need not be waited for as long as what does.
  const Outcome run =
      RunSuite(GetParam().backend, "--patience=1" + (filter.empty() ? filter : " '--gtest_filter=" + filter + "'"));
  EXPECT_EQ(run.exit_code, 1) << run.text;
  EXPECT_THAT(run.failed, testing::Contains(GetParam().expected)) << run.text;
  EXPECT_TRUE(!filter.empty() || run.passed > 10) << "all that has nothing to do with it";
}

INSTANTIATE_TEST_SUITE_P(, SeededBackend, testing::ValuesIn(kBad), [](const testing::TestParamInfo<Bad>& test) {
  std::string name = std::to_string(test.index) + "_" + test.param.backend;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
