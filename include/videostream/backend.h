/* SPDX-License-Identifier: Apache-2.0
 *
 * The backend ABI, common part: identity, errors, options, host services, probe. One header per kind beside this one.
 *
 * A backend is a shared object that exports exactly one symbol, the constant `vstream_plugin`. Its identity is read
 * from the file before the file is loaded, so that a backend of another ABI or another machine is refused without
 * running it.
 *
 * Versions. VSTREAM_ABI_MAJOR changes when something is removed, reordered or changes its meaning; VSTREAM_ABI_MINOR
 * when something is appended (a field, a function with its capability bit, a constant). A runtime loads backends of its
 * own major version with a minor version not above its own. While the major version is 0, a minor version may also
 * break: then the runtime names both versions and refuses.
 *
 * Threads. The runtime drives each instance (the `self` of create) from one thread at a time, always the same one, but
 * for functions that say otherwise. Different instances run on different threads at the same time. No function blocks
 * for longer than its header says; work that takes time goes behind poll_fd.
 *
 * Errors. A function returns VSTREAM_OK or a negative VSTREAM_E_* code and fills the caller's vstream_error (never
 * null). Output parameters are untouched on error. No exception, longjmp or exit crosses the border.
 *
 * Memory. What one side allocates it frees itself. Strings passed in are valid for the call. fds passed in are borrowed
 * for the call (dup what you keep) unless the function says that ownership moves.
 */
#ifndef VIDEOSTREAM_BACKEND_H_
#define VIDEOSTREAM_BACKEND_H_

#include "videostream/error.h"
#include "videostream/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VSTREAM_ABI_MAJOR 0 /* see above */
#define VSTREAM_ABI_MINOR 2 /* see above */

/* ---- What the runtime offers a backend -----------------------------------------------------------------------------
 */

#define VSTREAM_LOG_TRACE 0
#define VSTREAM_LOG_DEBUG 1 /* for its author */
#define VSTREAM_LOG_INFO 2  /* for operators */
#define VSTREAM_LOG_WARN 3  /* something was lost, it goes on */
#define VSTREAM_LOG_ERROR 4 /* it does not go on */

#define VSTREAM_ACCESS_READ UINT32_C(1)  /* the CPU reads */
#define VSTREAM_ACCESS_WRITE UINT32_C(2) /* the CPU writes */

/* CPU addresses of an attached buffer's planes. */
typedef struct vstream_mapping {
  uint32_t struct_size;
  uint32_t plane_count;              /* 1..VSTREAM_MAX_PLANES */
  uint8_t *data[VSTREAM_MAX_PLANES]; /* first byte of each plane */
  uint64_t size[VSTREAM_MAX_PLANES]; /* bytes readable (writable) from data[i] */
} vstream_mapping;

/* Host services: handed to create and to probe; valid until destroy returns. Local to the process that loaded the .so.
 */
typedef struct vstream_runtime {
  uint32_t struct_size;
  uint32_t reserved;
  void *ctx; /* first argument of each function */

  /* Write one line to the log under the topic `backend.NAME`. Any thread. `length` bytes, no newline. */
  void (*log)(void *ctx, uint32_t level, const char *text, uint64_t length);

  /* CLOCK_MONOTONIC in nanoseconds. Any thread. A test may hand in another clock. */
  int64_t (*now_ns)(void *ctx);

  /* CPU access to a buffer attached to this instance: begins access (cache maintenance where the memory needs it) and
   * fills `out`. Any thread of this backend. The mapping holds until unmap with the same arguments; unmap before the
   * call or job that uses it is reported as done. Not for VSTREAM_MEMORY_SECURE.
   * Errors: NOT_FOUND (not attached), UNSUPPORTED (no CPU access). */
  int32_t (*map)(void *ctx, uint32_t buffer_id, uint32_t access, vstream_mapping *out, vstream_error *error);
  /* Ends what map began, with the same arguments. */
  void (*unmap)(void *ctx, uint32_t buffer_id, uint32_t access);
} vstream_runtime;

/* ---- Options -------------------------------------------------------------------------------------------------------
 */

#define VSTREAM_OPTION_STRING 0
#define VSTREAM_OPTION_INTEGER 1  /* decimal; k, M, G suffixes are expanded by the runtime */
#define VSTREAM_OPTION_BOOLEAN 2  /* "true" or "false" */
#define VSTREAM_OPTION_DURATION 3 /* handed over in nanoseconds, decimal */
#define VSTREAM_OPTION_CHOICE 4   /* one of `choices` */

