// SPDX-License-Identifier: Apache-2.0
// Finds a dynamic symbol in an ELF file the way the dynamic linker would, without loading it.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace videostream {

struct ElfSymbol {
  uint64_t file_offset = 0;  // of the symbol's first byte; `size` bytes from there are in the file
  uint64_t size = 0;         // as the symbol table says
};

// Looks up the exported data object `symbol` in the shared object behind `fd` (borrowed) of `file_bytes` bytes.
// Everything is taken from the program headers and PT_DYNAMIC: section headers are never read, they may be stripped or
// lie. The file must be made for the machine that this program runs on. Hostile input: every offset is checked against
// the file, every loop is bounded, nothing is allocated by a count in the file above 128 program headers.
// Errors: kUnsupported, the line of Refusal (identity.h) with `path` and rule BE-2 or BE-3; kIo.
[[nodiscard]] Result<ElfSymbol> FindElfSymbol(int fd, uint64_t file_bytes, const std::string& path, const char* symbol);

// Reads exactly `bytes` bytes. kUnsupported (BE-2) with both numbers where the file ends earlier; `what` names the
// part.
[[nodiscard]] Status ReadElfBytes(int fd, uint64_t file_bytes, const std::string& path, const char* what,
                                  uint64_t offset, void* out, uint64_t bytes);

}  // namespace videostream
