#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles every installed header alone with one compiler, C headers as strict C11 and as C++11, the others as strict
# C++20: usage: compile_headers.sh CC HEADER... Skips with a reason where the compiler is not installed.
set -euo pipefail
cc=$1
shift
if ! command -v "$cc" >/dev/null; then
  echo "SKIPPED: no $cc on this machine"
  exit 0
fi
c_headers=0
cpp_headers=0

# compile NAME LANGUAGE STANDARD
compile() {
  # Twice: the guard has to hold.
  printf '#include "%s"\n#include "%s"\nint videostream_header_compiles;\n' "$1" "$1" |
    "$cc" -std="$3" -pedantic -Wall -Wextra -Wshadow -Werror -fsyntax-only -Iinclude -x "$2" -
}

for header in "$@"; do
  name=videostream/${header##*/}
  case $header in
    *.h)
      compile "$name" c c11
      compile "$name" c++ c++11
      c_headers=$((c_headers + 1))
      ;;
    *.hpp)
      compile "$name" c++ c++20
      cpp_headers=$((cpp_headers + 1))
      ;;
  esac
done
((c_headers >= 10 && cpp_headers >= 7)) || { echo "only $c_headers + $cpp_headers headers were given"; exit 1; }
echo "$c_headers C headers and $cpp_headers C++ headers compile with $cc -pedantic"
