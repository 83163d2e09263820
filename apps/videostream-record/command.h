// SPDX-License-Identifier: Apache-2.0
// The command line of the recorder, as data.
#pragma once

#include "apps/videostream-record/record.h"
#include "apps/videostream/command_line.h"

namespace videostream::record {

// The program as its one verb, under the name by which users call it: `videostream record`. Keeps a reference to
// `options`, which the setters fill in and its function reads.
[[nodiscard]] VerbDef MakeCommand(RecordOptions& options);

}  // namespace videostream::record
