/* SPDX-License-Identifier: Apache-2.0
 *
 * A complete backend in C11 without the SDK (INV-3): an allocator of memfds and a capture that counts its frames into
 * them. Everything that the ABI asks for, nothing more.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "videostream/allocator.h"
#include "videostream/capture.h"

#define MAX_BUFFERS 8
#define WIDTH 64u
#define HEIGHT 32u

static int32_t fail(vstream_error *error, int32_t code, const char *message) {
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

/* ---- allocator ---- */

static int32_t allocator_create(const vstream_host *host, const vstream_create_info *info, void **self,
                                vstream_error *error) {
  static char no_state;
  (void)host, (void)info, (void)error;
  *self = &no_state;
  return VSTREAM_OK;
}

static void allocator_destroy(void *self) { (void)self; }

static int32_t allocator_info(void *self, vstream_allocator_info *out, vstream_error *error) {
  (void)self, (void)error;
  out->memory = VSTREAM_MEMORY_MEMFD | VSTREAM_MEMORY_CACHED | VSTREAM_MEMORY_COHERENT | VSTREAM_MEMORY_CPU_ACCESS;
  out->cpu_sync = VSTREAM_CPU_SYNC_NONE;
  out->offset_alignment = 64;
  out->max_buffer_bytes = UINT64_C(1) << 30;
  return VSTREAM_OK;
}

