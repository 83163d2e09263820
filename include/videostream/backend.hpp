// SPDX-License-Identifier: Apache-2.0
//
// The backend SDK: write a C++ class per kind, add one macro line, get the C ABI of backend.h.
//
//   class Grey : public videostream::backend::Allocator { ... };
//   constexpr videostream::backend::Identity kIdentity{.name = "grey", .version = "1.0", .license = "MIT"};
//   VIDEOSTREAM_BACKEND(kIdentity, Grey)
//
// Header-only; C++20; needs only the C and C++ standard libraries. Everything lives in an inline versioned namespace,
// so that backends built against different SDKs do not share symbols. Build with -fvisibility=hidden -fno-gnu-unique
// and a version script that exports `vstream_plugin` alone.
//
// Threads: methods of one object are called by one thread; see the C header of the kind for exceptions. Exceptions that
// leave a method are turned into VSTREAM_E_INTERNAL.
// Sizes: the wrappers copy every struct in and out by its struct_size; a method always sees complete structs.
#pragma once

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "videostream/allocator.h"
#include "videostream/backend.h"
#include "videostream/capture.h"
#include "videostream/converter.h"
#include "videostream/encoder.h"
#include "videostream/transport.h"

namespace videostream::backend {
inline namespace v0 {

/// Result of a method: default is success.
class [[nodiscard]] Status {
 public:
  Status() = default;
  /// `code`: VSTREAM_E_*; `message`: one line "object, operation: cause".
  Status(int32_t code, std::string message, int os_error = 0)
      : code_(code), os_error_(os_error), message_(std::move(message)) {}
  /// "what: strerror(error)", with the code that fits the errno value.
  static Status Errno(std::string_view what, int error);

  bool ok() const { return code_ == VSTREAM_OK; }          ///< true: nothing failed
  int32_t code() const { return code_; }                   ///< VSTREAM_OK or VSTREAM_E_*
  int os_error() const { return os_error_; }               ///< errno where one applies, else 0
  const std::string& message() const { return message_; }  ///< one line; empty if ok()

 private:
  int32_t code_ = VSTREAM_OK;
  int os_error_ = 0;
  std::string message_;
};

/// Success.
inline Status Ok() { return {}; }
/// Nothing ready now; the common answer of dequeue and collect. Allocates nothing.
inline Status Again() { return {VSTREAM_E_AGAIN, std::string()}; }

inline Status Status::Errno(std::string_view what, int error) {
  int32_t code = VSTREAM_E_IO;
  switch (error) {
    case ENOENT:
    case ENODEV:
    case ENXIO:
      code = VSTREAM_E_NOT_FOUND;
      break;
    case EACCES:
    case EPERM:
      code = VSTREAM_E_PERMISSION;
      break;
    case EBUSY:
    case EADDRINUSE:
      code = VSTREAM_E_BUSY;
      break;
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case ENFILE:
      code = VSTREAM_E_NO_MEMORY;
      break;
    case EINVAL:
    case ENAMETOOLONG:
      code = VSTREAM_E_INVALID;
      break;
    case EAGAIN:
      code = VSTREAM_E_AGAIN;
      break;
    case ETIMEDOUT:
      code = VSTREAM_E_TIMEOUT;
      break;
    default:
      break;
  }
  return {code, std::string(what) + ": " + std::strerror(error), error};
}

/// CPU access to an attached buffer; ends with the object. Movable.
class Mapping {
 public:
  Mapping() = default;  ///< nothing mapped
  /// Takes over what map has begun.
  Mapping(const vstream_runtime* host, uint32_t id, uint32_t access, const vstream_mapping& planes)
      : host_(host), id_(id), access_(access), planes_(planes) {}
  /// Takes it over.
  Mapping(Mapping&& other) noexcept { *this = std::move(other); }
  /// Swaps.
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(id_, other.id_);
    std::swap(access_, other.access_);
    std::swap(planes_, other.planes_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (host_ != nullptr) host_->unmap(host_->ctx, id_, access_);
  }

  explicit operator bool() const { return host_ != nullptr; }          ///< true while it is mapped
  uint8_t* data(uint32_t plane) const { return planes_.data[plane]; }  ///< first byte of the plane
  uint64_t size(uint32_t plane) const { return planes_.size[plane]; }  ///< bytes of the plane

 private:
  const vstream_runtime* host_ = nullptr;
  uint32_t id_ = 0;
  uint32_t access_ = 0;
  vstream_mapping planes_{};
};

/// The runtime's services. Copyable handle; usable from any thread until the object it was given to is destroyed.
class Host {
 public:
  Host() = default;
  /// Borrows the table.
  explicit Host(const vstream_runtime* host) : host_(host) {}
  /// `level`: VSTREAM_LOG_*.
  void Log(uint32_t level, std::string_view text) const { host_->log(host_->ctx, level, text.data(), text.size()); }
  int64_t NowNs() const { return host_->now_ns(host_->ctx); }  ///< CLOCK_MONOTONIC
  /// `access`: VSTREAM_ACCESS_*.
  Status Map(uint32_t buffer_id, uint32_t access, Mapping* out) const {
    vstream_mapping planes{};
    planes.struct_size = sizeof planes;
    vstream_error error{};
    error.struct_size = sizeof error;
    if (const int32_t code = host_->map(host_->ctx, buffer_id, access, &planes, &error); code != VSTREAM_OK) {
      return {code, error.message, error.os_error};
    }
    *out = Mapping(host_, buffer_id, access, planes);
    return Ok();
  }

 private:
  const vstream_runtime* host_ = nullptr;
};

/// The options of one create call. Valid during Open only.
class Options {
 public:
  /// Borrows it.
  explicit Options(const vstream_create_info& info) : info_(info) {}

  /// The last value of `name`, or `fallback`.
  std::string_view Text(std::string_view name, std::string_view fallback) const {
    std::string_view value = fallback;
    ForEach([&](std::string_view key, std::string_view text) {
      if (key == name) value = text;
    });
    return value;
  }
  /// The runtime has checked type and range against the schema; what is still no number gives the fallback.
  int64_t Integer(std::string_view name, int64_t fallback) const {
    const std::string_view text = Text(name, "");
    int64_t value = fallback;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? value : fallback;
  }
  /// `fallback` where it is not set.
  bool Boolean(std::string_view name, bool fallback) const {
    const std::string_view text = Text(name, "");
    return text.empty() ? fallback : text == "true";
  }
  /// Every value of `name`, in order.
  std::vector<std::string> List(std::string_view name) const {
    std::vector<std::string> values;
    ForEach([&](std::string_view key, std::string_view text) {
      if (key == name) values.emplace_back(text);
    });
    return values;
  }
  std::string_view device() const { return info_.device; }  ///< which device to open; empty: any
  std::string_view stream() const { return info_.stream; }  ///< for whom, for messages

 private:
  template <class F>
  void ForEach(F&& visit) const {
    const char* at = reinterpret_cast<const char*>(info_.options);
    for (uint32_t i = 0; i < info_.option_count; ++i, at += info_.option_stride) {
      const auto* option = reinterpret_cast<const vstream_option*>(at);
      visit(std::string_view(option->name), std::string_view(option->value));
    }
  }
  const vstream_create_info& info_;
};

/// Copies text into a fixed array of the ABI, cut at the end if need be, always NUL-terminated.
template <size_t N>
constexpr void SetText(char (&to)[N], std::string_view text) {
  const size_t length = std::min(text.size(), N - 1);
  for (size_t i = 0; i < length; ++i) to[i] = text[i];
  for (size_t i = length; i < N; ++i) to[i] = 0;
}

/// What Probe found.
using DeviceList = std::vector<vstream_device>;

/// A record with id, label and kind filled in, usable, to be completed by the caller.
inline vstream_device MakeDevice(uint32_t kind, std::string_view id, std::string_view label) {
  vstream_device device{};
  device.struct_size = sizeof device;
  device.kind = kind;
  SetText(device.id, id);
  SetText(device.label, label);
  return device;
}

/// Common to all kinds. A class must be default-constructible (cheap, cannot fail: work belongs into Open) and has
///   static Status Probe(const Host&, DeviceList&);             what this machine offers
/// and may have
///   static constexpr std::array<vstream_option_spec, N> kOptions;   what it understands
class Instance {
 public:
  virtual ~Instance() = default;
  Instance() = default;
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  /// Opens the device. Called once, first.
  virtual Status Open(const Options& options) = 0;
  /// Called by the generated table, before Open.
  void SetHost(Host host) { host_ = host; }

 protected:
  /// The services of the runtime.
  const Host& host() const { return host_; }

 private:
  Host host_;
};

/// See allocator.h for the contract of each method; likewise for the classes below.
class Allocator : public Instance {
 public:
  static constexpr uint32_t kKind = VSTREAM_KIND_ALLOCATOR;                                     ///< its kind
  virtual Status Info(vstream_allocator_info* out) = 0;                                         ///< what it gives out
  virtual Status Allocate(const vstream_allocation_request& request, vstream_buffer* out) = 0;  ///< one buffer
};

/// Optional methods, found by their presence in the class (each sets its capability bit):
///   Status ExportBuffer(uint32_t index, uint32_t buffer_id, vstream_buffer* out);
///   Status Reconfigure(const vstream_capture_request& request, uint32_t* outcome);
class Capture : public Instance {
 public:
  static constexpr uint32_t kKind = VSTREAM_KIND_CAPTURE;  ///< its kind
  virtual Status Configure(const vstream_capture_request& request,
                           vstream_capture_config* out) = 0;                    ///< the nearest the device can do
  virtual Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) = 0;  ///< make a buffer known under an id
  virtual Status Detach(uint32_t buffer_id) = 0;                                ///< forget it
  virtual Status Start() = 0;                                                   ///< from here on frames flow
  virtual Status Stop() = 0;                       ///< every queued buffer is the caller's again
  virtual Status Queue(uint32_t buffer_id) = 0;    ///< hand it an empty buffer
  virtual Status PollFd(int32_t* fd) = 0;          ///< readable when there is something to take
  virtual Status Dequeue(vstream_frame* out) = 0;  ///< the next filled buffer
};

/// See converter.h.
class Converter : public Instance {
 public:
  static constexpr uint32_t kKind = VSTREAM_KIND_CONVERTER;  ///< its kind
  virtual Status Configure(const vstream_converter_config& config,
                           vstream_converter_needs* out) = 0;                   ///< set the conversion
  virtual Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) = 0;  ///< make a buffer known under an id
  virtual Status Detach(uint32_t buffer_id) = 0;                                ///< forget it
  virtual Status Submit(const vstream_converter_job& job) = 0;                  ///< begin a job
  virtual Status PollFd(int32_t* fd) = 0;                     ///< readable when there is something to take
  virtual Status Collect(vstream_converter_result* out) = 0;  ///< the next finished one
};

