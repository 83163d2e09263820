/* SPDX-License-Identifier: Apache-2.0
 *
 * The smallest backend that the loader accepts: a capture that can do nothing. Each bad backend is this file with one
 * macro set otherwise (BUILD.bazel), so that nothing but that can be the reason of its refusal.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "videostream/capture.h"

#ifndef TINY_MAGIC
#define TINY_MAGIC VSTREAM
#endif
#ifndef TINY_MAJOR
#define TINY_MAJOR VSTREAM_ABI_MAJOR
#endif
#ifndef TINY_MINOR
#define TINY_MINOR VSTREAM_ABI_MINOR
#endif
#ifndef TINY_DESCRIPTOR_SIZE
#define TINY_DESCRIPTOR_SIZE sizeof(vstream_plugin_descriptor)
#endif
#ifndef TINY_KINDS
#define TINY_KINDS VSTREAM_KIND_BIT(VSTREAM_KIND_CAPTURE)
#endif
#ifndef TINY_VERSION
#define TINY_VERSION "1.0"
#endif
#ifndef TINY_TABLE
#define TINY_TABLE &table
#endif
#ifndef TINY_PROBE
#define TINY_PROBE &probe
#endif
#ifndef TINY_CAPTURE
#define TINY_CAPTURE &capture_ops
#endif
#ifndef TINY_CAPTURE_SIZE
#define TINY_CAPTURE_SIZE sizeof(vstream_capture_ops)
#endif
#ifndef TINY_CAPTURE_CAPABILITIES
#define TINY_CAPTURE_CAPABILITIES 0
#endif
#ifndef TINY_DEQUEUE
#define TINY_DEQUEUE &dequeue
#endif
#ifndef TINY_OPTION_TYPE
#define TINY_OPTION_TYPE VSTREAM_OPTION_STRING
#endif

#define TEXT_OF(...) #__VA_ARGS__
#define TEXT(...) TEXT_OF(__VA_ARGS__)

#ifdef TINY_UNRESOLVED
void videostream_test_nowhere_defined(void);
#endif

/* Leaves a file behind: proof that code of this library has run. */
__attribute__((constructor)) static void leave_marker(void) {
  const char *folder = getenv("VS_TEST_MARKERS");
  char path[512];
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/%s", folder, TEXT(TINY_NAME));
  FILE *file = fopen(path, "w");
  if (file != NULL) fclose(file);
#ifdef TINY_UNRESOLVED
  videostream_test_nowhere_defined();
#endif
}

static int32_t fail(vstream_error *error) {
  error->code = VSTREAM_E_UNSUPPORTED;
  strcpy(error->message, "tiny can do nothing");
  return VSTREAM_E_UNSUPPORTED;
}

static int32_t create(const vstream_runtime *host, const vstream_create_info *info, void **self, vstream_error *error) {
  static char instance;
  (void)host, (void)info, (void)error;
  *self = &instance;
  return VSTREAM_OK;
}
static void destroy(void *self) { (void)self; }
static int32_t configure(void *self, const vstream_capture_request *request, vstream_capture_config *out,
                         vstream_error *error) {
  (void)self, (void)request, (void)out;
  return fail(error);
}
static int32_t attach(void *self, uint32_t id, const vstream_buffer *buffer, vstream_error *error) {
  (void)self, (void)id, (void)buffer;
  return fail(error);
}
static int32_t with_id(void *self, uint32_t id, vstream_error *error) {
  (void)self, (void)id;
  return fail(error);
}
static int32_t alone(void *self, vstream_error *error) {
  (void)self;
  return fail(error);
}
static int32_t poll_fd(void *self, int32_t *fd, vstream_error *error) {
  (void)self, (void)fd;
  return fail(error);
}
static inline int32_t dequeue(void *self, vstream_frame *out, vstream_error *error) {
  (void)self, (void)out;
  return fail(error);
}
static inline int32_t probe(const vstream_runtime *host, vstream_device *devices, uint32_t stride, uint32_t capacity,
                            uint32_t *count, vstream_error *error) {
  (void)host, (void)devices, (void)stride, (void)capacity, (void)error;
  *count = 0;
  return VSTREAM_OK;
}

extern const vstream_capture_ops capture_ops;
const vstream_capture_ops capture_ops = {
    .struct_size = TINY_CAPTURE_SIZE,
    .capabilities = TINY_CAPTURE_CAPABILITIES,
    .create = &create,
    .destroy = &destroy,
    .configure = &configure,
    .attach = &attach,
    .detach = &with_id,
    .start = &alone,
    .stop = &alone,
    .queue = &with_id,
    .poll_fd = &poll_fd,
    .dequeue = TINY_DEQUEUE,
};

static const vstream_option_spec options[] = {{
    .struct_size = sizeof(vstream_option_spec),
    .type = TINY_OPTION_TYPE,
    .kinds = TINY_KINDS,
    .name = "note",
    .help = "kept, not used",
}};

extern const vstream_plugin_table table;
const vstream_plugin_table table = {
    .struct_size = sizeof(vstream_plugin_table),
    .option_count = 1,
    .options = options,
    .option_stride = sizeof options[0],
    .probe = TINY_PROBE,
    .capture = TINY_CAPTURE,
};

const vstream_plugin_descriptor vstream_plugin = {
    .identity =
        {
            .magic = TEXT(TINY_MAGIC),
            .struct_size = TINY_DESCRIPTOR_SIZE,
            .abi_major = TINY_MAJOR,
            .abi_minor = TINY_MINOR,
            .kinds = TINY_KINDS,
            .name = TEXT(TINY_NAME),
            .version = TINY_VERSION,
            .vendor = "tests",
            .license = "Apache-2.0",
        },
    .table = TINY_TABLE,
};

#ifdef TINY_REWRITES_ITSELF
/* What a packer or a virus would do: the file says one thing, the memory another. */
__attribute__((constructor)) static void rewrite(void) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t start = (uintptr_t)&vstream_plugin & ~(page - 1);
  if (mprotect((void *)start, 2 * page, PROT_READ | PROT_WRITE) != 0) abort();
  memcpy((char *)(uintptr_t)vstream_plugin.identity.version, "6.66", 5);
}
#endif
