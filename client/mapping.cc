// SPDX-License-Identifier: Apache-2.0
// Checking and mapping. Without the seals a producer could make any later access here a SIGBUS.
#undef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64  // on 32 bits fstat() and lseek() fail on large files otherwise
#include "client/mapping.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace videostream::client_internal {
namespace {

constexpr long kDmaBufMagic = 0x444d4142;  // statfs type of dma-bufs

std::string Number(uint64_t value) { return std::to_string(value); }

std::string CheckMemfd(int fd, uint64_t bytes, bool read_only) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0) return "not a memfd";
  if ((seals & F_SEAL_GROW) == 0 || (seals & F_SEAL_SHRINK) == 0) return "not sealed against a change of its size";
  if (read_only && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0) return "not sealed against writing";
  struct stat file {};
  if (::fstat(fd, &file) != 0) return std::string("fstat: ") + std::strerror(errno);
  if (static_cast<uint64_t>(file.st_size) < bytes) {
    return "has " + Number(static_cast<uint64_t>(file.st_size)) + " bytes, said to have " + Number(bytes);
  }
  return {};
}

std::string CheckDmaBuf(int fd, uint64_t bytes) {
  struct statfs fs {};
  if (::fstatfs(fd, &fs) != 0 || static_cast<long>(fs.f_type) != kDmaBufMagic) return "not a dma-buf";
  const off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0 || static_cast<uint64_t>(size) < bytes) {
    return "dma-buf of " + std::to_string(size) + " bytes, said to have " + Number(bytes);
  }
  return {};
}

// Populated at once: no page fault while frames are read. But not a sparse file: its memory would be made here, as much
// of it as the producer likes, and be charged to us.
std::string MapAll(int fd, uint64_t bytes, int protection, Mapping* out) {
  struct stat file {};
  const bool sparse =
      ::fstat(fd, &file) == 0 && file.st_size > 0 && static_cast<uint64_t>(file.st_blocks) * 512 < bytes;
  void* data = ::mmap(nullptr, bytes, protection, MAP_SHARED | (sparse ? 0 : MAP_POPULATE), fd, 0);
  if (data == MAP_FAILED) return "map of " + Number(bytes) + " bytes: " + std::strerror(errno);
  *out = Mapping(data, bytes);
  return {};
}

}  // namespace

std::string MapStreamPage(const UniqueFd& fd, const wire::Subscribed& subscribed, Mapping* out) {
  std::string why = CheckMemfd(fd.get(), subscribed.stream_page_bytes, true);
  if (why.empty()) why = MapAll(fd.get(), subscribed.stream_page_bytes, PROT_READ, out);
  return why.empty() ? why : "stream page: " + why;
}

std::string MapClientPage(const UniqueFd& fd, Mapping* out) {
  std::string why = CheckMemfd(fd.get(), wire::kClientPageBytes, false);
  if (why.empty()) why = MapAll(fd.get(), wire::kClientPageBytes, PROT_READ | PROT_WRITE, out);
  return why.empty() ? why : "client page: " + why;
}

std::string CheckDoorbell(const UniqueFd& fd) {
  struct stat file {};
  if (::fstat(fd.get(), &file) != 0 || !S_ISFIFO(file.st_mode)) return "doorbell: not a pipe";
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY) return "doorbell: not the end of a pipe that can be read";
  return {};
}

std::string MappedSet::MapFd(const UniqueFd& fd, uint64_t bytes, Mapping* out) const {
  std::string why =
      (head_.memory & VSTREAM_MEMORY_MEMFD) != 0 ? CheckMemfd(fd.get(), bytes, true) : CheckDmaBuf(fd.get(), bytes);
  return why.empty() ? MapAll(fd.get(), bytes, PROT_READ, out) : why;
}

std::string MappedSet::Add(const wire::BufferSet& part, std::vector<UniqueFd>& fds) {
  std::string name = "buffer set " + Number(head_.epoch) + ": ";
  if (part.first != buffers_.size() || part.total != head_.total || part.fds_per_buffer != head_.fds_per_buffer ||
      part.memory != head_.memory || std::memcmp(&part.layout, &head_.layout, sizeof part.layout) != 0) {
    return name + "its parts do not fit together";
  }
  for (uint32_t i = 0; i < part.count; ++i) {
    Buffer buffer;
    for (uint32_t j = 0; j < part.fds_per_buffer; ++j) {
      UniqueFd& fd = fds[i * part.fds_per_buffer + j];
      std::string why = MapFd(fd, part.buffers[i].fd_size[j], &buffer.maps[j]);
      if (!why.empty()) return name.append("buffer ").append(Number(part.buffers[i].id)).append(": ").append(why);
      if (EachReader()) buffer.fds[j] = std::move(fd);
    }
    buffers_.push_back(std::move(buffer));
    wire_buffers_.push_back(part.buffers[i]);
  }
  return {};
}

void MappedSet::Sync(uint32_t index, bool begin) const {
  for (const UniqueFd& fd : buffers_[index].fds) {
    if (!fd.valid()) continue;
    dma_buf_sync sync{static_cast<uint64_t>(begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END) | DMA_BUF_SYNC_READ};
    while (::ioctl(fd.get(), DMA_BUF_IOCTL_SYNC, &sync) != 0 && (errno == EINTR || errno == EAGAIN)) {
    }
  }
}

}  // namespace videostream::client_internal
