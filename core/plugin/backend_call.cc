// SPDX-License-Identifier: Apache-2.0
// Codes and messages of the ABI turned into errors of core.
#include "core/plugin/backend_call.h"

#include "core/plugin/foreign_text.h"

namespace videostream {
namespace {

// kInternal: not a code that stands for a failure of this kind of call.
Code FromAbi(int32_t code) {
  switch (code) {
    case VSTREAM_E_INVALID:
      return Code::kInvalidArgument;
    case VSTREAM_E_UNSUPPORTED:
      return Code::kUnsupported;
    case VSTREAM_E_NOT_FOUND:
      return Code::kNotFound;
    case VSTREAM_E_PERMISSION:
      return Code::kPermission;
    case VSTREAM_E_BUSY:
      return Code::kBusy;
    case VSTREAM_E_NO_MEMORY:
      return Code::kNoMemory;
    case VSTREAM_E_IO:
      return Code::kIo;
    case VSTREAM_E_TIMEOUT:
      return Code::kTimeout;
    default:
      return Code::kInternal;
  }
}

}  // namespace

Status BackendCall::Check(int32_t code, const char* operation) const {
  if (code == VSTREAM_OK) return {};
  std::string message = OneLine(ArrayText(error_.message), sizeof error_.message);
  const Code known = FromAbi(code);
  if (known == Code::kInternal && code != VSTREAM_E_INTERNAL) {
    std::string what = "status code " + std::to_string(code) + " is no answer to this call";
    if (!message.empty()) what += ": " + message;
    return Violation(operation, what, "BE-20");
  }
  if (message.empty()) {
    message = std::string(operation) + ": failed with status code " + std::to_string(code) + " and without a message";
  }
  return Error{known, prefix_ + message};
}

Error BackendCall::Violation(const char* operation, std::string_view what, const char* rule) const {
  std::string message = prefix_ + operation + ": ";
  message.append(what).append(" (").append(rule).append(")");
  return {Code::kInternal, std::move(message)};
}

Error BackendCall::EndOfStream() const {
  const std::string message = OneLine(ArrayText(error_.message), sizeof error_.message);
  return {Code::kEndOfStream, prefix_ + (message.empty() ? "end of stream" : message)};
}

Error BackendCall::WrongSize(const char* operation, uint32_t size, size_t room) const {
  return Violation(
      operation, "struct_size " + std::to_string(size) + " in a record of " + std::to_string(room) + " bytes", "BE-21");
}

int32_t BackendCall::Thrown(std::string_view what) {
  SetArrayText(error_.message, "exception crossed the border (BE-22): " + std::string(what));
  return VSTREAM_E_INTERNAL;
}

}  // namespace videostream
