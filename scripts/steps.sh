# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The steps of ./test: each a function step_NAME that passes (status 0), fails, or calls `edge_skip REASON` as the last
# thing that it does. Sourced after setup.sh, never run.
# shellcheck shell=bash

# The exit status of a step that had nothing to run (what Automake's test harness takes for "skipped").
EDGE_SKIPPED=77

# edge_skip REASON: end a step that found nothing to run: `edge_skip "no such interpreter"; return`.
edge_skip() {
  edge_say "   nothing to run: $1"
  return "$EDGE_SKIPPED"
}

# edge_run_steps STEP... [-- STEP...]: run them in this order, each with its output as it happens, and count. Those after
# "--" run at the same time, in an order of their own; each line of theirs begins with its step's name. The last line says
# "N passed, N failed, N skipped" and nothing else, for those who parse it; names and seconds stand in the line before.
# Fails if one failed.
edge_run_steps() {
  local begin=$SECONDS verdicts first='' passed=0 failed=0 skipped=0 names_failed='' names_skipped='' verdict step beside
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    first="$first $1"
    shift
  done
  [ $# -eq 0 ] || shift
  verdicts=$(mktemp -d) || return
  # shellcheck disable=SC2086  # names of steps, one word each
  if [ -n "$first" ] && [ $# -gt 0 ]; then
    edge_run_lane named "$@" 3>&1 >"$verdicts/2" &
    beside=$!
    edge_run_lane '' $first 3>&1 >"$verdicts/1"
    wait "$beside"
  else
    edge_run_lane '' $first "$@" 3>&1 >"$verdicts/1"
  fi
  while read -r verdict step; do
    case $verdict in
      passed) passed=$((passed + 1)) ;;
      skipped) skipped=$((skipped + 1)) names_skipped="$names_skipped $step" ;;
      *) failed=$((failed + 1)) names_failed="$names_failed $step" ;;
    esac
  done < <(cat "$verdicts"/*)
  rm -r "$verdicts"
  edge_say "" "$((passed + failed + skipped)) steps in $((SECONDS - begin)) s${names_failed:+; failed:$names_failed}${names_skipped:+; skipped:$names_skipped}"
  edge_say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}

# edge_run_lane NAMED STEP...: run steps one after the other. What they say goes to descriptor 3, each line behind its
# step's name if NAMED is not empty; "VERDICT STEP" of each goes to standard output.
edge_run_lane() {
  local named=$1 step rc verdict start number=0
  shift
  for step in "$@"; do
    start=$SECONDS number=$((number + 1)) rc=0
    edge_say "" "== $step ($number of $#)" >&3
    if [ -n "$named" ]; then
      edge_heartbeat "$step" "step_$step" 2>&1 | sed -u "s/^/$step | /" >&3
      rc=${PIPESTATUS[0]}
    else
      edge_heartbeat "$step" "step_$step" >&3 || rc=$?
    fi
    case $rc in
      0) verdict=passed ;;
      "$EDGE_SKIPPED") verdict=skipped ;;
      *) verdict=FAILED ;;
    esac
    edge_say "== $step: $verdict in $((SECONDS - start)) s" >&3
    printf '%s %s\n' "$verdict" "$step"
  done
}
