#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# BE-16: a backend exports vstream_plugin and nothing else. usage: exports_test.sh BACKEND.so...
# Catches: symbols of the libraries inside a backend that take the place of the runtime's, or of another backend's.
set -euo pipefail
bad=0
for backend in "$@"; do
  exports=$(nm -D --defined-only "$backend" | awk '{print $NF}')
  if [[ $exports != vstream_plugin ]]; then
    printf '%s exports:\n%s\n' "$backend" "${exports:-nothing}"
    bad=1
  fi
done
(($# > 0)) || { echo "no backends were given"; exit 1; }
exit $bad