static int32_t allocate(void *self, const vstream_allocation_request *request, vstream_buffer *out,
                        vstream_error *error) {
  vstream_allocator_info info;
  int fd;
  allocator_info(self, &info, error);
  if (request->bytes == 0) return fail(error, VSTREAM_E_INVALID, "allocate: 0 bytes");
  if (request->bytes > info.max_buffer_bytes) return fail(error, VSTREAM_E_UNSUPPORTED, "allocate: too large");
  if ((request->required_memory & ~info.memory) != 0) return fail(error, VSTREAM_E_UNSUPPORTED, "allocate: memory");
  fd = memfd_create(request->label, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return fail(error, VSTREAM_E_NO_MEMORY, strerror(errno));
  if (fallocate(fd, 0, 0, (off_t)request->bytes) != 0) {
    close(fd);
    return fail(error, VSTREAM_E_NO_MEMORY, strerror(errno));
  }
  out->fd_count = 1;
  out->fds[0] = fd;
  out->fd_size[0] = request->bytes;
  out->memory = info.memory;
  out->cpu_sync = info.cpu_sync;
  return VSTREAM_OK;
}

static const vstream_allocator_ops allocator_ops = {
    .struct_size = sizeof(vstream_allocator_ops),
    .create = &allocator_create,
    .destroy = &allocator_destroy,
    .info = &allocator_info,
    .allocate = &allocate,
};

/* ---- capture: every queued buffer comes back at once, filled with the number of the frame ---- */

struct capture {
  const vstream_host *host;
  int event; /* counts the queued buffers */
  int started;
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

static int32_t capture_create(const vstream_host *host, const vstream_create_info *info, void **self,
                              vstream_error *error) {
  struct capture *me = calloc(1, sizeof *me);
  (void)info;
  if (me == NULL) return fail(error, VSTREAM_E_NO_MEMORY, "create: out of memory");
  me->host = host;
  me->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
  if (me->event < 0) {
    free(me);
    return fail(error, VSTREAM_E_NO_MEMORY, "create: eventfd");
  }
  host->log(host->ctx, VSTREAM_LOG_DEBUG, "capture opened", 14);
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
  (void)self;
  if (request->fourcc != 0 && request->fourcc != VSTREAM_FORMAT_GREY) {
    return fail(error, VSTREAM_E_UNSUPPORTED, "configure: only GREY");
  }
  out->role = VSTREAM_ROLE_IMPORTS;
  out->layout.fourcc = VSTREAM_FORMAT_GREY;
  out->layout.plane_count = 1;
  out->layout.width = WIDTH;
  out->layout.height = HEIGHT;
  out->layout.planes[0].stride = WIDTH;
  out->layout.planes[0].size = (uint64_t)WIDTH * HEIGHT;
  out->min_buffers = 1;
  out->max_buffers = MAX_BUFFERS;
  out->memory = VSTREAM_MEMORY_CPU_ACCESS;
  return VSTREAM_OK;
}

static int32_t capture_attach(void *self, uint32_t id, const vstream_buffer *buffer, vstream_error *error) {
  struct capture *me = self;
  (void)buffer;
  if (find(me->attached, me->attached_count, id) >= 0) return fail(error, VSTREAM_E_INVALID, "attach: id in use");
  if (me->attached_count == MAX_BUFFERS) return fail(error, VSTREAM_E_NO_MEMORY, "attach: too many");
  me->attached[me->attached_count++] = id;
  return VSTREAM_OK;
}

static int32_t capture_detach(void *self, uint32_t id, vstream_error *error) {
  struct capture *me = self;
  const int at = find(me->attached, me->attached_count, id);
  if (at < 0) return fail(error, VSTREAM_E_NOT_FOUND, "detach: not attached");
  if (find(me->queued, me->queued_count, id) >= 0) return fail(error, VSTREAM_E_BUSY, "detach: queued");
  me->attached[at] = me->attached[--me->attached_count];
  return VSTREAM_OK;
}

static void drop_queue(struct capture *me) {
  eventfd_t one;
  while (me->queued_count > 0) {
    eventfd_read(me->event, &one);
    --me->queued_count;
  }
}

static int32_t capture_start(void *self, vstream_error *error) {
  (void)error;
  ((struct capture *)self)->started = 1;
  return VSTREAM_OK;
}

static int32_t capture_stop(void *self, vstream_error *error) {
  (void)error;
  ((struct capture *)self)->started = 0;
  drop_queue(self);
  return VSTREAM_OK;
}

static int32_t capture_queue(void *self, uint32_t id, vstream_error *error) {
  struct capture *me = self;
  if (find(me->attached, me->attached_count, id) < 0) return fail(error, VSTREAM_E_NOT_FOUND, "queue: not attached");
  if (find(me->queued, me->queued_count, id) >= 0) return fail(error, VSTREAM_E_BUSY, "queue: queued already");
  me->queued[me->queued_count++] = id;
  eventfd_write(me->event, 1);
  return VSTREAM_OK;
}

static int32_t capture_poll_fd(void *self, int32_t *fd, vstream_error *error) {
  (void)error;
  *fd = ((struct capture *)self)->event;
  return VSTREAM_OK;
}

static int32_t capture_dequeue(void *self, vstream_frame *out, vstream_error *error) {
  struct capture *me = self;
  vstream_mapping planes = {.struct_size = sizeof planes};
  eventfd_t one;
  int32_t code;
  if (!me->started || me->queued_count == 0) return VSTREAM_E_AGAIN;
  code = me->host->map(me->host->ctx, me->queued[0], VSTREAM_ACCESS_WRITE, &planes, error);
  if (code != VSTREAM_OK) return code;
  memset(planes.data[0], (int)(me->sequence & 0xFF), (size_t)WIDTH * HEIGHT);
  me->host->unmap(me->host->ctx, me->queued[0], VSTREAM_ACCESS_WRITE);
  out->buffer_id = me->queued[0];
  out->sequence = me->sequence++;
  out->pts_ns = me->host->now_ns(me->host->ctx);
  out->timestamp_source = VSTREAM_TIMESTAMP_SYNTHETIC;
  out->bytes_used[0] = (uint64_t)WIDTH * HEIGHT;
  memmove(me->queued, me->queued + 1, --me->queued_count * sizeof me->queued[0]);
  eventfd_read(me->event, &one);
  return VSTREAM_OK;
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

/* ---- the plugin ---- */

static int32_t probe(const vstream_host *host, vstream_device *devices, uint32_t stride, uint32_t capacity,
                     uint32_t *count, vstream_error *error) {
  static const uint32_t kinds[] = {VSTREAM_KIND_ALLOCATOR, VSTREAM_KIND_CAPTURE};
  (void)host, (void)error;
  *count = 2;
  for (uint32_t i = 0; i < *count && i < capacity; ++i) {
    vstream_device *device = (vstream_device *)((char *)devices + (size_t)i * stride);
    device->struct_size = stride < sizeof *device ? stride : (uint32_t)sizeof *device;
    device->kind = kinds[i];
    strcpy(device->id, i == 0 ? "memfd" : "counter");
    strcpy(device->label, "plain C");
  }
  return VSTREAM_OK;
}

static const vstream_plugin_table table = {
    .struct_size = sizeof(vstream_plugin_table),
    .probe = &probe,
    .allocator = &allocator_ops,
    .capture = &capture_ops,
};

const vstream_plugin_descriptor vstream_plugin = {
    .identity =
        {
            .magic = VSTREAM_MAGIC,
            .struct_size = sizeof(vstream_plugin_descriptor),
            .abi_major = VSTREAM_ABI_MAJOR,
            .abi_minor = VSTREAM_ABI_MINOR,
            .kinds = VSTREAM_KIND_BIT(VSTREAM_KIND_ALLOCATOR) | VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE),
            .name = "plain-c",
            .version = "1.0",
            .vendor = "tests",
            .license = "Apache-2.0",
        },
    .table = &table,
};
