/* SPDX-License-Identifier: Apache-2.0
 *
 * A producer in your own process, in C11: frames that you fill, in the hands of other processes without a copy. See
 * host.hpp for what things mean, client.h for how handles and errors work.
 *
 *   vstream_host_options options = {.struct_size = sizeof options, .width = 640, .height = 480};
 *   vstream_host *host;
 *   vstream_host_create("/tmp/cam.sock", &options, &host, NULL);
 *   vstream_host_buffer *buffer;
 *   while (vstream_host_get_write_buffer(host, &buffer, NULL) == VSTREAM_OK) {
 *     vstream_host_buffer_view view = {.struct_size = sizeof view};
 *     vstream_host_buffer_get_view(buffer, &view);
 *     draw(view.data[0], view.stride[0]);
 *     vstream_host_publish_frame(host, buffer, NULL, NULL);
 *   }
 *   vstream_host_destroy(host);
 *
 * Threads. Every function may be called from any thread at any time; calls on one host take turns. The bytes of one
 * buffer are the business of those who write them.
 */
#ifndef VIDEOSTREAM_HOST_H_
#define VIDEOSTREAM_HOST_H_

#include <stddef.h>
#include <stdint.h>

#include "videostream/error.h"
#include "videostream/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A producer on one socket. */
typedef struct vstream_host vstream_host;
/** One buffer to fill. */
typedef struct vstream_host_buffer vstream_host_buffer;

/** What to publish. width and height must be set; 0 or null elsewhere is the default. */
typedef struct vstream_host_options {
  uint32_t struct_size;
  uint32_t width;                  /**< pixels */
  uint32_t height;                 /**< pixels */
  uint32_t format;                 /**< VSTREAM_FORMAT_*, a raw one; 0: NV12 */
  uint32_t buffers;                /**< frames in the pool for consumers, 2..48; 0: 6 */
  uint32_t leases;                 /**< frames that one consumer may hold, 1..16; 0: 2 */
  const char *const *allocators;   /**< allocator backends in order of preference; null: dmabuf-heap, shm */
  uint64_t allocator_count;        /**< entries of allocators */
  const char *const *backend_dirs; /**< folders with backends, searched first; null: none */
  uint64_t backend_dir_count;      /**< entries of backend_dirs */
  const char *transport;           /**< transport backend; null: shm */
  int64_t lease_time_ns;           /**< that a consumer may hold a frame, 10 ms..60 s; 0: 1 s */
  uint32_t clients;                /**< consumers at a time, 1..4096; 0: 256 */
  uint32_t mode;                   /**< permission bits of the socket; 0: 0660 */
  uint32_t write_buffers;          /**< buffers that may be written at a time, 1..8; 0: 2 */
  uint32_t reserved;
  vstream_ratio rate;              /**< nominal frames per second; 0/0: unknown */
  vstream_colorimetry colorimetry; /**< of every frame */
  int64_t hold_time_ns; /**< when buffers run out, a frame held for longer is taken back; 1 ns..60 s; 0: 100 ms */
  const char *group;    /**< of the socket, name or number; null or empty: that of a file made in its folder */
  const char *const *allow_uids; /**< users that may connect, names or numbers; null: see HostOptions in host.hpp */
  uint64_t allow_uid_count;      /**< entries of allow_uids */
  const char *const *allow_gids; /**< groups that may connect, names or numbers; null: likewise */
  uint64_t allow_gid_count;      /**< entries of allow_gids */
  uint32_t protect_copy;         /**< 1: consumers get sealed copies of the frames */
  uint32_t reserved1;
} vstream_host_options;

/** Where the bytes of a buffer are: writable until it is published or discarded. */
typedef struct vstream_host_buffer_view {
  uint32_t struct_size;
  uint32_t format;      /**< VSTREAM_FORMAT_* */
  uint32_t width;       /**< pixels */
  uint32_t height;      /**< pixels */
  uint32_t plane_count; /**< 1..VSTREAM_MAX_PLANES */
  uint32_t reserved;
  uint8_t *data[VSTREAM_MAX_PLANES];   /**< first byte of each plane; null beyond plane_count */
  uint64_t size[VSTREAM_MAX_PLANES];   /**< bytes of each plane, padding included */
  uint32_t stride[VSTREAM_MAX_PLANES]; /**< bytes from row to row */
} vstream_host_buffer_view;

