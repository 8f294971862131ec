#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: frr_config
short_description: Change a router's BGP configuration as one transaction
version_added: 0.1.0
description:
  - Brings the BGP instance of the default VRF, and the prefix-lists and route-maps that filter for it, to a given
    configuration. Everything else in C(frr.conf) and in the running FRR stays as it is.
  - The steps are check by the router's own FRR, atomic swap of the file with a backup, apply, read back and compare,
    and watch the sessions whose configuration does not change. If one fails, the old file and the old state are
    restored.
  - It goes on to its end when the SSH connection breaks, and leaves its result in C(result.json) under O(state_dir).
options:
  content:
    description:
      - The planned configuration. One C(router bgp) of the default VRF with the lists and route-maps that it names.
      - Empty takes that instance and its lists away, the service keeps running; an V(expand) takes nothing away.
    type: str
    required: true
  stage:
    description:
      - V(expand) makes the filters the union of live and planned and adds neighbors, and removes nothing.
      - V(contract) and V(replace) bring exactly O(content). V(contract) says nothing in check mode, because an
        V(expand) before it has shown the whole difference.
    type: str
    choices: [expand, contract, replace]
    default: replace
  apply:
    description:
      - V(reload) uses C(frr-reload.py), which leaves unchanged sessions alone. V(restart) restarts C(frr.service),
        which closes every session. V(auto) reloads where the router has C(frr-reload.py), else restarts.
    type: str
    choices: [auto, reload, restart]
    default: auto
  platform:
    description:
      - Only changes the words of an error. On V(unifi) a BGP instance outside of C(frr.conf) is the controller's.
    type: str
    choices: [linux, unifi]
    default: linux
  session_timeout:
    description:
      - How many seconds sessions may take to be back after a restart. A passive peer needs two minutes.
    type: int
    default: 150
  state_dir:
    description:
      - Directory on the router for backups, the lock and the last result.
    type: path
    default: /var/lib/hybridnet-cluster-edge
  backup_keep:
    description:
      - How many backups of C(frr.conf) are kept in O(state_dir).
    type: int
    default: 10
attributes:
  check_mode:
    support: full
    description: The candidate is checked by the router's FRR in check mode as well.
  diff_mode:
    support: full
    description: Shows BGP configuration from live to planned in normal form, secrets masked.
  platform:
    support: full
    platforms: posix
    description: A host with FRR 7.4 or later and systemd.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
"""

EXAMPLES = r"""
- name: Bring the router to the planned configuration
  hybridnet.cluster_edge.frr_config:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"

- name: Accept the new pool before the cluster announces it
  hybridnet.cluster_edge.frr_config:
    content: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
    stage: expand
"""

RETURN = r"""
applied:
  description: What was done. V(none), V(file) (only the file differed), V(reload) or V(restart).
  type: str
  returned: always
  sample: reload
version:
  description: The router's FRR version.
  type: str
  returned: success
  sample: "10.3"
backup:
  description: The backup of the old C(frr.conf) on the router.
  type: str
  returned: when the file was changed
  sample: /var/lib/hybridnet-cluster-edge/frr.conf.20260802T101500Z
sessions:
  description: BGP sessions before and after, by address.
  type: dict
  returned: success
  sample: {"before": {"10.121.0.11": {"state": "Established", "accepted": {"ipv4": 1}}}, "after": {}}
left:
  description:
    - What a later V(contract) takes away or narrows, as a difference without secrets. Empty when nothing is left.
  type: str
  returned: success
rolled_back:
  description: Whether the old configuration was restored after a failure.
  type: bool
  returned: always
