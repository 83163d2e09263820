// SPDX-License-Identifier: Apache-2.0
// What the functions of the C API have in common: errors, structs of other versions, exceptions, waits that end when
// their handle is closed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <string_view>

#include "videostream/error.h"

namespace videostream::capi {

// Fills in `error` (may be null) with the parts one after the other, cut at a whole character. Returns `code`.
inline int32_t Report(vstream_error* error, int32_t code, std::initializer_list<std::string_view> parts) noexcept {
  if (error == nullptr) return code;
  error->struct_size = sizeof *error;
  error->code = code;
  error->os_error = 0;
  error->reserved = 0;
  size_t used = 0;
  for (const std::string_view part : parts) {
    size_t size = std::min(part.size(), sizeof error->message - 1 - used);
    if (size < part.size()) {
      while (size > 0 && (static_cast<unsigned char>(part[size]) & 0xc0U) == 0x80U) --size;
    }
    std::memcpy(error->message + used, part.data(), size);
    used += size;
    if (size < part.size()) break;
  }
  error->message[used] = '\0';
  return code;
}
inline int32_t Done(vstream_error* error) noexcept { return Report(error, VSTREAM_OK, {}); }
inline int32_t Invalid(vstream_error* error, std::string_view function, std::string_view why) noexcept {
  return Report(error, VSTREAM_E_INVALID, {function, ": ", why});
}
// `what`: "client", ...
inline int32_t NoSuchHandle(vstream_error* error, std::string_view function, std::string_view what,
                            const void* handle) noexcept {
  return Report(error, VSTREAM_E_INVALID,
                {function, ": the handle ",
                 handle == nullptr ? "is null, not that of a " : "is closed, or not that of a ", what});
}
inline int32_t TooManyHandles(vstream_error* error, std::string_view function) noexcept {
  return Report(error, VSTREAM_E_NO_MEMORY, {function, ": 65535 handles are open; close some"});
}

// Runs body(function); what it throws becomes an error.
template <class Body>
int32_t Guarded(vstream_error* error, const char* function, Body body) noexcept {
  try {
    return body(function);
  } catch (const std::bad_alloc&) {
    return Report(error, VSTREAM_E_NO_MEMORY, {function, ": out of memory"});
  } catch (...) {
    return Report(error, VSTREAM_E_INTERNAL, {function, ": unexpected exception"});
  }
}

// A struct of the caller's, who may have been built with another version of the header: its struct_size says how far
// it reaches. Sizes that no version can have are refused.
template <class S>
bool SaneSize(uint64_t size) {
  constexpr uint64_t kMost = 4096;
  return size >= sizeof(uint64_t) && size <= kMost && size % alignof(S) == 0;
}
template <class S>
bool SaneSize(const S* theirs) {
  return SaneSize<S>(uint64_t{theirs->struct_size});
}
// What lies beyond their size is 0 for us, what lies beyond ours does not exist.
template <class S>
S Read(const S* theirs) {
  S ours{};
  std::memcpy(&ours, theirs, std::min<size_t>(theirs->struct_size, sizeof ours));
  return ours;
}
template <class S>
void Write(S ours, S* theirs) {
  ours.struct_size = theirs->struct_size;
  std::memcpy(theirs, &ours, std::min<size_t>(ours.struct_size, sizeof ours));
}

enum class Waited { kDone, kTimeout, kClosed };

// As long as a thread that closes a handle may have to wait for a call that waits.
inline constexpr int64_t kSliceNs = 100'000'000;

// Calls step(nanoseconds) -> done?, with short times to wait, until it is done, the time is over or the handle is being
// closed.
template <class Pin, class Step>
Waited WaitInSlices(const Pin& pin, int64_t timeout_ns, Step step, int64_t slice_ns = kSliceNs) {
  const auto start = std::chrono::steady_clock::now();
  for (;;) {
    const std::chrono::nanoseconds past = std::chrono::steady_clock::now() - start;
    const int64_t left = std::max<int64_t>(timeout_ns, 0) - past.count();
    const bool done = step(std::chrono::nanoseconds(std::clamp<int64_t>(left, 0, slice_ns)));
    if (pin.closing()) return Waited::kClosed;
    if (done) return Waited::kDone;
    if (left <= slice_ns) return Waited::kTimeout;
  }
}

}  // namespace videostream::capi
