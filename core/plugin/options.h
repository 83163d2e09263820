// SPDX-License-Identifier: Apache-2.0
// A profile's textual options against the schema that a backend declares: checked and normalised before anything
// starts.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream {

// Key and value, in order; a list repeats its key.
using OptionList = std::vector<std::pair<std::string, std::string>>;

struct OptionProblem {
  size_t index = 0;     // of the offending entry in `raw`: the caller puts its position in the profile in front
  bool in_key = false;  // the key is wrong, not the value
  std::string message;  // one line: "unknown option 'heep', expected one of: heap; nearest is 'heap'"
};

struct CheckedOptions {
  OptionList options;                   // as the backend gets them; complete only when there are no problems
  std::vector<OptionProblem> problems;  // in the order of `raw`
};

// Who wrote the options: what is flagged VSTREAM_OPTION_FLAG_HOST may only come from the runtime itself.
enum class OptionSource { kProfile, kRuntime };

// Checks keys (known, taken by `kind`, once unless a list) and values (type, range, choice), and writes values as the
// ABI wants them: integers with k, M, G (x1000) and KiB, MiB, GiB (x1024) expanded, durations ("100ms", "2s", "1500us",
// "30ns", "5m", "0") in nanoseconds, booleans (true, false, yes, no, on, off) as "true" or "false". `kind`:
// VSTREAM_KIND_*. Defaults are not filled in. `specs` must be a Plugin's, whose strings are known to end. Pure; any
// thread.
[[nodiscard]] CheckedOptions CheckOptions(std::span<const vstream_option_spec> specs, uint32_t kind,
                                          const OptionList& raw, OptionSource source = OptionSource::kProfile);

// Is there such an option, for this kind?
[[nodiscard]] bool TakesOption(std::span<const vstream_option_spec> specs, uint32_t kind, std::string_view name);

// The value of one option as the ABI wants it; kInvalidArgument with what was expected.
[[nodiscard]] Result<std::string> NormaliseOption(const vstream_option_spec& spec, const std::string& value);

}  // namespace videostream