"""

import fcntl
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import traceback

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config as frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import state, transaction

CONFIG = "/etc/frr/frr.conf"
DAEMONS = "/etc/frr/daemons"
LIBRARY = "/usr/lib/frr"
SERVICE = "frr.service"
CANARY = "candidate-read-to-the-end"
READ_BACK_TIMEOUT = 20
RELOAD_TIMEOUT = 30
"""Seconds for sessions to settle after a reload: route-maps take effect after 5 s."""
LOCK_TIMEOUT = 15
"""Seconds that another session may keep the configuration locked: FRR does so itself while it starts."""


class RefusedError(Exception):
    """The router is untouched; says why."""


class FailedError(Exception):
    """The change did not hold; the old state must come back."""


class Frr:
    """The router's FRR, by its own programs. Their exit codes lie, so callers read state back."""

    def run(self, argv, timeout=120):
        """Return (rc, stdout, stderr) of a program; its files are for root only."""
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=timeout,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def vtysh(self, command):
        """Return what vtysh prints; empty when no daemon answers."""
        return self.run(["vtysh", "-c", command])[1]

    def running_text(self):
        """Return ``show running-config`` without the words around it, or None when FRR does not answer."""
        text = self.vtysh("show running-config")
        if "Current configuration" not in text:
            return None
        body = text.split("Current configuration:", 1)[1]
        lines = [line for line in body.splitlines() if line.strip() != "end"]
        return "\n".join(lines).strip("\n") + "\n"

    def sessions(self):
        """Return the BGP sessions by address."""
        text = self.vtysh("show bgp neighbors json")
        return state.read_sessions(state.read_json(text, "show bgp neighbors json")) if text.startswith("{") else {}

    def systemctl(self, *words):
        """Return the exit code and the output of systemctl."""
        rc, out, err = self.run(["systemctl", *words])
        return rc, (out or err).strip()

    def bgpd_running(self):
        """Return whether bgpd answers."""
        return self.run(["vtysh", "-d", "bgpd", "-c", "show version"])[0] == 0

    def locked(self):
        """Return what vtysh says when another session has the configuration locked, else an empty text.

        FRR before 9 knows no such lock, and calls the words unknown.
        """
        said = self.vtysh("configure terminal file-lock").strip()
        return said if "locked by another session" in said else ""

    def gather(self):
        """Return what the transaction decides by."""
        rc, out, err = self.run([LIBRARY + "/bgpd", "--version"])
        if rc != 0:
            raise RefusedError("bgpd does not run: {0}".format((err or out).strip()))
        running = self.running_text()
        return transaction.Router(
            version=state.read_version(out),
            bgpd_running=self.bgpd_running(),
            bgpd_enabled=transaction.enable_bgpd(read(DAEMONS)) == read(DAEMONS),
            active=self.systemctl("is-active", SERVICE)[1] == "active",
            enabled=self.systemctl("is-enabled", SERVICE)[1] == "enabled",
            has_reload=os.path.exists(LIBRARY + "/frr-reload.py"),
            file_text=read(CONFIG) if os.path.exists(CONFIG) else "",
            running_text=running,
            sessions=self.sessions(),
        )

    def check(self, plan):
        """Let FRR check a candidate, without any effect on the running daemons.

        bgpd gives its root rights up before it reads, and says nothing about a file that it cannot read: so the
        files are frr's, in a directory that frr may enter, and a wrong line at their end must be complained about.
        """
        owner = pwd.getpwnam("frr")
        folder = tempfile.mkdtemp(prefix="cluster-edge-", dir="/run")
        try:
            os.chmod(folder, 0o700)
            whole, ours = folder + "/frr.conf", folder + "/bgpd.conf"
            write_new(whole, plan.file_text, 0o400, owner.pw_uid, owner.pw_gid)
            write_new(ours, plan.check_text + CANARY + "\n", 0o400, owner.pw_uid, owner.pw_gid)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            rc, _out, syntax = self.run(["vtysh", "-C", "-f", whole])
            _rc, out, semantics = self.run(
                [LIBRARY + "/bgpd", "-C", "-n", "-f", ours, "-i", folder + "/pid", "-p", "0", "-A", "127.0.0.1"]
            )
            return transaction.check_errors(rc, syntax, semantics + out, CANARY)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def reload(self, text, secrets=""):
        """Bring the running configuration to ``text`` by frr-reload.py; return its complaints for an error message.

        Passwords that change go in by a file before: frr-reload.py would show the old one on a command line.
        """
        folder = tempfile.mkdtemp(prefix="cluster-edge-", dir="/run")
        try:
            out = ""
            if secrets:
                write_new(folder + "/secrets.conf", secrets, 0o600, 0, 0)
                out += "".join(self.run(["vtysh", "-f", folder + "/secrets.conf"])[1:])
            # With another folder than its own it would end with "write memory", which rewrites /etc/frr/frr.conf.
            write_new(folder + "/vtysh.conf", "service integrated-vtysh-config\n", 0o600, 0, 0)
            write_new(folder + "/frr.conf", text, 0o600, 0, 0)
            argv = [LIBRARY + "/frr-reload.py", "--reload", "--stdout", "--bindir", "/usr/bin", "--confdir", folder]
            out += "".join(self.run([*argv, folder + "/frr.conf"])[1:])
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        # Its log quotes commands: keep the complaints only, without what they quote of a secret.
        lines = [line for line in out.splitlines() if "ERROR" in line or "rror" in line or line.startswith("%")]
        return "; ".join(line.split(" password ")[0] for line in lines[-5:])

    def restart(self):
        """Restart FRR; systemd refuses a fourth start within three minutes and would leave the router without FRR."""
        self.systemctl("reset-failed", SERVICE)
        self.systemctl("restart", SERVICE)

    def clear(self, way):
        """Let changed filters act on what was received (in) or announced (out) before."""
        self.vtysh("clear bgp * soft {0}".format(way))


