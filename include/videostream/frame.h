/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames: formats, layouts, buffers and the per-frame record, as backends, runtime and clients share them.
 *
 * C11, no dependency but <stdint.h>. Rules that hold for every struct in these headers:
 *  - a struct that crosses the border on its own begins with `struct_size`, set by whoever fills it in; fields are only
 * ever appended, and a field beyond the other side's struct_size does not exist for it;
 *  - a struct that is nested in another is frozen: it has reserved words instead of a size;
 *  - reserved words are written as 0 and ignored when read;
 *  - no pointer inside a struct is kept after the call that carries it.
 */
#ifndef VIDEOSTREAM_FRAME_H_
#define VIDEOSTREAM_FRAME_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Pixel formats: DRM fourcc (+ modifier) is the only vocabulary for raw frames ---------------------------------
 */

#define VSTREAM_FOURCC(a, b, c, d) \
  ((uint32_t)(a) | ((uint32_t)(b) << 8) | ((uint32_t)(c) << 16) | ((uint32_t)(d) << 24))

/* The comment gives the bytes in memory order. DRM names packed RGB by the little-endian word, hence the reversal. */
#define VSTREAM_FORMAT_NV12 VSTREAM_FOURCC('N', 'V', '1', '2')  /* Y plane; plane of interleaved U,V at half size   */
#define VSTREAM_FORMAT_NV21 VSTREAM_FOURCC('N', 'V', '2', '1')  /* Y plane; plane of interleaved V,U at half size   */
#define VSTREAM_FORMAT_I420 VSTREAM_FOURCC('Y', 'U', '1', '2')  /* Y, U, V planes; U and V at half size             */
#define VSTREAM_FORMAT_YUYV VSTREAM_FOURCC('Y', 'U', 'Y', 'V')  /* Y0 U Y1 V                                        */
#define VSTREAM_FORMAT_UYVY VSTREAM_FOURCC('U', 'Y', 'V', 'Y')  /* U Y0 V Y1                                        */
#define VSTREAM_FORMAT_RGB24 VSTREAM_FOURCC('B', 'G', '2', '4') /* R G B       (DRM_FORMAT_BGR888)                  */
#define VSTREAM_FORMAT_BGR24 VSTREAM_FOURCC('R', 'G', '2', '4') /* B G R       (DRM_FORMAT_RGB888)                  */
#define VSTREAM_FORMAT_RGBX VSTREAM_FOURCC('X', 'B', '2', '4')  /* R G B x     (DRM_FORMAT_XBGR8888)                */
#define VSTREAM_FORMAT_RGBA VSTREAM_FOURCC('A', 'B', '2', '4')  /* R G B A     (DRM_FORMAT_ABGR8888)                */
#define VSTREAM_FORMAT_BGRX VSTREAM_FOURCC('X', 'R', '2', '4')  /* B G R x     (DRM_FORMAT_XRGB8888)                */
#define VSTREAM_FORMAT_BGRA VSTREAM_FOURCC('A', 'R', '2', '4')  /* B G R A     (DRM_FORMAT_ARGB8888)                */
#define VSTREAM_FORMAT_GREY VSTREAM_FOURCC('R', '8', ' ', ' ')  /* Y           (DRM_FORMAT_R8)                      */

/* Coded formats have no DRM code; these are V4L2's. A packet is one plane of `bytes_used[0]` bytes. */
#define VSTREAM_FORMAT_H264 VSTREAM_FOURCC('H', '2', '6', '4')  /* Annex B, one access unit per packet */
#define VSTREAM_FORMAT_HEVC VSTREAM_FOURCC('H', 'E', 'V', 'C')  /* Annex B, one access unit per packet */
#define VSTREAM_FORMAT_MJPEG VSTREAM_FOURCC('M', 'J', 'P', 'G') /* one JPEG per packet */
#define VSTREAM_FORMAT_VP8 VSTREAM_FOURCC('V', 'P', '8', '0')   /* one frame per packet */

/* DRM_FORMAT_MOD_LINEAR. The only modifier that 0.x accepts. */
#define VSTREAM_MODIFIER_LINEAR UINT64_C(0)

#define VSTREAM_MAX_PLANES 4         /* of a format */
#define VSTREAM_MAX_FDS 4            /* of a buffer */
#define VSTREAM_MAX_DIMENSION 16384u /* pixels; wider or higher is refused at every border */

/* ---- Layout: where the pixels of a format lie ----------------------------------------------------------------------
 */

typedef struct vstream_plane {
  uint32_t fd_index; /* which of the buffer's fds holds this plane */
  uint32_t stride;   /* bytes from one row to the next; 0 for coded formats */
  uint64_t offset;   /* bytes from the start of that fd */
  uint64_t size;     /* bytes of the plane, counted from offset, padding rows included */
} vstream_plane;     /* frozen: 24 bytes */

