// SPDX-License-Identifier: Apache-2.0
// Whether this program runs under a sanitizer, for tests that then have nothing to prove. Knows what gcc and clang say.
// A test that asks has the tag `unsanitized`, so that it also runs without.
#pragma once

namespace videostream::test {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kAddressSanitizer = __has_feature(address_sanitizer);
#else
inline constexpr bool kAddressSanitizer = false;
#endif

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
inline constexpr bool kThreadSanitizer = __has_feature(thread_sanitizer);
#else
inline constexpr bool kThreadSanitizer = false;
#endif

// Makes system calls, and takes memory, address space and descriptors, whenever it likes.
inline constexpr bool kSanitized = kAddressSanitizer || kThreadSanitizer;

}  // namespace videostream::test
