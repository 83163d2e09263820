#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every public symbol is documented, and one that is not would be found.
set -euo pipefail
# Bazel runs this at the root of its runfiles; the sources are where the link to this file points.
root=$(dirname "$(readlink -f "$0")")/../..
cd "$root"

# Catches a public symbol without documentation.
tools/docs --check --no-install

# Catches a check that passes whatever stands in the headers.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/docs"
cp -r include tools "$copy/"
cp -r docs/api "$copy/docs/"
for line in 'int32_t vstream_seeded(void);' 'typedef struct vstream_seeded { uint32_t seeded; } vstream_seeded;'; do
  sed "0,/^#define VSTREAM_OK/s//$line\n&/" include/videostream/error.h >"$copy/include/videostream/error.h"
  if "$copy/tools/docs" --check --no-install 2>"$copy/errors"; then
    echo "an undocumented '$line' was not noticed" >&2
    exit 1
  fi
  grep -q 'seeded' "$copy/errors" || { cat "$copy/errors" >&2; exit 1; }
done
echo "documented"
