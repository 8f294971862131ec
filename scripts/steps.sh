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

# edge_run_steps STEP...: run them in this order, each with its output as it happens, and count. The last line says
# "N passed, N failed, N skipped" and nothing else, for those who parse it; names and seconds stand in the line before.
# Fails if one failed.
edge_run_steps() {
  local step rc verdict start begin=$SECONDS number=0 passed=0 failed=0 skipped=0 names_failed='' names_skipped=''
  for step in "$@"; do
    start=$SECONDS number=$((number + 1)) rc=0
    edge_say "" "== $step ($number of $#)"
    edge_heartbeat "$step" "step_$step" || rc=$?
    case $rc in
      0) verdict=passed passed=$((passed + 1)) ;;
      "$EDGE_SKIPPED") verdict=skipped skipped=$((skipped + 1)) names_skipped="$names_skipped $step" ;;
      *) verdict=FAILED failed=$((failed + 1)) names_failed="$names_failed $step" ;;
    esac
    edge_say "== $step: $verdict in $((SECONDS - start)) s"
  done
  edge_say "" "$# steps in $((SECONDS - begin)) s${names_failed:+; failed:$names_failed}${names_skipped:+; skipped:$names_skipped}"
  edge_say "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
}
