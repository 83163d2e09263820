/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend kind `capture`: a source of raw frames (camera, file, test pattern).
 *
 * Life of an instance: create, configure, attach each buffer (role IMPORTS) or export each (role ALLOCATES), start,
 * { queue empty buffers; wait for poll_fd; dequeue filled ones }, stop, detach, destroy. After stop every queued buffer
 * is the caller's again, and configure or start may follow.
 */
#ifndef VIDEOSTREAM_CAPTURE_H_
#define VIDEOSTREAM_CAPTURE_H_

#include "videostream/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What the runtime would like. 0 in a field: no wish. */
typedef struct vstream_capture_request {
  uint32_t struct_size;
  uint32_t fourcc;        /* VSTREAM_FORMAT_* */
  uint64_t modifier;      /* VSTREAM_MODIFIER_* */
  uint32_t width, height; /* pixels */
  vstream_ratio rate;     /* frames per second */
} vstream_capture_request;

#define VSTREAM_ROLE_IMPORTS 0   /* fills buffers that the runtime attaches */
#define VSTREAM_ROLE_ALLOCATES 1 /* brings its own, see export_buffer */

/* What it will be. The runtime decides whether that is good enough. */
typedef struct vstream_capture_config {
  uint32_t struct_size;
  uint32_t role;                   /* VSTREAM_ROLE_* */
  vstream_layout layout;           /* IMPORTS: strides and sizes that attached buffers must have (fd_index, offset may
                                      be changed by the runtime where plane offsets are free) */
  vstream_ratio rate;              /* 0/0: whatever the source delivers */
  vstream_colorimetry colorimetry; /* of its frames, unless a frame says otherwise */
  uint32_t min_buffers;            /* that must be queued for frames to flow */
  uint32_t max_buffers;            /* that may be attached */
  uint32_t memory;                 /* VSTREAM_MEMORY_* that attached buffers must have */
  uint32_t fixed_offsets;          /* 1: plane offsets of `layout` must be kept */
} vstream_capture_config;

#define VSTREAM_CAPTURE_CAP_EXPORT UINT64_C(1)      /* export_buffer is there: role ALLOCATES is possible */
#define VSTREAM_CAPTURE_CAP_RECONFIGURE UINT64_C(2) /* reconfigure is there */

#define VSTREAM_RECONFIGURE_APPLIED 0       /* from the next frame on */
#define VSTREAM_RECONFIGURE_NEEDS_RESTART 1 /* stop, configure, start */

/* The functions of the kind. */
typedef struct vstream_capture_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t capabilities; /* VSTREAM_CAPTURE_CAP_* */

  /* Open the device info->device. Errors: NOT_FOUND, PERMISSION, BUSY, IO, INVALID (options). */
  int32_t (*create)(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error);
  /* Stops first if needed; closes the device. */
  void (*destroy)(void *self);
  /* Choose the format nearest to the request that the device can do. Not while started. Errors: UNSUPPORTED (the fourcc
   * or modifier is out of reach; sizes and rates are adjusted rather than refused), IO. */
  int32_t (*configure)(void *self, const vstream_capture_request *request, vstream_capture_config *out,
                       vstream_error *error);
  /* Role IMPORTS: make `buffer` known under `buffer_id` (any value but UINT32_MAX, not attached before). The layout is
   * complete. Errors: INVALID (layout does not fit, id in use), UNSUPPORTED (memory), NO_MEMORY. */
  int32_t (*attach)(void *self, uint32_t buffer_id, const vstream_buffer *buffer, vstream_error *error);
  /* Forget it. Not while it is queued: stop first. Errors: NOT_FOUND, BUSY. */
  int32_t (*detach)(void *self, uint32_t buffer_id, vstream_error *error);
  /* From here on queued buffers are filled. Errors: IO, BUSY. */
  int32_t (*start)(void *self, vstream_error *error);
  /* All queued buffers return to the caller without a dequeue. Idempotent. */
  int32_t (*stop)(void *self, vstream_error *error);
  /* Hand an empty buffer to the device. Errors: NOT_FOUND (not attached), BUSY (already queued). Never blocks. */
  int32_t (*queue)(void *self, uint32_t buffer_id, vstream_error *error);
  /* An fd that is readable while dequeue has something to say (a frame, an error, the end). Owned by the instance,
   * constant from create to destroy. */
  int32_t (*poll_fd)(void *self, int32_t *fd, vstream_error *error);
  /* Take the next filled buffer: out->buffer_id, sequence (the device's counter: a jump counts as device_gap), pts_ns,
   * bytes_used, flags. A frame flagged CORRUPTED is dropped by the runtime as device_error. Never blocks.
   * Errors: AGAIN, END_OF_STREAM (for good; queued buffers are returned by stop), IO (the source failed). */
  int32_t (*dequeue)(void *self, vstream_frame *out, vstream_error *error);
  /* CAP_EXPORT, role ALLOCATES: the device's buffer `index` of min_buffers..max_buffers. Ownership of the fds moves. It
   * is attached under `buffer_id` from then on. */
  int32_t (*export_buffer)(void *self, uint32_t index, uint32_t buffer_id, vstream_buffer *out, vstream_error *error);
  /* CAP_RECONFIGURE: change rate or size while running. `*outcome`: VSTREAM_RECONFIGURE_*. */
  int32_t (*reconfigure)(void *self, const vstream_capture_request *request, uint32_t *outcome, vstream_error *error);
} vstream_capture_ops;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_CAPTURE_H_ */
