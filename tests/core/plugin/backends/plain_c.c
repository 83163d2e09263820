/* SPDX-License-Identifier: Apache-2.0
 *
 * A complete backend in C11 without the SDK (INV-3): an allocator of memfds and a capture that counts its frames into
 * them. An example of what the contracts ask for when there is no wrapper: it passes the conformance suites.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "videostream/allocator.h"
#include "videostream/capture.h"

#define ALLOCATOR_ID "memfd"
#define CAPTURE_ID "counter"

/* ---- Records: each side has only as much of one as its struct_size says ---- */

/* The caller's record as ours: what an older runtime lacks is 0, what a newer one has more is left out. */
static void read_record(void *ours, uint32_t size, const void *record) {
  uint32_t there;
  memcpy(&there, record, sizeof there);
  memset(ours, 0, size);
  memcpy(ours, record, there < size ? there : size);
  memcpy(ours, &size, sizeof size);
}

/* Ours into the caller's: as much as it has room for, and struct_size says how much that was. Always VSTREAM_OK. */
static int32_t write_record(void *record, const void *ours, uint32_t size) {
  uint32_t room;
  memcpy(&room, record, sizeof room);
  if (room > size) room = size;
  memcpy(record, ours, room);
  memcpy(record, &room, sizeof room);
  return VSTREAM_OK;
}

/* Fills in the error and gives `code`. `os_error`: errno, or 0. The message is cut to the room there is. */
__attribute__((format(printf, 4, 5))) static int32_t fail(vstream_error *error, int32_t code, int os_error,
                                                          const char *format, ...) {
  vstream_error full = {.struct_size = sizeof full, .code = code, .os_error = os_error};
  va_list values;
  size_t room;
  va_start(values, format);
  vsnprintf(full.message, sizeof full.message, format, values);
  va_end(values);
  for (char *at = full.message; *at != 0; ++at) {
    if ((unsigned char)*at < ' ' || *at == 0x7F) *at = '?'; /* names come from outside; a message is one line */
  }
  room = error->struct_size < sizeof full ? error->struct_size : sizeof full;
  if (room > offsetof(vstream_error, message)) ((char *)&full)[room - 1] = 0;
  write_record(error, &full, sizeof full);
  return code;
}

/* Every create: an empty name stands for the first device, any other must be the one that probe gives. */
static int32_t check_device(const vstream_create_info *info, const char *id, vstream_error *error) {
  vstream_create_info full;
  read_record(&full, sizeof full, info);
  full.device[sizeof full.device - 1] = 0;
  if (full.device[0] == 0 || strcmp(full.device, id) == 0) return VSTREAM_OK;
  return fail(error, VSTREAM_E_NOT_FOUND, 0, "open '%s': no such device, only '%s'", full.device, id);
}

/* ---- Allocator ---- */

static const vstream_allocator_info memfd_info = {
    .struct_size = sizeof memfd_info,
    .memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS,
    .cpu_sync = VSTREAM_CPU_SYNC_NONE,
    .offset_alignment = 64,
    .max_buffer_bytes = UINT64_C(1) << 30,
};

static int32_t allocator_create(const vstream_runtime *host, const vstream_create_info *info, void **self,
                                vstream_error *error) {
  static char no_state;
  const int32_t code = check_device(info, ALLOCATOR_ID, error);
  (void)host;
  if (code == VSTREAM_OK) *self = &no_state;
  return code;
}

static void allocator_destroy(void *self) { (void)self; }

static int32_t allocator_info(void *self, vstream_allocator_info *out, vstream_error *error) {
  (void)self, (void)error;
  return write_record(out, &memfd_info, sizeof memfd_info);
}

