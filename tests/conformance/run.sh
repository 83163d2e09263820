#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the conformance program that is its first argument; Bazel wants a script of the test's own.
exec "$@"
