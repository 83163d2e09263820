// SPDX-License-Identifier: Apache-2.0
//
// The part of the backend SDK that nobody calls: turns the classes of backend.hpp into the tables of the C ABI.
// Included by backend.hpp; the entry point is the macro VIDEOSTREAM_BACKEND there.
//
// Every function here stands on the border: it copies structs in and out by their struct_size, lets no exception
// through, and leaves outputs untouched on error.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "videostream/backend.hpp"

namespace videostream::backend {
inline namespace v0 {
namespace internal {

template <class T>
T CopyIn(const T* from) {
  T full{};
  std::memcpy(&full, from, std::min<size_t>(from->struct_size, sizeof full));
  full.struct_size = sizeof full;
  return full;
}

template <class T>
void CopyOut(T* to, const T& full) {
  const uint32_t size = std::min<uint32_t>(to->struct_size, sizeof full);
  std::memcpy(to, &full, size);
  to->struct_size = size;
}

template <class T>
T Sized() {
  T value{};
  value.struct_size = sizeof value;
  return value;
}

inline int32_t Report(vstream_error* to, const Status& status) {
  if (status.ok()) return VSTREAM_OK;
  vstream_error error = Sized<vstream_error>();
  error.code = status.code();
  error.os_error = status.os_error();
  SetText(error.message, status.message());
  CopyOut(to, error);
  return status.code();
}

// Runs a method; nothing that it throws crosses the border.
template <class F>
int32_t Guard(vstream_error* error, F&& method) noexcept {
#if defined(__cpp_exceptions)
  try {
    return Report(error, method());
  } catch (const std::bad_alloc&) {
    return Report(error, {VSTREAM_E_NO_MEMORY, "out of memory"});
  } catch (const std::exception& e) {
    return Report(error, {VSTREAM_E_INTERNAL, std::string("exception: ") + e.what()});
  } catch (...) {
    return Report(error, {VSTREAM_E_INTERNAL, "exception of unknown type"});
  }
#else
  return Report(error, method());
#endif
}

// As Guard, with a complete struct for the method and a copy by size for the caller on success.
template <class Out, class F>
int32_t GuardOut(Out* out, vstream_error* error, F&& method) noexcept {
  return Guard(error, [&]() -> Status {
    Out full = Sized<Out>();
    Status status = method(&full);
    if (status.ok()) CopyOut(out, full);
    return status;
  });
}

template <class T>
T& As(void* self) {
  return *static_cast<T*>(self);
}

template <class T>
int32_t Create(const vstream_runtime* host, const vstream_create_info* info, void** self, vstream_error* error) {
  return Guard(error, [&]() -> Status {
    const vstream_create_info full = CopyIn(info);
    auto instance = std::make_unique<T>();
    instance->SetHost(Host(host));
    Status status = instance->Open(Options(full));
    if (status.ok()) *self = instance.release();
    return status;
  });
}

template <class T>
void Destroy(void* self) {
  delete static_cast<T*>(self);
}

template <class T>
int32_t Attach(void* self, uint32_t id, const vstream_buffer* buffer, vstream_error* error) {
  return Guard(error, [&] { return As<T>(self).Attach(id, CopyIn(buffer)); });
}
template <class T>
int32_t Detach(void* self, uint32_t id, vstream_error* error) {
  return Guard(error, [&] { return As<T>(self).Detach(id); });
}
template <class T>
int32_t PollFd(void* self, int32_t* fd, vstream_error* error) {
  return Guard(error, [&] { return As<T>(self).PollFd(fd); });
}

template <class T>
constexpr vstream_allocator_ops AllocatorOps() {
  vstream_allocator_ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Create<T>;
  ops.destroy = &Destroy<T>;
  ops.info = [](void* self, vstream_allocator_info* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_allocator_info* full) { return As<T>(self).Info(full); });
  };
  ops.allocate = [](void* self, const vstream_allocation_request* request, vstream_buffer* out,
                    vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_buffer* full) {
      std::fill(std::begin(full->fds), std::end(full->fds), -1);
      return As<T>(self).Allocate(CopyIn(request), full);
    });
  };
  return ops;
}

