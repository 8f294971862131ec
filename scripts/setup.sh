# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Set-up for ./setup, ./rehearse and ./test; sourced, never run. It makes, and remakes only when its inputs change:
#   - a Python virtual environment in the cache, named by the interpreter and the hash of its requirement files
#   - the checkout's `collections`, a link to the checkout itself, where git could not make it
#   - python3-venv, where Debian's Python lacks it (as root); the twin installs its own Debian packages
# Outside the cache and this link it writes nothing; pip keeps the user's settings.
# shellcheck shell=bash

EDGE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
EDGE_CACHE=${CLUSTER_EDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cluster-edge}
case $EDGE_CACHE in /*) ;; *) EDGE_CACHE=$PWD/$EDGE_CACHE ;; esac
export CLUSTER_EDGE_CACHE=$EDGE_CACHE
export PIP_DISABLE_PIP_VERSION_CHECK=1
# Ansible needs a UTF-8 locale, and a fresh Debian has only this one.
export LC_ALL=C.UTF-8
# Each line of Python, Ansible's too, appears when it is written, also in a file, a pipe or a CI log.
export PYTHONUNBUFFERED=1
# Compiled Python goes to the cache even where the caller wants none beside the sources: an Ansible process starts in two
# thirds of the time, and the checkout stays clean.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$EDGE_CACHE/bytecode
# Colors and links are for a terminal, not for a log.
[ -t 1 ] || export NO_COLOR=1 ANSIBLE_NOCOLOR=1

# Loopback is never behind a proxy: what asks a twin's API server must not ask the proxy for it.
no_proxy=${no_proxy:-${NO_PROXY:-}}
no_proxy=${no_proxy:+$no_proxy,}127.0.0.1
NO_PROXY=$no_proxy
export no_proxy NO_PROXY

edge_say() { printf '%s\n' "$@"; }
edge_note() { printf '%s\n' "$@" >&2; }
edge_die() { edge_note "$@"; exit 1; }

# Is this process able to build namespaces and install packages here?
edge_is_root() { [ "$(id -u)" -eq 0 ]; }
edge_is_debian() { [ -r /etc/debian_version ] && command -v apt-get >/dev/null; }

# edge_processes [PID...]: say "PID PARENT" of each process that runs; of those alone where some are named. A minimal Debian
# has no ps, and a Mac no /proc.
edge_processes() {
  local pid state parent rest
  if [ ! -r "/proc/$$/stat" ]; then
    ps -A -o pid= -o stat= -o ppid= 2>/dev/null | while read -r pid state parent; do
      case $state in Z*) continue ;; esac
      case " ${*:-$pid} " in *" $pid "*) edge_say "$pid $parent" ;; esac
    done
    return 0
  fi
  [ $# -gt 0 ] || set -- /proc/[0-9]*
  for pid in "${@#/proc/}"; do
    rest=''
    { IFS= read -r -d '' rest <"/proc/$pid/stat"; } 2>/dev/null
    # Behind the name, which is in brackets and may hold brackets, spaces and line ends.
    rest=${rest##*) }
    state=${rest%% *} rest=${rest#* }
    case $state in '' | Z) ;; *) edge_say "$pid ${rest%% *}" ;; esac
  done
}

# Seconds between two lines that say how long a command has run.
EDGE_BEAT=30

# edge_heartbeat LABEL COMMAND...: run COMMAND with its output shown, and a line with the elapsed time every EDGE_BEAT seconds.
edge_heartbeat() {
  local label=$1 beat rc=0 start=$SECONDS owner=${BASHPID:-$$}
  shift
  # `read -t` on a pipe that never speaks waits without a child process that could outlive us.
  (
    exec 9<> <(:)
    own=${BASHPID:-}
    while ! read -r -t "$EDGE_BEAT" -u 9; do
      # An owner that SIGKILL has ended ends nothing, and whoever reads this output would read for ever.
      [ -z "$own" ] || [ "$(edge_processes "$own")" = "$own $owner" ] || exit 0
      edge_say "   ... $label: $((SECONDS - start)) s"
    done
  ) &
  beat=$!
  "$@" || rc=$?
  kill "$beat" 2>/dev/null
  wait "$beat" 2>/dev/null
  return "$rc"
}

# Leave out of the environment what could lead Ansible, Helm or the Kubernetes client to another place than the twin, and
# say so: what chooses a connection, an inventory, code or a cluster. Secrets and what only shapes the output stay; their
# files are the caller's.
edge_clean_environment() {
  local variable left=''
  for variable in $(compgen -e); do
    case $variable in
      ANSIBLE_*VAULT* | ANSIBLE_*COLOR* | ANSIBLE_*CALLBACK* | ANSIBLE_DISPLAY_* | ANSIBLE_*WARNINGS | ANSIBLE_LOG_*) ;;
      ANSIBLE_CONFIG | ANSIBLE_HOME | ANSIBLE_LOCAL_TEMP | ANSIBLE_FORKS | ANSIBLE_VERBOSITY | ANSIBLE_DEBUG) ;;
      # Inventories may need plugins of other collections; ours is the checkout.
      ANSIBLE_COLLECTIONS_PATH) export ANSIBLE_COLLECTIONS_PATH=$EDGE_ROOT/collections:$ANSIBLE_COLLECTIONS_PATH ;;
      ANSIBLE_* | K8S_AUTH_* | HELM_KUBE* | HELM_DRIVER* | KUBECONFIG)
        unset "$variable"
        left="$left $variable"
        ;;
    esac
  done
  edge_own_paths
  [ -z "$left" ] || edge_say "== left out of the environment:$left"
}

# A relative path in a variable of Ansible's means the folder in which the command is typed, and set-up changes to the checkout.
# Ansible itself reads what begins with ~ or $.
edge_own_paths() {
  local variable value identity file rest
  for variable in ANSIBLE_CONFIG ANSIBLE_HOME ANSIBLE_LOCAL_TEMP ANSIBLE_LOG_PATH ANSIBLE_VAULT_PASSWORD_FILE; do
    value=${!variable:-}
    case $value in '' | [/~$]*) ;; *) export "$variable=$PWD/$value" ;; esac
  done
  # Label and file, or the file alone; "prompt" is none.
  value='' rest=${ANSIBLE_VAULT_IDENTITY_LIST:-}
  while [ -n "$rest" ]; do
    identity=${rest%%,*}
    file=${identity#*@}
    case $file in
      [/~$]*) ;;
      *) [ ! -e "$file" ] || identity=${identity%"$file"}$PWD/$file ;;
    esac
    value=$value${value:+,}$identity
    case $rest in *,*) rest=${rest#*,} ;; *) rest='' ;; esac
  done
  [ -z "$value" ] || export ANSIBLE_VAULT_IDENTITY_LIST=$value
}

# edge_build LABEL COMMAND...: a long step, quiet unless it fails.
edge_build() {
  local label=$1 start=$SECONDS log rc=0
  shift
  mkdir -p "$EDGE_CACHE/logs"
  log=$EDGE_CACHE/logs/$(printf '%s' "$label" | tr -c 'a-zA-Z0-9.' '-').log
  edge_say "== $label"
  edge_heartbeat "$label" edge_into "$log" "$@" || rc=$?
  if [ "$rc" -ne 0 ]; then
    edge_note "== failed: $label (after $((SECONDS - start)) s; whole log: $log). Its last lines:"
    tail -n 25 "$log" >&2
    return "$rc"
  fi
  # Where nobody reads it any more, it is done all the same.
  edge_say "   done in $((SECONDS - start)) s" || return 0
}

edge_into() {
  local log=$1
  shift
  "$@" >"$log" 2>&1
}

# edge_interpreter VERSION: print a working interpreter of that version (3.12), from PATH or from pyenv; fail without one.
edge_interpreter() {
  local candidate
  for candidate in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$1".*/bin/"python$1"; do
    candidate=$(command -v "$candidate") || continue
    # A pyenv shim exists for versions that are not switched on, and then fails.
    if "$candidate" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' "$1" 2>/dev/null; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