/* Where the planes of a picture (or the bytes of a packet) lie in the fds of a buffer. */
typedef struct vstream_layout {
  uint32_t fourcc;                          /* VSTREAM_FORMAT_* */
  uint32_t plane_count;                     /* 1..VSTREAM_MAX_PLANES */
  uint64_t modifier;                        /* VSTREAM_MODIFIER_LINEAR, or a DRM modifier (refused by 0.x) */
  uint32_t width;                           /* pixels, as stored; see vstream_frame.visible for the part to show */
  uint32_t height;                          /* pixels */
  vstream_plane planes[VSTREAM_MAX_PLANES]; /* unused ones are 0 */
  uint64_t reserved[4];
} vstream_layout; /* frozen: 152 bytes */

/* A rectangle, from the upper left corner. */
typedef struct vstream_rect {
  uint32_t x, y, width, height; /* pixels */
} vstream_rect;                 /* frozen: 16 bytes */

/* A fraction. */
typedef struct vstream_ratio {
  uint32_t num, den; /* 0/0: unknown or unpaced. Frame rates are frames per second. */
} vstream_ratio;     /* frozen: 8 bytes */

/* Colour as code points of ISO/IEC 23091-2 (the H.264 VUI values); 2 is "unspecified". */
typedef struct vstream_colorimetry {
  uint8_t primaries; /* 1 BT.709, 5/6 BT.601, 9 BT.2020 */
  uint8_t transfer;  /* 1 BT.709, 6 BT.601, 13 sRGB, 16 PQ, 18 HLG */
  uint8_t matrix;    /* 0 RGB, 1 BT.709, 5/6 BT.601, 9 BT.2020 non-constant luminance */
  uint8_t range;     /* VSTREAM_RANGE_* */
  uint8_t chroma_x;  /* chroma sample location: 0 unknown, 1 left (co-sited), 2 centre */
  uint8_t chroma_y;  /* 0 unknown, 1 top (co-sited), 2 centre */
  uint8_t reserved[10];
} vstream_colorimetry; /* frozen: 16 bytes */

#define VSTREAM_RANGE_UNSPECIFIED 0 /* see converter.h for what it is taken for */
#define VSTREAM_RANGE_LIMITED 1     /* luma 16..235 */
#define VSTREAM_RANGE_FULL 2        /* 0..255 */

/* ---- Buffers: the part that never changes while a buffer lives ------------------------------------------------------
 */

/* Memory properties (vstream_buffer.memory; also what a backend asks for). */
#define VSTREAM_MEMORY_MEMFD UINT32_C(0x1)       /* fd is a memfd: may be sealed */
#define VSTREAM_MEMORY_DMABUF UINT32_C(0x2)      /* fd is a dma-buf */
#define VSTREAM_MEMORY_CONTIGUOUS UINT32_C(0x4)  /* physically contiguous */
#define VSTREAM_MEMORY_BELOW_4G UINT32_C(0x8)    /* reachable by a 32-bit DMA engine */
#define VSTREAM_MEMORY_CACHED UINT32_C(0x10)     /* the CPU maps it cached */
#define VSTREAM_MEMORY_COHERENT UINT32_C(0x20)   /* device and CPU agree without cache maintenance */
#define VSTREAM_MEMORY_SECURE UINT32_C(0x40)     /* the CPU must not touch it (refused by 0.x) */
#define VSTREAM_MEMORY_CPU_ACCESS UINT32_C(0x80) /* mmap works */

/* Who must bracket CPU access with DMA_BUF_IOCTL_SYNC (vstream_buffer.cpu_sync). */
#define VSTREAM_CPU_SYNC_NONE 0
#define VSTREAM_CPU_SYNC_PRODUCER_ONCE 1 /* whoever writes */
#define VSTREAM_CPU_SYNC_EACH_READER 2   /* and whoever reads */

/* A buffer. The fds are borrowed for the call, unless the function says that it hands them over. */
typedef struct vstream_buffer {
  uint32_t struct_size;
  uint32_t fd_count;                 /* 1..VSTREAM_MAX_FDS */
  int32_t fds[VSTREAM_MAX_FDS];      /* unused entries are -1 */
  uint64_t fd_size[VSTREAM_MAX_FDS]; /* bytes behind each fd */
  uint32_t memory;                   /* VSTREAM_MEMORY_* */
  uint32_t cpu_sync;                 /* VSTREAM_CPU_SYNC_* */
  vstream_layout layout;             /* within those fds */
} vstream_buffer;

/* ---- Frames: the part that is new each time ------------------------------------------------------------------------
 */

