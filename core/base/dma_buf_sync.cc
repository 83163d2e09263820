// SPDX-License-Identifier: Apache-2.0
// One ioctl, written down here because core includes no device header.
#include "core/base/dma_buf_sync.h"

#include <sys/ioctl.h>

#include <cerrno>
#include <string>

namespace videostream {
namespace {

struct SyncArgument {
  uint64_t flags;
};
constexpr unsigned long kSyncRequest = _IOW('b', 0, SyncArgument);
constexpr uint64_t kStart = 0;
constexpr uint64_t kEnd = 4;
constexpr int kMaxAttempts = 1000;

Status Sync(int fd, uint32_t access, uint64_t phase, IoctlCall call) {
  const char* what = phase == kStart ? "begin CPU access to dma-buf" : "end CPU access to dma-buf";
  if (access == 0 || (access & ~(kDmaBufRead | kDmaBufWrite)) != 0) {
    return Fail(Code::kInvalidArgument, std::string(what) + ": access " + std::to_string(access) +
                                            ", expected 1 (read), 2 (write) or 3 (both)");
  }
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    SyncArgument argument{phase | access};
    if (call(fd, kSyncRequest, &argument) == 0) return {};
    if (errno != EINTR && errno != EAGAIN) return ErrnoError(errno, what);
  }
  return Fail(Code::kBusy, std::string(what) + ": interrupted " + std::to_string(kMaxAttempts) + " times");
}

}  // namespace

int SystemIoctl(int fd, unsigned long request, void* argument) { return ::ioctl(fd, request, argument); }

Status DmaBufBegin(int fd, uint32_t access, IoctlCall call) { return Sync(fd, access, kStart, call); }

Status DmaBufEnd(int fd, uint32_t access, IoctlCall call) { return Sync(fd, access, kEnd, call); }

}  // namespace videostream
