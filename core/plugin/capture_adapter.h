// SPDX-License-Identifier: Apache-2.0
// The kind `capture` of a loaded backend as core's Capture.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/capture/capture.h"
#include "core/plugin/create_args.h"
#include "videostream/capture.h"

namespace videostream {

// Opens an instance. `ops` is copied; it has been checked by ReadTable. What the instance answers is checked call by
// call: a breach of the contract is kInternal and names the rule (docs/backend-contract.md). Use it, and end it, from
// one thread.
[[nodiscard]] Result<std::unique_ptr<Capture>> MakeCaptureAdapter(std::string_view backend,
                                                                  const vstream_capture_ops& ops,
                                                                  const BackendCreateArgs& args);

}  // namespace videostream
