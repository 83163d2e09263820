// SPDX-License-Identifier: Apache-2.0
// The command line of the snapshot, as data.
#pragma once

#include "apps/videostream-snapshot/snapshot.h"
#include "apps/videostream/command_line.h"

namespace videostream::snapshot {

// The program as its one verb, under the name by which users call it: `videostream snapshot`. Keeps a reference to
// `options`, which the setters fill in and its function reads.
[[nodiscard]] VerbDef MakeCommand(SnapshotOptions& options);

}  // namespace videostream::snapshot
