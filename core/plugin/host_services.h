// SPDX-License-Identifier: Apache-2.0
// What the runtime offers one instance of a backend (vstream_runtime): log, clock, CPU access to its attached buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/frame/buffer.h"
#include "videostream/backend.h"

namespace videostream {

// Lives longer than the instance it was handed to: destroy the instance first. Attach and Detach come from the thread
// that drives the instance, the services from any thread of the backend.
class HostServices {
 public:
  // `backend`: its name, for the log topic "backend.NAME".
  explicit HostServices(std::string_view backend);
  HostServices(const HostServices&) = delete;
  HostServices& operator=(const HostServices&) = delete;
  // Ends CPU access that the backend has left open.
  ~HostServices();

  // Handed to create and probe. Valid as long as this object.
  const vstream_runtime* table() const { return &table_; }

  // Makes the buffer available to map, for VSTREAM_ACCESS_* `access` at most; replaces nothing: false if the id is
  // taken.
  bool Attach(uint32_t id, std::shared_ptr<const Buffer> buffer,
              uint32_t access = VSTREAM_ACCESS_READ | VSTREAM_ACCESS_WRITE);
  // A mapping that is still open keeps its buffer until unmap, or until this object ends.
  void Detach(uint32_t id);

  // For tests and status: mappings now open.
  size_t open_mappings() const;

 private:
  struct Attached {
    std::shared_ptr<const Buffer> buffer;
    uint32_t access = 0;
  };
  struct Mapping {
    uint32_t id = 0;
    uint32_t access = 0;
    std::shared_ptr<const Buffer> buffer;
    uint32_t count = 0;
  };

  // noexcept: nothing may unwind through the backend's frames.
  static void LogLine(void* ctx, uint32_t level, const char* text, uint64_t length) noexcept;
  static int64_t Now(void* ctx) noexcept;
  static int32_t Map(void* ctx, uint32_t id, uint32_t access, vstream_mapping* out, vstream_error* error) noexcept;
  static void Unmap(void* ctx, uint32_t id, uint32_t access) noexcept;

  Attached Find(uint32_t id) const;

  const std::string topic_;
  vstream_runtime table_{};
  mutable std::mutex mutex_;
  std::unordered_map<uint32_t, Attached> attached_;  // guarded by mutex_
  std::vector<Mapping> mappings_;                    // guarded by mutex_
};

}  // namespace videostream