/// Optional: Status SetBitrate(uint64_t bits_per_second);
class Encoder : public Instance {
 public:
  static constexpr uint32_t kKind = VSTREAM_KIND_ENCODER;  ///< its kind
  virtual Status Configure(const vstream_encoder_config& config,
                           vstream_encoder_needs* out) = 0;                     ///< set codec and input
  virtual Status Attach(uint32_t buffer_id, const vstream_buffer& buffer) = 0;  ///< make a buffer known under an id
  virtual Status Detach(uint32_t buffer_id) = 0;                                ///< forget it
  virtual Status Submit(const vstream_encoder_job& job) = 0;                    ///< begin a job
  virtual Status PollFd(int32_t* fd) = 0;                   ///< readable when there is something to take
  virtual Status Collect(vstream_encoder_result* out) = 0;  ///< the next finished one
  virtual Status Drain() = 0;                               ///< push out what is inside
};

/// See transport.h.
class Transport : public Instance {
 public:
  static constexpr uint32_t kKind = VSTREAM_KIND_TRANSPORT;                 ///< its kind
  virtual Status Info(vstream_transport_info* out) = 0;                     ///< what it needs and where it is
  virtual Status AddSet(const vstream_buffer_set& set) = 0;                 ///< announce buffers
  virtual Status RemoveSet(uint32_t epoch) = 0;                             ///< announce their end
  virtual Status Publish(uint32_t stream, const vstream_frame& frame) = 0;  ///< make a frame visible
  /// Take published buffers back.
  virtual Status Reclaim(uint32_t stream, const uint32_t* ids, uint32_t count, uint32_t want, uint32_t* taken,
                         uint32_t* taken_count) = 0;
  virtual Status PollFd(int32_t* fd) = 0;                        ///< readable when Service has work
  virtual Status Service() = 0;                                  ///< do that work, a bounded amount
  virtual Status NextEvent(vstream_transport_event* out) = 0;    ///< type NONE: there is none
  virtual Status SetState(uint32_t stream, uint32_t state) = 0;  ///< VSTREAM_TRANSPORT_STATE_*
  /// Appends every consumer.
  virtual Status Consumers(std::vector<vstream_consumer>* out) = 0;
};

