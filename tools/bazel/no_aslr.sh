#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a test without address randomisation where that is allowed, else as it is (see .bazelrc).
if setarch -R true 2>/dev/null; then exec setarch -R "$@"; fi
exec "$@"
