#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles every installed C header alone, as strict C11, with one compiler: usage: compile_headers.sh CC HEADER...
# Skips with a reason where the compiler is not installed.
set -euo pipefail
cc=$1
shift
if ! command -v "$cc" >/dev/null; then
  echo "SKIPPED: no $cc on this machine"
  exit 0
fi
compiled=0
for header in "$@"; do
  case $header in *.h) ;; *) continue ;; esac
  name=videostream/${header##*/}
  # Twice: the guard has to hold.
  printf '#include "%s"\n#include "%s"\nint videostream_header_compiles;\n' "$name" "$name" |
    "$cc" -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -Iinclude -x c -
  compiled=$((compiled + 1))
done
((compiled >= 7)) || { echo "only $compiled headers were given"; exit 1; }
echo "$compiled headers compile with $cc -std=c11 -pedantic"
