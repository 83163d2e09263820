// SPDX-License-Identifier: Apache-2.0
// The kind `converter` of a loaded backend as core's Converter.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/converter/converter.h"
#include "core/plugin/create_args.h"
#include "videostream/converter.h"

namespace videostream {

// Opens an instance. `ops` is copied; it has been checked by ReadTable. What the instance answers is checked call by
// call: a breach of the contract is kInternal and names the rule (docs/backend-contract.md). Use it, and end it, from
// one thread.
[[nodiscard]] Result<std::unique_ptr<Converter>> MakeConverterAdapter(std::string_view backend,
                                                                      const vstream_converter_ops& ops,
                                                                      const BackendCreateArgs& args);

}  // namespace videostream