#define VSTREAM_OPTION_FLAG_LIVE UINT32_C(1) /* may change without a restart of the instance */
#define VSTREAM_OPTION_FLAG_LIST UINT32_C(2) /* several values: the key is repeated in order */
/* Set by the runtime, not by `options:` of a profile (a transport's socket). */
#define VSTREAM_OPTION_FLAG_HOST UINT32_C(4)

/* What a backend understands, declared as data: the runtime checks a profile against it before anything starts. */
typedef struct vstream_option_spec {
  uint32_t struct_size;
  uint32_t type;            /* VSTREAM_OPTION_* */
  uint32_t flags;           /* VSTREAM_OPTION_FLAG_* */
  uint32_t kinds;           /* VSTREAM_KIND_BIT_* that take it */
  int64_t minimum, maximum; /* INTEGER, DURATION; equal: unbounded */
  char name[32];            /* as in a profile */
  char default_value[64];   /* as text; empty: none */
  char choices[128];        /* CHOICE: separated by '|' */
  char help[160];           /* one line */
} vstream_option_spec;

/* One value of one option; lists are several of them with the same name. */
typedef struct vstream_option {
  const char *name;  /* as in the schema */
  const char *value; /* as text */
} vstream_option;

/* Argument of every create. */
typedef struct vstream_create_info {
  uint32_t struct_size;
  uint32_t option_count;         /* entries of options */
  const vstream_option *options; /* already checked against the schema */
  uint32_t option_stride;        /* bytes from one entry to the next */
  uint32_t reserved;
  char device[128]; /* stable id from probe; empty: the backend's first usable one */
  char stream[32];  /* name of the stream, for messages */
} vstream_create_info;

/* ---- Probe ---------------------------------------------------------------------------------------------------------
 */

#define VSTREAM_KIND_ALLOCATOR 0
#define VSTREAM_KIND_CAPTURE 1                         /* capture.h */
#define VSTREAM_KIND_CONVERTER 2                       /* converter.h */
#define VSTREAM_KIND_ENCODER 3                         /* encoder.h */
#define VSTREAM_KIND_TRANSPORT 4                       /* transport.h */
#define VSTREAM_KINDS 5                                /* their number */
#define VSTREAM_KIND_BIT(kind) (UINT32_C(1) << (kind)) /* for masks */

/* Why a device cannot be used: stable codes for scripts and translations. */
#define VSTREAM_REASON_USABLE 0
#define VSTREAM_REASON_NO_DEVICE 1  /* the node or bus device is not there */
#define VSTREAM_REASON_PERMISSION 2 /* it is there, and we may not open it */
#define VSTREAM_REASON_BUSY 3       /* someone else holds it */
#define VSTREAM_REASON_NO_DRIVER 4  /* the kernel lacks the driver or the feature */
#define VSTREAM_REASON_NO_LIBRARY 5 /* a vendor library is missing or of another version */
#define VSTREAM_REASON_BROKEN 6     /* it answered wrongly */

#define VSTREAM_DIRECTION_INPUT UINT32_C(1)  /* it reads this */
#define VSTREAM_DIRECTION_OUTPUT UINT32_C(2) /* it writes this */

/* A format a device can take in or give out, with the sizes and rates for it. Equal minimum and maximum: one size. */
typedef struct vstream_format_range {
  uint32_t fourcc;                              /* VSTREAM_FORMAT_* */
  uint32_t directions;                          /* VSTREAM_DIRECTION_* */
  uint64_t modifier;                            /* VSTREAM_MODIFIER_* */
  uint32_t min_width, max_width, step_width;    /* pixels */
  uint32_t min_height, max_height, step_height; /* pixels */
  uint32_t stride_alignment;                    /* bytes, a power of two; 1: none */
  uint32_t memory;                              /* VSTREAM_MEMORY_* that it can work on */
  vstream_ratio max_rate;                       /* frames per second; 0/0: not limited by the device */
  uint64_t reserved[2];
} vstream_format_range; /* frozen: 72 bytes */

#define VSTREAM_MAX_FORMATS 32 /* format ranges of one device */

