#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The script of `videostream completion` in a real bash, and the pages of `videostream man` in a real man.
set -euo pipefail
program=$PWD/apps/videostream/videostream

# Catches a script that bash does not take, and words that it does not offer.
# shellcheck source=/dev/null
source <("$program" completion)
expect() { # WORDS... -- WANTED...
  local -a words=() wanted=()
  while [[ $1 != -- ]]; do
    words+=("$1")
    shift
  done
  shift
  wanted=("$@")
  COMP_WORDS=(videostream "${words[@]}")
  COMP_CWORD=${#words[@]}
  COMPREPLY=()
  _videostream
  if [[ ${COMPREPLY[*]} != "${wanted[*]}" ]]; then
    echo "for '${words[*]}': '${COMPREPLY[*]}', expected '${wanted[*]}'" >&2
    exit 1
  fi
}
expect exp -- explain
expect backends l -- list
expect --log-level debug run --dura -- --duration
expect backends list --j -- --json
expect nonsense --xyz --

# Catches pages that man cannot show, or that show no text.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" man --output "$folder" >"$folder/list"
[[ $(wc -l <"$folder/list") -eq $(find "$folder" -name '*.1' | wc -l) ]]
"$program" man run | grep -q '^\.SH OPTIONS$'
if "$program" man --output "$folder" run 2>"$folder/error"; then exit 1; fi
grep -q "leave 'run' out" "$folder/error"
if "$program" man nosuch 2>"$folder/error"; then exit 1; fi
grep -q "expected one of: run, " "$folder/error"
if command -v man >/dev/null; then
  for page in "$folder"/*.1; do
    MANWIDTH=80 LC_ALL=C.UTF-8 man --warnings -l "$page" >"$folder/text" 2>"$folder/warnings"
    [[ ! -s $folder/warnings ]] || { cat "$page" "$folder/warnings" >&2; exit 1; }
    grep -q '^NAME' "$folder/text"
  done
fi
echo "completed"
