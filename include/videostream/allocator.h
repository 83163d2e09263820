/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend kind `allocator`: memory for frames, as file descriptors that other devices and processes can map.
 */
#ifndef VIDEOSTREAM_ALLOCATOR_H_
#define VIDEOSTREAM_ALLOCATOR_H_

#include "videostream/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an instance gives out. */
typedef struct vstream_allocator_info {
  uint32_t struct_size;
  uint32_t memory;           /* VSTREAM_MEMORY_* every buffer has */
  uint32_t cpu_sync;         /* VSTREAM_CPU_SYNC_* */
  uint32_t offset_alignment; /* bytes; each plane may start at a multiple of it. A power of two */
  uint64_t max_buffer_bytes; /* larger requests are refused */
} vstream_allocator_info;

/* One buffer that is wanted. */
typedef struct vstream_allocation_request {
  uint32_t struct_size;
  uint32_t required_memory; /* VSTREAM_MEMORY_* that must be there */
  uint64_t bytes;           /* > 0; the whole buffer in one fd */
  char label[32];           /* visible in /proc/PID/fd and dma-buf debugfs, where the kernel allows */
} vstream_allocation_request;

/* The functions of the kind. */
typedef struct vstream_allocator_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t capabilities; /* none defined yet: 0 */

  /* Open an instance. `*self` is passed to every other function. */
  int32_t (*create)(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error);
  /* End it. Buffers given out live on: they are only fds. */
  void (*destroy)(void *self);
  /* What this instance gives out. Never blocks. */
  int32_t (*info)(void *self, vstream_allocator_info *out, vstream_error *error);
  /* One buffer of at least `bytes` bytes, zeroed, its memory committed: a later write cannot fail for want of memory.
   * Fills out->fd_count = 1, fds[0] (ownership moves to the caller, close-on-exec), fd_size[0], memory, cpu_sync; the
   * layout stays 0. Errors: INVALID (0 bytes), NO_MEMORY, UNSUPPORTED (required_memory, or larger than
   * max_buffer_bytes). May block for the time the kernel needs to clear the pages. */
  int32_t (*allocate)(void *self, const vstream_allocation_request *request, vstream_buffer *out, vstream_error *error);
} vstream_allocator_ops;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_ALLOCATOR_H_ */
