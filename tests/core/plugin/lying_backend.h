// SPDX-License-Identifier: Apache-2.0
// Backends for the tests of the adapters: every function is what the test says, by default a plain success.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "core/frame/buffer.h"
#include "core/frame/layout.h"
#include "core/plugin/create_args.h"
#include "videostream/allocator.h"
#include "videostream/capture.h"
#include "videostream/converter.h"
#include "videostream/encoder.h"
#include "videostream/transport.h"

namespace videostream::testing {

// Writes a message and returns the code: what a backend does when it fails.
inline int32_t Say(vstream_error* error, int32_t code, const char* message) {
  error->code = code;
  std::strncpy(error->message, message, sizeof error->message - 1);
  return code;
}

template <class Signature>
struct ErrorAdded;
template <class... P>
struct ErrorAdded<int32_t(P...)> {
  using Type = std::function<int32_t(P..., vstream_error*)>;
};
// A function of a table without its `self`, settable by a test.
template <class Signature>
using Act = typename ErrorAdded<Signature>::Type;

// What the functions of the tables find in `self`; tests set the members. Not all are used by every kind.
struct Liar {
  Act<int32_t()> start, stop, drain, service;
  Act<int32_t(uint32_t)> queue, detach, remove_set;
  Act<int32_t(uint32_t, const vstream_buffer*)> attach;
  Act<int32_t(int32_t*)> poll_fd;
  Act<int32_t(const vstream_runtime*, const vstream_create_info*, void**)> create;
  std::function<void()> destroy;
  const vstream_runtime* host = nullptr;

  Act<int32_t(vstream_allocator_info*)> allocator_info;
  Act<int32_t(const vstream_allocation_request*, vstream_buffer*)> allocate;
  Act<int32_t(const vstream_capture_request*, vstream_capture_config*)> configure_capture;
  Act<int32_t(vstream_frame*)> dequeue;
  Act<int32_t(const vstream_converter_config*, vstream_converter_needs*)> configure_converter;
  Act<int32_t(const vstream_converter_job*)> submit_conversion;
  Act<int32_t(vstream_converter_result*)> collect_conversion;
  Act<int32_t(const vstream_encoder_config*, vstream_encoder_needs*)> configure_encoder;
  Act<int32_t(const vstream_encoder_job*)> submit_encoding;
  Act<int32_t(vstream_encoder_result*)> collect_packet;
  Act<int32_t(uint64_t)> set_bitrate;
  Act<int32_t(vstream_transport_info*)> transport_info;
  Act<int32_t(const vstream_buffer_set*)> add_set;
  Act<int32_t(uint32_t, const vstream_frame*)> publish;
  Act<int32_t(uint32_t, const uint32_t*, uint32_t, uint32_t, uint32_t*, uint32_t*)> reclaim;
  Act<int32_t(vstream_transport_event*)> next_event;
  Act<int32_t(uint32_t, uint32_t)> set_state;
  Act<int32_t(vstream_consumer*, uint32_t, uint32_t, uint32_t*)> consumers;

  Liar() { current = this; }
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;

  // The one that create hands out.
  static inline Liar* current = nullptr;

  static int32_t Create(const vstream_runtime* host, const vstream_create_info* info, void** self,
                        vstream_error* error) {
    current->host = host;
    *self = current;
    return current->create ? current->create(host, info, self, error) : VSTREAM_OK;
  }
  static void Destroy(void* self) {
    if (static_cast<Liar*>(self)->destroy) static_cast<Liar*>(self)->destroy();
  }
};

// The C function that calls member `M` of the Liar in `self`.
template <auto M, class Function>
struct ThunkOf;
template <auto M, class... P>
struct ThunkOf<M, std::function<int32_t(P...)>> {
  static int32_t Call(void* self, P... p) {
    auto& act = static_cast<Liar*>(self)->*M;
    return act ? act(p...) : VSTREAM_OK;
  }
};
template <class>
struct MemberOf;
template <class F>
struct MemberOf<F Liar::*> {
  using Type = F;
};
template <auto M>
inline constexpr auto kThunk = &ThunkOf<M, typename MemberOf<decltype(M)>::Type>::Call;

template <class Ops>
Ops BasicOps() {
  Ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Liar::Create;
  ops.destroy = &Liar::Destroy;
  return ops;
}

// Grey pixels in a memfd of its own, mapped.
inline std::shared_ptr<const Buffer> GreyBuffer(uint32_t width = 16, uint32_t height = 8) {
  vstream_buffer desc{};
  desc.struct_size = sizeof desc;
  desc.fd_count = 1;
  desc.layout = ComputeLayout(VSTREAM_FORMAT_GREY, width, height).value();
  desc.fd_size[0] = LayoutBytes(desc.layout);
  desc.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
  std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
  fds[0].reset(memfd_create("grey", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fds[0].get(), static_cast<off_t>(desc.fd_size[0])), 0) << strerror(errno);
  auto buffer = Buffer::Make(std::move(fds), desc, true);
  EXPECT_TRUE(buffer) << buffer.error().message;
  return buffer ? *buffer : nullptr;
}

// Room for one packet of `bytes`.
inline std::shared_ptr<const Buffer> PacketBuffer(uint64_t bytes = 1000) {
  vstream_buffer desc{};
  desc.struct_size = sizeof desc;
  desc.fd_count = 1;
  desc.layout = PacketLayout(VSTREAM_FORMAT_H264, bytes).value();
  desc.fd_size[0] = bytes;
  desc.memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CPU_ACCESS;
  std::array<UniqueFd, VSTREAM_MAX_FDS> fds;
  fds[0].reset(memfd_create("packet", MFD_CLOEXEC));
  EXPECT_EQ(ftruncate(fds[0].get(), static_cast<off_t>(bytes)), 0) << strerror(errno);
  auto buffer = Buffer::Make(std::move(fds), desc, true);
  EXPECT_TRUE(buffer) << buffer.error().message;
  return buffer ? *buffer : nullptr;
}

// Code and message in one, for one comparison.
template <class R>
std::string Said(const R& result) {
  return result ? "ok" : std::string(CodeName(result.error().code)) + ": " + result.error().message;
}

}  // namespace videostream::testing