/* vstream_frame.flags */
#define VSTREAM_FRAME_KEY UINT32_C(0x1)            /* packet: decoding can start here */
#define VSTREAM_FRAME_PARAMETER_SETS UINT32_C(0x2) /* packet: carries SPS/PPS (VPS) in band */
#define VSTREAM_FRAME_DISCONTINUITY UINT32_C(0x4)  /* what came before is not the predecessor */
#define VSTREAM_FRAME_CORRUPTED UINT32_C(0x8)      /* the device reports damage; the bytes are there */
#define VSTREAM_FRAME_NO_SIGNAL UINT32_C(0x10)     /* the source has no signal; the picture is a stand-in */

/* vstream_frame.timestamp_source */
#define VSTREAM_TIMESTAMP_UNKNOWN 0
#define VSTREAM_TIMESTAMP_START_OF_EXPOSURE 1 /* of the first line */
#define VSTREAM_TIMESTAMP_END_OF_FRAME 2      /* when the last byte had arrived */
#define VSTREAM_TIMESTAMP_SYNTHETIC 3         /* from a file or a pattern: the time at which it was released */

#define VSTREAM_FRAME_TLV_BYTES 128 /* of metadata per frame */

/* Metadata records, self-contained, one after the other in vstream_frame.tlv; each starts at a multiple of 8. An
 * unknown type is skipped by its length. */
typedef struct vstream_tlv {
  uint32_t type;   /* VSTREAM_TLV_* */
  uint32_t length; /* bytes of the value that follows */
} vstream_tlv;

#define VSTREAM_TLV_EXPOSURE 1   /* u64: exposure time, ns */
#define VSTREAM_TLV_GAIN 2       /* u64: analogue gain x 1000 */
#define VSTREAM_TLV_HDR_MASTER 3 /* 24 bytes: CTA-861.3 static metadata */
#define VSTREAM_TLV_ROI 4        /* vstream_rect */
#define VSTREAM_TLV_USER 0x1000  /* bytes of the application */

/* What is new with each frame. */
typedef struct vstream_frame {
  uint32_t struct_size;
  uint32_t flags;                          /* VSTREAM_FRAME_* */
  uint32_t buffer_id;                      /* given by the runtime at attach */
  uint32_t timestamp_source;               /* VSTREAM_TIMESTAMP_* */
  uint64_t sequence;                       /* capture: the device's frame counter; published: 1, 2, 3, ... per stream */
  int64_t pts_ns;                          /* CLOCK_MONOTONIC; file sources: the time of release */
  int64_t duration_ns;                     /* 0: unknown */
  uint64_t bytes_used[VSTREAM_MAX_PLANES]; /* per plane, from its offset; 0 on unused planes */
  vstream_rect visible;                    /* part to show; all 0 means the whole layout */
  vstream_colorimetry colorimetry;         /* of this frame */
  int32_t acquire_fence;                   /* sync_file fd to wait for before reading; -1: none (0.x accepts only -1) */
  int32_t release_fence;                   /* -1: none (0.x accepts only -1) */
  uint32_t tlv_bytes;                      /* used part of tlv */
  uint32_t reserved0;
  uint64_t reserved[4];
  uint8_t tlv[VSTREAM_FRAME_TLV_BYTES]; /* records, see vstream_tlv */
} vstream_frame;

/* ---- Why a frame did not arrive ------------------------------------------------------------------------------------
 */

/* One enumeration for the producer ("dropped") and for consumers ("skipped"). captured = published + sum of dropped;
 * per consumer, published since it subscribed = taken + sum of skipped. */
#define VSTREAM_DROP_NO_FREE_BUFFER 0 /* producer: every buffer is held */
#define VSTREAM_DROP_OVERRUN 1        /* consumer: it was not taken before it was overwritten or passed over */
#define VSTREAM_DROP_VOID_LEASE 2     /* consumer: the lease was revoked while the frame was read */
#define VSTREAM_DROP_DEVICE_GAP 3     /* the device's own counter jumped */
#define VSTREAM_DROP_DEVICE_ERROR 4   /* the device reported the frame as unusable */
#define VSTREAM_DROP_ENCODER_BUSY 5   /* the encoder's queue was full */
#define VSTREAM_DROP_CONVERT_ERROR 6  /* producer: the converter could not read it */
#define VSTREAM_DROP_AWAIT_KEY 7      /* packets: waiting for a key frame */
#define VSTREAM_DROP_SWITCHING 8      /* a backend was being replaced */
#define VSTREAM_DROP_RATE_LIMIT 9     /* producer: left out, since the output has a lower rate than the capture */
#define VSTREAM_DROP_REASONS 10       /* their number; grows */

/* Their names in JSON, tables and metrics, in the order above. */
#define VSTREAM_DROP_REASON_NAMES                                                                             \
  {                                                                                                           \
    "no_free_buffer", "overrun", "void_lease", "device_gap", "device_error", "encoder_busy", "convert_error", \
        "await_key", "switching", "rate_limit"                                                                \
  }

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_FRAME_H_ */
