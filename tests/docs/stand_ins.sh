# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Programs that blocks of the manual name and a test cannot run: what they do instead. Sourced by commands_test.sh.

# make_stand_ins DIR: scripts for PATH.
make_stand_ins() {
  # No screen: decodes ten pictures and ends, as when its window is closed.
  cat >"$1/ffplay" <<'SH'
#!/usr/bin/env bash
set -euo pipefail
pictures=$(ffmpeg -v error -i "${!#}" -frames:v 10 -f framecrc - </dev/stdin | grep -vc '^#')
echo "ffplay (stand-in): $pictures pictures"
if ((pictures < 10)); then echo "stand-in of ffplay: too few" >&2 && exit 1; fi
SH
  # No Bazel inside of Bazel: `bazel build LABEL...` looks whether that is among the programs of the test.
  cat >"$1/bazel" <<'SH'
#!/usr/bin/env bash
set -euo pipefail
if [[ ${1:-} != build ]]; then echo "stand-in of bazel: can only 'build', not '${1:-}'" >&2 && exit 1; fi
for label in "${@:2}"; do
  if [[ $label == -* ]]; then continue; fi
  path=${label#//}
  if [[ $path == *:* ]]; then path=${path/://}; else path=$path/${path##*/}; fi
  if [[ $label != //* || ! -f bazel-bin/$path ]]; then
    echo "stand-in of bazel: '$label' is not among the data of this test" >&2
    exit 1
  fi
done
SH
  chmod +x "$1/ffplay" "$1/bazel"
}
