// SPDX-License-Identifier: Apache-2.0
// Every way to change memory that one was given to read, tried: as a consumer with the descriptor, and as another user
// with nothing but the producer's process number.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <linux/udmabuf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

namespace videostream::test {

// A dma-buf of the same pages, which may be writable where the memfd is not. True: it could be written through.
// False also where the system has no such device, or keeps it from us.
inline bool WritableAsDmaBuf(int memfd, size_t bytes) {
  const int device = ::open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
  if (device < 0) return false;
  udmabuf_create wish{};
  wish.memfd = static_cast<uint32_t>(memfd);
  wish.flags = UDMABUF_FLAGS_CLOEXEC;
  wish.size = bytes;
  const int made = ::ioctl(device, UDMABUF_CREATE, &wish);
  ::close(device);
  if (made < 0) return false;
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, made, 0);
  ::close(made);
  if (mapped == MAP_FAILED) return false;
  ::munmap(mapped, bytes);
  return true;
}

// The ways that worked, each with a space in front; empty: none did. `fd`: at least a page of memory.
inline std::string WaysToWrite(int fd) {
  constexpr size_t kPage = 4096;
  std::string worked;
  const auto refused = [&](const char* way, bool is) {
    if (!is) worked += std::string(" ") + way;
  };
  const auto map = [&](int with, int protection) { return ::mmap(nullptr, kPage, protection, MAP_SHARED, with, 0); };
  char byte = 'x';
  refused("mmap", map(fd, PROT_READ | PROT_WRITE) == MAP_FAILED);
  refused("mmap-write-only", map(fd, PROT_WRITE) == MAP_FAILED);
  ::lseek(fd, 0, SEEK_SET);
  refused("write", ::write(fd, &byte, 1) < 0);
  refused("pwrite", ::pwrite(fd, &byte, 1, 0) < 0);
  refused("truncate", ::ftruncate(fd, 0) < 0);
  refused("extend", ::ftruncate(fd, 1 << 24) < 0);
  refused("punch-hole", ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kPage) < 0);
  refused("fallocate", ::fallocate(fd, 0, 1 << 24, kPage) < 0);
  for (const int seal : {F_SEAL_WRITE, F_SEAL_SEAL, F_SEAL_GROW}) refused("seal", ::fcntl(fd, F_ADD_SEALS, seal) < 0);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) == 0) {
    loff_t to = 0;
    const bool filled = ::write(ends[1], &byte, 1) == 1;
    refused("splice", filled && ::splice(ends[0], nullptr, fd, &to, 1, SPLICE_F_NONBLOCK) < 0);
    ::close(ends[0]);
    ::close(ends[1]);
  }
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (const int again = ::open(link.c_str(), O_RDWR | O_CLOEXEC); again >= 0) {
    refused("reopen-mmap", map(again, PROT_READ | PROT_WRITE) == MAP_FAILED);
    refused("reopen-write", ::pwrite(again, &byte, 1, 0) < 0);
    ::close(again);
  }
  if (const int again = ::open(link.c_str(), O_RDWR | O_TRUNC | O_CLOEXEC); again >= 0) {
    refused("reopen-truncate", ::lseek(again, 0, SEEK_END) > 0);
    ::close(again);
  }
  refused("udmabuf", !WritableAsDmaBuf(fd, kPage));
  void* readable = map(fd, PROT_READ);
  if (readable == MAP_FAILED) return worked + " (and it cannot be read)";
  refused("mprotect", ::mprotect(readable, kPage, PROT_READ | PROT_WRITE) < 0);
  refused("remove", ::madvise(readable, kPage, MADV_REMOVE) < 0);
  iovec from{&byte, 1};
  iovec to{readable, 1};
  refused("process_vm_writev", ::process_vm_writev(::getpid(), &from, 1, &to, 1, 0) < 0);
  // Writes to memory that is mapped for reading only, where the mapping may ever become writable.
  if (const int memory = ::open("/proc/self/mem", O_RDWR | O_CLOEXEC); memory >= 0) {
    refused("own-mem", ::pwrite(memory, &byte, 1, static_cast<off_t>(reinterpret_cast<uintptr_t>(readable))) < 0);
    ::close(memory);
  }
  ::munmap(readable, kPage);
  return worked;
}

// This process becomes another user for good. Groups are `gid` and the supplementary ones.
inline bool Become(uid_t uid, gid_t gid, const std::vector<gid_t>& groups = {}) {
  return ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(gid, gid, gid) == 0 &&
         ::setresuid(uid, uid, uid) == 0;
}

// In a process of another user: the ways to change `address` or `fd` of process `pid` that worked, as above.
inline std::string WaysIntoProcess(pid_t pid, void* address, int fd) {
  std::string worked;
  char byte = 'x';
  iovec from{&byte, 1};
  iovec to{address, 1};
  if (::process_vm_writev(pid, &from, 1, &to, 1, 0) >= 0) worked += " process_vm_writev";
  const std::string process = "/proc/" + std::to_string(pid);
  for (const std::string& file : {process + "/mem", process + "/fd/" + std::to_string(fd)}) {
    if (const int opened = ::open(file.c_str(), O_RDWR | O_CLOEXEC); opened >= 0) {
      worked += " " + file;
      ::close(opened);
    }
  }
  return worked;
}

}  // namespace videostream::test
