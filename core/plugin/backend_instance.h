// SPDX-License-Identifier: Apache-2.0
// The part that all adapters share: one instance of a backend, its attached buffers, its poll fd.
#pragma once

#include <fcntl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/plugin/backend_call.h"
#include "core/plugin/create_args.h"
#include "core/plugin/foreign_text.h"
#include "core/plugin/host_services.h"
#include "videostream/backend.h"

namespace videostream {

struct AttachedBuffer {
  std::shared_ptr<const Buffer> buffer;
  bool queued = false;  // capture: the device has it
};

// `Ops`: the table of a kind, checked by ReadTable. Driven by one thread; ends with the instance destroyed, then its
// host services. Members are public to the adapter that owns this.
template <class Ops>
class BackendInstance {
 public:
  BackendInstance(std::string_view backend, const Ops& table) : ops(table), call(backend), host(backend) {}
  BackendInstance(const BackendInstance&) = delete;
  BackendInstance& operator=(const BackendInstance&) = delete;
  ~BackendInstance() {
    if (self == nullptr) return;
    try {
      ops.destroy(self);
    } catch (...) {  // nobody is left to tell, and nothing may leave a destructor
    }
  }

  // Calls create. Errors: what the backend said; kInvalidArgument where a text does not fit the ABI.
  Status Open(const BackendCreateArgs& args) {
    vstream_create_info info{};
    info.struct_size = sizeof info;
    if (args.device.size() >= sizeof info.device) {
      return call.Failure(Code::kInvalidArgument,
                          "device '" + OneLine(args.device, 40) + "': " + std::to_string(args.device.size()) +
                              " bytes found, at most " + std::to_string(sizeof info.device - 1) + " expected");
    }
    SetArrayText(info.device, args.device);
    SetArrayText(info.stream, args.stream);
    std::vector<vstream_option> options;
    for (const auto& [name, value] : args.options) options.push_back({name.c_str(), value.c_str()});
    info.options = options.data();
    info.option_count = static_cast<uint32_t>(options.size());
    info.option_stride = sizeof(vstream_option);
    void* made = nullptr;
    const int32_t code = call(ops.create, host.table(), &info, &made);
    if (Status ok = call.Check(code, "create"); !ok) return ok;
    if (made == nullptr) return call.Violation("create", "no instance", "BE-23");
    self = made;
    return {};
  }

  // Registers with the host services first: the backend may map inside attach.
  Status Attach(uint32_t id, std::shared_ptr<const Buffer> buffer) {
    if (buffer == nullptr || id == UINT32_MAX || attached.contains(id) || !host.Attach(id, buffer)) {
      return call.Failure(Code::kInvalidArgument, "attach: buffer " + std::to_string(id) + " is attached already");
    }
    vstream_buffer desc = buffer->desc();
    desc.struct_size = sizeof desc;
    const int32_t code = call(ops.attach, self, id, &desc);
    Status ok = call.Check(code, "attach");
    if (ok) {
      attached.emplace(id, AttachedBuffer{std::move(buffer)});
    } else {
      host.Detach(id);
    }
    return ok;
  }

  Status Detach(uint32_t id) {
    if (!attached.contains(id)) return NotAttached("detach", id);
    if (Status ok = call.Check(call(ops.detach, self, id), "detach"); !ok) return ok;
    host.Detach(id);
    attached.erase(id);
    return {};
  }

  // Null if the id is not attached. Valid until Detach.
  AttachedBuffer* Find(uint32_t id) {
    const auto found = attached.find(id);
    return found == attached.end() ? nullptr : &found->second;
  }

  Error NotAttached(const char* operation, uint32_t id) const {
    return call.Failure(Code::kNotFound,
                        std::string(operation) + ": buffer " + std::to_string(id) + " is not attached");
  }

  // Asked for once: the contract says that it does not change.
  Result<int> PollFd() {
    if (poll_fd >= 0) return poll_fd;
    int32_t fd = -1;
    if (Status ok = call.Check(call(ops.poll_fd, self, &fd), "poll_fd"); !ok) return ok.error();
    if (fd < 0 || fcntl(fd, F_GETFD) < 0) {
      return call.Violation("poll_fd", "fd " + std::to_string(fd) + " is not open", "BE-27");
    }
    poll_fd = fd;
    return fd;
  }

  const Ops ops;
  BackendCall call;
  HostServices host;
  void* self = nullptr;
  std::unordered_map<uint32_t, AttachedBuffer> attached;
  int poll_fd = -1;  // borrowed from the instance
};

}  // namespace videostream
