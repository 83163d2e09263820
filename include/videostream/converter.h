/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend kind `converter`: crop, scale and change of format, from one raw frame to another.
 *
 * Life of an instance: create, configure, attach buffers of both sides, { submit; wait for poll_fd; collect }, destroy.
 * Jobs finish in the order of submission.
 */
#ifndef VIDEOSTREAM_CONVERTER_H_
#define VIDEOSTREAM_CONVERTER_H_

#include "videostream/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VSTREAM_FILTER_NEAREST 0  /* fastest */
#define VSTREAM_FILTER_BILINEAR 1 /* between four neighbours */
#define VSTREAM_FILTER_BOX 2      /* mean of all that one target pixel covers; best for smaller pictures */

/* What is done to the picture between crop and scaling: first mirrored, then turned. Values are ORed. */
#define VSTREAM_TRANSFORM_NONE UINT32_C(0)
#define VSTREAM_TRANSFORM_ROTATE_90 UINT32_C(1)       /* clockwise; the target is as wide as the source is high */
#define VSTREAM_TRANSFORM_ROTATE_180 UINT32_C(2)      /* upside down */
#define VSTREAM_TRANSFORM_ROTATE_270 UINT32_C(3)      /* counter-clockwise */
#define VSTREAM_TRANSFORM_ROTATE_MASK UINT32_C(3)     /* the rotation in a transform */
#define VSTREAM_TRANSFORM_FLIP_HORIZONTAL UINT32_C(4) /* left becomes right */
#define VSTREAM_TRANSFORM_FLIP_VERTICAL UINT32_C(8)   /* top becomes bottom */

/* Colours. matrix and range of source_color say what the source is; those of target_color what the target is to be.
 * Unspecified (matrix 2 or, with a YUV format, 0; range 0) means: YUV is BT.709 from 1280 pixels of width or 720 of
 * height on and BT.601 below, limited range; MJPEG is BT.601, full range; RGB is full range. Only matrix and range are
 * converted: primaries and transfer must be the same on both sides, or unspecified on one. */
typedef struct vstream_converter_config {
  uint32_t struct_size;
  uint32_t filter;       /* VSTREAM_FILTER_*, for scaling */
  vstream_layout source; /* strides as the buffers have them; a coded one (MJPEG) has one plane, the most bytes */
  vstream_layout target; /* fourcc, width, height are set; strides as the buffers will have them */
  vstream_rect crop;     /* of the source; all 0: everything */
  vstream_colorimetry source_color; /* what the source is */
  vstream_colorimetry target_color; /* what the target is to be */
  uint32_t transform;               /* VSTREAM_TRANSFORM_* (since 0.2) */
  uint32_t reserved;
} vstream_converter_config;

/* What it needs of the buffers, known before the first job. */
typedef struct vstream_converter_needs {
  uint32_t struct_size;
  uint32_t max_jobs;         /* that may be submitted and not collected, >= 1 */
  uint32_t stride_alignment; /* bytes, for target buffers, a power of two */
  uint32_t memory;           /* VSTREAM_MEMORY_* that buffers must have */
} vstream_converter_needs;

/* One picture to convert. */
typedef struct vstream_converter_job {
  uint32_t struct_size;
  uint32_t target_id;   /* attached buffer to write */
  uint64_t cookie;      /* comes back in the result */
  vstream_frame source; /* source.buffer_id: attached buffer to read */
} vstream_converter_job;

/* What became of one job. */
typedef struct vstream_converter_result {
  uint32_t struct_size;
  int32_t status;  /* VSTREAM_OK, or why this one job failed, such as a broken JPEG (the frame is dropped as
                      convert_error) */
  uint64_t cookie; /* of the job */
  uint64_t bytes_used[VSTREAM_MAX_PLANES]; /* of the target, per plane */
} vstream_converter_result;

/* The functions of the kind. */
typedef struct vstream_converter_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t capabilities; /* none defined yet: 0 */

  /* Open an instance. Errors: NOT_FOUND, PERMISSION, BUSY, IO, INVALID (options). */
  int32_t (*create)(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error);
  /* Waits for jobs in flight, then ends. */
  void (*destroy)(void *self);
  /* Set the conversion. Not while jobs are in flight. Errors: UNSUPPORTED (names both formats and sizes), INVALID. */
  int32_t (*configure)(void *self, const vstream_converter_config *config, vstream_converter_needs *out,
                       vstream_error *error);
  /* As in capture.h, for buffers of both sides. */
  int32_t (*attach)(void *self, uint32_t buffer_id, const vstream_buffer *buffer, vstream_error *error);
  /* Forget it. Not while a job uses it. Errors: NOT_FOUND, BUSY. */
  int32_t (*detach)(void *self, uint32_t buffer_id, vstream_error *error);
  /* Begin a job. Never blocks. Errors: BUSY (max_jobs reached), NOT_FOUND (buffer), INVALID. */
  int32_t (*submit)(void *self, const vstream_converter_job *job, vstream_error *error);
  /* Readable while collect has a result. Owned by the instance, constant. */
  int32_t (*poll_fd)(void *self, int32_t *fd, vstream_error *error);
  /* The next finished job. Never blocks. Errors: AGAIN; IO: the converter is lost with every job in flight. */
  int32_t (*collect)(void *self, vstream_converter_result *out, vstream_error *error);
} vstream_converter_ops;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_CONVERTER_H_ */
