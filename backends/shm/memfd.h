// SPDX-License-Identifier: Apache-2.0
// memfds: made with all their memory, sealed so that the other side can neither shrink nor overwrite them.
#pragma once

#include <cstdint>
#include <string_view>

#include "backends/shm/fd.h"
#include "videostream/backend.hpp"

namespace videostream::shm {

// Seals of what consumers only read: size fixed, and no new way to write. Mappings made before stay writable.
extern const int kReadOnlySeals;
// Seals of a client page: size fixed, no further seals. Both sides may map it, one of them writes.
extern const int kFixedSizeSeals;

// A zeroed memfd of `bytes` bytes with its memory committed. `huge`: of huge pages; bytes is then a multiple of theirs.
backend::Status MakeMemfd(const char* label, uint64_t bytes, bool huge, UniqueFd* out);

// Adds the seals that are missing. An fd that is already sealed against sealing is fine if it has them all.
backend::Status Seal(int fd, int seals, std::string_view what);

// Maps all of it, shared. `protection`: PROT_*.
backend::Status Map(int fd, uint64_t bytes, int protection, std::string_view what, Mapping* out);

}  // namespace videostream::shm
