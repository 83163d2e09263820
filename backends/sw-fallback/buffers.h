// SPDX-License-Identifier: Apache-2.0
// The buffers attached to an instance, and which of them are in use.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "videostream/backend.hpp"

namespace videostream::sw_fallback {

struct AttachedBuffer {
  vstream_layout layout{};
  uint32_t users = 0;  // jobs that it is part of
};

class BufferTable {
 public:
  // INVALID: the id is reserved or taken. UNSUPPORTED: no CPU access. The layout is the caller's to check.
  backend::Status Attach(uint32_t id, const vstream_buffer& buffer) {
    const std::string name = "attach buffer " + std::to_string(id) + ": ";
    if (id == UINT32_MAX || table_.contains(id)) return {VSTREAM_E_INVALID, name + "the id is in use"};
    if ((buffer.memory & VSTREAM_MEMORY_CPU_ACCESS) == 0) {
      return {VSTREAM_E_UNSUPPORTED, name + "its memory gives no CPU access"};
    }
    table_[id].layout = buffer.layout;
    return backend::Ok();
  }

  // NOT_FOUND, BUSY (a job has it).
  backend::Status Detach(uint32_t id) {
    const auto found = table_.find(id);
    if (found == table_.end()) return NotFound("detach", id);
    if (found->second.users != 0) {
      return {VSTREAM_E_BUSY, "detach buffer " + std::to_string(id) + ": it is in use"};
    }
    table_.erase(found);
    return backend::Ok();
  }

  // Null if it is not attached. Valid until Detach.
  AttachedBuffer* Find(uint32_t id) {
    const auto found = table_.find(id);
    return found == table_.end() ? nullptr : &found->second;
  }

  static backend::Status NotFound(const char* operation, uint32_t id) {
    return {VSTREAM_E_NOT_FOUND, std::string(operation) + " buffer " + std::to_string(id) + ": it is not attached"};
  }

  auto begin() { return table_.begin(); }
  auto end() { return table_.end(); }

 private:
  std::map<uint32_t, AttachedBuffer> table_;
};

}  // namespace videostream::sw_fallback
