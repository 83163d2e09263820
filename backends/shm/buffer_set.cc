// SPDX-License-Identifier: Apache-2.0
// Buffer sets of a stream: checked, sealed and kept on arrival, for all consumers to come.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "backends/shm/stream.h"
#include "wire/layout.h"

namespace videostream::shm {

using backend::Ok;
using backend::Status;

namespace {

// Entry `index` of an array whose entries may be shorter or longer than we know them.
vstream_buffer BufferAt(const vstream_buffer_set& set, uint32_t index) {
  vstream_buffer full{};
  const auto* from = reinterpret_cast<const unsigned char*>(set.buffers) + size_t{index} * set.buffer_stride;
  std::memcpy(&full, from, std::min<size_t>(set.buffer_stride, sizeof full));
  return full;
}

bool SamePlanes(const vstream_layout& a, const vstream_layout& b) {
  return a.fourcc == b.fourcc && a.plane_count == b.plane_count && a.modifier == b.modifier && a.width == b.width &&
         a.height == b.height && std::memcmp(a.planes, b.planes, sizeof(vstream_plane) * a.plane_count) == 0;
}

// The same planes one after the other in one descriptor; `bytes`: of all of them.
vstream_layout PackedLayout(const vstream_layout& layout, uint64_t* bytes) {
  constexpr uint64_t kPlaneAlignment = 64;
  vstream_layout packed = layout;
  *bytes = 0;
  for (uint32_t i = 0; i < layout.plane_count; ++i) {
    packed.planes[i].fd_index = 0;
    packed.planes[i].offset = *bytes;
    *bytes += (layout.planes[i].size + kPlaneAlignment - 1) / kPlaneAlignment * kPlaneAlignment;
  }
  return packed;
}

// What consumers are told of copies instead of the buffers.
Status DescribeCopies(wire::BufferSet* head) {
  uint64_t bytes = 0;
  head->layout = PackedLayout(head->layout, &bytes);
  head->fds_per_buffer = 1;
  head->memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;
  head->cpu_sync = VSTREAM_CPU_SYNC_NONE;
  if (std::string why = wire::CheckLayout(head->layout, 1, &bytes); !why.empty()) {
    return {VSTREAM_E_INVALID, "copy for consumers: " + why};
  }
  return Ok();
}

}  // namespace

bool Stream::HasSet(uint32_t epoch) const {
  return std::any_of(sets_.begin(), sets_.end(), [&](const BufferSet& set) { return set.head.epoch == epoch; });
}

Status Stream::CheckBuffer(const vstream_buffer& buffer, const vstream_buffer& first, uint32_t index) const {
  const std::string name = "buffer " + std::to_string(index) + " of the set";
  if (!config_.copy && (buffer.memory & (VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_DMABUF)) == 0) {
    return {VSTREAM_E_UNSUPPORTED, name + ": neither memfd nor dma-buf"};
  }
  if ((buffer.memory & VSTREAM_MEMORY_SECURE) != 0) return {VSTREAM_E_UNSUPPORTED, name + ": secure memory"};
  if (buffer.fd_count != first.fd_count || buffer.memory != first.memory || buffer.cpu_sync != first.cpu_sync ||
      !SamePlanes(buffer.layout, first.layout)) {
    return {VSTREAM_E_INVALID, name + ": layout or memory differ from those of buffer 0"};
  }
  if (std::string why = wire::CheckLayout(buffer.layout, buffer.fd_count, buffer.fd_size); !why.empty()) {
    return {VSTREAM_E_INVALID, name + ": " + why};
  }
  return Ok();
}

Status Stream::TakeBuffer(const vstream_buffer& buffer, uint32_t runtime_id, BufferSet* set) {
  const std::string name = "buffer " + std::to_string(runtime_id);
  wire::SetBuffer wire_buffer;
  Status status =
      config_.copy ? MakeCopy(runtime_id, name, set, &wire_buffer) : ShareBuffer(buffer, name, set, &wire_buffer);
  if (!status.ok()) return status;
  wire_buffer.id = producer_.AddBuffer();
  if (wire_buffer.id == wire::kMaxBuffers) return {VSTREAM_E_NO_MEMORY, name + ": no buffer id left on the page"};
  set->buffers.push_back(wire_buffer);
  set->runtime_ids.push_back(runtime_id);
  return Ok();
}

Status Stream::ShareBuffer(const vstream_buffer& buffer, const std::string& name, BufferSet* set,
                           wire::SetBuffer* out) {
  for (uint32_t i = 0; i < buffer.fd_count; ++i) {
    struct stat file {};
    if (::fstat(buffer.fds[i], &file) != 0) return Status::Errno(name + ", fstat", errno);
    if (file.st_size > 0 && static_cast<uint64_t>(file.st_size) < buffer.fd_size[i]) {
      return {VSTREAM_E_INVALID, name + ": descriptor of " + std::to_string(file.st_size) + " bytes, said to have " +
                                     std::to_string(buffer.fd_size[i])};
    }
    if ((buffer.memory & VSTREAM_MEMORY_MEMFD) != 0) {
      if (Status s = Seal(buffer.fds[i], kReadOnlySeals, name); !s.ok()) return s;
    }
    UniqueFd mine(::fcntl(buffer.fds[i], F_DUPFD_CLOEXEC, 0));
    if (!mine.valid()) return Status::Errno(name + ", dup", errno);
    set->fds.push_back(std::move(mine));
    out->fd_size[i] = buffer.fd_size[i];
  }
  return Ok();
}

// A buffer that cannot be read is found out here, not with its first frame.
Status Stream::MakeCopy(uint32_t runtime_id, const std::string& name, BufferSet* set, wire::SetBuffer* out) {
  {
    backend::Mapping trial;
    if (Status s = config_.host.Map(runtime_id, VSTREAM_ACCESS_READ, &trial); !s.ok()) {
      return {s.code(), name + ", read for its copy ('protect: copy'): " + s.message(), s.os_error()};
    }
  }
  uint64_t bytes = 0;
  PackedLayout(set->head.layout, &bytes);
  UniqueFd fd;
  Mapping mapping;
  Status status = MakeMemfd("videostream-copy", bytes, false, &fd);
  if (status.ok()) status = Map(fd.get(), bytes, PROT_READ | PROT_WRITE, name + ", copy", &mapping);
  if (status.ok()) status = Seal(fd.get(), kReadOnlySeals, name + ", copy");
  if (!status.ok()) return status;
  out->fd_size[0] = bytes;
  set->fds.push_back(std::move(fd));
  set->copies.push_back(std::move(mapping));
  return Ok();
}

Status Stream::AddSet(const vstream_buffer_set& set) {
  const std::string name = "buffer set " + std::to_string(set.epoch);
  if (set.buffer_count == 0 || set.buffer_count > wire::kMaxSetBuffers) {
    return {VSTREAM_E_INVALID, name + ": " + std::to_string(set.buffer_count) + " buffers, expected 1 to " +
                                   std::to_string(wire::kMaxSetBuffers)};
  }
  if (sets_.size() >= wire::kMaxSets) {
    return {VSTREAM_E_NO_MEMORY, name + ": " + std::to_string(wire::kMaxSets) + " sets of this stream live already"};
  }
  const vstream_buffer first = BufferAt(set, 0);
  BufferSet made;
  made.head = wire::Make<wire::BufferSet>();
  made.head.stream = config_.stream;
  made.head.epoch = set.epoch;
  made.head.total = set.buffer_count;
  made.head.fds_per_buffer = first.fd_count;
  made.head.memory = first.memory;
  made.head.cpu_sync = first.cpu_sync;
  made.head.layout = first.layout;
  made.head.rate = set.rate;
  made.head.colorimetry = set.colorimetry;
  if (config_.copy) {
    Status possible = CheckBuffer(first, first, 0);
    if (possible.ok()) possible = DescribeCopies(&made.head);
    if (!possible.ok()) return {possible.code(), name + ": " + possible.message()};
  }
  for (uint32_t i = 0; i < set.buffer_count; ++i) {
    const vstream_buffer buffer = BufferAt(set, i);
    const uint32_t id = set.buffer_ids[i];
    Status status = CheckBuffer(buffer, first, i);
    if (status.ok() && (ids_.contains(id) || std::count(set.buffer_ids, set.buffer_ids + i, id) > 0)) {
      status = {VSTREAM_E_INVALID, "buffer id " + std::to_string(id) + ": in use by a living set"};
    }
    if (status.ok()) status = TakeBuffer(buffer, id, &made);
    if (status.ok()) continue;
    DropBuffers(made);
    return {status.code(), name + ": " + status.message(), status.os_error()};
  }
  sets_.push_back(std::move(made));
  const BufferSet& kept = sets_.back();
  for (uint32_t i = 0; i < kept.buffers.size(); ++i) {
    auto* copy = kept.copies.empty() ? nullptr : static_cast<std::byte*>(kept.copies[i].data());
    ids_[kept.runtime_ids[i]] = {kept.buffers[i].id, &kept.head.layout, set.epoch, copy};
    runtime_ids_[kept.buffers[i].id] = kept.runtime_ids[i];
  }
  return Ok();
}

void Stream::DropBuffers(const BufferSet& set) {
  for (const wire::SetBuffer& buffer : set.buffers) producer_.RemoveBuffer(buffer.id);
}

Status Stream::RemoveSet(uint32_t epoch) {
  for (auto set = sets_.begin(); set != sets_.end(); ++set) {
    if (set->head.epoch != epoch) continue;
    DropBuffers(*set);
    for (const uint32_t id : set->runtime_ids) ids_.erase(id);
    sets_.erase(set);
    return Ok();
  }
  return {VSTREAM_E_NOT_FOUND, "buffer set " + std::to_string(epoch) + ": not announced, or ended already"};
}

}  // namespace videostream::shm
