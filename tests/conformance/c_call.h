// SPDX-License-Identifier: Apache-2.0
// A call over the C border, with the rules that hold for every call checked at each: a known code, one line of text,
// nothing beyond the error record, outputs untouched on error. What breaks one is a failure of the running test.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream::conformance {

// The runtime's code for a backend's.
[[nodiscard]] Code ToCode(int32_t code);
// "VSTREAM_E_BUSY (-5)".
[[nodiscard]] std::string CodeText(int32_t code);

class CCall {
 public:
  // function(args..., &error); `what` names it in failures.
  template <class... Parameters, class... Arguments>
  int32_t operator()(const char* what, int32_t (*function)(Parameters...), Arguments... args) {
    Prepare();
    code_ = function(args..., &record_.error);
    Check(what);
    return code_;
  }

  // As above, with `out` among the arguments: on error not one byte of it may have changed.
  template <class T, class... Parameters, class... Arguments>
  int32_t WithOutput(T* out, const char* what, int32_t (*function)(Parameters...), Arguments... args) {
    T before;
    std::memcpy(&before, out, sizeof before);
    (*this)(what, function, args...);
    if (code_ != VSTREAM_OK && std::memcmp(&before, out, sizeof before) != 0) {
      ADD_FAILURE() << what << " has failed with " << CodeText(code_) << " and has written to its output";
    }
    return code_;
  }

  // The last call's answer.
  int32_t code() const { return code_; }
  std::string message() const { return record_.error.message; }
  Status ToStatus() const {
    if (code_ == VSTREAM_OK) return {};
    return Fail(ToCode(code_), message());
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr unsigned char kGuardByte = 0xA7;
  struct Record {
    vstream_error error;
    unsigned char guard[kGuard];
  };
  void Prepare();
  void Check(const char* what);

  Record record_{};
  int32_t code_ = VSTREAM_OK;
};

// A record as the runtime hands it over to be filled in.
template <class T>
T EmptyRecord() {
  T record{};
  record.struct_size = sizeof record;
  return record;
}

// An output record of any size: shorter than the type (an older runtime), longer (a newer one), full of rubbish, with
// guard bytes behind.
template <class T>
class SizedOutput {
 public:
  explicit SizedOutput(size_t size) : size_(size) {
    std::memset(bytes_, kRubbish, sizeof bytes_);
    const auto struct_size = static_cast<uint32_t>(size);
    std::memcpy(bytes_, &struct_size, sizeof struct_size);
    std::memcpy(before_, bytes_, sizeof bytes_);
  }
  T* get() { return reinterpret_cast<T*>(bytes_); }
  // What there is of it, the rest 0.
  T Read() const {
    T full{};
    std::memcpy(&full, bytes_, std::min(size_, sizeof full));
    return full;
  }
  bool Untouched() const { return std::memcmp(bytes_, before_, sizeof bytes_) == 0; }
  // Neither the bytes behind it have changed, nor those of a newer runtime that this backend cannot know.
  bool TailUntouched() const {
    const size_t from = std::min(size_, sizeof(T));
    return std::memcmp(bytes_ + from, before_ + from, sizeof bytes_ - from) == 0;
  }

 private:
  static constexpr int kRubbish = 0x5B;
  size_t size_;
  alignas(16) unsigned char bytes_[sizeof(T) + 256];
  unsigned char before_[sizeof(T) + 256];
};

}  // namespace videostream::conformance
