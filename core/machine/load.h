// SPDX-License-Identifier: Apache-2.0
// Machine descriptions as YAML: from text or file to a checked MachineDescription. docs/machines.md has the format.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/result.h"
#include "core/machine/machine.h"

namespace videostream {

// Bounds on what is read, and so on what may be recorded.
inline constexpr size_t kMaxMachineBytes = size_t{1} << 20U;
inline constexpr size_t kMaxMachineBackends = 64;
inline constexpr size_t kMaxBackendDevices = 256;
inline constexpr size_t kMaxBackendOptions = 256;

// Parses and checks `text`; `file` is what messages call it, and, without folder and ".yaml", the description's name.
// What is read obeys the rules that the loader holds a backend's probe to: known words, ranges in order, at most
// VSTREAM_MAX_FORMATS formats, texts that fit. No I/O. Any thread.
// On failure: kInvalidArgument with all errors of the file, each with line, column and caret (see ParseProfile).
[[nodiscard]] Result<MachineDescription> ParseMachine(std::string_view text, std::string_view file);

// The same of a file: a regular one or a pipe, at most kMaxMachineBytes. kInvalidArgument also when there is no such
// file; kPermission when it may not be read.
[[nodiscard]] Result<MachineDescription> LoadMachine(std::string_view path);

}  // namespace videostream
