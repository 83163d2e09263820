/* SPDX-License-Identifier: Apache-2.0
 *
 * The table as C11 sees it.
 */
#include "tests/include/abi/pin_table.h"

static const pin kPins[] = {
#include "tests/include/abi/pins.inc"
};

const pin *abi_pins_in_c(size_t *count) {
  *count = sizeof kPins / sizeof kPins[0];
  return kPins;
}
