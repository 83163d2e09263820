// SPDX-License-Identifier: Apache-2.0
// Memory received from the producer: checked first (seals, sizes), then mapped for the whole life of its set.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "client/fd.h"
#include "wire/messages.h"

namespace videostream::client_internal {

// A buffer set. Once complete it does not change, and lives as long as frames of it are held.
class MappedSet {
 public:
  struct Buffer {
    Mapping maps[VSTREAM_MAX_FDS];
    UniqueFd fds[VSTREAM_MAX_FDS];  // kept for dma-bufs that want to be told about CPU access
  };

  explicit MappedSet(const wire::BufferSet& head) : head_(head) {}
  // Takes the next buffers of the set. Empty, or what is wrong with them.
  std::string Add(const wire::BufferSet& part, std::vector<UniqueFd>& fds);
  bool complete() const { return buffers_.size() == head_.total; }

  uint32_t epoch() const { return head_.epoch; }
  const vstream_layout& layout() const { return head_.layout; }
  const vstream_colorimetry& colorimetry() const { return head_.colorimetry; }
  const vstream_ratio& rate() const { return head_.rate; }
  size_t size() const { return buffers_.size(); }
  const wire::SetBuffer& wire_buffer(uint32_t index) const { return wire_buffers_[index]; }
  const uint8_t* Data(uint32_t index, uint32_t plane) const {
    const vstream_plane& p = head_.layout.planes[plane];
    return static_cast<const uint8_t*>(buffers_[index].maps[p.fd_index].data()) + p.offset;
  }
  // Brackets reading of a buffer whose caches the reader has to look after; nothing for all others.
  void BeginRead(uint32_t index) const {
    if (EachReader()) Sync(index, true);
  }
  void EndRead(uint32_t index) const {
    if (EachReader()) Sync(index, false);
  }

 private:
  std::string MapFd(const UniqueFd& fd, uint64_t bytes, Mapping* out) const;
  bool EachReader() const { return head_.cpu_sync == VSTREAM_CPU_SYNC_EACH_READER; }
  void Sync(uint32_t index, bool begin) const;

  wire::BufferSet head_;
  std::vector<Buffer> buffers_;
  std::vector<wire::SetBuffer> wire_buffers_;
};

// Maps the stream page read-only. Empty, or what is wrong.
std::string MapStreamPage(const UniqueFd& fd, const wire::Subscribed& subscribed, Mapping* out);
// Maps the client page for writing.
std::string MapClientPage(const UniqueFd& fd, Mapping* out);
// Is it the end of a pipe that can be read?
std::string CheckDoorbell(const UniqueFd& fd);

}  // namespace videostream::client_internal
