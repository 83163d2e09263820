// SPDX-License-Identifier: Apache-2.0
// The C API of the producer library, over the class Host.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/c_api.h"
#include "client/handles.h"
#include "videostream/host.h"
#include "videostream/host.hpp"

namespace {

using videostream::Host;
using videostream::HostConsumer;
using videostream::HostOptions;
using videostream::HostStats;
using videostream::WriteBuffer;
using namespace videostream::capi;  // NOLINT(google-build-using-namespace): what this file is written with

constexpr uint64_t kMaxNames = 64;                    // in one list of the options
constexpr int64_t kLookNs = 10 * int64_t{1'000'000};  // between two looks at who is there

// Host tells why the last call failed, whoever made it: `calls` keeps a call and the question together.
struct Entry {
  explicit Entry(Host made) : host(std::move(made)) {}
  std::mutex calls;
  Host host;
};

constinit HandleTable<std::unique_ptr<Entry>, Kind::kHost> hosts;
constinit HandleTable<WriteBuffer, Kind::kHostBuffer> buffers;

int32_t ReportHost(const Host& host, const char* function, vstream_error* error) {
  const int code = host.error_code();
  return Report(error, code == VSTREAM_OK ? VSTREAM_E_INTERNAL : code, {function, ": ", host.error()});
}

// Empty, or what is wrong with the list.
std::string Convert(const char* field, const char* const* names, uint64_t count, std::vector<std::string>* out) {
  if (names == nullptr) return count == 0 ? std::string() : std::string(field) + " is null, its count is not 0";
  if (count > kMaxNames) {
    return std::string(field) + " has " + std::to_string(count) + " entries, expected at most " +
           std::to_string(kMaxNames);
  }
  out->clear();
  for (uint64_t i = 0; i < count; ++i) {
    if (names[i] == nullptr) return std::string(field) + "[" + std::to_string(i) + "] is null";
    out->emplace_back(names[i]);
  }
  return {};
}

template <class T>
void SetUnless0(T value, T* out) {
  if (value != 0) *out = value;
}

// Empty, or what is wrong with the options. Ranges are the business of Host.
std::string Convert(const vstream_host_options& theirs, HostOptions* out) {
  if (!SaneSize(&theirs)) {
    return "options.struct_size is " + std::to_string(theirs.struct_size) + ", expected sizeof(vstream_host_options)";
  }
  const vstream_host_options options = Read(&theirs);
  out->width = options.width;
  out->height = options.height;
  SetUnless0(options.format, &out->format);
  SetUnless0(options.buffers, &out->buffers);
  SetUnless0(options.leases, &out->leases);
  SetUnless0(options.clients, &out->clients);
  SetUnless0(options.mode, &out->mode);
  SetUnless0(options.write_buffers, &out->write_buffers);
  if (options.lease_time_ns != 0) out->lease_time = std::chrono::nanoseconds(options.lease_time_ns);
  if (options.hold_time_ns != 0) out->hold_time = std::chrono::nanoseconds(options.hold_time_ns);
  if (options.transport != nullptr) out->transport = options.transport;
  if (options.group != nullptr) out->group = options.group;
  out->protect_copy = options.protect_copy != 0;
  out->rate = options.rate;
  out->colorimetry = options.colorimetry;
  std::string why = Convert("options.allocators", options.allocators, options.allocator_count, &out->allocators);
  if (why.empty()) {
    why = Convert("options.backend_dirs", options.backend_dirs, options.backend_dir_count, &out->backend_dirs);
  }
  if (why.empty()) {
    why = Convert("options.allow_uids", options.allow_uids, options.allow_uid_count, &out->allow_uids);
  }
  if (!why.empty()) return why;
  return Convert("options.allow_gids", options.allow_gids, options.allow_gid_count, &out->allow_gids);
}

// Empty, or what is wrong.
std::string Apply(const vstream_publish_info* theirs, WriteBuffer* buffer) {
  if (theirs == nullptr) return {};
  if (!SaneSize(theirs)) {
    return "info.struct_size is " + std::to_string(theirs->struct_size) + ", expected sizeof(vstream_publish_info)";
  }
  const vstream_publish_info info = Read(theirs);
  buffer->set_flags(info.flags);
  if (info.pts_ns != 0) buffer->set_pts_ns(info.pts_ns);
  buffer->set_duration_ns(info.duration_ns);
  buffer->set_visible(info.visible);
  return {};
}

vstream_host_buffer_view View(const WriteBuffer& buffer) {
  vstream_host_buffer_view view{};
  view.format = buffer.format();
  view.width = buffer.width();
  view.height = buffer.height();
  view.plane_count = buffer.plane_count();
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    view.data[i] = buffer.data(i);
    view.size[i] = buffer.size(i);
    view.stride[i] = buffer.stride(i);
  }
  return view;
}

vstream_host_consumer Convert(const HostConsumer& consumer) {
  vstream_host_consumer out{};
  out.id = consumer.id;
  out.pid = consumer.pid;
  out.uid = consumer.uid;
  out.queue = consumer.queue;
  out.held = consumer.held;
  out.published = consumer.published;
  out.taken = consumer.taken;
  static_assert(VSTREAM_DROP_REASONS <= std::size(vstream_host_consumer{}.skipped));
  std::copy(consumer.skipped.begin(), consumer.skipped.end(), out.skipped);
  out.revoked = consumer.revoked;
  out.lag = consumer.lag();
  std::memcpy(out.name, consumer.name.data(), std::min(consumer.name.size(), sizeof out.name - 1));
  return out;
}

vstream_host_stats Convert(const HostStats& stats) {
  vstream_host_stats out{};
  out.published = stats.published;
  out.bytes = stats.bytes;
  out.refused = stats.refused;
  out.consumers = stats.consumers;
  out.connections_refused = stats.connections_refused;
  return out;
}

}  // namespace

