#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The manual holds together: links and paths lead somewhere, every page is on the way from README.md, every public header
# is in docs/api.md. Looks at the whole tree, hence outside Bazel's sandbox and cache (tags of the target).
set -euo pipefail
# shellcheck source=tests/docs/markdown.sh
source tests/docs/markdown.sh

# check ROOT: prints what is wrong there, one line each; fails if something is.
check() {
  local root=$1 bad=0 page line target file span
  wrong() {
    echo "$1"
    bad=1
  }
  declare -A seen=()
  local -a pages queue=(README.md)
  mapfile -t pages < <(documents "$root")
  # On the way from README.md.
  while ((${#queue[@]})); do
    page=${queue[0]}
    queue=("${queue[@]:1}")
    if [[ -n ${seen[$page]:-} ]]; then continue; fi
    seen[$page]=yes
    while read -r line target; do
      if [[ $target =~ ^[a-z]+: ]]; then continue; fi
      file=${target%%#*}
      file=$(realpath -ms --relative-to="$root" "$root/$(dirname "$page")/${file:-$(basename "$page")}")
      if [[ ! -e $root/$file ]]; then
        wrong "$page:$line: the link '$target' leads nowhere"
      elif [[ -d $root/$file ]]; then
        for file in "$root/$file"/*; do seen[${file#"$root"/}]=yes; done
      elif [[ $file == *.md ]]; then
        queue+=("$file")
        if [[ $target == *'#'* ]] && ! anchors "$root/$file" | grep -qxF -- "${target#*#}"; then
          wrong "$page:$line: '$file' has no heading for '#${target#*#}'"
        fi
      else
        seen[$file]=yes
      fi
    done < <(links "$root/$page")
  done
  while read -r file; do
    if [[ -z ${seen[$file]:-} ]]; then wrong "$file: no link leads to it from README.md"; fi
  done < <(cd "$root" && find docs -type f ! -name BUILD.bazel | sort)

  # Paths and targets that are named in the text. The changelog may name what has been.
  local folders
  for page in "${pages[@]}"; do
    if [[ $page == CHANGELOG.md ]]; then continue; fi
    folders=$(find "$root/" "$root/$(dirname "$page")/" -mindepth 1 -maxdepth 1 -type d -name '[a-z]*' -printf '%f|')
    folders="^(${folders}videostream)/[A-Za-z0-9_./-]+$"
    while read -r line span; do
      if [[ $span =~ ^//[a-z][A-Za-z0-9_./:-]+$ ]]; then
        has_target "$root" "$span" || wrong "$page:$line: there is no target '$span'"
      elif [[ $span =~ $folders && ! -e $root/$span && ! -e $root/include/$span &&
        ! -e $root/$(dirname "$page")/$span ]]; then
        wrong "$page:$line: there is no '$span'"
      fi
    done < <(spans "$root/$page")
  done

  for file in "$root"/include/videostream/*.h*; do
    span=videostream/$(basename "$file")
    grep -qF "\`$span\`" "$root/docs/api.md" || wrong "docs/api.md: does not name the header '$span'"
  done
  return "$bad"
}

root=$(dirname "$(readlink -f README.md)")
bad=0
check "$root" || bad=1

# Catches a check that finds nothing whatever is wrong.
seeded=$(mktemp -d /tmp/vs-links-XXXXXX)
trap 'rm -rf "$seeded"' EXIT
mkdir -p "$seeded/docs" "$seeded/core" "$seeded/include/videostream"
touch "$seeded/docs/lost.md" "$seeded/include/videostream/new.h" "$seeded/core/BUILD.bazel"
cat >"$seeded/README.md" <<'MD'
# A manual
[a page](docs/gone.md), [a heading](docs/api.md#threads), [another](docs/api.md#who-owns-what), `core/gone.h`,
`//core:gone`
MD
printf '# Who owns what?\n' >"$seeded/docs/api.md"
found=$(check "$seeded" || true)
for expected in "README.md:2: the link 'docs/gone.md' leads nowhere" \
  "README.md:2: 'docs/api.md' has no heading for '#threads'" "docs/lost.md: no link leads to it from README.md" \
  "README.md:2: there is no 'core/gone.h'" "README.md:3: there is no target '//core:gone'" \
  "docs/api.md: does not name the header 'videostream/new.h'"; do
  if ! grep -qxF -- "$expected" <<<"$found"; then
    printf 'not noticed: %s\nin: %s\n' "$expected" "$found"
    bad=1
  fi
done
if [[ $(wc -l <<<"$found") != 6 ]]; then
  printf 'more was found than was seeded: %s\n' "$found"
  bad=1
fi
exit "$bad"
