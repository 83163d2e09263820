#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Executes the manual. Every ```sh block of README.md, CONTRIBUTING.md and docs/ is run as it stands, in a folder that looks
# like the tree with its programs built; of every `videostream ...` and `tools/...` in the text, and in what the README of a
# program or backend shows of it, verb and options exist.
# A block that cannot run in a test has `<!-- executed by //tests/...:target -->` (or `by .ci/run`) on the line before it.
# Reads the whole tree, hence outside Bazel's sandbox and cache (tags of the target).
set -euo pipefail
programs=$PWD # Bazel's runfiles are laid out like bazel-bin
# shellcheck source=tests/docs/markdown.sh
source tests/docs/markdown.sh
# shellcheck source=tests/docs/stand_ins.sh
source tests/docs/stand_ins.sh
root=$(dirname "$(readlink -f README.md)")
work=$(mktemp -d /tmp/vs-docs-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/tmp"
export TMPDIR=$work/tmp
make_stand_ins "$work/bin"
unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR VIDEOSTREAM_BACKEND_PATH # TEST_SRCDIR stays: backends are found by it

# All that a check finds goes through here.
bad=0
wrong() {
  echo "WRONG: $1"
  bad=1
}

# checkout ROOT DIR: makes every path of ROOT be in DIR, and bazel-bin.
checkout() {
  local entry
  for entry in "$1"/* "$1"/.ci; do
    if [[ $entry != */bazel-* && -e $entry ]]; then ln -s "$entry" "$2/"; fi
  done
  ln -s "$programs" "$2/bazel-bin"
}

# run_block NAME SCRIPT DIR: as in one terminal, in which exported variables last; what it left running ends with it.
run_block() {
  local name=$1 script=$2 dir=$3 code=0 pid left
  if [[ ! -e $dir.env ]]; then (cd "$dir" && PATH=$work/bin:$PATH bash -c 'export -p' >"$dir.env"); fi
  echo "=== $name"
  sed 's/^/  $ /' "$script"
  set -m # a process group of its own
  # shellcheck disable=SC2016 # for that shell
  timeout 240 bash -ec 'source "$1"; cd "$PWD"; trap "export -p >$1" EXIT; source "$2"' - "$dir.env" "$script" \
    >"$dir.out" 2>&1 </dev/null &
  pid=$!
  set +m
  wait "$pid" || code=$?
  if kill -TERM -- "-$pid" 2>/dev/null; then
    for ((left = 100; left; --left)); do
      kill -0 -- "-$pid" 2>/dev/null || break
      sleep 0.1
    done
    if kill -KILL -- "-$pid" 2>/dev/null; then wrong "$name: what it left running does not end on SIGTERM"; fi
  fi
  tail -n 25 "$dir.out" | cut -c1-200 | sed 's/^/  | /'
  if ((code)); then wrong "$name: exit code $code (124: it did not end)"; fi
}

# validate NAME FILE: a machine description, or a profile; of one that is only a part, an `outputs:` mapping, the rest is added.
validate() {
  local whole=$work/profile.yaml
  if grep -q '^provenance:' "$2"; then
    echo "=== $1 is a machine description"
    "$programs/apps/videostream/videostream" profile which --machine "$2" >"$work/out" 2>&1 ||
      wrong "$1: $(sed -n 's/.*error: //p' "$work/out" | head -n 1)"
    return 0
  fi
  if grep -q '^version:' "$2"; then
    cp "$2" "$whole"
  elif grep -qE '^ *outputs:' "$2"; then
    { sed '/^    outputs:/,$d' "$root/configs/dev-x86_64.yaml" && cat "$2"; } >"$whole"
  else
    return 0
  fi
  echo "=== $1 is a profile"
  "$programs/apps/videostream/videostream" profile validate "$whole" >"$work/out" 2>&1 ||
    wrong "$1: $(sed -n 's/.*error: //p' "$work/out" | head -n 1)"
}

# check_blocks ROOT PAGE: everything between fences.
check_blocks() {
  local root=$1 page=$2 dir line kind comment executed command
  dir=$(mktemp -d "$work/XXXX")
  mkdir "$dir.blocks"
  checkout "$root" "$dir"
  blocks "$root/$page" "$dir.blocks" >"$dir.list" || wrong "$page: its blocks cannot be told apart"
  while read -r line kind comment <&3; do
    case $kind in
      sh)
        if [[ $comment =~ ^'<!-- executed by '(.*)' -->'$ ]]; then
          for executed in ${BASH_REMATCH[1]//[,]/ }; do
            case $executed in
              and) ;;
              .ci/*) [[ -x $root/$executed ]] || wrong "$page:$line: said to be executed by '$executed', which is not there" ;;
              *) has_target "$root" "$executed" || wrong "$page:$line: said to be executed by '$executed', which is no target" ;;
            esac
          done
          echo "=== $page:$line is executed by ${BASH_REMATCH[1]}"
        else
          run_block "$page:$line" "$dir.blocks/$line" "$dir"
        fi
        ;;
      yaml) validate "$page:$line" "$dir.blocks/$line" ;;
      cpp | c | python | json) ;;
      -)
        if [[ $page == */*/README.md ]]; then # a synopsis
          while read -r command; do check_span "$root" "$page:$line" "${command%%|*}"; done <"$dir.blocks/$line"
        elif grep -qE '^(\$|bazel|videostream|tools/|\./|sudo|apt|g\+\+|curl|export) ' "$dir.blocks/$line"; then
          wrong "$page:$line: a block with commands in it says \`\`\`sh"
        fi
        ;;
      *) wrong "$page:$line: nobody checks blocks of kind '$kind'" ;;
    esac
  done 3<"$dir.list"
}