/// Identity of a backend, for VIDEOSTREAM_BACKEND.
struct Identity {
  std::string_view name;                    ///< as the file, without ".so"
  std::string_view version;                 ///< for people
  std::string_view vendor = "";             ///< who made it
  std::string_view license = "Apache-2.0";  ///< SPDX expression
};

/// One line of an option schema; for `static constexpr std::array kOptions{Option(...), ...}`.
constexpr vstream_option_spec Option(std::string_view name, uint32_t type, std::string_view default_value,
                                     std::string_view help, uint32_t kinds, uint32_t flags = 0, int64_t minimum = 0,
                                     int64_t maximum = 0, std::string_view choices = "") {
  vstream_option_spec spec{};
  spec.struct_size = sizeof spec;
  spec.type = type;
  spec.flags = flags;
  spec.kinds = VSTREAM_KIND_BIT(kinds);
  spec.minimum = minimum;
  spec.maximum = maximum;
  SetText(spec.name, name);
  SetText(spec.default_value, default_value);
  SetText(spec.choices, choices);
  SetText(spec.help, help);
  return spec;
}

}  // namespace v0
}  // namespace videostream::backend

#include "videostream/backend_tables.hpp"  // at the end: it needs the classes above

/// Defines the backend: its Identity constant, then one class per kind. Once per shared object, at namespace scope.
#define VIDEOSTREAM_BACKEND(identity, ...)                              \
  extern "C" constinit const vstream_plugin_descriptor vstream_plugin = \
      ::videostream::backend::internal::Plugin<__VA_ARGS__>::Describe(identity);
