/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend kind `encoder`: raw frames in, packets out.
 *
 * Life of an instance: create, configure (which states the needs), attach input buffers and packet buffers,
 * { submit a frame with an empty packet buffer; wait for poll_fd; collect }, drain, destroy.
 * Every submitted job comes back exactly once, in order, with a packet or with a status that says why there is none.
 */
#ifndef VIDEOSTREAM_ENCODER_H_
#define VIDEOSTREAM_ENCODER_H_

#include "videostream/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What to encode, and how. */
typedef struct vstream_encoder_config {
  uint32_t struct_size;
  uint32_t codec;                  /* VSTREAM_FORMAT_H264, VSTREAM_FORMAT_MJPEG, ... */
  vstream_layout input;            /* strides as the buffers have them */
  vstream_colorimetry colorimetry; /* to be written into the stream */
  vstream_ratio rate;              /* frames per second, for rate control; 0/0: unknown */
  uint64_t bitrate;                /* bits per second */
  uint32_t gop;                    /* frames from one key frame to the next, >= 1 */
  uint32_t profile;                /* codec's profile_idc; 0: the backend's choice */
  uint32_t level;                  /* codec's level_idc; 0: the backend's choice */
  uint32_t quality;                /* MJPEG: 1 (smallest) .. 100 (best); 0: the backend's choice (since 0.2) */
} vstream_encoder_config;

/* What it needs: known before the first frame, never guessed. */
typedef struct vstream_encoder_needs {
  uint32_t struct_size;
  uint32_t max_jobs;         /* that may be submitted and not collected, >= 1 */
  uint32_t max_packet_bytes; /* no packet is larger; size of a packet buffer */
  uint32_t stride_alignment; /* bytes, of input buffers, a power of two */
  uint32_t input_memory;     /* VSTREAM_MEMORY_* that input buffers must have */
  uint32_t packet_memory;    /* VSTREAM_MEMORY_* that packet buffers must have */
  uint32_t latency_frames;   /* frames that go in before the first comes out; 0: none */
  uint32_t codec_profile;    /* profile_idc that will be written */
  uint32_t codec_level;      /* level_idc that will be written; 0: unknown yet */
  uint32_t reserved;
} vstream_encoder_needs;

#define VSTREAM_ENCODE_FORCE_KEY UINT32_C(1) /* make this one a key frame */

/* One frame to encode. */
typedef struct vstream_encoder_job {
  uint32_t struct_size;
  uint32_t flags;     /* VSTREAM_ENCODE_* */
  uint32_t packet_id; /* attached packet buffer to write */
  uint32_t reserved;
  uint64_t cookie;     /* comes back in the result */
  vstream_frame input; /* input.buffer_id: attached buffer to read */
} vstream_encoder_job;

/* What became of one job. */
typedef struct vstream_encoder_result {
  uint32_t struct_size;
  int32_t status;       /* VSTREAM_OK, or why this one frame has no packet */
  uint64_t cookie;      /* of the job */
  vstream_frame packet; /* buffer_id = packet_id, bytes_used[0], flags KEY and PARAMETER_SETS, pts as the input's */
} vstream_encoder_result;

#define VSTREAM_ENCODER_CAP_BITRATE UINT64_C(1) /* set_bitrate is there */

/* The functions of the kind. */
typedef struct vstream_encoder_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t capabilities; /* VSTREAM_ENCODER_CAP_* */

  /* Open an instance. Errors: NOT_FOUND, PERMISSION, BUSY, IO, INVALID (options). */
  int32_t (*create)(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error);
  /* Abandons jobs in flight; after it returns no buffer is touched. */
  void (*destroy)(void *self);
  /* Errors: UNSUPPORTED (codec, input format or size; names the limit), INVALID. Not while jobs are in flight. */
  int32_t (*configure)(void *self, const vstream_encoder_config *config, vstream_encoder_needs *out,
                       vstream_error *error);
  /* As in capture.h. A packet buffer has a layout of the codec's fourcc with one plane of >= max_packet_bytes. */
  int32_t (*attach)(void *self, uint32_t buffer_id, const vstream_buffer *buffer, vstream_error *error);
  /* Forget it. Not while a job uses it. Errors: NOT_FOUND, BUSY. */
  int32_t (*detach)(void *self, uint32_t buffer_id, vstream_error *error);
  /* Begin a job; both buffers are the encoder's until collect. Never blocks.
   * Errors: BUSY (max_jobs reached), NOT_FOUND (buffer), INVALID. */
  int32_t (*submit)(void *self, const vstream_encoder_job *job, vstream_error *error);
  /* Readable while collect has something. Owned by the instance, constant. */
  int32_t (*poll_fd)(void *self, int32_t *fd, vstream_error *error);
  /* The next result. Never blocks. Errors: AGAIN; END_OF_STREAM: everything is out after drain; IO: the encoder is lost
   * with every job in flight. */
  int32_t (*collect)(void *self, vstream_encoder_result *out, vstream_error *error);
  /* No more frames will come: push out what is inside. Never blocks; collect until END_OF_STREAM. A submit after that
   * starts a new sequence with a key frame. */
  int32_t (*drain)(void *self, vstream_error *error);
  /* CAP_BITRATE: bits per second, from the next frame on. */
  int32_t (*set_bitrate)(void *self, uint64_t bitrate, vstream_error *error);
} vstream_encoder_ops;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_ENCODER_H_ */
