#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every environment variable that the sources read stands in docs/environment.md, and every one that stands there is read.
# Looks at the whole tree, hence outside Bazel's sandbox and cache (tags of the target).
set -euo pipefail
manual=$(readlink -f docs/environment.md)
cd "$(dirname "$manual")/.."
bad=0

shopt -s nullglob
folders=(app[s] backend[s] clien[t] cor[e] includ[e] plugin[s] wir[e]) # those that exist
sources() { grep -rnE --include='*.c' --include='*.cc' --include='*.h' --include='*.hpp' "$@" "${folders[@]}"; }

# Names given to getenv, secure_getenv, SecureEnv or an EnvLookup called `env`.
read_by_code=$(sources '\b(secure_getenv|getenv|SecureEnv|env)\("[A-Z][A-Z0-9_]*"\)' |
  grep -oE '\("[A-Z][A-Z0-9_]*"\)' | tr -d '()"' | sort -u)
if [[ $(wc -l <<<"$read_by_code") -lt 4 ]]; then
  echo "found only these variables in the sources, the search must be wrong: $read_by_code"
  exit 1
fi
for name in $read_by_code; do
  if ! grep -qF "\`$name\`" "$manual"; then
    echo "$name is read by the sources and missing in docs/environment.md:"
    sources "\"$name\""
    bad=1
  fi
done

# Every variable of the table is read by its constant, or by its name where it is read without a lookup.
while read -r constant name; do
  if ! sources "\b$constant\.name\b|getenv\(\"$name\"\)" >/dev/null; then
    echo "core/base/environment.h has $name, which nothing reads"
    bad=1
  fi
done < <(tr -d '\n' <core/base/environment.h | grep -oE 'EnvVar k[A-Za-z]+\{ *"[A-Z_]+"' | sed -E 's/EnvVar (k[A-Za-z]+)\{ *"([A-Z_]+)"/\1 \2/')

# A call whose name is not written out could hide a variable: only the lookup itself may do that.
while IFS= read -r line; do
  case $line in
    core/base/runtime_dir.cc:*'secure_getenv(name)'*) ;;
    *)
      echo "reads a variable whose name is not written out: $line"
      bad=1
      ;;
  esac
done < <(sources '\b(secure_getenv|getenv)\([^"]' | grep -vE ':[[:space:]]*//' || true)

# The other direction: what the page promises is read somewhere.
while IFS= read -r name; do
  if ! grep -rqw --include='*.cc' --include='*.h' --include='*.sh' --include='*.bzl' "$name" apps core client backends third_party tools tests &&
    ! grep -rqw "$name" tools; then
    echo "docs/environment.md describes $name, which nothing reads"
    bad=1
  fi
done < <(grep -E '^\| `' "$manual" | cut -d'|' -f2 | grep -oE '[A-Z][A-Z_]+')
exit "$bad"