def read(path):
    """Return a text file."""
    with open(path, encoding="utf-8", errors="surrogateescape") as handle:
        return handle.read()


def write_new(path, text, mode, uid, gid):
    """Write a file that nobody else can have opened before it has its mode and owner."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
        os.fchown(handle, uid, gid)
        os.fchmod(handle, mode)
        stream.write(text)
        stream.flush()
        os.fsync(handle)


def swap(path, text):
    """Replace a file's content atomically; owner and mode stay. A new frr.conf gets those of Debian's package."""
    try:
        old = os.stat(path)
        mode, uid, gid = old.st_mode & 0o7777, old.st_uid, old.st_gid
    except FileNotFoundError:
        owner = pwd.getpwnam("frr")
        mode, uid, gid = 0o640, owner.pw_uid, owner.pw_gid
    temporary = "{0}.cluster-edge.{1}".format(path, os.getpid())
    if os.path.exists(temporary):
        os.unlink(temporary)
    write_new(temporary, text, mode, uid, gid)
    os.rename(temporary, path)
    folder = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def poll(probe, limit, every=0.25):
    """Return the first empty answer of ``probe``, or its last one after ``limit`` seconds."""
    end = time.monotonic() + limit
    while True:
        answer = probe()
        if not answer or time.monotonic() > end:
            return answer
        time.sleep(every)


def backup(folder, keep):
    """Copy frr.conf into the state directory, for root only; remove the oldest copies."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    path = "{0}/frr.conf.{1}".format(folder, stamp)
    number = 1
    while os.path.exists(path):
        number += 1
        path = "{0}/frr.conf.{1}.{2}".format(folder, stamp, number)
    write_new(path, read(CONFIG), 0o600, 0, 0)
    for old in sorted(glob.glob(folder + "/frr.conf.*"), key=os.path.getmtime)[:-keep]:
        os.unlink(old)
    return path


def change(fr, router, plan, timeout):
    """Apply a plan to the running FRR and make sure that it holds.

    Raises:
        FailedError: it does not.
    """
    said = ""
    if plan.enable:
        swap(DAEMONS, transaction.enable_bgpd(read(DAEMONS)))
        fr.systemctl("enable", SERVICE)
    if not plan.candidate and not router.bgpd_running:
        return  # it is out of the file, and nothing runs it
    if plan.method == "restart":
        fr.restart()
    elif plan.method == "reload":
        said = fr.reload(plan.reload_text, plan.secrets_text)
        if plan.soft_in:
            fr.clear("in")
        if plan.soft_out:
            fr.clear("out")

    def configuration():
        text = fr.running_text()
        return "FRR does not answer" if text is None else transaction.configuration_problem(plan, text)

    problem = poll(configuration, READ_BACK_TIMEOUT)
    if problem:
        raise FailedError(
            "the running configuration is not the planned one:\n{0}{1}".format(problem, "\n" + said if said else "")
        )

    def sessions():
        now = fr.sessions()
        return transaction.session_problems(plan, router.sessions, now)

    def mendable():
        return [] if transaction.was_reset(plan, router.sessions, fr.sessions()) else sessions()

    poll(mendable, timeout if plan.method == "restart" else RELOAD_TIMEOUT)
    problems = sessions()
    if problems:
        raise FailedError("sessions that the change does not touch did not survive it: {0}".format("; ".join(problems)))


def restore(fr, router, plan, old_file, old_daemons):
    """Bring the old file and the old state back; return what could not be restored, or an empty text."""
    if old_file is None:
        os.unlink(CONFIG)
    else:
        swap(CONFIG, old_file)
    swap(DAEMONS, old_daemons)
    if not router.enabled:
        fr.systemctl("disable", SERVICE)
    if not router.active:
        fr.systemctl("stop", SERVICE)
        fr.systemctl("reset-failed", SERVICE)
        return ""
    wanted = plan.live

    def problem():
        text = fr.running_text()
        if text is None:
            return "FRR does not answer"
        running = frr.pick(frr.parse(text).objects, plan.scope)
        return "" if frr.equal(running, wanted) else frr.difference(wanted, running, ("before", "running"))

    if plan.method == "reload" and fr.bgpd_running():
        fr.reload(router.running_text)
        fr.clear("in")
        if not poll(problem, 5):
            return ""
    fr.restart()
    return poll(problem, READ_BACK_TIMEOUT)


def described(sessions):
    """Return sessions as plain data for the result."""
    return {
        address: {"state": session.state, "asn": session.asn, "accepted": dict(session.accepted)}
        for address, session in sorted(sessions.items())
    }