/** What to say of a frame; 0 in a field: the default. */
typedef struct vstream_publish_info {
  uint32_t struct_size;
  uint32_t flags;       /**< VSTREAM_FRAME_DISCONTINUITY, _CORRUPTED, _NO_SIGNAL; others are ignored */
  int64_t pts_ns;       /**< capture time, CLOCK_MONOTONIC; 0: now */
  int64_t duration_ns;  /**< 0: unknown */
  vstream_rect visible; /**< part to show; all 0: everything */
} vstream_publish_info;

/** One consumer as it is now; see HostConsumer in host.hpp. */
typedef struct vstream_host_consumer {
  uint32_t struct_size;
  uint32_t id;          /**< unique over the host's life */
  int32_t pid;          /**< its process, as the kernel says */
  uint32_t uid;         /**< its user, as the kernel says */
  uint32_t queue;       /**< 0: the newest frame each time; N: queue N */
  uint32_t held;        /**< frames it holds now */
  uint64_t published;   /**< frames published since it subscribed */
  uint64_t taken;       /**< as it claims */
  uint64_t skipped[16]; /**< by VSTREAM_DROP_* */
  uint64_t revoked;     /**< frames taken back because they were held for too long */
  uint64_t lag;         /**< frames published that it has neither taken nor skipped */
  char name[32];        /**< as it claims */
} vstream_host_consumer;

/** Counters since the host was made; see HostStats in host.hpp. */
typedef struct vstream_host_stats {
  uint32_t struct_size;
  uint32_t reserved;
  uint64_t published;           /**< frames */
  uint64_t bytes;               /**< of those frames */
  uint64_t refused;             /**< times that no buffer was free */
  uint64_t consumers;           /**< connected now */
  uint64_t connections_refused; /**< since it was created */
} vstream_host_stats;

/** Loads the backends, allocates the pool, binds the socket. On failure nothing is left behind. */
int32_t vstream_host_create(const char *socket_path, const vstream_host_options *options, vstream_host **host,
                            vstream_error *error);
/** Says goodbye to the consumers, waiting up to a second for them to take the last frames; removes the socket. Its
 * buffers stay writable and can only be discarded. */
int32_t vstream_host_destroy(vstream_host *host);

/** A buffer to fill. Never waits. AGAIN: every buffer is held, drop this frame. BUSY: too many are being written. */
int32_t vstream_host_get_write_buffer(vstream_host *host, vstream_host_buffer **buffer, vstream_error *error);
/** Set view->struct_size. */
int32_t vstream_host_buffer_get_view(vstream_host_buffer *buffer, vstream_host_buffer_view *view);
/** Makes the frame visible to all consumers. Never waits, except with protect_copy: for the copy, and for a device that
 * still writes the memory. The buffer handle is closed in any case, unless it or the host is no handle. INVALID: the
 * buffer is another host's, or info->visible lies outside. */
int32_t vstream_host_publish_frame(vstream_host *host, vstream_host_buffer *buffer, const vstream_publish_info *info,
                                   vstream_error *error);
/** Give it back unpublished. */
int32_t vstream_host_discard_buffer(vstream_host_buffer *buffer);

/** Waits until so many consumers are subscribed. TIMEOUT after `timeout_ns`. */
int32_t vstream_host_wait_for_consumers(vstream_host *host, uint64_t count, int64_t timeout_ns, vstream_error *error);
/** Fills up to `capacity` records of `stride` bytes (set to sizeof(vstream_host_consumer)), sets `*count` to the number
 * of consumers that there are. `consumers` may be null if capacity is 0. */
int32_t vstream_host_consumers(vstream_host *host, vstream_host_consumer *consumers, uint64_t stride, uint64_t capacity,
                               uint64_t *count, vstream_error *error);
/** Set stats->struct_size. */
int32_t vstream_host_get_stats(vstream_host *host, vstream_host_stats *stats);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_HOST_H_ */
