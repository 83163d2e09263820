// SPDX-License-Identifier: Apache-2.0
// CPU access to a dma-buf: the begin and end brackets that keep the CPU's caches and the devices in agreement.
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace videostream {

// What the CPU is about to do, or has done. The values are the kernel's.
inline constexpr uint32_t kDmaBufRead = 1;
inline constexpr uint32_t kDmaBufWrite = 2;

// ioctl(2) with its argument. Injected by tests.
using IoctlCall = int (*)(int fd, unsigned long request, void* argument);
[[nodiscard]] int SystemIoctl(int fd, unsigned long request, void* argument);

// Begins or ends CPU access to the dma-buf `fd` (borrowed). `access`: kDmaBufRead, kDmaBufWrite or both, the same at
// both ends. May wait for a device that is writing. Interrupted calls are repeated, a bounded number of times: an
// exporter that never lets go is kBusy. kInvalidArgument: `access`; errors of the kernel (ENOTTY: not a dma-buf) as
// ErrnoError has them. Any thread.
[[nodiscard]] Status DmaBufBegin(int fd, uint32_t access, IoctlCall call = SystemIoctl);
[[nodiscard]] Status DmaBufEnd(int fd, uint32_t access, IoctlCall call = SystemIoctl);

}  // namespace videostream
