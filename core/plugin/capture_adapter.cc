// SPDX-License-Identifier: Apache-2.0
// Distrusts what a capture gives back: a frame must be in a buffer that it was given, and fit it.
#include "core/plugin/capture_adapter.h"

#include <string>

#include "core/frame/layout.h"
#include "core/plugin/backend_instance.h"
#include "core/plugin/known_bits.h"

namespace videostream {
namespace {

constexpr uint32_t kMaxDeviceBuffers = 64;

class CaptureAdapter final : public Capture {
 public:
  CaptureAdapter(std::string_view backend, const vstream_capture_ops& ops) : backend_(backend, ops) {}
  Status Open(const BackendCreateArgs& args) { return backend_.Open(args); }

  Result<vstream_capture_config> Configure(const vstream_capture_request& request) override;
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) override {
    return backend_.Attach(id, std::move(buffer));
  }
  Status Detach(uint32_t id) override { return backend_.Detach(id); }
  Status Start() override { return backend_.call.Check(backend_.call(backend_.ops.start, backend_.self), "start"); }
  Status Stop() override {
    Status stopped = backend_.call.Check(backend_.call(backend_.ops.stop, backend_.self), "stop");
    if (stopped) {
      for (auto& [id, slot] : backend_.attached) slot.queued = false;
    }
    return stopped;
  }
  Status Queue(uint32_t id) override;
  Result<int> PollFd() override { return backend_.PollFd(); }
  Result<std::optional<RawFrame>> Dequeue() override;

 private:
  Status CheckConfig(const vstream_capture_config& config) const;

  BackendInstance<vstream_capture_ops> backend_;
};

Status CaptureAdapter::CheckConfig(const vstream_capture_config& config) const {
  const auto refuse = [&](std::string_view what) { return backend_.call.Violation("configure", what, "BE-24"); };
  const bool exports = (backend_.ops.capabilities & VSTREAM_CAPTURE_CAP_EXPORT) != 0;
  if (config.role > VSTREAM_ROLE_ALLOCATES || (config.role == VSTREAM_ROLE_ALLOCATES && !exports)) {
    return refuse("role " + std::to_string(config.role));
  }
  if (config.min_buffers > config.max_buffers || config.min_buffers > kMaxDeviceBuffers) {
    return refuse(std::to_string(config.min_buffers) + " to " + std::to_string(config.max_buffers) + " buffers");
  }
  if (!IsKnownMemory(config.memory)) return refuse("memory " + Hex(config.memory));
  // There are no buffers yet: any size will do, as long as it cannot overflow.
  constexpr uint64_t kAny = uint64_t{1} << 40U;
  const uint64_t sizes[VSTREAM_MAX_FDS] = {kAny, kAny, kAny, kAny};
  if (Status fits = CheckLayout(config.layout, sizes, VSTREAM_MAX_FDS); !fits) return refuse(fits.error().message);
  return {};
}

Result<vstream_capture_config> CaptureAdapter::Configure(const vstream_capture_request& request) {
  BackendCall& call = backend_.call;
  vstream_capture_request wish = request;
  wish.struct_size = sizeof wish;
  auto out = BackendCall::Empty<vstream_capture_config>();
  const int32_t code = call(backend_.ops.configure, backend_.self, &wish, &out);
  if (Status ok = call.Check(code, "configure"); !ok) return ok.error();
  if (Status ok = call.CheckSize(out, "configure"); !ok) return ok.error();
  if (Status ok = CheckConfig(out); !ok) return ok.error();
  return out;
}

Status CaptureAdapter::Queue(uint32_t id) {
  AttachedBuffer* slot = backend_.Find(id);
  if (slot == nullptr) return backend_.NotAttached("queue", id);
  Status queued = backend_.call.Check(backend_.call(backend_.ops.queue, backend_.self, id), "queue");
  if (queued) slot->queued = true;
  return queued;
}

Result<std::optional<RawFrame>> CaptureAdapter::Dequeue() {
  BackendCall& call = backend_.call;
  RawFrame frame{BackendCall::Empty<vstream_frame>()};
  frame.record.buffer_id = UINT32_MAX;
  frame.record.acquire_fence = frame.record.release_fence = -1;
  const int32_t code = call(backend_.ops.dequeue, backend_.self, &frame.record);
  if (code == VSTREAM_E_AGAIN) return std::optional<RawFrame>();
  if (code == VSTREAM_E_END_OF_STREAM) return call.EndOfStream();
  if (Status ok = call.Check(code, "dequeue"); !ok) return ok.error();
  if (Status ok = call.CheckSize(frame.record, "dequeue"); !ok) return ok.error();
  const uint32_t id = frame.record.buffer_id;
  AttachedBuffer* slot = backend_.Find(id);
  if (slot == nullptr || !slot->queued) {
    return call.Violation(
        "dequeue", "buffer " + std::to_string(id) + (slot == nullptr ? " is not attached" : " is not queued"), "BE-25");
  }
  if (Status fits = CheckFrame(frame.record, slot->buffer->layout()); !fits) {
    return call.Violation("dequeue", "buffer " + std::to_string(id) + ": " + fits.error().message, "BE-26");
  }
  slot->queued = false;
  return std::optional<RawFrame>(frame);
}

}  // namespace

Result<std::unique_ptr<Capture>> MakeCaptureAdapter(std::string_view backend, const vstream_capture_ops& ops,
                                                    const BackendCreateArgs& args) {
  auto adapter = std::make_unique<CaptureAdapter>(backend, ops);
  if (Status ok = adapter->Open(args); !ok) return ok.error();
  return Result<std::unique_ptr<Capture>>(std::move(adapter));
}

}  // namespace videostream
