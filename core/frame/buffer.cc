// SPDX-License-Identifier: Apache-2.0
// Buffers: a record is believed only after the kernel has confirmed it.
#include "core/frame/buffer.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string>
#include <utility>

#include "core/base/dma_buf_sync.h"
#include "core/base/log.h"
#include "core/frame/format.h"
#include "core/frame/layout.h"
#include "videostream/backend.h"

namespace videostream {
namespace {

static_assert(VSTREAM_ACCESS_READ == kDmaBufRead && VSTREAM_ACCESS_WRITE == kDmaBufWrite);

std::string FdText(uint32_t index) { return "fd " + std::to_string(index); }

// Bytes behind an fd. Older kernels report 0 for dma-bufs in fstat, and answer lseek.
Result<uint64_t> BytesBehind(int fd, uint32_t memory) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return ErrnoError(errno, "fstat");
  if (status.st_size > 0 || (memory & VSTREAM_MEMORY_DMABUF) == 0) return static_cast<uint64_t>(status.st_size);
  const off_t end = lseek(fd, 0, SEEK_END);
  return end > 0 ? static_cast<uint64_t>(end) : uint64_t{0};
}

}  // namespace

Result<std::shared_ptr<const Buffer>> Buffer::Make(std::array<UniqueFd, VSTREAM_MAX_FDS> fds, vstream_buffer desc,
                                                   bool map_cpu) {
  std::shared_ptr<Buffer> buffer(new Buffer);  // the constructor is private
  buffer->fds_ = std::move(fds);
  buffer->desc_ = desc;
  buffer->desc_.struct_size = sizeof desc;
  for (uint32_t i = 0; i < VSTREAM_MAX_FDS; ++i) buffer->desc_.fds[i] = buffer->fds_[i].get();

  Status ok = buffer->CheckRecord();
  if (ok && map_cpu && (desc.memory & VSTREAM_MEMORY_CPU_ACCESS) == 0) {
    ok = Fail(Code::kUnsupported, "the CPU cannot map this memory, choose an allocator with CPU access");
  }
  if (ok) ok = buffer->CheckSizes();
  if (ok && map_cpu) ok = buffer->Map();
  if (!ok) return WithContext(ok.error(), "buffer of " + FormatName(desc.layout.fourcc));
  return std::shared_ptr<const Buffer>(std::move(buffer));
}

Buffer::~Buffer() {
  for (uint32_t i = 0; i < VSTREAM_MAX_FDS; ++i) {
    if (mappings_[i] != nullptr) munmap(mappings_[i], LayoutBytes(desc_.layout, i));
  }
}

Status Buffer::CheckRecord() const {
  // The layout first: it bounds fd_count.
  if (Status ok = CheckLayout(desc_.layout, desc_.fd_size, desc_.fd_count); !ok) return ok;
  for (uint32_t i = 0; i < VSTREAM_MAX_FDS; ++i) {
    const bool used = i < desc_.fd_count;
    if (fds_[i].valid() != used) {
      return Fail(Code::kInvalidArgument, FdText(i) + (used ? " is missing" : " is one too many") + ", fd_count is " +
                                              std::to_string(desc_.fd_count));
    }
    if (used && desc_.fd_size[i] > kMaxFdBytes) {
      return Fail(Code::kInvalidArgument, FdText(i) + ": fd_size " + std::to_string(desc_.fd_size[i]) +
                                              " is more than " + std::to_string(kMaxFdBytes));
    }
  }
  if (desc_.cpu_sync > VSTREAM_CPU_SYNC_EACH_READER) {
    return Fail(Code::kInvalidArgument, "unknown cpu_sync " + std::to_string(desc_.cpu_sync));
  }
  if ((desc_.memory & VSTREAM_MEMORY_SECURE) != 0) {
    return Fail(Code::kUnsupported, "secure memory is not supported, choose another allocator");
  }
  return {};
}

Status Buffer::CheckSizes() const {
  for (uint32_t i = 0; i < desc_.fd_count; ++i) {
    Result<uint64_t> bytes = BytesBehind(fds_[i].get(), desc_.memory);
    if (!bytes) return WithContext(bytes.error(), FdText(i));
    if (*bytes < desc_.fd_size[i]) {
      return Fail(Code::kInvalidArgument, FdText(i) + " has " + std::to_string(*bytes) + " bytes, its fd_size says " +
                                              std::to_string(desc_.fd_size[i]));
    }
  }
  return {};
}

Status Buffer::Map() {
  for (uint32_t i = 0; i < desc_.fd_count; ++i) {
    const uint64_t bytes = LayoutBytes(desc_.layout, i);
    if (bytes == 0) continue;  // an fd without planes
    const std::string what = FdText(i) + ": mmap of " + std::to_string(bytes) + " bytes";
    if (bytes > std::numeric_limits<size_t>::max()) return Fail(Code::kNoMemory, what + ": beyond the address space");
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fds_[i].get(), 0);
    if (memory == MAP_FAILED) return ErrnoError(errno, what);
    mappings_[i] = static_cast<uint8_t*>(memory);
  }
  mapped_ = true;
  return {};
}

uint8_t* Buffer::plane(uint32_t index) const {
  if (!mapped_ || index >= desc_.layout.plane_count) return nullptr;
  const vstream_plane& plane = desc_.layout.planes[index];
  return mappings_[plane.fd_index] + plane.offset;
}

bool Buffer::needs_sync() const {
  return (desc_.memory & VSTREAM_MEMORY_DMABUF) != 0 && desc_.cpu_sync != VSTREAM_CPU_SYNC_NONE;
}

Status Buffer::BeginCpuAccess(uint32_t access) const {
  if (!needs_sync()) return {};
  for (uint32_t i = 0; i < desc_.fd_count; ++i) {
    if (Status ok = DmaBufBegin(fds_[i].get(), access); !ok) {
      EndFirst(i, access);
      return WithContext(ok.error(), "buffer of " + FormatName(desc_.layout.fourcc) + ": " + FdText(i));
    }
  }
  return {};
}

void Buffer::EndCpuAccess(uint32_t access) const {
  if (needs_sync()) EndFirst(desc_.fd_count, access);
}

// The access is over whatever the kernel says, so its refusal has nobody to go to but the log.
void Buffer::EndFirst(uint32_t count, uint32_t access) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (Status ok = DmaBufEnd(fds_[i].get(), access); !ok) Log(LogLevel::kDebug, "core.frame", ok.error().message);
  }
}

}  // namespace videostream
