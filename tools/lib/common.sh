# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What every program in tools/ shares: sourced, never run. Needs nothing but bash and coreutils.

VS_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# A bare CI account may lack HOME; Bazel keeps its caches below it.
if [[ -z ${HOME:-} ]]; then
  HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
  export HOME
fi

# say TEXT: progress, on stderr; stdout is for results.
say() { printf '%s\n' "$*" >&2; }

# die [-CODE] TEXT: ends the program, with exit code 1 unless told otherwise.
die() {
  local code=1
  if [[ ${1:-} =~ ^-[0-9]+$ ]]; then
    code=${1#-}
    shift
  fi
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit "$code"
}

# vs_bazel COMMAND ARGUMENT...: Bazel in the root of the tree; --config=ci where the environment has CI.
# BAZEL may name another program, with startup options: BAZEL='bazel --output_base=/scratch/x'.
vs_bazel() {
  local -a bazel options=()
  read -ra bazel <<<"${BAZEL:-bazel}"
  if [[ -n ${CI:-} ]]; then options=(--config=ci); fi
  (
    cd "$VS_ROOT" || exit 1
    # Bazel takes `//...` through a bazel-NAME link which another user or output base left here. .bazelignore
    # knows the usual names of a checkout.
    link=bazel-$(basename "$VS_ROOT")
    if [[ -L $link && $(readlink "$link") != "$("${bazel[@]}" info output_base 2>/dev/null)"/* ]]; then rm -f "$link"; fi
    "${bazel[@]}" "$1" ${options[@]+"${options[@]}"} "${@:2}" </dev/null
  )
}

# vs_files: every file of the tree that belongs to it, one per line, relative to the root.
vs_files() {
  (
    cd "$VS_ROOT" || exit 1
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
      git ls-files --cached --others --exclude-standard
    else
      find . -path ./.git -prune -o -path './bazel-*' -prune -o -type f -printf '%P\n'
    fi | while IFS= read -r file; do
      if [[ -f $file ]]; then printf '%s\n' "$file"; fi
    done | sort -u
  )
}

# vs_code: of these, C and C++.
vs_code() { vs_files | grep -E '\.(c|cc|h|hpp)$' || true; }
