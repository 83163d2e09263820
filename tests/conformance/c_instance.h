// SPDX-License-Identifier: Apache-2.0
// The core interfaces over a backend's C tables, without the runtime's adapters in between: those answer wrong calls
// themselves and hide what the backend would have said.
//
// Every call is checked as c_call.h says. Everything handed in is overwritten after the call: a backend that keeps a
// pointer shows it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/allocator/allocator.h"
#include "core/capture/capture.h"
#include "core/converter/converter.h"
#include "core/encoder/encoder.h"
#include "core/frame/buffer.h"
#include "core/plugin/create_args.h"
#include "core/plugin/host_services.h"
#include "core/transport/transport.h"
#include "tests/conformance/c_call.h"
#include "videostream/backend.h"

namespace videostream::conformance {

// The functions that all kinds have.
struct CommonOps {
  int32_t (*create)(const vstream_runtime*, const vstream_create_info*, void**, vstream_error*) = nullptr;
  void (*destroy)(void*) = nullptr;
};
CommonOps CommonOpsOf(uint32_t kind);

// One instance, with host services of its own. Destroyed with this object.
class CInstance {
 public:
  explicit CInstance(uint32_t kind);
  ~CInstance() { Destroy(); }
  CInstance(const CInstance&) = delete;
  CInstance& operator=(const CInstance&) = delete;

  Status Create(const BackendCreateArgs& args);
  void Destroy();

  void* self = nullptr;
  HostServices host;
  CCall call;

 private:
  CommonOps ops_;
};

// Adds what the kinds with buffers share. `Ops`: the table of the kind.
template <class Ops>
class WithBuffers {
 public:
  WithBuffers(uint32_t kind, const Ops* table) : instance(kind), ops(table) {}

  Status Attach(uint32_t id, const std::shared_ptr<const Buffer>& buffer) {
    const bool known = instance.host.Attach(id, buffer);  // the backend may map inside attach
    vstream_buffer desc = buffer->desc();
    desc.struct_size = sizeof desc;
    const int32_t code = instance.call("attach", ops->attach, instance.self, id, &desc);
    std::memset(&desc, 0x6E, sizeof desc);
    if (code != VSTREAM_OK && known) instance.host.Detach(id);
    return instance.call.ToStatus();
  }
  Status Detach(uint32_t id) {
    if (instance.call("detach", ops->detach, instance.self, id) == VSTREAM_OK) instance.host.Detach(id);
    return instance.call.ToStatus();
  }
  Result<int> PollFd() {
    int32_t fd = -1;
    instance.call.WithOutput(&fd, "poll_fd", ops->poll_fd, instance.self, &fd);
    if (Status ok = instance.call.ToStatus(); !ok) return ok.error();
    return fd;
  }

  CInstance instance;
  const Ops* ops;
};

// Each with its instance created, or the reason why not.
Result<std::unique_ptr<Allocator>> MakeCAllocator(const BackendCreateArgs& args);
Result<std::unique_ptr<Capture>> MakeCCapture(const BackendCreateArgs& args);
Result<std::unique_ptr<Converter>> MakeCConverter(const BackendCreateArgs& args);
Result<std::unique_ptr<Encoder>> MakeCEncoder(const BackendCreateArgs& args);
Result<std::unique_ptr<Transport>> MakeCTransport(const BackendCreateArgs& args);

}  // namespace videostream::conformance
