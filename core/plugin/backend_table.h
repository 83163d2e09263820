// SPDX-License-Identifier: Apache-2.0
// The function tables of a loaded backend, copied by their struct_size and checked once, so that nobody after this has
// to ask whether a function is there.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "videostream/allocator.h"
#include "videostream/backend.h"
#include "videostream/capture.h"
#include "videostream/converter.h"
#include "videostream/encoder.h"
#include "videostream/transport.h"

namespace videostream {

// Copies: what lies beyond the backend's own struct_size is null here. The functions stay valid for good, since
// libraries are never unloaded. Ops of kinds that the backend does not have are all zero.
struct BackendTable {
  vstream_plugin_table plugin{};  // its pointers to options and ops are not used any more
  std::vector<vstream_option_spec> options;
  vstream_allocator_ops allocator{};
  vstream_capture_ops capture{};
  vstream_converter_ops converter{};
  vstream_encoder_ops encoder{};
  vstream_transport_ops transport{};
};

// Copies and checks: sizes; ops for exactly the kinds of `identity`; every mandatory function; a function for every
// capability bit and no unknown bit; the options' names, types and strings. Runs no foreign code. Errors: kUnsupported,
// as the line of Refusal with `path`.
[[nodiscard]] Result<BackendTable> ReadTable(const std::string& path, const vstream_identity& identity,
                                             const vstream_plugin_table* table);

}  // namespace videostream
