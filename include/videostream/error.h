/* SPDX-License-Identifier: Apache-2.0
 *
 * Status codes and the error record, shared by the backend ABI, the client API and the host API. C11, no dependency but
 * <stdint.h>.
 */
#ifndef VIDEOSTREAM_ERROR_H_
#define VIDEOSTREAM_ERROR_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VSTREAM_OK 0                  /* done */
#define VSTREAM_E_INVALID (-1)        /* the arguments are wrong whatever the machine */
#define VSTREAM_E_UNSUPPORTED (-2)    /* this backend or this machine cannot do it */
#define VSTREAM_E_NOT_FOUND (-3)      /* no such device, file or id */
#define VSTREAM_E_PERMISSION (-4)     /* refused by the kernel or by policy */
#define VSTREAM_E_BUSY (-5)           /* someone else has it */
#define VSTREAM_E_NO_MEMORY (-6)      /* memory, descriptors or space ran out */
#define VSTREAM_E_IO (-7)             /* the device, file or socket failed */
#define VSTREAM_E_TIMEOUT (-8)        /* a deadline passed */
#define VSTREAM_E_AGAIN (-9)          /* nothing ready now: wait for poll_fd */
#define VSTREAM_E_END_OF_STREAM (-10) /* the source has ended, in order */
#define VSTREAM_E_INTERNAL (-11)      /* a defect of the backend: broken invariant, exception */

#define VSTREAM_ERROR_MESSAGE_BYTES 480 /* the NUL included */

/* Owned by the caller. `message` is NUL-terminated UTF-8 in one line: object, operation, cause ("open '/dev/video0':
 * Permission denied"); a backend leaves out its own name, which the runtime adds. */
typedef struct vstream_error {
  uint32_t struct_size;
  int32_t code;     /* VSTREAM_E_* */
  int32_t os_error; /* errno where one applies, else 0 */
  uint32_t reserved;
  char message[VSTREAM_ERROR_MESSAGE_BYTES]; /* NUL-terminated */
} vstream_error;

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* VIDEOSTREAM_ERROR_H_ */