def transact(fr, params, check_mode):
    """Do the whole transaction; return the module's result.

    Raises:
        RefusedError, EdgeError: nothing was touched.
    """
    router = fr.gather()
    transaction.refuse(router, params["platform"])
    plan = transaction.plan(router, params["content"], params["stage"], params["apply"])
    shown = plan.candidate if check_mode else plan.target
    result = {
        "changed": plan.method != "none",
        "applied": plan.method,
        "version": router.version,
        "rolled_back": False,
        "left": frr.difference(plan.target, plan.candidate),
        "sessions": {"before": described(router.sessions), "after": described(router.sessions)},
        "diff": {
            "before_header": "live BGP configuration",
            "after_header": "planned BGP configuration",
            "before": frr.masked_text(plan.live),
            "after": frr.masked_text(shown, plan.live),
        },
    }
    if check_mode:
        result["changed"] = result["changed"] or not frr.equal(plan.candidate, plan.live)
    if plan.method == "none" and not check_mode:
        return result
    errors = fr.check(plan)
    if errors:
        why = "; ".join(errors)
        raise RefusedError("this router's FRR refuses the configuration, nothing was changed: {0}".format(why))
    if check_mode:
        return result
    said = poll(fr.locked, LOCK_TIMEOUT) if plan.method == "reload" else ""
    if said:
        # vtysh would wait without a limit for the lock, with half of the change made.
        raise RefusedError(
            "FRR says {0!r}, so it takes no change now and nothing was changed: leave 'configure terminal file-lock' "
            "in the other vtysh on this router (pgrep -a vtysh), and run again".format(said)
        )
    old_file = router.file_text if os.path.exists(CONFIG) else None
    old_daemons = read(DAEMONS)
    if plan.file_text != router.file_text:
        if old_file is not None:
            result["backup"] = backup(params["state_dir"], params["backup_keep"])
        swap(CONFIG, plan.file_text)
    try:
        change(fr, router, plan, params["session_timeout"])
    except Exception as error:
        left = restore(fr, router, plan, old_file, old_daemons)
        result.update(failed=True, changed=bool(left), rolled_back=not left)
        result["msg"] = "{0}\n{1}".format(
            error if isinstance(error, (FailedError, EdgeError)) else traceback.format_exc(),
            "The old configuration could NOT be restored:\n" + left if left else "The old configuration is back.",
        )
    result["sessions"]["after"] = described(fr.sessions())
    return result


def worker(params, check_mode, folder):
    """Run the transaction in a process that no signal of a broken connection reaches; leave the result in a file."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    lock = os.open(folder + "/lock", os.O_RDWR | os.O_CREAT, 0o600)
    # A transaction whose connection broke may still run: wait for its end.
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        result = transact(Frr(), params, check_mode)
    except (RefusedError, EdgeError) as error:
        result = {"failed": True, "changed": False, "applied": "none", "rolled_back": False, "msg": str(error)}
    except Exception:
        result = {
            "failed": True,
            "changed": False,
            "applied": "none",
            "rolled_back": False,
            "msg": traceback.format_exc(),
        }
    temporary = "{0}/result.json.{1}".format(folder, os.getpid())
    write_new(temporary, json.dumps(result, indent=1, sort_keys=True), 0o600, 0, 0)
    os.rename(temporary, folder + "/result.json")
    return result


def main():
    """Start the worker and hand its result on."""
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "required": True, "no_log": True},
            "stage": {"type": "str", "choices": list(transaction.STAGES), "default": "replace"},
            "apply": {"type": "str", "choices": list(transaction.METHODS), "default": "auto"},
            "platform": {"type": "str", "choices": ["linux", "unifi"], "default": "linux"},
            "session_timeout": {"type": "int", "default": 150},
            "state_dir": {"type": "path", "default": "/var/lib/hybridnet-cluster-edge"},
            "backup_keep": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    if module.check_mode and module.params["stage"] == "contract":
        module.exit_json(changed=False, applied="none", rolled_back=False, left="")
    if not os.path.exists(DAEMONS) or module.get_bin_path("vtysh") is None:
        module.fail_json(
            msg="FRR is not installed here: no {0} (on Debian: apt install frr frr-pythontools)".format(DAEMONS),
            applied="none",
            rolled_back=False,
        )
    folder = module.params["state_dir"]
    os.makedirs(folder, mode=0o700, exist_ok=True)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            result = worker(module.params, module.check_mode, folder)
            with os.fdopen(write_end, "w", encoding="utf-8") as pipe:
                json.dump(result, pipe)
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        module.fail_json(msg="the transaction's process ended without a result", applied="none", rolled_back=False)
    result = json.loads(text)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
