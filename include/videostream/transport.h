/* SPDX-License-Identifier: Apache-2.0
 *
 * Backend kind `transport`: hands frames to other processes.
 *
 * Life of an instance: create (binds the socket), add_set, { publish; reclaim; service when poll_fd is readable },
 * set_state(CLOSING), destroy. It never waits for a consumer.
 *
 * Threads: unlike the other kinds, an instance may be driven from different threads, one at a time: a producer
 * publishes from the thread that has the frame, while another one serves connections between its calls (since 0.2).
 *
 * Who owns a buffer: published buffers belong to the transport until reclaim gives them back. A frame may be published
 * again only after its buffer came back.
 */
#ifndef VIDEOSTREAM_TRANSPORT_H_
#define VIDEOSTREAM_TRANSPORT_H_

#include "videostream/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One transport instance (one socket) carries up to two streams. */
#define VSTREAM_STREAM_FRAMES 0
#define VSTREAM_STREAM_PACKETS 1 /* coded */
#define VSTREAM_STREAMS 2        /* their number */

/* A pool of buffers of one layout, announced to consumers as a whole. */
typedef struct vstream_buffer_set {
  uint32_t struct_size;
  uint32_t stream;               /* VSTREAM_STREAM_* */
  uint32_t epoch;                /* names the set; strictly rising per instance */
  uint32_t buffer_count;         /* 1..64 */
  const vstream_buffer *buffers; /* buffer_count of them, of one layout */
  const uint32_t *buffer_ids;    /* unique over all living sets of the instance, < 65534 */
  uint32_t buffer_stride;        /* bytes from one entry of `buffers` to the next */
  uint32_t reserved;
  vstream_ratio rate;              /* nominal, for consumers; 0/0: unknown */
  vstream_colorimetry colorimetry; /* for consumers */
} vstream_buffer_set;

#define VSTREAM_TRANSPORT_STATE_RUNNING 0   /* frames come */
#define VSTREAM_TRANSPORT_STATE_NO_SIGNAL 1 /* the source has none */
#define VSTREAM_TRANSPORT_STATE_CLOSING 2   /* the last frame is out */

#define VSTREAM_EVENT_NONE 0         /* there is none */
#define VSTREAM_EVENT_CONNECTED 1    /* `consumer`; detail: who */
#define VSTREAM_EVENT_DISCONNECTED 2 /* `consumer`; detail: why */
#define VSTREAM_EVENT_REFUSED 3      /* detail: why; not a consumer yet */
#define VSTREAM_EVENT_REVOKED 4      /* `consumer`; a lease was taken back; detail: why */
#define VSTREAM_EVENT_KEY_WANTED 5   /* a consumer of the packet stream needs a key frame */

/* Something that happened to a consumer. */
typedef struct vstream_transport_event {
  uint32_t struct_size;
  uint32_t type;     /* VSTREAM_EVENT_* */
  uint32_t consumer; /* id, unique over the instance's life; 0: none */
  uint32_t stream;   /* VSTREAM_STREAM_* */
  char detail[160];  /* one line */
} vstream_transport_event;

#define VSTREAM_CONSUMER_POLICY_LATEST 0 /* the newest frame each time */
#define VSTREAM_CONSUMER_POLICY_QUEUE 1  /* every frame, in order */

/* A consumer as it is now. Numbers marked (reported) come from its own page and are what it claims. */
typedef struct vstream_consumer {
  uint32_t struct_size;
  uint32_t id;          /* unique over the life of the instance */
  uint32_t stream;      /* VSTREAM_STREAM_* */
  uint32_t policy;      /* VSTREAM_CONSUMER_POLICY_* */
  uint32_t queue_depth; /* of policy QUEUE */
  uint32_t leases_held; /* frames it holds now */
  int32_t pid;          /* SO_PEERCRED at connect */
  uint32_t uid, gid;    /* SO_PEERCRED at connect */
  uint32_t reserved;
  uint64_t first_sequence; /* first one published after it subscribed; 0: none yet */
  uint64_t published;      /* frames published since it subscribed */
  uint64_t taken;          /* (reported) */
  uint64_t skipped[16];    /* (reported) by VSTREAM_DROP_*; VSTREAM_DROP_REASONS are used */
  uint64_t revocations;    /* leases taken back */
  char name[32];           /* (reported) */
} vstream_consumer;

