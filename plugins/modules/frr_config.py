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
      - V(contract) and V(replace) bring exactly O(content).
    type: str
    choices: [expand, contract, replace]
    default: replace
  both_stages:
    description:
      - Whether the same run calls V(expand) and later V(contract). Only counts in check mode.
      - If V(true), V(expand) shows the whole difference and V(contract) nothing, else the diff would come twice. If
        V(false), each shows what it would do by itself.
    type: bool
    default: false
  apply:
    description:
      - V(reload) uses C(frr-reload.py), which leaves unchanged sessions alone. V(restart) restarts C(frr.service),
        which closes every session. V(auto) reloads where the router has C(frr-reload.py), else restarts.
    type: str
    choices: [auto, reload, restart]
    default: auto
  owner:
    description:
      - Who holds this router's BGP. V(file) is C(frr.conf), which this module writes.
      - With V(none) it is somebody else, such as UniFi Network or another program. The running configuration is then
        compared with O(content), a difference is a warning, and nothing is written.
    type: str
    choices: [file, none]
    default: file
  platform:
    description:
      - Only changes the words of an error. On V(unifi) a BGP instance outside of C(frr.conf) is the controller's.
    type: str
    choices: [linux, unifi]
    default: linux
  take_over:
    description:
      - Names of blocks that are not ours, such as C(router ospf), and that may be lost where the change needs a restart
        of FRR and they stand in no file that it reads. Without a consent by name such a change is refused.
      - Names of planned lists and route-maps, such as C(route-map uplink), that another VRF, OSPF or another line on
        the router uses too, and that may decide there as planned. Lines of theirs that only run may go with it.
    type: list
    elements: str
    default: []
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
    description: A host with FRR 7.5 or later and systemd.
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
  description:
    - What was done. V(none), V(file) (only the file differed), V(reload) or V(restart).
    - V(unknown) where the change was cut off; the next run completes it or takes it back.
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
owner:
  description:
    - Who was found to hold the BGP instance before anything was done. V(file), V(nobody), or V(other), where bgpd runs
      one that is not in C(frr.conf).
    - In check mode a router of V(other) shows its difference and a warning. Without check mode it is refused.
  type: str
  returned: success
  sample: file
sessions:
  description: BGP sessions before and after, by address.
  type: dict
  returned: success
  sample: {"before": {"10.121.0.11": {"state": "Established", "accepted": {"ipv4": 1}}}, "after": {}}
closes:
  description:
    - Neighbors whose session was up before and that the change may close. After a reload those whose own
      configuration changes, after a restart all.
  type: list
  elements: str
  returned: success
  sample: ["10.121.0.11"]
gained:
  description:
    - Lines that are not ours and appeared while the change ran; somebody else configured the router then. They stay,
      also where the change was taken back.
  type: list
  elements: str
  returned: success
  sample: ["ip route 198.51.100.0/24 10.0.0.254"]
lost:
  description:
    - Lines that somebody else configured while the change ran, and that did not survive it or the way back. Those typed
      into our own objects never do.
  type: list
  elements: str
  returned: success
  sample: ["router bgp 65000: neighbor 10.0.0.9 remote-as 65009"]
restarted:
  description:
    - FRR's daemons that ended by themselves while a change ran that stays, by their names. They run again, and the
      sessions are back. Else the change is taken back, and the message names them.
  type: list
  elements: str
  returned: success
  sample: ["bgpd"]
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

import contextlib
import json
import os
import signal
import traceback

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import (
    access,
    change,
    files,
    journal,
    lock,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router.rollback import RefusedError

REFUSED = {"failed": True, "changed": False, "applied": "none", "rolled_back": False}


def worker(params, check_mode, pipe):
    """Run the transaction in a process that no signal of a broken connection reaches.

    The result goes through ``pipe`` first; the file in the state directory is for a run whose connection broke.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    try:
        with lock.held():
            result = outcome(params, check_mode)
            tell(result, pipe)
            if not check_mode:
                note(result, params["state_dir"] + "/result.json")
    except (EdgeError, OSError) as error:  # of the lock: the rest has an outcome
        tell(dict(REFUSED, msg="nothing was changed: {0}".format(error)), pipe)


def outcome(params, check_mode):
    """Run the transaction; return its result, also where it ended in an error."""
    try:
        if not check_mode:
            os.makedirs(params["state_dir"], mode=0o700, exist_ok=True)
        return change.transact(params, check_mode)
    except (RefusedError, EdgeError) as error:
        return dict(REFUSED, msg=str(error))
    except OSError as error:
        return dict(REFUSED, msg="nothing was changed: {0}".format(error))
    except Exception:
        return dict(REFUSED, msg=traceback.format_exc())


def tell(result, pipe):
    """Hand a result to the module; where nobody listens any more, the file tells."""
    with contextlib.suppress(OSError), os.fdopen(pipe, "w", encoding="utf-8") as stream:
        json.dump(result, stream)


def note(result, path):
    """Write a result into a file for root alone."""
    try:
        files.remove(path + ".new")
        files.write_new(path + ".new", json.dumps(result, indent=1, sort_keys=True), 0o600, 0, 0)
        os.rename(path + ".new", path)
    except OSError:
        files.remove(path + ".new")  # the disk is full or read-only; the pipe has told


def unknown(folder):
    """Return the result of a transaction whose process ended without one."""
    try:
        entry = journal.read(folder)
    except (OSError, ValueError):
        entry = None
    if entry is None:
        # The journal is written before anything changes, and removed when the end is proven.
        return {
            "changed": True,
            "msg": "the transaction's process was ended before it began a change, or after it was done with it: the "
            "configuration is the old or the new one, whole. Run again: that tells, and makes the change if need be",
        }
    return {
        "changed": True,
        "msg": "the transaction's process was ended in its step '{0}', so it is unknown how much of the change was "
        "made: {1}/{2} says what was before it. Run again: that completes the change, or takes it back first".format(
            entry.step, folder, journal.NAME
        ),
    }


def finish(module, result):
    """End the module with a result and its warnings."""
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


def main():
    """Start the worker and hand its result on."""
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "required": True, "no_log": True},
            "stage": {"type": "str", "choices": list(transaction.STAGES), "default": "replace"},
            "both_stages": {"type": "bool", "default": False},
            "apply": {"type": "str", "choices": list(transaction.METHODS), "default": "auto"},
            "owner": {"type": "str", "choices": ["file", "none"], "default": "file"},
            "platform": {"type": "str", "choices": ["linux", "unifi"], "default": "linux"},
            "take_over": {"type": "list", "elements": "str", "default": []},
            "session_timeout": {"type": "int", "default": 150},
            "state_dir": {"type": "path", "default": "/var/lib/hybridnet-cluster-edge"},
            "backup_keep": {"type": "int", "default": 10},
        },
        supports_check_mode=True,
    )
    if module.check_mode and module.params["stage"] == "contract" and module.params["both_stages"]:
        module.exit_json(changed=False, applied="none", rolled_back=False, left="")
    try:
        access.require_frr(module.get_bin_path("vtysh"), module.params["platform"])
    except EdgeError as error:
        module.fail_json(msg=str(error), applied="none", rolled_back=False)
    if module.params["owner"] == "none":
        try:
            finish(module, change.read_only(module.params))
        except (RefusedError, EdgeError) as error:
            module.fail_json(msg=str(error), applied="none", rolled_back=False)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            worker(module.params, module.check_mode, write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if not text:
        module.fail_json(applied="unknown", rolled_back=False, **unknown(module.params["state_dir"]))
    finish(module, json.loads(text))


if __name__ == "__main__":
    main()
