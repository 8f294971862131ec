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

# The shells that edge_run_steps has started and that may still run. Not all children of this shell: it may have some of
# what it took the place of (`server & exec ./test`), and as the first process of a container it has everybody's orphans.
EDGE_LANES=''

# What edge_end_children sends, one signal after the other, and the seconds that what runs has after each to clean up:
# Python cleans up on SIGINT, and ends at once on SIGTERM.
EDGE_SIGNALS="INT TERM"
EDGE_GRACE=20

# edge_run_steps STEP... [-- STEP...]: run them in this order, each with its output as it happens, and count. Those after
# "--" run at the same time, in an order of their own; each line of theirs begins with the name of its step. The last line says
# "N passed, N failed, N skipped" and nothing else, for those who parse it; names and seconds stand in the line before.
# Fails if one failed; one of which no verdict came, because what ran it was killed, failed. What it notes meanwhile is
# below the caller's folder $work, if there is one; the caller's EXIT trap calls edge_end_children and removes that.
edge_run_steps() {
  local begin=$SECONDS verdicts first='' passed=0 failed=0 skipped=0 names_failed='' names_skipped='' step beside='' interrupted=''
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    first="$first $1"
    shift
  done
  [ $# -eq 0 ] || shift
  verdicts=$(mktemp -d "${work:-${TMPDIR:-/tmp}}/verdicts.XXXXXX") || return
  # Ctrl-C reaches what runs too: no next step begins, and each lane gets its time to clean up.
  trap 'interrupted=yes' INT
  # Beside this shell, which hears a signal at once so, where it would wait for the end of a step; with its input.
  # shellcheck disable=SC2086  # names of steps, one word each
  if [ -n "$first" ] && [ $# -gt 0 ]; then
    edge_run_lane named "$@" 3>&1 >"$verdicts/2" &
    beside=$!
    EDGE_LANES=$beside
    edge_run_lane '' $first <&0 3>&1 >"$verdicts/1" &
  else
    edge_run_lane '' $first "$@" <&0 3>&1 >"$verdicts/1" &
  fi
  EDGE_LANES="$EDGE_LANES $!"
  # shellcheck disable=SC2086  # numbers of processes
  wait $EDGE_LANES
  [ -z "$interrupted" ] || edge_interrupted
  EDGE_LANES=''
  trap - INT
  for step in $first "$@"; do
    case $(sed -n "s/ $step\$//p" "$verdicts"/*) in
      passed) passed=$((passed + 1)) ;;
      skipped) skipped=$((skipped + 1)) names_skipped="$names_skipped $step" ;;
      FAILED) failed=$((failed + 1)) names_failed="$names_failed $step" ;;
      *)
        edge_say "== $step: FAILED, no verdict came: what ran it was killed"
        failed=$((failed + 1)) names_failed="$names_failed $step"
        ;;
    esac
  done
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
  # Bash lets what runs beside it ignore Ctrl-C.
  trap 'exit 130' INT
  for step in "$@"; do
    start=$SECONDS number=$((number + 1)) rc=0
    edge_say "" "== $step ($number of $#)" >&3
    if [ -n "$named" ]; then
      # Who cleans up after Ctrl-C writes on, and a broken pipe would end that.
      edge_heartbeat "$step" edge_apart "step_$step" 2>&1 | (trap '' INT; exec sed -u "s/^/$step | /") >&3
      rc=${PIPESTATUS[0]}
    else
      # In a shell that this trap does not end before it has ended its heartbeat.
      (edge_heartbeat "$step" edge_apart "step_$step") >&3 || rc=$?
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

# edge_apart COMMAND...: run it in a shell of its own: `exit`, which edge_die calls, ends that step alone.
edge_apart() (
  # A program that takes Ctrl-C for itself and exits, as pytest does, would let the step's next command begin.
  trap 'exit 130' INT
  "$@"
)

# edge_interrupted: end this shell after Ctrl-C, when its lanes have ended. A second Ctrl-C ends them at once.
edge_interrupted() {
  trap 'EDGE_SIGNALS=TERM; exit 130' INT
  edge_note "" "interrupted: what runs ends itself; Ctrl-C again ends it at once"
  # A terminal has told all of them already. `kill -INT` told ./test alone: no next step begins then, and what runs goes on
  # to its end.
  # shellcheck disable=SC2086  # numbers of processes
  kill -INT $EDGE_LANES 2>/dev/null
  # shellcheck disable=SC2086
  wait $EDGE_LANES
  EDGE_LANES=''
  exit 130
}

# edge_descendants PID...: say which of these run, and what they started that runs; parents first.
edge_descendants() {
  local table pid parent given=" $* " found=' ' grown=yes
  table=$(edge_processes)
  while [ -n "$grown" ]; do
    grown=''
    while read -r pid parent; do
      case $found in *" $pid "*) continue ;; esac
      case $given$found in *" $pid "* | *" $parent "*) found="$found$pid " grown=yes ;; esac
    done <<<"$table"
  done
  found=${found# }
  edge_say "${found% }"
}

# End all lanes that still run, and what they started; return when nothing of it runs any more, or its time is over. Parents
# get each signal first, so that none begins a next step.
edge_end_children() {
  local signal end running=$EDGE_LANES
  EDGE_LANES=''
  # shellcheck disable=SC2086  # numbers of processes
  for signal in $EDGE_SIGNALS; do
    [ -n "$running" ] && running=$(edge_descendants $running)
    [ -n "$running" ] || return 0
    kill -s "$signal" $running 2>/dev/null
    end=$((SECONDS + EDGE_GRACE))
    while [ -n "$running" ] && [ "$SECONDS" -lt "$end" ]; do
      sleep 0.1
      # What has begun meanwhile belongs to it: a fixture takes down what it made by a program.
      running=$(edge_descendants $running)
    done
  done
}
