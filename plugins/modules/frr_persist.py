#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: frr_persist
short_description: Let a gateway bring its frr.conf back after a firmware upgrade
version_added: 0.1.0
description:
  - A firmware upgrade of UniFi OS resets C(/etc/frr) and keeps C(/data). This module keeps a copy of C(frr.conf) there,
    and a script that puts it back.
  - Two hooks run the script at boot, C(/data/on_boot.d/20-hybridnet-cluster-edge-frr.sh), where udm-boot or
    unifi-on-boot runs such scripts, and the unit C(hybridnet-cluster-edge-frr.service).
  - The script does nothing where C(frr.conf) has another BGP instance, where bgpd runs one that is in no file, where
    C(frr.conf) or the running FRR has another line that the copy lacks, such as the OSPF of UniFi's Site Magic, or
    where the new FRR refuses the copy. It holds the lock of M(hybridnet.cluster_edge.frr_config),
    and waits for no program and no lock without end.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - Python 3.8 or later on the router, UniFi OS 2 or later
  - The rights of root there
options:
  state:
    description: Whether the copy and its hooks are there. V(absent) removes exactly these files.
    type: str
    choices: [present, absent]
    default: present
  pending:
    description: In check mode, whether C(frr.conf) would have changed before, so that the copy would change with it.
    type: bool
    default: false
  state_dir:
    description:
      - The folder of M(hybridnet.cluster_edge.frr_config). While one of its changes is unfinished there, C(frr.conf) is
        not proven, and is not kept.
    type: path
    default: /var/lib/hybridnet-cluster-edge
attributes:
  check_mode:
    support: full
    description: Says which files would change.
  diff_mode:
    support: full
    description: Shows the files by name, and the copy of C(frr.conf) with passwords masked.
  platform:
    support: full
    platforms: posix
    description: A UniFi gateway with FRR.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Keep frr.conf over firmware upgrades
  hybridnet.cluster_edge.frr_persist:

- name: Do so no more
  hybridnet.cluster_edge.frr_persist:
    state: absent
"""

RETURN = r"""
files:
  description: The files that were written or removed, or would be.
  type: list
  elements: str
  returned: success
  sample: ["/data/hybridnet-cluster-edge/frr/frr.conf"]
"""

import contextlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import (
    access,
    files,
    journal,
    lock,
    persist,
    programs,
)


def keep(check_mode, pending, state_dir):
    """Return the paths of what differs, and the diff; write it.

    Raises:
        EdgeError: there is no /data, no frr.conf, or one that an unfinished change has written.
    """
    persist.require_data()
    unfinished = os.path.join(state_dir, journal.NAME)
    if os.path.exists(unfinished) and not check_mode:
        raise EdgeError(
            programs.CONFIG,
            "is not proven: a change of it was cut off, as {0} notes".format(unfinished),
            "run the role udm_frr again: that completes the change, or takes it back",
        )
    text = files.read_or_none(programs.CONFIG)
    if text is None and not (check_mode and pending):
        raise EdgeError(programs.CONFIG, "is not there, so there is nothing to keep", "run the role udm_frr first")
    lacks = persist.lacking(text or "")
    paths = [file.path for file in lacks]
    if check_mode and pending:
        paths = sorted({*paths, persist.KEPT, persist.SHOWN})
    enabled = persist.is_enabled()
    if not enabled and persist.UNIT_PATH not in paths:
        paths.append(persist.UNIT_PATH)
    before = config.mask(files.read_or_none(persist.KEPT) or "")
    if paths and not check_mode:
        persist.put(lacks)
    return paths, before, config.mask(text or "")


def remove(check_mode):
    """Return the paths of what is there, and the diff; remove it."""
    paths = persist.present()
    before = config.mask(files.read_or_none(persist.KEPT) or "")
    if paths and not check_mode:
        persist.take_away(paths)
    return paths, before, ""


def main():
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "pending": {"type": "bool", "default": False},
            "state_dir": {"type": "path", "default": "/var/lib/hybridnet-cluster-edge"},
        },
        supports_check_mode=True,
    )
    try:
        access.require_root()
        # A change that still runs, after its connection broke, has not proven its frr.conf yet.
        with contextlib.nullcontext() if module.check_mode else lock.held():
            if module.params["state"] == "present":
                paths, before, after = keep(module.check_mode, module.params["pending"], module.params["state_dir"])
            else:
                paths, before, after = remove(module.check_mode)
    except (EdgeError, OSError) as error:
        module.fail_json(msg=str(error))
    names = {
        "before_header": persist.KEPT,
        "after_header": persist.KEPT,
        "before": before,
        "after": after,
    }
    module.exit_json(changed=bool(paths), files=sorted(paths), diff=names)


if __name__ == "__main__":
    main()
