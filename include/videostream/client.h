/* SPDX-License-Identifier: Apache-2.0
 *
 * The consumer library in C11: frames of another process, without a copy. See client.hpp for what things mean.
 *
 *   vstream_client *client;
 *   vstream_client_create("/run/videostream/front.sock", NULL, &client, NULL);
 *   vstream_client_frame *frame;
 *   while (vstream_client_wait(client, 5000000000, &frame, NULL) == VSTREAM_OK) {
 *     vstream_frame_view view = {.struct_size = sizeof view};
 *     vstream_client_frame_view(frame, &view);
 *     detect(view.data[0], view.width, view.height, view.stride[0]);
 *     vstream_client_frame_release(frame);
 *   }
 *   vstream_client_destroy(client);
 *
 * Handles. A handle is a name, not an address: null, a closed one, and one that this library has not given out (or that
 * is of another kind) are VSTREAM_E_INVALID in every function, whatever else happens in other threads meanwhile.
 *
 * Errors. Every function returns VSTREAM_OK or a VSTREAM_E_* and, where `error` is not null, fills it in (struct_size
 * need not be set); output parameters are untouched then.
 *
 * Threads. A client handle is used by one thread at a time, but for vstream_client_destroy, which may come from any: a
 * wait in another thread then ends with VSTREAM_E_INVALID, and the destroy returns after it. Frames may be used in and
 * released from any thread, several at a time, and may outlive their client.
 */
#ifndef VIDEOSTREAM_CLIENT_H_
#define VIDEOSTREAM_CLIENT_H_

#include <stddef.h>
#include <stdint.h>

#include "videostream/error.h"
#include "videostream/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A consumer of one stream of one socket. */
typedef struct vstream_client vstream_client;
/** One frame or packet: a lease on a buffer of the producer. */
typedef struct vstream_client_frame vstream_client_frame;

/** vstream_client_options.stream */
#define VSTREAM_CLIENT_FRAMES 0
#define VSTREAM_CLIENT_PACKETS 1 /* what the encoder writes */

/** How to receive. All 0 but struct_size is a useful default. */
typedef struct vstream_client_options {
  uint32_t struct_size;
  uint32_t stream;       /**< VSTREAM_CLIENT_* */
  uint32_t queue;        /**< 0: the newest frame each time; N: every frame while at most N wait (at most 32) */
  uint32_t no_reconnect; /**< 1: the end of the producer ends the client; 0: waits connect to the next one */
  const char *name;      /**< shown in the producer's status, at most 31 bytes; null: the program's name */
} vstream_client_options;

/** vstream_client_state */
#define VSTREAM_CLIENT_CONNECTING 0
#define VSTREAM_CLIENT_CONNECTED 1 /* subscribed */
#define VSTREAM_CLIENT_ENDED 2     /**< the producer has closed, and no_reconnect is set */
#define VSTREAM_CLIENT_FAILED 3    /**< will not get better by waiting */

/** Counters of one client; see ClientStats in client.hpp. published = taken + sum of skipped + those that wait. */
typedef struct vstream_client_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t published;      /**< while it was subscribed */
  uint64_t taken;          /**< frames given out */
  uint64_t skipped[16];    /**< by VSTREAM_DROP_* */
  uint64_t void_leases;    /**< frames whose lease was revoked before release; they count as taken as well */
  uint64_t gaps;           /**< times that frames were skipped, whatever their number */
  uint64_t reconnects;     /**< connections after the first */
  uint64_t first_sequence; /**< of the first frame taken; 0: none */
  uint64_t last_sequence;  /**< of the last frame taken */
} vstream_client_stats;

/** What a frame says about itself, and where its bytes are: readable until the frame is released. */
typedef struct vstream_frame_view {
  uint32_t struct_size;
  uint32_t format;                         /**< VSTREAM_FORMAT_* */
  uint32_t width;                          /**< pixels, as stored; 0 for packets whose size is unknown */
  uint32_t height;                         /**< pixels */
  uint32_t plane_count;                    /**< 1..VSTREAM_MAX_PLANES */
  uint32_t flags;                          /**< VSTREAM_FRAME_*; see Frame::flags in client.hpp */
  const uint8_t *data[VSTREAM_MAX_PLANES]; /**< first byte of each plane; null beyond plane_count */
  uint64_t size[VSTREAM_MAX_PLANES];       /**< bytes used in each plane; [0] is a packet's length */
  uint32_t stride[VSTREAM_MAX_PLANES];     /**< bytes from row to row; 0 for packets */
  vstream_rect visible;                    /**< part to show, pixels */
  vstream_colorimetry colorimetry;         /**< of this frame */
  vstream_ratio rate;                      /**< nominal frames per second of the stream; 0/0: unknown */
  uint64_t sequence;                       /**< 1, 2, 3, ... as published; begins anew with another producer */
  int64_t pts_ns;                          /**< capture time, CLOCK_MONOTONIC */
  int64_t duration_ns;                     /**< 0: unknown */
  int64_t published_ns;                    /**< when the producer made it visible, CLOCK_MONOTONIC */
} vstream_frame_view;

/** Never blocks: a producer that is not there yet is waited for by connect and wait. `options` may be null. INVALID:
 * path or options. NO_MEMORY: 65,535 handles are open. */
int32_t vstream_client_create(const char *socket_path, const vstream_client_options *options, vstream_client **client,
                              vstream_error *error);
/** Ends it. Frames that it gave out stay valid. */
int32_t vstream_client_destroy(vstream_client *client);

/** Wait until connected and subscribed. TIMEOUT after `timeout_ns`; else why it will not get better. Optional. */
int32_t vstream_client_connect(vstream_client *client, int64_t timeout_ns, vstream_error *error);
/** The next frame, waiting up to `timeout_ns` (0 or less: do not wait; INT64_MAX: for ever). TIMEOUT: none came.
 * END_OF_STREAM: the producer has closed. BUSY: too many frames are held. Others: it will not get better by waiting. */
int32_t vstream_client_wait(vstream_client *client, int64_t timeout_ns, vstream_client_frame **frame,
                            vstream_error *error);
/** An fd for poll or epoll, readable when a wait with timeout 0 has something to do. Level-triggered, owned by the
 * client, constant. After it was readable wait with timeout 0 until TIMEOUT. */
int32_t vstream_client_poll_fd(vstream_client *client, int32_t *fd, vstream_error *error);
/** Packets: ask the producer for a key frame soon. */
int32_t vstream_client_request_key(vstream_client *client);
/** VSTREAM_CLIENT_CONNECTING, ... */
int32_t vstream_client_state(vstream_client *client, uint32_t *state);
/** Counters as of the last wait. Set stats->struct_size. */
int32_t vstream_client_get_stats(vstream_client *client, vstream_client_stats *stats);

/** Set view->struct_size. */
int32_t vstream_client_frame_view(vstream_client_frame *frame, vstream_frame_view *view);
/** `*valid`: 1, or 0 once the producer has revoked the lease, because the frame was held for too long: then what was
 * read since the last 1 may be torn. Ask after the last read. */
int32_t vstream_client_frame_valid(vstream_client_frame *frame, uint32_t *valid);
/** A second handle on the same lease; the buffer goes back when the last one is released. */
int32_t vstream_client_frame_share(vstream_client_frame *frame, vstream_client_frame **copy, vstream_error *error);
/** Give it back. */
int32_t vstream_client_frame_release(vstream_client_frame *frame);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_CLIENT_H_ */
