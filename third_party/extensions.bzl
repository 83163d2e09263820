# SPDX-License-Identifier: Apache-2.0
"""The libraries of the system for Bazel >= 7 (see MODULE.bazel); Bazel 4 never loads this file. NOT TESTED."""

load("//third_party:system_libs.bzl", "system_libs")

def _impl(_ctx):
    system_libs()

system_libs_extension = module_extension(implementation = _impl)
