// SPDX-License-Identifier: Apache-2.0
// The one way core reports failure: Result<T> and Status, carrying an Error {code, message}. Success allocates nothing.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <type_traits>
#include <utility>

namespace videostream {

// What kind of failure it was: the caller's choice of what to do next. Names (CodeName) and exit codes are stable.
enum class Code : uint8_t {
  kInvalidArgument,  // the caller, command line or profile asks for something that is wrong in itself
  kUnsupported,      // understood, but nothing here can do it
  kNotFound,         // no such device, file, backend, stream or socket
  kPermission,       // refused by the kernel, by policy or by a peer
  kBusy,             // exists, but somebody else has it, or it cannot take more now
  kNoMemory,         // memory, descriptors or space ran out
  kIo,               // a device, file or peer failed
  kTimeout,          // a deadline passed
  kEndOfStream,      // the source ended in good order
  kCancelled,        // stopped on request
  kInternal,         // our own invariant is broken
};

// The message is one line without a trailing newline (profile errors excepted, which quote their source line); it names
// object, operation and cause, with names and paths in single ticks: `backend 'v4l2': open '/dev/video0': No such
// device`.
struct Error {
  Code code = Code::kInternal;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

// A T, or the Error that explains its absence. All observers are those of tl::expected (has_value, *, ->, error,
// value_or). A T converts to it, and so do an Error and what Fail() returns, so `return error;` is a failure. Reading
// the value of a failed Result is undefined: test it first. Monadic and_then/or_else are not available; write the early
// return.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using Base = tl::expected<T, Error>;

 public:
  Result() requires std::default_initializable<T>
  = default;

  template <class U = T>
  requires(!std::derived_from<std::remove_cvref_t<U>, Base> && !std::same_as<std::remove_cvref_t<U>, Error> &&
           !std::same_as<std::remove_cvref_t<U>, tl::unexpected<Error>> && std::convertible_to<U&&, T>)
      Result(U&& value)  // NOLINT(google-explicit-constructor): `return value;` must read as success
      : Base(tl::in_place, std::forward<U>(value)) {}

  Result(Error error)  // NOLINT(google-explicit-constructor): `return error;` must read as failure
      : Base(tl::unexpect, std::move(error)) {}
  Result(tl::unexpected<Error> error)  // NOLINT(google-explicit-constructor): what Fail() returns
      : Base(tl::unexpect, std::move(error.value())) {}
  Result(Base other)  // NOLINT(google-explicit-constructor): what map() returns
      : Base(std::move(other)) {}
};

// Success without a value: `return {};`.
template <>
class [[nodiscard]] Result<void> : public tl::expected<void, Error> {
  using Base = tl::expected<void, Error>;

 public:
  Result() = default;
  Result(Error error)  // NOLINT(google-explicit-constructor): `return error;` must read as failure
      : Base(tl::unexpect, std::move(error)) {}
  Result(tl::unexpected<Error> error)  // NOLINT(google-explicit-constructor): what Fail() returns
      : Base(tl::unexpect, std::move(error.value())) {}
  Result(Base other)  // NOLINT(google-explicit-constructor): what map() returns
      : Base(std::move(other)) {}
};

using Status = Result<void>;

// `return Fail(Code::kNotFound, "stream 'front': ...");` in a function returning any Result.
[[nodiscard]] inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// The same error with "prefix: " in front of its message; context is added on the way up, so the cause stays last.
[[nodiscard]] Error WithContext(Error error, std::string_view prefix);

// What a failed system call means: "what: Permission denied" with the Code that `err` (an errno value) belongs to.
// Does not read or change errno.
[[nodiscard]] Error ErrnoError(int err, std::string_view what);

// Only the classification of ErrnoError; anything not listed there is kIo.
[[nodiscard]] Code CodeFromErrno(int err);

// Stable lower_snake name for logs and JSON: "invalid_argument". Never null, "unknown" for a value outside the enum.
[[nodiscard]] const char* CodeName(Code code);

// The exit code of a program that ends because of this error: 2 usage or profile wrong, 3 nothing here can do it, 4
// refused, 5 timeout, 1 everything else (0 is success and never returned).
[[nodiscard]] int ExitCode(Code code);

// The same kind of failure as the public headers number it: VSTREAM_E_* of videostream/error.h, never VSTREAM_OK.
// kCancelled, which they do not have, is VSTREAM_E_END_OF_STREAM.
[[nodiscard]] int32_t AbiCode(Code code);

// The inverse, for codes that come back through a public interface; kInternal for a number that is no VSTREAM_E_*.
[[nodiscard]] Code CodeFromAbi(int32_t code);

}  // namespace videostream
