// SPDX-License-Identifier: Apache-2.0
// The C API of the consumer library, over the class Client.
#include <string>

#include "client/c_api.h"
#include "client/handles.h"
#include "videostream/client.h"
#include "videostream/client.hpp"

namespace {

using videostream::Client;
using videostream::ClientOptions;
using videostream::ClientStats;
using videostream::Frame;
using videostream::Stream;
using namespace videostream::capi;  // NOLINT(google-build-using-namespace): this file is that namespace's reason

constexpr uint32_t kMaxQueue = 32;

constinit HandleTable<Client, Kind::kClient> clients;
constinit HandleTable<Frame, Kind::kClientFrame> frames;

bool Over(const Client& client) {
  return client.state() == Client::State::kFailed || client.state() == Client::State::kEnded;
}

// Why a client gives nothing more, or nothing now.
int32_t ReportState(const Client& client, const char* function, vstream_error* error) {
  const int code = client.error_code();
  const bool in_order = code == VSTREAM_OK;
  return Report(error, in_order ? VSTREAM_E_END_OF_STREAM : code,
                {function, ": ", client.error().empty() ? "the producer has closed" : client.error()});
}

int32_t ReportTimeout(const Client& client, const char* function, vstream_error* error) {
  const char* what = client.state() == Client::State::kConnected ? ": no frame came in time" : ": no producer in time";
  return Report(error, VSTREAM_E_TIMEOUT, {function, what, client.error().empty() ? "" : "; ", client.error()});
}

int32_t ReportClosed(const char* function, vstream_error* error) {
  return Invalid(error, function, "the client was destroyed meanwhile");
}

// Gives the frame a handle.
int32_t HandOut(Frame frame, vstream_client_frame** out, const char* function, vstream_error* error) {
  void* handle = frames.Add(std::move(frame));
  if (handle == nullptr) return TooManyHandles(error, function);
  *out = static_cast<vstream_client_frame*>(handle);
  return Done(error);
}

// Empty, or what is wrong with the options.
std::string Convert(const vstream_client_options* theirs, ClientOptions* out) {
  if (theirs == nullptr) return {};
  if (!SaneSize(theirs)) {
    return "options.struct_size is " + std::to_string(theirs->struct_size) +
           ", expected sizeof(vstream_client_options)";
  }
  const vstream_client_options options = Read(theirs);
  if (options.stream > VSTREAM_CLIENT_PACKETS) {
    return "options.stream is " + std::to_string(options.stream) + ", expected VSTREAM_CLIENT_FRAMES or _PACKETS";
  }
  if (options.queue > kMaxQueue) {
    return "options.queue is " + std::to_string(options.queue) + ", expected at most " + std::to_string(kMaxQueue);
  }
  if (options.no_reconnect > 1) {
    return "options.no_reconnect is " + std::to_string(options.no_reconnect) + ", expected 0 or 1";
  }
  if (options.name != nullptr) out->name = options.name;
  out->stream = static_cast<Stream>(options.stream);
  out->queue = options.queue;
  out->reconnect = options.no_reconnect == 0;
  return {};
}

vstream_frame_view View(const Frame& frame) {
  vstream_frame_view view{};
  view.format = frame.format();
  view.width = frame.width();
  view.height = frame.height();
  view.plane_count = frame.plane_count();
  view.flags = frame.flags();
  for (uint32_t i = 0; i < VSTREAM_MAX_PLANES; ++i) {
    view.data[i] = frame.data(i);
    view.size[i] = frame.size(i);
    view.stride[i] = frame.stride(i);
  }
  view.visible = frame.visible();
  view.colorimetry = frame.colorimetry();
  view.rate = frame.rate();
  view.sequence = frame.sequence();
  view.pts_ns = frame.pts_ns();
  view.duration_ns = frame.duration_ns();
  view.published_ns = frame.published_ns();
  return view;
}

vstream_client_stats Convert(const ClientStats& stats) {
  vstream_client_stats out{};
  out.published = stats.published;
  out.taken = stats.taken;
  static_assert(VSTREAM_DROP_REASONS <= std::size(vstream_client_stats{}.skipped));
  std::copy(stats.skipped.begin(), stats.skipped.end(), out.skipped);
  out.void_leases = stats.void_leases;
  out.gaps = stats.gaps;
  out.reconnects = stats.reconnects;
  out.first_sequence = stats.first_sequence;
  out.last_sequence = stats.last_sequence;
  return out;
}

}  // namespace

int32_t vstream_client_create(const char* socket_path, const vstream_client_options* options, vstream_client** client,
                              vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    if (socket_path == nullptr) return Invalid(error, function, "socket_path is null");
    if (client == nullptr) return Invalid(error, function, "client is null");
    ClientOptions wanted;
    if (const std::string why = Convert(options, &wanted); !why.empty()) return Invalid(error, function, why);
    Client made(socket_path, std::move(wanted));
    if (Over(made)) return ReportState(made, function, error);
    void* handle = clients.Add(std::move(made));
    if (handle == nullptr) return TooManyHandles(error, function);
    *client = static_cast<vstream_client*>(handle);
    return Done(error);
  });
}

