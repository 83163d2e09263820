// SPDX-License-Identifier: Apache-2.0
// Result, Status and the classification of errors.
#include "core/base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "videostream/error.h"

namespace videostream {
namespace {

constexpr Code kAllCodes[] = {
    Code::kInvalidArgument, Code::kUnsupported, Code::kNotFound, Code::kPermission,  Code::kBusy,
    Code::kNoMemory,        Code::kIo,          Code::kTimeout,  Code::kEndOfStream, Code::kCancelled,
    Code::kInternal};

// Catches a conversion that turns a value into a failure, or loses a move-only value.
TEST(ResultTest, ValueConvertsToSuccess) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  auto sut = make();
  ASSERT_TRUE(sut.has_value());
  EXPECT_EQ(**sut, 7);
  Result<std::string> literal = "text";
  EXPECT_EQ(*literal, "text");
}

// Catches an error that arrives with another code or message, whichever way it was returned.
TEST(ResultTest, EveryWayToFailKeepsCodeAndMessage) {
  const Error error{Code::kBusy, "device 'x': busy"};
  const Result<int> from_error = error;
  const Result<int> from_fail = Fail(Code::kBusy, "device 'x': busy");
  const Result<int> from_fail_error = Fail(error);
  const Result<int> from_unexpected = tl::unexpected(error);
  const Status status = error;
  for (const Result<int>* sut : {&from_error, &from_fail, &from_fail_error, &from_unexpected}) {
    ASSERT_FALSE(sut->has_value());
    EXPECT_EQ(sut->error(), error);
  }
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error(), error);
}

// Catches the trap of copying a Result<bool>: a copy built from "has a value" instead of from the value.
TEST(ResultTest, CopyOfAFailedBoolIsFailed) {
  Result<bool> failed = Fail(Code::kIo, "x");
  Result<bool> copy = failed;  // NOLINT(performance-unnecessary-copy-initialization): the copy is what is tested
  EXPECT_FALSE(copy.has_value());
  Result<bool> no = false;
  Result<bool> copy_of_no = no;
  ASSERT_TRUE(copy_of_no.has_value());
  EXPECT_FALSE(*copy_of_no);
}

// Catches assignment that leaves the old state behind, in both directions.
TEST(ResultTest, AssignmentReplacesBothStates) {
  Result<std::vector<int>> sut = Fail(Code::kIo, "x");
  sut = std::vector<int>{1, 2};
  ASSERT_TRUE(sut.has_value());
  EXPECT_EQ(sut->size(), 2U);
  sut = Fail(Code::kTimeout, "late");
  ASSERT_FALSE(sut.has_value());
  EXPECT_EQ(sut.error().code, Code::kTimeout);
}

// Catches a mapped result that cannot be returned as a Result again.
TEST(ResultTest, MapGivesAResult) {
  const auto size = [](const Result<std::string>& text) -> Result<size_t> {
    return text.map([](const std::string& value) { return value.size(); });
  };
  EXPECT_EQ(*size(std::string("four")), 4U);
  EXPECT_EQ(size(Fail(Code::kIo, "x")).error().message, "x");
}

// Catches context that is appended, or that changes the code: the cause must stay last.
TEST(ErrorTest, ContextGoesInFrontAndKeepsTheCode) {
  const Error sut = WithContext(WithContext({Code::kPermission, "open: denied"}, "encoder 'x'"), "profile 'p.yaml'");
  EXPECT_EQ(sut.message, "profile 'p.yaml': encoder 'x': open: denied");
  EXPECT_EQ(sut.code, Code::kPermission);
}

// Catches a lost or translated errno text, and a helper that clobbers errno.
TEST(ErrorTest, ErrnoErrorSaysWhatAndWhy) {
  errno = EPIPE;
  const Error sut = ErrnoError(EACCES, "open '/dev/video0'");
  EXPECT_EQ(sut.message, "open '/dev/video0': Permission denied");
  EXPECT_EQ(sut.code, Code::kPermission);
  EXPECT_EQ(errno, EPIPE);
}