int32_t vstream_host_create(const char* socket_path, const vstream_host_options* options, vstream_host** host,
                            vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    if (socket_path == nullptr) return Invalid(error, function, "socket_path is null");
    if (options == nullptr) return Invalid(error, function, "options is null: width and height must be set");
    if (host == nullptr) return Invalid(error, function, "host is null");
    HostOptions wanted;
    if (const std::string why = Convert(*options, &wanted); !why.empty()) return Invalid(error, function, why);
    auto entry = std::make_unique<Entry>(Host::create(socket_path, std::move(wanted)));
    if (!entry->host) return ReportHost(entry->host, function, error);
    void* handle = hosts.Add(std::move(entry));
    if (handle == nullptr) return TooManyHandles(error, function);
    *host = static_cast<vstream_host*>(handle);
    return Done(error);
  });
}

int32_t vstream_host_destroy(vstream_host* host) {
  return Guarded(nullptr, __func__, [&](const char* /*function*/) {
    return hosts.Take(host).has_value() ? VSTREAM_OK : VSTREAM_E_INVALID;
  });
}

int32_t vstream_host_get_write_buffer(vstream_host* host, vstream_host_buffer** buffer, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = hosts.Find(host);
    if (!pin) return NoSuchHandle(error, function, "host", host);
    if (buffer == nullptr) return Invalid(error, function, "buffer is null");
    Entry& entry = **pin;
    std::unique_lock lock(entry.calls);
    WriteBuffer writing = entry.host.get_write_buffer();
    if (!writing) return ReportHost(entry.host, function, error);
    lock.unlock();
    void* handle = buffers.Add(std::move(writing));
    if (handle == nullptr) return TooManyHandles(error, function);
    *buffer = static_cast<vstream_host_buffer*>(handle);
    return Done(error);
  });
}

int32_t vstream_host_buffer_get_view(vstream_host_buffer* buffer, vstream_host_buffer_view* view) {
  const auto pin = buffers.Find(buffer);
  if (!pin || view == nullptr || !SaneSize(view)) return VSTREAM_E_INVALID;
  Write(View(*pin), view);
  return VSTREAM_OK;
}

int32_t vstream_host_publish_frame(vstream_host* host, vstream_host_buffer* buffer, const vstream_publish_info* info,
                                   vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = hosts.Find(host);
    if (!pin) return NoSuchHandle(error, function, "host", host);
    auto taken = buffers.Take(buffer);
    if (!taken.has_value()) return NoSuchHandle(error, function, "buffer", buffer);
    if (const std::string why = Apply(info, &*taken); !why.empty()) return Invalid(error, function, why);
    Entry& entry = **pin;
    const std::lock_guard lock(entry.calls);
    if (!entry.host.publish_frame(std::move(*taken))) return ReportHost(entry.host, function, error);
    return Done(error);
  });
}

int32_t vstream_host_discard_buffer(vstream_host_buffer* buffer) {
  return Guarded(nullptr, __func__, [&](const char* /*function*/) {
    return buffers.Take(buffer).has_value() ? VSTREAM_OK : VSTREAM_E_INVALID;
  });
}

int32_t vstream_host_wait_for_consumers(vstream_host* host, uint64_t count, int64_t timeout_ns, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = hosts.Find(host);
    if (!pin) return NoSuchHandle(error, function, "host", host);
    // Looks from time to time: Host's own wait would leave its error to whoever asks next.
    const Host& waiting = (*pin)->host;
    const auto look = [&](std::chrono::nanoseconds slice) {
      if (waiting.stats().consumers >= count) return true;
      std::this_thread::sleep_for(slice);
      return waiting.stats().consumers >= count;
    };
    switch (WaitInSlices(pin, timeout_ns, look, kLookNs)) {
      case Waited::kDone:
        return Done(error);
      case Waited::kClosed:
        return Invalid(error, function, "the host was destroyed meanwhile");
      case Waited::kTimeout:
        break;
    }
    const std::string found = std::to_string(waiting.stats().consumers);
    return Report(error, VSTREAM_E_TIMEOUT,
                  {function, ": ", found, " of ", std::to_string(count), " consumers subscribed in time"});
  });
}

int32_t vstream_host_consumers(vstream_host* host, vstream_host_consumer* consumers, uint64_t stride, uint64_t capacity,
                               uint64_t* count, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = hosts.Find(host);
    if (!pin) return NoSuchHandle(error, function, "host", host);
    if (count == nullptr) return Invalid(error, function, "count is null");
    if (capacity != 0 && consumers == nullptr) return Invalid(error, function, "consumers is null, capacity is not 0");
    if (capacity != 0 && !SaneSize<vstream_host_consumer>(stride)) {
      return Invalid(error, function, "stride " + std::to_string(stride) + ": expected sizeof(vstream_host_consumer)");
    }
    const std::vector<HostConsumer> all = (*pin)->host.consumers();
    auto* record = reinterpret_cast<std::byte*>(consumers);
    for (size_t i = 0; i < std::min<uint64_t>(all.size(), capacity); ++i, record += stride) {
      vstream_host_consumer filled = Convert(all[i]);
      filled.struct_size = static_cast<uint32_t>(std::min<uint64_t>(stride, sizeof filled));
      std::memcpy(record, &filled, filled.struct_size);
    }
    *count = all.size();
    return Done(error);
  });
}

int32_t vstream_host_get_stats(vstream_host* host, vstream_host_stats* stats) {
  const auto pin = hosts.Find(host);
  if (!pin || stats == nullptr || !SaneSize(stats)) return VSTREAM_E_INVALID;
  Write(Convert((*pin)->host.stats()), stats);
  return VSTREAM_OK;
}