/* A memfd whose pages are all there; -1 with errno. */
static int make_memfd(const char *label, uint64_t bytes) {
  const int fd = memfd_create(label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  while (fallocate(fd, 0, 0, (off_t)bytes) != 0) {
    const int why = errno;
    if (why == EINTR) continue;
    close(fd);
    errno = why;
    return -1;
  }
  return fd;
}

static int32_t allocate(void *self, const vstream_allocation_request *request, vstream_buffer *out,
                        vstream_error *error) {
  vstream_allocation_request wish;
  vstream_buffer made = {.struct_size = sizeof made, .fd_count = 1, .fds = {-1, -1, -1, -1}};
  (void)self;
  read_record(&wish, sizeof wish, request);
  wish.label[sizeof wish.label - 1] = 0;
  if (wish.bytes == 0) return fail(error, VSTREAM_E_INVALID, 0, "allocate '%s': 0 bytes", wish.label);
  if (wish.bytes > memfd_info.max_buffer_bytes) {
    return fail(error, VSTREAM_E_UNSUPPORTED, 0,
                "allocate '%s': %" PRIu64 " bytes wanted, at most %" PRIu64 " possible", wish.label, wish.bytes,
                memfd_info.max_buffer_bytes);
  }
  if ((wish.required_memory & ~memfd_info.memory) != 0) {
    return fail(error, VSTREAM_E_UNSUPPORTED, 0, "allocate '%s': memory 0x%x wanted, memfds are 0x%x", wish.label,
                wish.required_memory, memfd_info.memory);
  }
  made.fds[0] = make_memfd(wish.label, wish.bytes);
  if (made.fds[0] < 0) {
    return fail(error, VSTREAM_E_NO_MEMORY, errno, "allocate '%s': %" PRIu64 " bytes: %s", wish.label, wish.bytes,
                strerror(errno));
  }
  made.fd_size[0] = wish.bytes;
  made.memory = memfd_info.memory;
  made.cpu_sync = memfd_info.cpu_sync;
  return write_record(out, &made, sizeof made);
}

static const vstream_allocator_ops allocator_ops = {
    .struct_size = sizeof(vstream_allocator_ops),
    .create = &allocator_create,
    .destroy = &allocator_destroy,
    .info = &allocator_info,
    .allocate = &allocate,
};

/* ---- Capture: once started, every queued buffer comes back at once, filled with the number of the frame ---- */

#define MAX_BUFFERS 8
#define WIDTH 64u
#define HEIGHT 32u
#define FRAME_BYTES 2048u /* WIDTH * HEIGHT */

/* All that it can do: sizes and rates of a request are adjusted to it. */
static const vstream_capture_config only = {
    .struct_size = sizeof only,
    .role = VSTREAM_ROLE_IMPORTS,
    .layout = {.fourcc = VSTREAM_FORMAT_GREY,
               .plane_count = 1,
               .modifier = VSTREAM_MODIFIER_LINEAR,
               .width = WIDTH,
               .height = HEIGHT,
               .planes = {{.stride = WIDTH, .size = FRAME_BYTES}}},
    .colorimetry = {.primaries = 2, .transfer = 2, .matrix = 2, .range = VSTREAM_RANGE_FULL},
    .min_buffers = 1,
    .max_buffers = MAX_BUFFERS,
    .memory = VSTREAM_MEMORY_CPU_ACCESS,
};

struct capture {
  const vstream_runtime *host;
  int event; /* readable while there is something to dequeue */
  int configured, started;
  uint64_t sequence;
  uint32_t attached[MAX_BUFFERS], attached_count;
  uint32_t queued[MAX_BUFFERS], queued_count;
};

static int find(const uint32_t *ids, uint32_t count, uint32_t id) {
  for (uint32_t i = 0; i < count; ++i) {
    if (ids[i] == id) return (int)i;
  }
  return -1;
}
static int find_attached(const struct capture *me, uint32_t id) { return find(me->attached, me->attached_count, id); }
static int is_queued(const struct capture *me, uint32_t id) { return find(me->queued, me->queued_count, id) >= 0; }

/* After every change of what dequeue would say. */
static void update_event(const struct capture *me) {
  eventfd_t before;
  eventfd_read(me->event, &before);
  if (me->started && me->queued_count > 0) eventfd_write(me->event, 1);
}

static int32_t capture_create(const vstream_runtime *host, const vstream_create_info *info, void **self,
                              vstream_error *error) {
  static const char opened[] = "capture opened";
  struct capture *me;
  int32_t code = check_device(info, CAPTURE_ID, error);
  if (code != VSTREAM_OK) return code;
  me = calloc(1, sizeof *me);
  if (me == NULL) return fail(error, VSTREAM_E_NO_MEMORY, ENOMEM, "open '" CAPTURE_ID "': out of memory");
  me->host = host;
  me->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (me->event < 0) {
    code = fail(error, VSTREAM_E_NO_MEMORY, errno, "open '" CAPTURE_ID "': eventfd: %s", strerror(errno));
    free(me);
    return code;
  }
  host->log(host->ctx, VSTREAM_LOG_DEBUG, opened, sizeof opened - 1);
  *self = me;
  return VSTREAM_OK;
}

static void capture_destroy(void *self) {
  struct capture *me = self;
  close(me->event);
  free(me);
}

static int32_t capture_configure(void *self, const vstream_capture_request *request, vstream_capture_config *out,
                                 vstream_error *error) {
  struct capture *me = self;
  vstream_capture_request wish;
  read_record(&wish, sizeof wish, request);
  if (me->started) return fail(error, VSTREAM_E_BUSY, 0, "configure '" CAPTURE_ID "': it is started");
  if ((wish.fourcc != 0 && wish.fourcc != only.layout.fourcc) || wish.modifier != only.layout.modifier) {
    return fail(error, VSTREAM_E_UNSUPPORTED, 0,
                "configure '" CAPTURE_ID "': format 0x%08x with modifier 0x%" PRIx64 ", only linear GREY possible",
                wish.fourcc, wish.modifier);
  }
  me->configured = 1;
  return write_record(out, &only, sizeof only);
}

static int32_t capture_attach(void *self, uint32_t id, const vstream_buffer *buffer, vstream_error *error) {
  struct capture *me = self;
  vstream_buffer full;
  const vstream_layout *layout = &full.layout;
  const vstream_plane *plane = &layout->planes[0];
  if (!me->configured) return fail(error, VSTREAM_E_INVALID, 0, "attach buffer %u: not configured", id);
  if (id == UINT32_MAX || find_attached(me, id) >= 0) {
    return fail(error, VSTREAM_E_INVALID, 0, "attach buffer %u: the id is in use or reserved", id);
  }
  read_record(&full, sizeof full, buffer);
  if (layout->fourcc != only.layout.fourcc || layout->modifier != only.layout.modifier || layout->plane_count != 1 ||
      layout->width != WIDTH || layout->height != HEIGHT || plane->stride != WIDTH || plane->size < FRAME_BYTES) {
    return fail(error, VSTREAM_E_INVALID, 0,
                "attach buffer %u: format 0x%08x of %ux%u, stride %u, %" PRIu64
                " bytes found, linear GREY of %ux%u, stride %u, %u bytes expected",
                id, layout->fourcc, layout->width, layout->height, plane->stride, plane->size, WIDTH, HEIGHT, WIDTH,
                FRAME_BYTES);
  }
  if ((full.memory & VSTREAM_MEMORY_CPU_ACCESS) == 0) {
    return fail(error, VSTREAM_E_UNSUPPORTED, 0, "attach buffer %u: memory 0x%x found, CPU access (0x%x) expected", id,
                full.memory, VSTREAM_MEMORY_CPU_ACCESS);
  }
  if (me->attached_count == MAX_BUFFERS) {
    return fail(error, VSTREAM_E_NO_MEMORY, 0, "attach buffer %u: %d are attached", id, MAX_BUFFERS);
  }
  me->attached[me->attached_count++] = id;
  return VSTREAM_OK;
}

static int32_t capture_detach(void *self, uint32_t id, vstream_error *error) {
  struct capture *me = self;
  const int at = find_attached(me, id);
  if (at < 0) return fail(error, VSTREAM_E_NOT_FOUND, 0, "detach buffer %u: not attached", id);
  if (is_queued(me, id)) return fail(error, VSTREAM_E_BUSY, 0, "detach buffer %u: it is queued", id);
  me->attached[at] = me->attached[--me->attached_count];
  return VSTREAM_OK;
}

static int32_t capture_start(void *self, vstream_error *error) {
  struct capture *me = self;
  if (!me->configured) return fail(error, VSTREAM_E_INVALID, 0, "start '" CAPTURE_ID "': not configured");
  me->started = 1;
  update_event(me);
  return VSTREAM_OK;
}

static int32_t capture_stop(void *self, vstream_error *error) {
  struct capture *me = self;
  (void)error;
  me->started = 0;
  me->queued_count = 0;
  update_event(me);
  return VSTREAM_OK;
}

static int32_t capture_queue(void *self, uint32_t id, vstream_error *error) {
  struct capture *me = self;
  if (find_attached(me, id) < 0) return fail(error, VSTREAM_E_NOT_FOUND, 0, "queue buffer %u: not attached", id);
  if (is_queued(me, id)) return fail(error, VSTREAM_E_BUSY, 0, "queue buffer %u: queued already", id);
  me->queued[me->queued_count++] = id;
  update_event(me);
  return VSTREAM_OK;
}

static int32_t capture_poll_fd(void *self, int32_t *fd, vstream_error *error) {
  (void)error;
  *fd = ((struct capture *)self)->event;
  return VSTREAM_OK;
}

static int32_t capture_dequeue(void *self, vstream_frame *out, vstream_error *error) {
  struct capture *me = self;
  const vstream_runtime *host = me->host;
  const uint32_t id = me->queued[0];
  vstream_mapping planes = {.struct_size = sizeof planes};
  vstream_error why = {.struct_size = sizeof why};
  vstream_frame frame = {.struct_size = sizeof frame, .acquire_fence = -1, .release_fence = -1};
  if (!me->started || me->queued_count == 0) return fail(error, VSTREAM_E_AGAIN, 0, "dequeue: no frame");
  if (host->map(host->ctx, id, VSTREAM_ACCESS_WRITE, &planes, &why) != VSTREAM_OK) {
    return fail(error, VSTREAM_E_IO, why.os_error, "dequeue buffer %u: %s", id, why.message);
  }
  memset(planes.data[0], (int)(me->sequence & 0xFF), FRAME_BYTES);
  host->unmap(host->ctx, id, VSTREAM_ACCESS_WRITE);
  frame.buffer_id = id;
  frame.sequence = me->sequence++;
  frame.pts_ns = host->now_ns(host->ctx);
  frame.timestamp_source = VSTREAM_TIMESTAMP_SYNTHETIC;
  frame.bytes_used[0] = FRAME_BYTES;
  frame.colorimetry = only.colorimetry;
  memmove(me->queued, me->queued + 1, --me->queued_count * sizeof me->queued[0]);
  update_event(me);
  return write_record(out, &frame, sizeof frame);
}

static const vstream_capture_ops capture_ops = {
    .struct_size = sizeof(vstream_capture_ops),
    .create = &capture_create,
    .destroy = &capture_destroy,
    .configure = &capture_configure,
    .attach = &capture_attach,
    .detach = &capture_detach,
    .start = &capture_start,
    .stop = &capture_stop,
    .queue = &capture_queue,
    .poll_fd = &capture_poll_fd,
    .dequeue = &capture_dequeue,
};

/* ---- The plugin ---- */

static int32_t probe(const vstream_runtime *host, vstream_device *devices, uint32_t stride, uint32_t capacity,
                     uint32_t *count, vstream_error *error) {
  static const vstream_device all[] = {
      {.kind = VSTREAM_KIND_ALLOCATOR, .id = ALLOCATOR_ID, .label = "Memory", .bus = "virtual:memfd"},
      {.kind = VSTREAM_KIND_CAPTURE,
       .id = CAPTURE_ID,
       .label = "Counter",
       .bus = "virtual:counter",
       .min_buffers = 1,
       .max_buffers = MAX_BUFFERS,
       .cost = 1,
       .format_count = 1,
       .formats = {{.fourcc = VSTREAM_FORMAT_GREY,
                    .directions = VSTREAM_DIRECTION_OUTPUT,
                    .min_width = WIDTH,
                    .max_width = WIDTH,
                    .step_width = 1,
                    .min_height = HEIGHT,
                    .max_height = HEIGHT,
                    .step_height = 1,
                    .stride_alignment = 1,
                    .memory = VSTREAM_MEMORY_CPU_ACCESS}}},
  };
  const uint32_t there = sizeof all / sizeof all[0];
  (void)host, (void)error;
  for (uint32_t i = 0; i < there && i < capacity; ++i) {
    char *record = (char *)devices + (size_t)i * stride;
    memcpy(record, &stride, sizeof stride); /* the room; the caller need not have said it in each record */
    write_record(record, &all[i], sizeof all[i]);
  }
  *count = there;
  return VSTREAM_OK;
}

static const vstream_plugin_table table = {
    .struct_size = sizeof(vstream_plugin_table),
    .probe = &probe,
    .allocator = &allocator_ops,
    .capture = &capture_ops,
};

const vstream_plugin_descriptor vstream_plugin = {
    .identity = {.magic = VSTREAM_MAGIC,
                 .struct_size = sizeof(vstream_plugin_descriptor),
                 .abi_major = VSTREAM_ABI_MAJOR,
                 .abi_minor = VSTREAM_ABI_MINOR,
                 .kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_ALLOCATOR) | VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE),
                 .name = "plain-c",
                 .version = "1.0",
                 .vendor = "tests",
                 .license = "Apache-2.0"},
    .table = &table,
};
