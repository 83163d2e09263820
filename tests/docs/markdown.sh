# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Takes apart what the manual is written in: blocks, code spans, links, headings. Sourced by the tests of this folder.

# documents ROOT: the pages that are checked, from ROOT, one per line; README.md first.
documents() (
  cd "$1" || exit
  for page in README.md CONTRIBUTING.md CHANGELOG.md */README.md {apps,backends}/*/README.md; do
    if [[ -e $page && $page != bazel-* ]]; then echo "$page"; fi
  done
  find docs -name '*.md' | sort
)

# blocks PAGE DIR: every fenced block, its text in DIR/LINE; prints `LINE KIND COMMENT`: the line of the fence, the word
# behind it (`-` without), and the HTML comment right before it.
blocks() {
  awk -v dir="$2" '
    /^```/ && !inside { inside = FNR; kind = substr($0, 4); sub(/ .*/, "", kind)
                        printf "" > (dir "/" FNR); print FNR, (kind == "" ? "-" : kind), comment; next }
    /^```$/ && inside { close(dir "/" inside); inside = 0; comment = ""; next }
    inside            { print > (dir "/" inside); next }
    /^<!--.*-->$/     { comment = $0; next }
    /[^[:space:]]/    { comment = "" }
    END { if (inside) { print "line " inside ": the block does not end" > "/dev/stderr"; exit 1 } }' "$1"
}

# spans PAGE: every piece of `code` outside of blocks as `LINE TEXT`; one that goes on in the next line is one piece.
spans() {
  awk '
    /^```/ { fence = !fence; text = ""; inside = 0; next }
    fence  { next }
    /^[[:space:]]*$/ || /^\|/ { inside = 0; text = "" }
    {
      count = split($0, piece, "`")
      for (i = 1; i <= count; ++i) {
        if (inside) text = text piece[i]
        if (i == count) { if (inside) text = text " "; break }
        if (inside) { print at, text; text = "" } else { at = FNR }
        inside = !inside
      }
    }' "$1"
}

# links PAGE: every `[text](target)` outside of blocks as `LINE TARGET`.
links() {
  awk '
    /^```/ { fence = !fence; next }
    fence  { next }
    { gsub(/`[^`]*`/, "")
      while (match($0, /\]\([^)]+\)/)) { print FNR, substr($0, RSTART + 2, RLENGTH - 3); $0 = substr($0, RSTART + RLENGTH) } }' "$1"
}

# anchors PAGE: what `#...` may name in it.
anchors() {
  awk '/^```/ { fence = !fence } !fence && /^#+ / { sub(/^#+ /, ""); print }' "$1" |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# has_target ROOT LABEL: is there such a rule? `//a/b:c`, `//a/b`, `//a/b:all`, `//a/...`. Its name stands in the BUILD file,
# or, where a macro makes it, there is a source of that name.
has_target() {
  local package=${2#//} name
  if [[ $package == */... ]]; then
    [[ -d $1/${package%/...} ]]
    return
  fi
  if [[ $package == *:* ]]; then name=${package#*:} package=${package%%:*}; else name=${package##*/}; fi
  [[ -f $1/$package/BUILD.bazel ]] || return 1
  if [[ $name == all || -f $1/$package/$name || -f $1/$package/$name.cc ]]; then return 0; fi
  grep -qF "\"${name%.so}\"" "$1/$package/BUILD.bazel"
}
