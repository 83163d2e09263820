// SPDX-License-Identifier: Apache-2.0
// The kind `transport` of a loaded backend as core's Transport.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/plugin/create_args.h"
#include "core/transport/transport.h"
#include "videostream/transport.h"

namespace videostream {

// Opens an instance. `ops` is copied; it has been checked by ReadTable. What the instance answers is checked call by
// call: a breach of the contract is kInternal and names the rule (docs/backend-contract.md). Use it, and end it, from
// any thread, one call at a time.
[[nodiscard]] Result<std::unique_ptr<Transport>> MakeTransportAdapter(std::string_view backend,
                                                                      const vstream_transport_ops& ops,
                                                                      const BackendCreateArgs& args);

}  // namespace videostream
