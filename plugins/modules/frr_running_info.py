#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: frr_running_info
short_description: Read what BGP a router runs, to compare it with what another machine holds
version_added: 0.1.0
description:
  - Returns the running configuration, C(frr.conf), and the BGP sessions, and lets FRR check a candidate.
  - It changes nothing. Passwords are not in the result, but digests of them.
  - M(hybridnet.cluster_edge.unifi_bgp) asks the router by it.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
requirements:
  - Python 3.8 or later and FRR 7.5 or later on the router
  - The rights of root there
options:
  salt:
    description: Goes into the digest of each password, so that two looks with the same one can be compared.
    type: str
    required: true
  candidate:
    description:
      - A whole configuration that FRR is to check, in Base64. Empty checks nothing.
      - In plain it would be hidden in what the module returns, where the router has the same lines.
    type: str
    default: ""
  candidate_bgp:
    description: The BGP instance in it with its lists and route-maps, in Base64.
    type: str
    default: ""
attributes:
  check_mode:
    support: full
    description: It changes nothing.
  diff_mode:
    support: none
    description: It changes nothing.
  platform:
    support: full
    platforms: posix
    description: A host with FRR.
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
"""

EXAMPLES = r"""
- name: Look what runs
  hybridnet.cluster_edge.frr_running_info:
    salt: "{{ lookup('ansible.builtin.password', '/dev/null length=32') }}"
  register: router
"""

RETURN = r"""
version:
  description: FRR's version.
  type: str
  returned: success
  sample: "10.1.2"
running:
  description: The running configuration with digests in the place of passwords. Null where FRR does not run.
  type: str
  returned: success
file:
  description: C(frr.conf) with digests in the place of passwords, empty where there is none.
  type: str
  returned: success
daemon_files:
  description:
    - Configuration files of single daemons, one after the other, with digests in the place of passwords. FRR reads them
      where there is no C(frr.conf); empty where there is one.
  type: str
  returned: success
bgpd_enabled:
  description: Whether FRR starts bgpd, C(bgpd=yes) in C(/etc/frr/daemons).
  type: bool
  returned: success
starts_at_boot:
  description: Whether systemd starts C(frr.service) at boot. Null where it does not say, or is not there.
  type: bool
  returned: success
sessions:
  description: By address, C(state), C(asn), C(group), C(accepted), C(dropped) and C(closed_by_neighbor).
  type: dict
  returned: success
errors:
  description: What FRR has against the candidate, without passwords.
  type: list
  elements: str
  returned: success
check_warnings:
  description: What of the candidate could not be checked.
  type: list
  elements: str
  returned: success
"""

import base64
import subprocess

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr import config, transaction
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import access, check, files, programs


def starts_at_boot():
    """Return whether systemd starts FRR at boot; None where it does not say, or is not there."""
    try:
        return programs.service_is("is-enabled")
    except (OSError, subprocess.SubprocessError):
        return None


def look(salt, candidate, candidate_bgp):
    """Return what the module returns."""
    version = programs.bgpd_version()
    verdict = check.check(candidate, candidate_bgp, version) if candidate_bgp else check.Verdict([], [])
    running = programs.running_text()
    written = files.read_or_none(programs.CONFIG)
    apart = programs.daemon_files() if written is None else {}
    daemons = files.read(programs.DAEMONS)
    return {
        "version": version,
        "running": None if running is None else config.digested(running, salt),
        "file": config.digested(written or "", salt),
        "daemon_files": config.digested("\n".join(apart.values()), salt),
        "bgpd_enabled": transaction.enable_bgpd(daemons) == daemons,
        "starts_at_boot": starts_at_boot(),
        "sessions": {address: session._asdict() for address, session in programs.sessions().items()},
        "errors": verdict.errors,
        "check_warnings": verdict.warnings,
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "salt": {"type": "str", "required": True, "no_log": True},
            "candidate": {"type": "str", "default": "", "no_log": True},
            "candidate_bgp": {"type": "str", "default": "", "no_log": True},
        },
        supports_check_mode=True,
    )
    try:
        access.require_frr(module.get_bin_path("vtysh"))
    except EdgeError as error:
        module.fail_json(msg=str(error))
    given = {name: base64.b64decode(module.params[name]).decode("utf-8") for name in ("candidate", "candidate_bgp")}
    try:
        module.exit_json(changed=False, **look(module.params["salt"], **given))
    except (EdgeError, OSError) as error:
        module.fail_json(msg="the router cannot be looked at: {0}".format(error))


if __name__ == "__main__":
    main()
