# SPDX-License-Identifier: Apache-2.0
"""Compiler flags of our own code; never given to third-party code. Valid for C and for C++, gcc 12 and clang 14."""

VS_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Werror",
    "-fvisibility=hidden",
] + select({
    "//tools/bazel:clang": [],
    # gcc 12 sees overlapping copies inside std::string at -O2 where there are none (gcc bug 105651).
    "//conditions:default": ["-Wno-restrict"],
}) + select({
    # Instrumented code confuses the flow analysis of gcc 12; the plain builds keep the warning.
    "//tools/bazel:sanitizer": ["-Wno-uninitialized"],
    "//conditions:default": [],
})
