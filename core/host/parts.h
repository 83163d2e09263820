// SPDX-License-Identifier: Apache-2.0
// What a Host is put together from: a transport that is bound, and buffers from the first allocator that works here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/frame/buffer.h"
#include "core/transport/transport.h"
#include "videostream/host.hpp"

namespace videostream::host_internal {

struct HostParts {
  std::unique_ptr<Transport> transport;
  std::vector<std::shared_ptr<const Buffer>> buffers;  // mapped; not yet announced to the transport
  std::string allocator;                               // the backend that they come from
};

// Loads the backends, binds the socket, allocates options.write_buffers and what the transport needs. `options` has
// passed CheckHostOptions. Blocks as long as backends do. On error nothing is left: the one error of several allocators
// names each with its reason. Codes: kNotFound (a backend or the folder of the socket is missing), kBusy (path in use),
// kPermission, kNoMemory, kUnsupported, kInvalidArgument (path too long), or what the backend reported.
[[nodiscard]] Result<HostParts> OpenHostParts(const std::string& socket_path, const HostOptions& options);

}  // namespace videostream::host_internal