int32_t vstream_client_destroy(vstream_client* client) {
  return Guarded(nullptr, __func__, [&](const char* /*function*/) {
    return clients.Take(client).has_value() ? VSTREAM_OK : VSTREAM_E_INVALID;
  });
}

int32_t vstream_client_connect(vstream_client* client, int64_t timeout_ns, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = clients.Find(client);
    if (!pin) return NoSuchHandle(error, function, "client", client);
    bool connected = false;
    const Waited waited = WaitInSlices(pin, timeout_ns, [&](std::chrono::nanoseconds slice) {
      connected = pin->connect(slice);
      return connected || Over(*pin);
    });
    if (waited == Waited::kClosed) return ReportClosed(function, error);
    if (connected) return Done(error);
    return waited == Waited::kDone ? ReportState(*pin, function, error) : ReportTimeout(*pin, function, error);
  });
}

int32_t vstream_client_wait(vstream_client* client, int64_t timeout_ns, vstream_client_frame** frame,
                            vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = clients.Find(client);
    if (!pin) return NoSuchHandle(error, function, "client", client);
    if (frame == nullptr) return Invalid(error, function, "frame is null");
    Frame taken;
    const Waited waited = WaitInSlices(pin, timeout_ns, [&](std::chrono::nanoseconds slice) {
      taken = pin->wait_for_frame(slice);
      const bool full = pin->state() == Client::State::kConnected && pin->error_code() == VSTREAM_E_BUSY;
      return taken || full || Over(*pin);
    });
    if (waited == Waited::kClosed) return ReportClosed(function, error);
    if (taken) return HandOut(std::move(taken), frame, function, error);
    return waited == Waited::kDone ? ReportState(*pin, function, error) : ReportTimeout(*pin, function, error);
  });
}

int32_t vstream_client_poll_fd(vstream_client* client, int32_t* fd, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = clients.Find(client);
    if (!pin) return NoSuchHandle(error, function, "client", client);
    if (fd == nullptr) return Invalid(error, function, "fd is null");
    const int found = pin->poll_fd();
    if (found < 0) return ReportState(*pin, function, error);
    *fd = found;
    return Done(error);
  });
}

int32_t vstream_client_request_key(vstream_client* client) {
  return Guarded(nullptr, __func__, [&](const char* /*function*/) {
    const auto pin = clients.Find(client);
    if (!pin) return VSTREAM_E_INVALID;
    pin->request_key();
    return VSTREAM_OK;
  });
}

int32_t vstream_client_state(vstream_client* client, uint32_t* state) {
  static_assert(static_cast<int>(Client::State::kConnecting) == VSTREAM_CLIENT_CONNECTING &&
                static_cast<int>(Client::State::kConnected) == VSTREAM_CLIENT_CONNECTED &&
                static_cast<int>(Client::State::kEnded) == VSTREAM_CLIENT_ENDED &&
                static_cast<int>(Client::State::kFailed) == VSTREAM_CLIENT_FAILED);
  const auto pin = clients.Find(client);
  if (!pin || state == nullptr) return VSTREAM_E_INVALID;
  *state = static_cast<uint32_t>(pin->state());
  return VSTREAM_OK;
}

int32_t vstream_client_get_stats(vstream_client* client, vstream_client_stats* stats) {
  const auto pin = clients.Find(client);
  if (!pin || stats == nullptr || !SaneSize(stats)) return VSTREAM_E_INVALID;
  Write(Convert(pin->stats()), stats);
  return VSTREAM_OK;
}

int32_t vstream_client_frame_view(vstream_client_frame* frame, vstream_frame_view* view) {
  const auto pin = frames.Find(frame);
  if (!pin || view == nullptr || !SaneSize(view)) return VSTREAM_E_INVALID;
  Write(View(*pin), view);
  return VSTREAM_OK;
}

int32_t vstream_client_frame_valid(vstream_client_frame* frame, uint32_t* valid) {
  const auto pin = frames.Find(frame);
  if (!pin || valid == nullptr) return VSTREAM_E_INVALID;
  *valid = pin->valid() ? 1 : 0;
  return VSTREAM_OK;
}

int32_t vstream_client_frame_share(vstream_client_frame* frame, vstream_client_frame** copy, vstream_error* error) {
  return Guarded(error, __func__, [&](const char* function) {
    const auto pin = frames.Find(frame);
    if (!pin) return NoSuchHandle(error, function, "frame", frame);
    if (copy == nullptr) return Invalid(error, function, "copy is null");
    return HandOut(pin->share(), copy, function, error);
  });
}

int32_t vstream_client_frame_release(vstream_client_frame* frame) {
  return frames.Take(frame).has_value() ? VSTREAM_OK : VSTREAM_E_INVALID;
}