/* What an instance needs and where it is. */
typedef struct vstream_transport_info {
  uint32_t struct_size;
  uint32_t extra_buffers; /* that this transport needs per frame pool on top of the device's: newest, leases, queues */
  uint32_t max_buffers;   /* per set */
  uint32_t memory;        /* VSTREAM_MEMORY_*: one of MEMFD, DMABUF, CPU_ACCESS suffices */
  uint64_t connected;     /* consumers now */
  uint64_t refused;       /* connections refused since create */
  char address[108];      /* socket path */
  char fields[160];       /* how extra_buffers comes about, for `explain`: "1 newest + 2 leases + 4 queue" */
  uint32_t reserved;
} vstream_transport_info;

/* The functions of the kind. */
typedef struct vstream_transport_ops {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t capabilities; /* none defined yet: 0 */

  /* Bind and listen. Options carry socket, mode, buffers, leases, lease-time, clients; and, only where the schema has
   * them, hold-time, group, allow-uid, allow-gid, protect. Errors: INVALID (path too long: both numbers), NOT_FOUND
   * (folder missing; no such user or group), BUSY (taken by a live host), PERMISSION. A socket file left by a dead host
   * is replaced. */
  int32_t (*create)(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error);
  /* Says goodbye to consumers, closes, removes the socket file it made. */
  void (*destroy)(void *self);
  /* What it needs and where it is. Never blocks. */
  int32_t (*info)(void *self, vstream_transport_info *out, vstream_error *error);
  /* Announce a set. Its memfds are sealed here: whoever writes has mapped them before. From here on until remove_set
   * its buffers count as attached: `map` of the host services gives read access to them (INVALID for writing). Errors:
   * INVALID, UNSUPPORTED (memory), NO_MEMORY. */
  int32_t (*add_set)(void *self, const vstream_buffer_set *set, vstream_error *error);
  /* Announce its end. Its buffers count as reclaimed and are published no more. Consumers keep what they hold: a buffer
   * that reclaim has not given back must not be written again, only closed. Errors: NOT_FOUND. */
  int32_t (*remove_set)(void *self, uint32_t epoch, vstream_error *error);
  /* Make a frame visible. frame->sequence must be the stream's last + 1 or more. Wakes consumers; never blocks,
   * except with `protect` copy: for the copy, and for a device that still writes the memory. Errors: NOT_FOUND (buffer
   * in no set), INVALID (sequence, bytes_used), BUSY (buffer is published already). */
  int32_t (*publish)(void *self, uint32_t stream, const vstream_frame *frame, vstream_error *error);
  /* Take back up to `want` of the published buffers `ids[0..count)` (those the pool would like, oldest first): fills
   * `taken` and `*taken_count` (0 is no error). A buffer given back is seen by no consumer any more. Never gives the
   * newest frame; what a consumer holds only after that consumer's minimum hold time (it is revoked then). Never
   * blocks. */
  int32_t (*reclaim)(void *self, uint32_t stream, const uint32_t *ids, uint32_t count, uint32_t want, uint32_t *taken,
                     uint32_t *taken_count, vstream_error *error);
  /* Readable when service has work: connections, messages, timers. Owned by the instance, constant. */
  int32_t (*poll_fd)(void *self, int32_t *fd, vstream_error *error);
  /* Do that work, a bounded amount of it. Never blocks. */
  int32_t (*service)(void *self, vstream_error *error);
  /* The next event since the last call; type NONE when there is none (returns VSTREAM_OK). */
  int32_t (*next_event)(void *self, vstream_transport_event *out, vstream_error *error);
  /* Tell consumers about the source. state: VSTREAM_TRANSPORT_STATE_*. */
  int32_t (*set_state)(void *self, uint32_t stream, uint32_t state, vstream_error *error);
  /* Fills up to `capacity` records of `stride` bytes, sets `*count` to the number there are. */
  int32_t (*consumers)(void *self, vstream_consumer *out, uint32_t stride, uint32_t capacity, uint32_t *count,
                       vstream_error *error);
} vstream_transport_ops;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_TRANSPORT_H_ */
