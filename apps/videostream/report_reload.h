// SPDX-License-Identifier: Apache-2.0
// What came of a reload: made by `run`, sent as JSON over the control socket, read back and printed by `reload`.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "videostream/runtime.hpp"

namespace videostream {

// As JSON whose first member is "schema": "videostream.reload/1". Ends in a newline.
[[nodiscard]] std::string ReloadToJson(const ReloadReport& report);

// The inverse, lenient with members it does not know; kIo if it is not such a document. Foreign input: bounded by what
// the caller has read.
[[nodiscard]] Result<ReloadReport> ReloadFromJson(std::string_view json);

// VSTREAM_E_* of what CodeName calls `name`; that of an internal error for what it does not know.
[[nodiscard]] int ErrorCodeNamed(std::string_view name);

// The error of a report, for ReportError; only where there is one.
[[nodiscard]] Error ReloadError(const ReloadReport& report);

// For people: what was, or would be, done to each stream, and why; at most kTextWidth wide where its words allow. Not
// the error.
[[nodiscard]] std::string ReloadText(const ReloadReport& report);

// "reload refused on 2024-05-01 at 12:00:00: FILE" and, below it, why. `time_ns` is shown as local time.
[[nodiscard]] std::string RefusedText(const RefusedProfile& refused);

}  // namespace videostream