template <class T>
constexpr vstream_capture_ops CaptureOps() {
  vstream_capture_ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Create<T>;
  ops.destroy = &Destroy<T>;
  ops.configure = [](void* self, const vstream_capture_request* request, vstream_capture_config* out,
                     vstream_error* error) -> int32_t {
    return GuardOut(out, error,
                    [&](vstream_capture_config* full) { return As<T>(self).Configure(CopyIn(request), full); });
  };
  ops.attach = &Attach<T>;
  ops.detach = &Detach<T>;
  ops.start = [](void* self, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Start(); });
  };
  ops.stop = [](void* self, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Stop(); });
  };
  ops.queue = [](void* self, uint32_t id, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Queue(id); });
  };
  ops.poll_fd = &PollFd<T>;
  ops.dequeue = [](void* self, vstream_frame* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_frame* full) {
      full->acquire_fence = full->release_fence = -1;
      return As<T>(self).Dequeue(full);
    });
  };
  if constexpr (requires(T & t, vstream_buffer * b) { t.ExportBuffer(0u, 0u, b); }) {
    ops.capabilities |= VSTREAM_CAPTURE_CAP_EXPORT;
    ops.export_buffer = [](void* self, uint32_t index, uint32_t id, vstream_buffer* out,
                           vstream_error* error) -> int32_t {
      return GuardOut(out, error, [&](vstream_buffer* full) {
        std::fill(std::begin(full->fds), std::end(full->fds), -1);
        return As<T>(self).ExportBuffer(index, id, full);
      });
    };
  }
  if constexpr (requires(T & t, const vstream_capture_request& r, uint32_t* o) { t.Reconfigure(r, o); }) {
    ops.capabilities |= VSTREAM_CAPTURE_CAP_RECONFIGURE;
    ops.reconfigure = [](void* self, const vstream_capture_request* request, uint32_t* outcome,
                         vstream_error* error) -> int32_t {
      return Guard(error, [&] { return As<T>(self).Reconfigure(CopyIn(request), outcome); });
    };
  }
  return ops;
}

template <class T>
constexpr vstream_converter_ops ConverterOps() {
  vstream_converter_ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Create<T>;
  ops.destroy = &Destroy<T>;
  ops.configure = [](void* self, const vstream_converter_config* config, vstream_converter_needs* out,
                     vstream_error* error) -> int32_t {
    return GuardOut(out, error,
                    [&](vstream_converter_needs* full) { return As<T>(self).Configure(CopyIn(config), full); });
  };
  ops.attach = &Attach<T>;
  ops.detach = &Detach<T>;
  ops.submit = [](void* self, const vstream_converter_job* job, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Submit(CopyIn(job)); });
  };
  ops.poll_fd = &PollFd<T>;
  ops.collect = [](void* self, vstream_converter_result* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_converter_result* full) { return As<T>(self).Collect(full); });
  };
  return ops;
}

template <class T>
constexpr vstream_encoder_ops EncoderOps() {
  vstream_encoder_ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Create<T>;
  ops.destroy = &Destroy<T>;
  ops.configure = [](void* self, const vstream_encoder_config* config, vstream_encoder_needs* out,
                     vstream_error* error) -> int32_t {
    return GuardOut(out, error,
                    [&](vstream_encoder_needs* full) { return As<T>(self).Configure(CopyIn(config), full); });
  };
  ops.attach = &Attach<T>;
  ops.detach = &Detach<T>;
  ops.submit = [](void* self, const vstream_encoder_job* job, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Submit(CopyIn(job)); });
  };
  ops.poll_fd = &PollFd<T>;
  ops.collect = [](void* self, vstream_encoder_result* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_encoder_result* full) {
      full->packet.acquire_fence = full->packet.release_fence = -1;
      full->packet.struct_size = sizeof full->packet;
      return As<T>(self).Collect(full);
    });
  };
  ops.drain = [](void* self, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Drain(); });
  };
  if constexpr (requires(T & t) { t.SetBitrate(uint64_t{}); }) {
    ops.capabilities |= VSTREAM_ENCODER_CAP_BITRATE;
    ops.set_bitrate = [](void* self, uint64_t bitrate, vstream_error* error) -> int32_t {
      return Guard(error, [&] { return As<T>(self).SetBitrate(bitrate); });
    };
  }
  return ops;
}

// Copies records into an array of the caller's stride and capacity; `*count` is the number there are.
template <class T>
void CopyRecords(const std::vector<T>& records, T* out, uint32_t stride, uint32_t capacity, uint32_t* count) {
  *count = static_cast<uint32_t>(records.size());
  char* at = reinterpret_cast<char*>(out);
  for (uint32_t i = 0; i < std::min(*count, capacity); ++i, at += stride) {
    T full = records[i];
    full.struct_size = std::min<uint32_t>(stride, sizeof full);
    std::memcpy(at, &full, full.struct_size);
  }
}

template <class T>
constexpr vstream_transport_ops TransportOps() {
  vstream_transport_ops ops{};
  ops.struct_size = sizeof ops;
  ops.create = &Create<T>;
  ops.destroy = &Destroy<T>;
  ops.info = [](void* self, vstream_transport_info* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_transport_info* full) { return As<T>(self).Info(full); });
  };
  ops.add_set = [](void* self, const vstream_buffer_set* set, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).AddSet(CopyIn(set)); });
  };
  ops.remove_set = [](void* self, uint32_t epoch, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).RemoveSet(epoch); });
  };
  ops.publish = [](void* self, uint32_t stream, const vstream_frame* frame, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Publish(stream, CopyIn(frame)); });
  };
  ops.reclaim = [](void* self, uint32_t stream, const uint32_t* ids, uint32_t count, uint32_t want, uint32_t* taken,
                   uint32_t* taken_count, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Reclaim(stream, ids, count, want, taken, taken_count); });
  };
  ops.poll_fd = &PollFd<T>;
  ops.service = [](void* self, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).Service(); });
  };
  ops.next_event = [](void* self, vstream_transport_event* out, vstream_error* error) -> int32_t {
    return GuardOut(out, error, [&](vstream_transport_event* full) { return As<T>(self).NextEvent(full); });
  };
  ops.set_state = [](void* self, uint32_t stream, uint32_t state, vstream_error* error) -> int32_t {
    return Guard(error, [&] { return As<T>(self).SetState(stream, state); });
  };
  ops.consumers = [](void* self, vstream_consumer* out, uint32_t stride, uint32_t capacity, uint32_t* count,
                     vstream_error* error) -> int32_t {
    return Guard(error, [&]() -> Status {
      std::vector<vstream_consumer> all;
      Status status = As<T>(self).Consumers(&all);
      if (status.ok()) CopyRecords(all, out, stride, capacity, count);
      return status;
    });
  };
  return ops;
}

