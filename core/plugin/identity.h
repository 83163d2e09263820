// SPDX-License-Identifier: Apache-2.0
// Who a shared object says it is, read from the file without running any of it (INV-4).
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "videostream/backend.h"

namespace videostream {

// The oldest minor version of VSTREAM_ABI_MAJOR that this runtime still understands; raised when 0.x breaks.
inline constexpr uint16_t kOldestAbiMinor = 1;

// Reads the identity of the backend in `path` (followed if it is a link) and checks everything that can be known before
// loading: file owner and mode, ELF kind and machine, the symbol, ABI version, kinds, name. The bytes are treated as
// hostile: every offset and count is bounded, reads are bounded, a FIFO or device is never opened. Any thread; blocks
// as long as reading a few kilobytes does.
//
// Errors are one line: file, what was found, what was expected, rule of docs/backend-contract.md, consequence:
//   /usr/lib/videostream/foo.so: ABI 1.0 found, 0.1 expected (BE-4): not loaded
// kNotFound: no such file; kPermission: not readable or not to be trusted (BE-1); kUnsupported: every other refusal.
[[nodiscard]] Result<vstream_identity> ReadIdentity(const std::string& path);

// Only the checks of the record itself: magic, ABI, sizes, kinds, name (against the file name of `path`).
// `symbol_bytes`: size of the symbol that the record was found in.
[[nodiscard]] Status CheckIdentity(const vstream_identity& identity, const std::string& path, uint64_t symbol_bytes);

// BE-1: a regular file of root or of the user `self`, which nobody else may write. kPermission otherwise.
[[nodiscard]] Status CheckFileTrust(const struct stat& file, uid_t self, const std::string& path);

// One to 31 characters of [a-z0-9-]: what may name a backend, in a profile and as a file.
[[nodiscard]] bool IsBackendName(std::string_view name);

// "capture": the name of VSTREAM_KIND_* in profiles and messages; "unknown" for another number.
[[nodiscard]] const char* KindName(uint32_t kind);

// The line of a refusal, see above. `code`: kUnsupported or kPermission. `path` is escaped.
[[nodiscard]] Error Refusal(Code code, std::string_view path, std::string_view found, std::string_view expected,
                            std::string_view rule);

}  // namespace videostream
