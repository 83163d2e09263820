# SPDX-License-Identifier: Apache-2.0
"""vs_cc_library, vs_cc_binary, vs_cc_test: the rules of rules_cc with the flags of the house.

Linking is static throughout: with hidden visibility, the shared objects that Bazel would otherwise make of each
library for a test cannot see each other.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")
load("//tools/bazel:copts.bzl", "VS_COPTS")

def vs_cc_library(name, copts = [], linkstatic = True, **kwargs):
    """A cc_library; takes every attribute of it."""
    cc_library(
        name = name,
        copts = VS_COPTS + copts,
        linkstatic = linkstatic,
        **kwargs
    )

def vs_cc_binary(name, copts = [], linkstatic = True, **kwargs):
    """A cc_binary; takes every attribute of it."""
    cc_binary(
        name = name,
        copts = VS_COPTS + copts,
        linkstatic = linkstatic,
        **kwargs
    )

def vs_cc_test(name, srcs, deps = [], copts = [], size = "small", main = True, **kwargs):
    """A cc_test on GoogleTest.

    Args:
      name: ends in _test.
      srcs: the sources.
      deps: GoogleTest and GoogleMock are added.
      copts: added to those of the house.
      size: see test_timeout in .bazelrc. Tag what is worth a run under the thread sanitizer with `concurrent`.
      main: False for a test which brings a main() of its own.
      **kwargs: every other attribute of cc_test: tags, data, env, args...
    """
    cc_test(
        name = name,
        size = size,
        srcs = srcs,
        copts = VS_COPTS + copts,
        linkstatic = True,
        deps = deps + (["@gtest_main"] if main else ["@gtest"]) + ["@gmock"],
        **kwargs
    )