// The tables and records of a plugin made of the classes Ts, at most one per kind.
template <class... Ts>
struct Plugin {
  template <class Base>
  static constexpr int kCount = (0 + ... + (std::is_base_of_v<Base, Ts> ? 1 : 0));
  static_assert(sizeof...(Ts) > 0, "a backend serves at least one kind");
  static_assert(kCount<Allocator> <= 1 && kCount<Capture> <= 1 && kCount<Converter> <= 1 && kCount<Encoder> <= 1 &&
                    kCount<Transport> <= 1,
                "one class per kind");

  template <class T>
  static constexpr auto Ops() {
    if constexpr (std::is_base_of_v<Allocator, T>)
      return AllocatorOps<T>();
    else if constexpr (std::is_base_of_v<Capture, T>)
      return CaptureOps<T>();
    else if constexpr (std::is_base_of_v<Converter, T>)
      return ConverterOps<T>();
    else if constexpr (std::is_base_of_v<Encoder, T>)
      return EncoderOps<T>();
    else
      return TransportOps<T>();
  }
  template <class T>
  static constexpr auto kOps = Ops<T>();

  template <class T>
  static constexpr size_t OptionCount() {
    if constexpr (requires { T::kOptions.size(); })
      return T::kOptions.size();
    else
      return 0;
  }
  static constexpr size_t kOptionCount = (0 + ... + OptionCount<Ts>());
  template <class T, class Array>
  static constexpr void AppendOptions(Array& to, size_t& at) {
    if constexpr (requires { T::kOptions.size(); }) {
      for (const vstream_option_spec& option : T::kOptions) to[at++] = option;
    }
  }
  static constexpr auto kOptions = [] {
    std::array<vstream_option_spec, kOptionCount + 1> all{};  // +1: never empty
    [[maybe_unused]] size_t at = 0;
    (AppendOptions<Ts>(all, at), ...);
    return all;
  }();

  static int32_t Probe(const vstream_runtime* host, vstream_device* devices, uint32_t stride, uint32_t capacity,
                       uint32_t* count, vstream_error* error) {
    return Guard(error, [&]() -> Status {
      DeviceList all;
      Status status;
      ((status.ok() ? void(status = Ts::Probe(Host(host), all)) : void()), ...);
      if (status.ok()) CopyRecords(all, devices, stride, capacity, count);
      return status;
    });
  }

  template <class T>
  static constexpr void Enter(vstream_plugin_table& table) {
    if constexpr (std::is_base_of_v<Allocator, T>)
      table.allocator = &kOps<T>;
    else if constexpr (std::is_base_of_v<Capture, T>)
      table.capture = &kOps<T>;
    else if constexpr (std::is_base_of_v<Converter, T>)
      table.converter = &kOps<T>;
    else if constexpr (std::is_base_of_v<Encoder, T>)
      table.encoder = &kOps<T>;
    else
      table.transport = &kOps<T>;
  }
  static constexpr vstream_plugin_table MakeTable() {
    vstream_plugin_table table{};
    table.struct_size = sizeof table;
    table.option_count = kOptionCount;
    table.options = kOptions.data();
    table.option_stride = sizeof(vstream_option_spec);
    table.probe = &Probe;
    (Enter<Ts>(table), ...);
    return table;
  }
  static constexpr vstream_plugin_table kTable = MakeTable();

  static constexpr vstream_plugin_descriptor Describe(const Identity& identity) {
    vstream_plugin_descriptor descriptor{};
    SetText(descriptor.identity.magic, VSTREAM_MAGIC);
    descriptor.identity.struct_size = sizeof descriptor;
    descriptor.identity.abi_major = VSTREAM_ABI_MAJOR;
    descriptor.identity.abi_minor = VSTREAM_ABI_MINOR;
    descriptor.identity.kinds = (0u | ... | VSTREAM_KIND_BIT(Ts::kKind));
    SetText(descriptor.identity.name, identity.name);
    SetText(descriptor.identity.version, identity.version);
    SetText(descriptor.identity.vendor, identity.vendor);
    SetText(descriptor.identity.license, identity.license);
    descriptor.table = &kTable;
    return descriptor;
  }
};

}  // namespace internal

}  // namespace v0
}  // namespace videostream::backend
