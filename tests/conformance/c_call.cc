// SPDX-License-Identifier: Apache-2.0
// The rules for every call.
#include "tests/conformance/c_call.h"

#include <algorithm>
#include <iterator>

namespace videostream::conformance {
namespace {

struct Name {
  int32_t code;
  Code ours;
  const char* name;
};
constexpr Name kNames[] = {
    {VSTREAM_E_INVALID, Code::kInvalidArgument, "VSTREAM_E_INVALID"},
    {VSTREAM_E_UNSUPPORTED, Code::kUnsupported, "VSTREAM_E_UNSUPPORTED"},
    {VSTREAM_E_NOT_FOUND, Code::kNotFound, "VSTREAM_E_NOT_FOUND"},
    {VSTREAM_E_PERMISSION, Code::kPermission, "VSTREAM_E_PERMISSION"},
    {VSTREAM_E_BUSY, Code::kBusy, "VSTREAM_E_BUSY"},
    {VSTREAM_E_NO_MEMORY, Code::kNoMemory, "VSTREAM_E_NO_MEMORY"},
    {VSTREAM_E_IO, Code::kIo, "VSTREAM_E_IO"},
    {VSTREAM_E_TIMEOUT, Code::kTimeout, "VSTREAM_E_TIMEOUT"},
    {VSTREAM_E_AGAIN, Code::kBusy, "VSTREAM_E_AGAIN"},
    {VSTREAM_E_END_OF_STREAM, Code::kEndOfStream, "VSTREAM_E_END_OF_STREAM"},
    {VSTREAM_E_INTERNAL, Code::kInternal, "VSTREAM_E_INTERNAL"},
};

const Name* Find(int32_t code) {
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames), [&](const Name& n) { return n.code == code; });
  return found == std::end(kNames) ? nullptr : found;
}

}  // namespace

Code ToCode(int32_t code) {
  const Name* name = Find(code);
  return name == nullptr ? Code::kInternal : name->ours;
}

std::string CodeText(int32_t code) {
  const Name* name = Find(code);
  return std::string(name != nullptr      ? name->name
                     : code == VSTREAM_OK ? "VSTREAM_OK"
                                          : "unknown code") +
         " (" + std::to_string(code) + ")";
}

void CCall::Prepare() {
  record_.error = EmptyRecord<vstream_error>();
  std::memset(record_.guard, kGuardByte, sizeof record_.guard);
}

void CCall::Check(const char* what) {
  const auto intact = [](unsigned char byte) { return byte == kGuardByte; };
  if (!std::all_of(std::begin(record_.guard), std::end(record_.guard), intact)) {
    ADD_FAILURE() << what << " has written beyond the error record";
  }
  if (code_ == VSTREAM_OK) return;
  const vstream_error& error = record_.error;
  if (Find(code_) == nullptr) ADD_FAILURE() << what << " gives " << CodeText(code_) << ", a VSTREAM_E_* expected";
  if (code_ == VSTREAM_E_INTERNAL) ADD_FAILURE() << what << ": VSTREAM_E_INTERNAL: " << error.message;
  // The everyday answers of dequeue and collect, which need no explanation.
  if (code_ == VSTREAM_E_AGAIN || code_ == VSTREAM_E_END_OF_STREAM) return;
  EXPECT_EQ(error.code, code_) << what << " returns one code and reports another";
  const size_t length = strnlen(error.message, sizeof error.message);
  ASSERT_LT(length, sizeof error.message) << what << ": the message has no NUL at its end";
  EXPECT_GT(length, 0u) << what << " has failed with " << CodeText(code_) << " and no message";
  for (size_t i = 0; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(error.message[i]);
    if (byte >= 0x20 && byte != 0x7F) continue;
    ADD_FAILURE() << what << ": byte " << i << " of the message is control character " << int{byte} << ": '"
                  << error.message << "'";
    break;
  }
}

}  // namespace videostream::conformance