/* One device of one kind, usable or not. Caller-owned, filled by probe; strings are NUL-terminated. */
typedef struct vstream_device {
  uint32_t struct_size;
  uint32_t kind;                     /* VSTREAM_KIND_* */
  uint32_t reason;                   /* VSTREAM_REASON_* */
  uint32_t flags;                    /* VSTREAM_DEVICE_* */
  char id[128];                      /* stable across reboots where the bus allows; what a profile's `device:` names */
  char label[64];                    /* for people */
  char bus[64];                      /* "platform:38300000.video-codec", "virtual:pattern" */
  char physical[64];                 /* equal strings are one failure domain; empty: none (software) */
  char evidence[192];                /* what was tried and seen: "open '/dev/video0': Permission denied" */
  char fix[192];                     /* what the user can do: "add the user to group 'video'" */
  uint32_t min_buffers, max_buffers; /* buffers held by the device; 0/0: none */
  uint32_t cost;                     /* CPU work, hint: 0 none (hardware) .. 1000 (a core at 1080p30) */
  uint32_t latency_us;               /* typical, hint; 0: unknown */
  uint32_t instances;                /* that can be open at once; 0: any number */
  uint32_t format_count;             /* used entries of formats */
  vstream_format_range formats[VSTREAM_MAX_FORMATS]; /* what goes in and out */
} vstream_device;

#define VSTREAM_DEVICE_HARDWARE UINT32_C(1)  /* the CPU does not do the work */
#define VSTREAM_DEVICE_REALTIME UINT32_C(2)  /* keeps up with its largest format at its max_rate on this machine */
#define VSTREAM_DEVICE_EXCLUSIVE UINT32_C(4) /* for one instance at a time */

/* ---- Identity and entry point --------------------------------------------------------------------------------------
 */

#define VSTREAM_MAGIC "VSTREAM" /* 8 bytes with the NUL */

/* Plain bytes without a pointer: readable from the file. Compared with memory after loading. */
typedef struct vstream_identity {
  char magic[8];                 /* VSTREAM_MAGIC */
  uint32_t struct_size;          /* of vstream_plugin_descriptor as the backend was built */
  uint16_t abi_major, abi_minor; /* VSTREAM_ABI_* of the headers that it was built with */
  uint32_t kinds;                /* VSTREAM_KIND_BIT()s that `table` serves */
  uint32_t reserved;
  char name[32];    /* [a-z0-9-], the file's name without ".so" */
  char version[32]; /* of the backend, for people */
  char vendor[64];  /* for people */
  char license[64]; /* SPDX expression of the binary, linked libraries included */
  uint64_t reserved1[4];
} vstream_identity; /* frozen: 248 bytes */

struct vstream_allocator_ops;
struct vstream_capture_ops;
struct vstream_converter_ops;
struct vstream_encoder_ops;
struct vstream_transport_ops;

#define VSTREAM_PLUGIN_CAP_WATCH UINT64_C(1) /* watch is there */

/* What a backend offers. */
typedef struct vstream_plugin_table {
  uint32_t struct_size;
  uint32_t option_count;              /* entries of options */
  const vstream_option_spec *options; /* what it understands */
  uint32_t option_stride;             /* bytes from one entry to the next */
  uint32_t reserved;
  uint64_t capabilities; /* VSTREAM_PLUGIN_CAP_* */

  /* What this machine offers through this backend. Fills up to `capacity` records of `stride` bytes, sets `*count` to
   * the number there are (may exceed capacity: call again with more). Must not disturb a device in use. Any thread; may
   * take up to 1 s. */
  int32_t (*probe)(const vstream_runtime *host, vstream_device *devices, uint32_t stride, uint32_t capacity,
                   uint32_t *count, vstream_error *error);

  /* Null where the identity lacks the kind's bit. */
  const struct vstream_allocator_ops *allocator;
  const struct vstream_capture_ops *capture;     /* likewise */
  const struct vstream_converter_ops *converter; /* likewise */
  const struct vstream_encoder_ops *encoder;     /* likewise */
  const struct vstream_transport_ops *transport; /* likewise */

  /* VSTREAM_PLUGIN_CAP_WATCH: a pollable fd, owned by the caller, readable when probe would answer differently. */
  int32_t (*watch)(const vstream_runtime *host, int32_t *fd, vstream_error *error);
} vstream_plugin_table;

/* The one exported symbol. */
typedef struct vstream_plugin_descriptor {
  vstream_identity identity;         /* first: read from the file */
  const vstream_plugin_table *table; /* used after the identity was found good */
} vstream_plugin_descriptor;

#define VSTREAM_EXPORT __attribute__((visibility("default"))) /* seen by the loader */

/* The one exported symbol. Constant data, initialised at compile time. */
extern VSTREAM_EXPORT const vstream_plugin_descriptor vstream_plugin;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_BACKEND_H_ */
