# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Counts test cases: from the summary that `bazel test --test_summary=short` prints, and each test's test.xml.

VS_PASSED=0 VS_FAILED=0 VS_SKIPPED=0
VS_FAILURES=()

# results_add PASSED FAILED SKIPPED [NAME OF THE FAILURE]
results_add() {
  VS_PASSED=$((VS_PASSED + $1))
  VS_FAILED=$((VS_FAILED + $2))
  VS_SKIPPED=$((VS_SKIPPED + $3))
  if (($2)); then VS_FAILURES+=("${4:-}"); fi
}

# results_of_xml FILE: prints `PASSED FAILED SKIPPED`. What a test printed (<system-out>) is not looked at.
results_of_xml() {
  awk '
    /<system-out>/ { sub(/<system-out>.*/, ""); last = 1 }
    /<testcase / { cases++; bad = 0 }
    /<testcase .*status="notrun"/ { disabled++ }
    /<testcase .*result="skipped"/ { skipped++ }
    /<failure|<error/ { if (!bad) failed++; bad = 1 }
    last { exit }
    END { print cases - disabled - skipped - failed, failed + 0, skipped + 0 }' "$1"
}

# results_mention_failure LOG: true if LOG, the output of `bazel test`, names a test that did not pass.
results_mention_failure() { grep -qE '^//[^ ]+ +(FAILED|TIMEOUT|NO STATUS|INCOMPLETE)' "$1"; }

# results_of_bazel LABEL LOG TESTLOGS: adds up what LOG, the output of `bazel test`, says was run.
# LABEL names the pass in the list of failures; TESTLOGS is `bazel info bazel-testlogs` of that pass.
results_of_bazel() {
  local label=$1 log=$2 testlogs=$3 target status xml passed failed skipped p f s
  while read -r target status; do
    local directory=${target#//}
    directory=$testlogs/${directory/://}
    passed=0 failed=0 skipped=0
    for xml in "$directory"/test.xml "$directory"/shard_*/test.xml; do
      # A test that did not run has no results of its own, only those of an earlier run.
      [[ -e $xml && $status =~ ^(PASSED|FLAKY|FAILED\ in) ]] || continue
      read -r p f s < <(results_of_xml "$xml")
      passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
    case $status in
      PASSED* | FLAKY*) ((passed + failed + skipped)) || passed=1 ;;
      *) ((failed)) || failed=1 ;; # crashed, leaked, timed out, or never built
    esac
    results_add "$passed" "$failed" "$skipped" "$label: $target ($status)"
  done < <(sed -nE 's,^(//[^ ]+) +(\(cached\) )?((PASSED|FLAKY|FAILED|TIMEOUT|NO STATUS|INCOMPLETE|REMOTE).*)$,\1 \3,p' "$log")
}

# results_print: the failures, then the counts alone on the last line. Fails when something failed or nothing ran.
results_print() {
  local failure
  echo
  for failure in ${VS_FAILURES[@]+"${VS_FAILURES[@]}"}; do echo "FAILED  $failure"; done
  if ((VS_SKIPPED)); then echo "$VS_SKIPPED skipped (each says why in its log)"; fi
  echo "$VS_PASSED passed, $VS_FAILED failed"
  ((VS_FAILED == 0 && VS_PASSED > 0))
}