# Print the control machine's Python: CLUSTER_EDGE_PYTHON, else python3 where it is new enough, else the newest other one.
edge_python() {
  local version
  if [ -n "${CLUSTER_EDGE_PYTHON:-}" ]; then
    command -v "$CLUSTER_EDGE_PYTHON" || edge_die "CLUSTER_EDGE_PYTHON: no such program: $CLUSTER_EDGE_PYTHON"
    return
  fi
  for version in $(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) 3.13 3.12 3.11; do
    case $version in 3.11 | 3.12 | 3.13) edge_interpreter "$version" && return ;; esac
  done
  edge_die "missing: Python 3.11, 3.12 or 3.13 (Debian 12: apt-get install python3 python3-venv; or set CLUSTER_EDGE_PYTHON)"
}

# edge_install PACKAGE...: install Debian packages, or say that they are missing.
edge_install() {
  if ! edge_is_debian; then
    edge_die "missing: the programs of the Debian packages: $*" "This is not Debian; install them in your system's way, or run it on Debian 12." "$(edge_offline_hint)"
  elif ! edge_is_root; then
    edge_die "missing: Debian packages: $*" "Install them as root (apt-get install $*), or run this command as root." "$(edge_offline_hint)"
  fi
  if ! apt-get install --simulate -qq "$@" >/dev/null 2>&1; then
    edge_build "set-up: apt-get update" apt-get update -q || return
  fi
  edge_build "set-up: apt-get install $*" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

edge_offline_hint() {
  if [ -n "${EDGE_VENV:-}" ]; then
    edge_say "What works here already is the plan, without any connection:"
    edge_say "  cd $EDGE_ROOT && $EDGE_VENV/bin/ansible-playbook playbooks/plan.yml -i inventory/hybrid"
  fi
}

# edge_venv NAME PYTHON ARGUMENTS...: make the virtual environment NAME with `pip install ARGUMENTS` once; sets EDGE_VENV.
edge_venv() {
  local name=$1 python=$2 key version
  shift 2
  version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  key=$(cd "$EDGE_ROOT/requirements" && { printf '%s\n' "$python" "$version" "$@"; cat ./*.txt ../meta/ee-requirements.txt; } |
    "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:12])')
  EDGE_VENV=$EDGE_CACHE/python/$name-$version-$key
  [ -e "$EDGE_VENV/.complete" ] && return 0
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    EDGE_VENV=
    edge_install "python${version%.*}-venv" || return
    EDGE_VENV=$EDGE_CACHE/python/$name-$version-$key
  fi
  edge_build "set-up: Python packages ($name, Python $version)" edge_make_venv "$python" "$@" || edge_die
}

# edge_lock DESCRIPTOR: wait for the lock on an open file. Where the system has no flock (macOS), go on without.
edge_lock() {
  if command -v flock >/dev/null; then flock "$1"; fi
}

edge_make_venv() {
  local python=$1
  shift
  # Nothing is compiled ahead: most of these files are never imported, and the first import of the others does it.
  # Under one lock: two commands that start together must not build one folder twice.
  (
    edge_lock 8
    [ -e "$EDGE_VENV/.complete" ] && exit 0
    cd "$EDGE_ROOT/requirements" &&
      "$python" -m venv --clear "$EDGE_VENV" &&
      "$EDGE_VENV/bin/python" -m pip install --quiet --no-compile "$@" &&
      touch "$EDGE_VENV/.complete"
  ) 8>"$EDGE_CACHE/lock"
}

# Make the link in the checkout's `collections` folder, which Ansible finds beside each playbook, before anything that is
# installed: the checkout always runs its own roles and plugins.
edge_link() {
  local own=$EDGE_ROOT/collections/ansible_collections/hybridnet/cluster_edge
  if [ "$(readlink "$own")" != ../../.. ]; then
    [ ! -d "$own" ] || [ -L "$own" ] || edge_die "collections/ansible_collections/hybridnet/cluster_edge: is a folder, so another copy of the collection" \
      "would run in place of this checkout. Remove it, and take the link to the checkout back from git:" \
      "  rm -r $own && git -C $EDGE_ROOT checkout -- collections"
    # Git without symbolic links leaves a file with the link's text.
    mkdir -p "${own%/*}" || edge_die
    ln -sfn ../../.. "$own" || edge_die
  fi
}

# edge_setup run|test: everything that needs no root. Afterwards the environment's programs are first on PATH.
edge_setup() {
  local python
  mkdir -p "$EDGE_CACHE" || edge_die "the cache folder cannot be made: $EDGE_CACHE (set CLUSTER_EDGE_CACHE)"
  python=$(edge_python) || exit
  edge_venv "$1" "$python" -r "$1.txt" || exit
  edge_link
  # A path of the caller's would come before the one of ansible.cfg.
  unset ANSIBLE_COLLECTIONS_PATH
  export PATH=$EDGE_VENV/bin:$PATH
  cd "$EDGE_ROOT" || exit
}