# help_of PROGRAM WORD...: its --help, asked for once.
declare -A helps=()
help_of() {
  local key=$*
  if [[ -z ${helps[$key]:-} ]]; then helps[$key]=$("$@" --help 2>&1 </dev/null) || helps[$key]=none; fi
  help=${helps[$key]}
}
verbs_in() { sed -nE '/^(Verbs|Subcommands):$/,/^$/s/^  ([a-z-]+) .*/\1/p'; }

# check_span ROOT NAME TEXT: a command named in the text.
check_span() {
  local root=$1 name=$2 help known='' word
  local -a words command
  read -ra words <<<"$3"
  case ${words[0]:-} in
    videostream) command=("$programs/apps/videostream/videostream") ;;
    videostream-record | videostream-snapshot) command=("$programs/apps/${words[0]}/${words[0]}") ;;
    tools/*)
      command=("$root/${words[0]}")
      if [[ ! -f ${command[0]} || ! -x ${command[0]} ]]; then return 0; fi # a path: links_test looks whether it is there
      ;;
    bazel)
      for word in "${words[@]:2}"; do
        if [[ $word == //* && $word != //... ]]; then has_target "$root" "$word" || wrong "$name: no target '$word'"; fi
      done
      return 0
      ;;
    *) return 0 ;;
  esac
  ((${#words[@]} > 1)) || return 0
  for word in "${words[@]:1}"; do
    help_of "${command[@]}"
    known+=$help
    if [[ $word == ... ]]; then
      break
    elif [[ $word == -* ]]; then
      word=${word%%=*}
      [[ $word == - ]] || grep -qE -- "(^|[^a-z-])$word([^a-z-]|$)" <<<"$known" || wrong "$name: '$3': no option '$word'"
    elif [[ -n $(verbs_in <<<"$help") ]]; then
      if verbs_in <<<"$help" | grep -qxF -- "$word"; then
        command+=("$word")
      else
        wrong "$name: '$3': no verb '$word'"
        break
      fi
    fi
  done
}

# check_verbs ROOT: what `videostream --help` lists is in the table of README.md, and nothing else is.
check_verbs() {
  local verb help
  help_of "$programs/apps/videostream/videostream"
  verbs_in <<<"$help" | sort >"$work/verbs"
  awk '/^\| `videostream \.\.\.`/ { table = 1; next } table && !/^\|/ { exit } table' "$1/README.md" | cut -d'|' -f2 |
    grep -oE '`[a-z]+' | tr -d '`' | sort -u >"$work/table"
  while read -r verb; do
    wrong "README.md: the verb '$verb' is not both in the table of verbs and in videostream --help"
  done < <(sort "$work/verbs" "$work/table" | uniq -u)
}

# check ROOT: everything.
check() {
  local page line text
  while read -r page; do
    check_blocks "$1" "$page"
    while read -r line text; do check_span "$1" "$page:$line" "$text"; done < <(spans "$1/$page")
  done < <(documents "$1" | grep -v '^CHANGELOG')
  check_verbs "$1"
}

# Catches a check that passes whatever stands there.
seeded=$work/seeded
mkdir -p "$seeded/docs" "$seeded/tools" "$seeded/configs"
cat >"$seeded/README.md" <<'MD'
| `videostream ...` | |
|---|---|
| `frobnicate` | |
`videostream run --durration 1s`, `videostream profile validade x`, `bazel test //tests/gone:gone_test`

```sh
export KEPT=yes
sleep 1000 &
```

```sh
[[ $KEPT == yes ]] && echo kept
false
echo not reached
```

<!-- executed by //tests/gone:gone_test -->
```sh
exit 1
```

```
videostream run
```

```yaml
version: 2
```
MD
check "$seeded" >"$work/found" 2>&1
grep -E '^WRONG: ' "$work/found" | sed 's/^WRONG: //' | sort >"$work/wrong"
for expected in "README.md:4: 'videostream run --durration 1s': no option '--durration'" \
  "README.md:4: 'videostream profile validade x': no verb 'validade'" "README.md:4: no target '//tests/gone:gone_test'" \
  "README.md:11: exit code 1 (124: it did not end)" \
  "README.md:18: said to be executed by '//tests/gone:gone_test', which is no target" \
  'README.md:22: a block with commands in it says ```sh' "README.md:26: .*version.*'2'.*" \
  "README.md: the verb 'frobnicate' is not both in the table of verbs and in videostream --help"; do
  if ! grep -qE -- "^${expected//[()]/.}$" "$work/wrong"; then
    echo "not noticed: $expected"
    failed=yes
  fi
done
grep -q 'kept' "$work/found" && ! grep -qE '\| not reached' "$work/found" || failed=yes
if [[ -n ${failed:-} ]]; then cat "$work/found" && exit 1; fi

bad=0
check "$root"
exit "$bad"
