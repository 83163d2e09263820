// SPDX-License-Identifier: Apache-2.0
// Making, sealing and mapping memfds.
#include "backends/shm/memfd.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace videostream::shm {

using backend::Ok;
using backend::Status;

const int kReadOnlySeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
const int kFixedSizeSeals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;

Status MakeMemfd(const char* label, uint64_t bytes, bool huge, UniqueFd* out) {
  const auto fail = [&](const char* operation) {
    const int error = errno;
    std::string what = std::string("memfd '") + label + "', " + operation + " " + std::to_string(bytes) + " bytes";
    Status status = Status::Errno(what, error);
    if (!huge) return status;
    return Status(status.code() == VSTREAM_E_NO_MEMORY ? VSTREAM_E_NO_MEMORY : VSTREAM_E_UNSUPPORTED,
                  status.message() + " (huge pages: reserve some with vm.nr_hugepages, or set 'huge-pages: false')",
                  error);
  };
  // Beyond this limit the kernel answers with a signal that ends the process.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur) {
    return {VSTREAM_E_NO_MEMORY,
            std::string("memfd '") + label + "' of " + std::to_string(bytes) +
                " bytes: files of this process may have " + std::to_string(limit.rlim_cur) +
                " (RLIMIT_FSIZE); raise it with 'ulimit -f unlimited'",
            EFBIG};
  }
  UniqueFd fd(::memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge ? MFD_HUGETLB : 0)));
  if (!fd.valid()) return fail("create of");
  if (::ftruncate(fd.get(), static_cast<off_t>(bytes)) != 0) return fail("resize to");
  // Now rather than as a SIGBUS at the first frame.
  int result = 0;
  do {
    result = ::fallocate(fd.get(), 0, 0, static_cast<off_t>(bytes));
  } while (result != 0 && errno == EINTR);
  if (result != 0) return fail("allocation of");
  *out = std::move(fd);
  return Ok();
}

Status Seal(int fd, int seals, std::string_view what) {
  const int present = ::fcntl(fd, F_GET_SEALS);
  if (present < 0) {
    return {VSTREAM_E_UNSUPPORTED, std::string(what) + ": cannot be sealed, not a memfd made with MFD_ALLOW_SEALING",
            errno};
  }
  // F_SEAL_WRITE is stronger than F_SEAL_FUTURE_WRITE; F_SEAL_SEAL is only there to keep the others company.
  int missing = seals & ~present & ~F_SEAL_SEAL;
  if ((present & F_SEAL_WRITE) != 0) missing &= ~F_SEAL_FUTURE_WRITE;
  if (missing == 0 && ((present & F_SEAL_SEAL) != 0 || (seals & F_SEAL_SEAL) == 0)) return Ok();
  if (::fcntl(fd, F_ADD_SEALS, seals & ~present) == 0) return Ok();
  const int error = errno;
  if (error == EINVAL && (seals & F_SEAL_FUTURE_WRITE) != 0) {
    return {VSTREAM_E_UNSUPPORTED, std::string(what) + ": this kernel lacks F_SEAL_FUTURE_WRITE (Linux 5.1)", error};
  }
  if (error == EPERM) {
    return {VSTREAM_E_UNSUPPORTED,
            std::string(what) + ": sealed against further seals, and lacks some that protect its readers", error};
  }
  return Status::Errno(std::string(what) + ", seal", error);
}

Status Map(int fd, uint64_t bytes, int protection, std::string_view what, Mapping* out) {
  void* data = ::mmap(nullptr, bytes, protection, MAP_SHARED | MAP_POPULATE, fd, 0);
  if (data == MAP_FAILED) return Status::Errno(std::string(what) + ", map", errno);
  *out = Mapping(data, bytes);
  return Ok();
}

}  // namespace videostream::shm
