# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Searching models with spin: sourced by the tests of this folder.
#   proves WHAT MODEL [-DNAME=VALUE...]             fails unless the search is complete and finds nothing
#   terminates WHAT MODEL [-D...]                   the same for endless runs: there must be none
#   finds WHAT MODEL HOW -DMISTAKE [-D...]          fails unless the search finds the mistake, as an error like HOW, and
#                                                   finds nothing within the same bounds without -DMISTAKE
#   summary                                         what all searches of this test came to
# MEMORY (MiB that a search may take), HASH and OPTIMIZE may be set between searches.

models=$(readlink -f tests/model)
work=${TEST_TMPDIR:?run by bazel test}
MEMORY=3000
HASH=22      # the hash table, as a power of two
OPTIMIZE=-O1 # of gcc: small searches take less time than -O2
searches=0 all_states=0 all_seconds=0 deepest=0 largest=0
declare -A sound=() # searches that have found nothing

for tool in spin gcc; do
  command -v "$tool" >/dev/null || { echo "no '$tool' on PATH (on Debian: apt-get install $tool)"; exit 1; }
done

# search KIND MODEL FLAG...: leaves the report in $report and the numbers in $states $depth $megabytes $seconds.
search() {
  local kind=$1 model=$2 directory
  shift 2
  local -a compile=(-DSAFETY) run=()
  if [[ $kind == cycles ]]; then compile=(-DNP) run=(-l); fi
  directory=$(mktemp -d "$work/search.XXXXXX")
  report=$directory/report
  (
    cd "$directory"
    spin "$@" -a "$models/$model"
    gcc -w "$OPTIMIZE" -DCOLLAPSE "-DMEMLIM=$MEMORY" "${compile[@]}" -o pan pan.c
    ./pan -m100000 "-w$HASH" "${run[@]}"
  ) >"$report" 2>&1 || true
  states=$(sed -nE 's/^ *([0-9]+) states, stored.*/\1/p' "$report")
  depth=$(sed -nE 's/.*depth reached ([0-9]+), errors.*/\1/p' "$report")
  megabytes=$(sed -nE 's/^ *([0-9]+)\.?[0-9]*[[:space:]]+total actual memory usage.*/\1/p' "$report")
  seconds=$(sed -nE 's/^pan: elapsed time ([0-9]+).*/\1/p' "$report")
  if [[ -z $states || -z $depth || -z $megabytes ]]; then
    echo "search of $model $* did not come to an end:"
    tail -n 30 "$report"
    exit 1
  fi
  seconds=${seconds:-0}
  searches=$((searches + 1)) all_states=$((all_states + states)) all_seconds=$((all_seconds + seconds))
  if ((depth > deepest)); then deepest=$depth; fi
  if ((megabytes > largest)); then largest=$megabytes; fi
}

# Nothing found, and nothing left out: pan says so of a search that met a bound of depth or memory.
found_nothing() {
  grep -q 'errors: 0$' "$report" &&
    ! grep -qiE 'search not completed|max search depth too small|DMEMLIM|out of memory|aborted|hash-?compact' "$report"
}

check() { # KIND WHAT MODEL FLAG...
  local kind=$1 what=$2
  shift 2
  search "$kind" "$@"
  if ! found_nothing; then
    echo "FAILED: $what: $*"
    cat "$report"
    if [[ -f $(dirname "$report")/$1.trail ]]; then
      (cd "$(dirname "$report")" && spin "${@:2}" -k "$1.trail" -t -p "$models/$1" 2>&1 | tail -n 400)
    fi
    exit 1
  fi
  echo "ok: $what: $states states, depth $depth, $megabytes MiB, ${seconds}s ($*)"
}

proves() { check states "$@"; }
terminates() { check cycles "$@"; }

finds() { # WHAT MODEL HOW -DMISTAKE FLAG...
  local what=$1 model=$2 how=$3 mistake=$4
  shift 4
  if [[ -z ${sound["$model $*"]:-} ]]; then proves "without the mistake" "$model" "$@"; fi
  sound["$model $*"]=yes
  search states "$model" "$mistake" "$@"
  if ! grep -qE "^pan:1: $how" "$report"; then
    echo "FAILED: $what: not found, or found as something else than '$how': $model $mistake $*"
    cat "$report"
    exit 1
  fi
  echo "found: $what: at depth $(sed -nE 's/^pan:1: .*\(at depth ([0-9]+)\).*/\1/p' "$report") ($model $mistake)"
}

summary() {
  echo "$all_states states in $searches searches, depth up to $deepest, at most $largest MiB, ${all_seconds}s"
}
