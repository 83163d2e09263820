#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The steps that wire/ cites are those of the models: every `// C5` there stands in the function that a model names with
# it, and every step of the models is cited. Looks at the sources, hence outside Bazel's sandbox and cache.
set -euo pipefail
cd "$(dirname "$(readlink -f tests/model/lease.pml)")/../.."
bad=0
wrong() {
  echo "$1"
  bad=1
}

# STEP FILE FUNCTION, one per line: `C5: lease.h TryFrame` in a model.
steps=$(grep -hoE '\b[PCWD][0-9]+: [a-z]+\.h [A-Za-z]+' tests/model/*.pml | tr -d ':' | sort -u)
# STEP FILE LINE: comments at the end of code, or at the beginning of a comment.
cited=$(grep -nE '// [PCWD][0-9]+(, [PCWD][0-9]+)*(\.|$)' wire/*.h | while IFS=: read -r file line text; do
  for step in $(grep -oE '// [PCWD][0-9]+(, [PCWD][0-9]+)*' <<<"$text" | tr -d '/,'); do
    echo "$step ${file#wire/} $line"
  done
done | sort)
# Both lists must have been read at all.
(($(wc -l <<<"$steps") > 20 && $(wc -l <<<"$cited") > 20)) || wrong "found only: $steps and $cited"

# Does line $2 of the header $1 lie in the function $3? Outwards from the line, by indentation.
lies_in() {
  awk -v at="$2" -v name="$3" '
    NR <= at { text[NR] = $0 }
    END {
      match(text[at], /^ */); indent = RLENGTH + 1
      for (i = at; i > 0; --i) {
        if (text[i] ~ /^ *$/) continue
        match(text[i], /^ */)
        if (RLENGTH >= indent) continue
        indent = RLENGTH
        if (index(text[i], name "(")) exit 0
      }
      exit 1
    }' "wire/$1"
}

while read -r step file function; do
  found=no
  while read -r cited_step cited_file line; do
    if [[ $cited_step == "$step" && $cited_file == "$file" ]] && lies_in "$file" "$line" "$function"; then found=yes; fi
  done <<<"$cited"
  [[ $found == yes ]] || wrong "$step: a model says it is in $function of wire/$file, where nothing cites it"
done <<<"$steps"
while read -r step file line; do
  grep -q "^$step $file " <<<"$steps" || wrong "wire/$file:$line: cites $step, which no model has for this file"
done <<<"$cited"

if ((bad)); then exit 1; fi
echo "ok: $(wc -l <<<"$steps") steps, cited $(wc -l <<<"$cited") times"
