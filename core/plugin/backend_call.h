// SPDX-License-Identifier: Apache-2.0
// A call into a backend, with everything that may come back from it distrusted: codes, messages, exceptions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream {

// One per instance, used by whoever drives it, one call at a time. Success allocates nothing.
class BackendCall {
 public:
  explicit BackendCall(std::string_view name) : prefix_("backend '" + std::string(name) + "': ") {}

  // Calls function(args..., &error). An exception that crosses the border becomes VSTREAM_E_INTERNAL. What it returned
  // is the backend's word: pass it to Check, unless it is a code that the operation knows (VSTREAM_E_AGAIN).
  template <class... Parameters, class... Arguments>
  int32_t operator()(int32_t (*function)(Parameters...), Arguments... args) {
    Reset();
    try {
      return function(args..., &error_);
    } catch (const std::exception& e) {
      return Thrown(e.what());
    } catch (...) {
      return Thrown("of unknown type");
    }
  }

  // What a status code means: success, or "backend 'NAME': <its message>". AGAIN and END_OF_STREAM, where the caller
  // has not taken them out before, positive and unknown codes are kInternal and say the number (BE-20).
  [[nodiscard]] Status Check(int32_t code, const char* operation) const;

  // An empty record for the backend to fill in.
  template <class T>
  [[nodiscard]] static T Empty() {
    T record{};
    record.struct_size = sizeof record;
    return record;
  }
  // After success: the record claims no more than it had room for (BE-21); fields beyond what it claims become 0, and
  // struct_size ours.
  template <class T>
  [[nodiscard]] Status CheckSize(T& record, const char* operation) const {
    const uint32_t size = record.struct_size;
    if (size < sizeof record.struct_size || size > sizeof record) return WrongSize(operation, size, sizeof record);
    std::memset(reinterpret_cast<char*>(&record) + size, 0, sizeof record - size);
    record.struct_size = sizeof record;
    return {};
  }

  // kInternal: "backend 'NAME': OPERATION: WHAT (RULE)".
  [[nodiscard]] Error Violation(const char* operation, std::string_view what, const char* rule) const;
  // kInternal: "backend 'NAME': OPERATION: <message of the failed check> (RULE)".
  [[nodiscard]] Error Violation(const char* operation, const Error& why, const char* rule) const {
    return Violation(operation, why.message, rule);
  }
  // An error that is not the backend's fault, with its name in front.
  [[nodiscard]] Error Failure(Code code, std::string_view what) const { return {code, prefix_ + std::string(what)}; }
  // kEndOfStream, with what the backend said about it.
  [[nodiscard]] Error EndOfStream() const;

  // The code as the ABI knows it: VSTREAM_E_INTERNAL for numbers outside of it.
  [[nodiscard]] static int32_t KnownCode(int32_t code) {
    return code <= VSTREAM_OK && code >= VSTREAM_E_INTERNAL ? code : VSTREAM_E_INTERNAL;
  }

 private:
  void Reset() {
    error_.struct_size = sizeof error_;
    error_.code = VSTREAM_OK;
    error_.os_error = 0;
    error_.message[0] = '\0';
  }
  int32_t Thrown(std::string_view what);
  Error WrongSize(const char* operation, uint32_t size, size_t room) const;

  std::string prefix_;
  vstream_error error_{};
};

}  // namespace videostream
