/* SPDX-License-Identifier: Apache-2.0
 *
 * pins.inc as a table that a test can walk. Compiled once as C11 and once as C++20.
 */
#ifndef TESTS_INCLUDE_ABI_PIN_TABLE_H_
#define TESTS_INCLUDE_ABI_PIN_TABLE_H_

#include <stddef.h>
#include <stdint.h>

#include "videostream/allocator.h"
#include "videostream/backend.h"
#include "videostream/capture.h"
#include "videostream/client.h"
#include "videostream/converter.h"
#include "videostream/encoder.h"
#include "videostream/frame.h"
#include "videostream/host.h"
#include "videostream/transport.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PIN_KIND_SIZE 0
#define PIN_KIND_FIELD 1
#define PIN_KIND_CONSTANT 2

typedef struct pin {
  int kind; /* PIN_KIND_* */
  const char *type;
  const char *name;
  int64_t found;       /* what this compiler makes of the headers */
  int64_t expected;    /* the literal */
  uint64_t field_size; /* bytes of a field */
} pin;

/* The table as the C compiler sees it. */
const pin *abi_pins_in_c(size_t *count);

#ifdef __cplusplus
} /* extern "C" */
#endif

#define PIN_SIZE(type, expected) {PIN_KIND_SIZE, #type, "", (int64_t)sizeof(type), expected, 0},
#define PIN_FIELD(type, field, expected) \
  {PIN_KIND_FIELD, #type, #field, (int64_t)offsetof(type, field), expected, sizeof(((type *)0)->field)},
#define PIN_CONSTANT(name, expected) {PIN_KIND_CONSTANT, "", #name, (int64_t)(name), expected, 0},

#endif /* TESTS_INCLUDE_ABI_PIN_TABLE_H_ */
