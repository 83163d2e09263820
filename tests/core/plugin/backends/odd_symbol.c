/* SPDX-License-Identifier: Apache-2.0
 *
 * Libraries whose symbol is not a descriptor: absent, a function, too small, or without bytes in the file.
 */
#define EXPORT __attribute__((visibility("default")))

#if defined(ODD_ABSENT)
EXPORT const int something_else = 1;
#elif defined(ODD_FUNCTION)
EXPORT void vstream_plugin(void) {}
#elif defined(ODD_SMALL)
EXPORT const char vstream_plugin[16] = "VSTREAM";
#else
EXPORT char vstream_plugin[256];
#endif