// Catches an errno that moves to a class with another exit code.
TEST(ErrorTest, ErrnoIsClassified) {
  EXPECT_EQ(CodeFromErrno(EINVAL), Code::kInvalidArgument);
  EXPECT_EQ(CodeFromErrno(ENOTTY), Code::kUnsupported);
  EXPECT_EQ(CodeFromErrno(EOPNOTSUPP), Code::kUnsupported);
  EXPECT_EQ(CodeFromErrno(ENOENT), Code::kNotFound);
  EXPECT_EQ(CodeFromErrno(ENODEV), Code::kNotFound);
  EXPECT_EQ(CodeFromErrno(ECONNREFUSED), Code::kNotFound);
  EXPECT_EQ(CodeFromErrno(EACCES), Code::kPermission);
  EXPECT_EQ(CodeFromErrno(EPERM), Code::kPermission);
  EXPECT_EQ(CodeFromErrno(EBUSY), Code::kBusy);
  EXPECT_EQ(CodeFromErrno(EAGAIN), Code::kBusy);
  EXPECT_EQ(CodeFromErrno(ENOMEM), Code::kNoMemory);
  EXPECT_EQ(CodeFromErrno(EMFILE), Code::kNoMemory);
  EXPECT_EQ(CodeFromErrno(ETIMEDOUT), Code::kTimeout);
  EXPECT_EQ(CodeFromErrno(ECANCELED), Code::kCancelled);
  EXPECT_EQ(CodeFromErrno(EBADF), Code::kInternal);
  EXPECT_EQ(CodeFromErrno(EIO), Code::kIo);
  EXPECT_EQ(CodeFromErrno(EFAULT), Code::kIo);
  EXPECT_EQ(CodeFromErrno(999999), Code::kIo);
}

// Catches a renamed or reused name: logs and JSON depend on them.
TEST(CodeTest, NamesAreStableAndDifferent) {
  EXPECT_STREQ(CodeName(Code::kInvalidArgument), "invalid_argument");
  EXPECT_STREQ(CodeName(Code::kEndOfStream), "end_of_stream");
  EXPECT_STREQ(CodeName(Code::kInternal), "internal");
  std::set<std::string> names;
  for (const Code code : kAllCodes) names.insert(CodeName(code));
  EXPECT_EQ(names.size(), std::size(kAllCodes));
  EXPECT_EQ(names.count("unknown"), 0U);
  EXPECT_STREQ(CodeName(static_cast<Code>(200)), "unknown");
}

// Catches an exit code that scripts no longer understand, and a failure that exits with 0.
TEST(CodeTest, ExitCodesAreTheFixedOnes) {
  EXPECT_EQ(ExitCode(Code::kInvalidArgument), 2);
  EXPECT_EQ(ExitCode(Code::kUnsupported), 3);
  EXPECT_EQ(ExitCode(Code::kNotFound), 3);
  EXPECT_EQ(ExitCode(Code::kPermission), 4);
  EXPECT_EQ(ExitCode(Code::kTimeout), 5);
  for (const Code code :
       {Code::kBusy, Code::kNoMemory, Code::kIo, Code::kEndOfStream, Code::kCancelled, Code::kInternal}) {
    EXPECT_EQ(ExitCode(code), 1) << CodeName(code);
  }
}

// Catches a failure that the public headers report as success or as another kind, and a number of a peer that is taken
// on trust.
TEST(CodeTest, PublicCodesAreThoseOfTheHeaders) {
  for (const Code code : kAllCodes) {
    EXPECT_LT(AbiCode(code), VSTREAM_OK) << CodeName(code);
    const Code back = code == Code::kCancelled ? Code::kEndOfStream : code;
    EXPECT_EQ(CodeFromAbi(AbiCode(code)), back) << CodeName(code);
  }
  EXPECT_EQ(AbiCode(Code::kInvalidArgument), VSTREAM_E_INVALID);
  EXPECT_EQ(AbiCode(Code::kPermission), VSTREAM_E_PERMISSION);
  EXPECT_EQ(AbiCode(static_cast<Code>(200)), VSTREAM_E_INTERNAL);
  EXPECT_EQ(CodeFromAbi(VSTREAM_E_AGAIN), Code::kBusy);
  EXPECT_EQ(CodeFromAbi(1), Code::kInternal);
  EXPECT_EQ(CodeFromAbi(-4711), Code::kInternal);
}

}  // namespace
}  // namespace videostream
