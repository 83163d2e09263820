#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tools/run with programs that are built already: its table, its exit codes, and that nothing is left behind.
# Runs the script in the tree, hence outside Bazel's sandbox and cache (tags of the target).
set -euo pipefail
VS_BIN=$PWD
export VS_BIN
root=$(dirname "$(dirname "$(readlink -f docs/environment.md)")")
work=$(mktemp -d /tmp/vs-run-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/xdg" "$work/keep"
export XDG_RUNTIME_DIR=$work/xdg
unset RUNTIME_DIRECTORY VIDEOSTREAM_BACKEND_PATH

fail() {
  echo "FAILED: $1"
  sed 's/^/  | /' "$work/out" "$work/err"
  exit 1
}
# run EXPECTED-CODE ARGUMENT...
run() {
  local expected=$1 code=0
  shift
  timeout 90 "$root/tools/run" --no-install "$@" >"$work/out" 2>"$work/err" </dev/null || code=$?
  ((code == expected)) || fail "tools/run $*: exit code $code, expected $expected"
  [[ -z $(ls -A "$work/xdg") ]] || fail "tools/run $*: left behind: $(ls -A "$work/xdg")"
}

# Would catch: a consumer without a line, a table without reasons, an MP4 that is not where it was promised.
run 0 --duration 1s --keep "$work/keep"
for line in 'CONSUMER .*TAKEN .*SKIPPED .*LATENCY P50 .*P99' 'counter +[0-9]+ ' 'recorder +[0-9]+ ' 'queue:4 +[0-9]+ ' \
  '  front.capture +sw-fallback/pattern +.+' '  front.full.transport +shm/.+'; do
  grep -qE "^$line" "$work/out" || fail "no line '$line'"
done
mp4=$(sed -n 's/^recorded to //p' "$work/out")
[[ $mp4 == "$work/keep/"*.mp4 && -s $mp4 ]] || fail "no MP4 at '$mp4'"
for name in runtime counter recorder queue; do [[ -s $work/keep/$name.json ]] || fail "no $name.json"; done

# Would catch: a failed child that is waited for, or whose message is lost.
sed 's/buffers: .*/buffers: 3/' "$root/configs/dev-x86_64.yaml" >"$work/small.yaml"
run 1 --duration 1s --profile "$work/small.yaml" --keep "$work/keep"
grep -q '^queue: ended with code' "$work/err" || fail "the failed consumer is not named"
grep -q 'videostream receive: ' "$work/err" || fail "its message is not shown"

# Would catch: wrong options that start something.
run 2 --durration 1s
run 2 --stay --duration 1s
run 2 --input "$work/nothing.y4m"
run 2 --duration

# Would catch: an end by signal that loses the numbers or leaves processes.
timeout --preserve-status 90 "$root/tools/run" --no-install --stay --keep "$work/keep" >"$work/out" 2>"$work/err" </dev/null &
pid=$!
until grep -qE ' [1-9][0-9]* published' "$work/err"; do
  kill -0 "$pid" 2>/dev/null || fail "--stay ended by itself"
  sleep 0.1
done
kill -TERM "$pid"
code=0
wait "$pid" || code=$?
((code == 0)) || fail "after SIGTERM: exit code $code"
grep -qE '^recorder +[0-9]+ ' "$work/out" || fail "no table after SIGTERM"
[[ -z $(ls -A "$work/xdg") ]] || fail "left behind after SIGTERM: $(ls -A "$work/xdg")"
echo ok
