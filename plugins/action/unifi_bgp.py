# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change the BGP that UniFi Network holds: it is asked from here, the router over the host's own connection."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import digested
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.state import SessionState
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.transaction import STAGES
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi import api, backups
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi.change import Change
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi.client import Client, Credentials, Trust
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._unifi.decide import Look, Wish
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._ansible.failures import fails_once

LOOK = "hybridnet.cluster_edge.frr_running_info"
OPTIONS: dict[str, dict[str, Any]] = {
    "content": {"type": "str", "required": True, "no_log": True},
    "stage": {"type": "str", "choices": list(STAGES), "default": "replace"},
    "both_stages": {"type": "bool", "default": False},
    "url": {"type": "str", "required": True},
    "site": {"type": "str", "default": "default"},
    "ca_path": {"type": "path"},
    "fingerprint": {"type": "str"},
    "validate_certs": {"type": "bool", "default": True},
    "api_key": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "frr_version": {"type": "str", "default": "10.1"},
    "take_over": {"type": "list", "elements": "str", "default": []},
    "session_timeout": {"type": "int", "default": 150},
    "backup_dir": {"type": "path", "default": "~/.local/state/hybridnet-cluster-edge"},
}


@fails_once
class ActionModule(ActionBase):
    """Change the BGP that UniFi Network holds."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what was done; a failure says whether the old text is back."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        _checked, options = self.validate_argument_spec(
            argument_spec=OPTIONS,
            required_one_of=[("api_key", "username")],
            mutually_exclusive=[("api_key", "username"), ("api_key", "password")],
            required_together=[("username", "password")],
        )
        router = str(variables["inventory_hostname"])
        wish = wish_of(options, router, self._task.check_mode)
        if wish.check_mode and wish.both_stages and wish.stage == "contract":
            return {**result, "changed": False, "applied": "none", "rolled_back": False, "left": ""}
        salt = secrets.token_hex(16)
        hide = partial(digested, salt=salt)
        try:
            client = client_of(options)
            try:
                keep = partial(backups.write, options["backup_dir"], router)
                done = Change(client, partial(self._look, variables, salt), hide, keep).run(wish)
            finally:
                client.close()
        except EdgeError as error:
            return {
                **result,
                "failed": True,
                "changed": False,
                "applied": "none",
                "rolled_back": False,
                "msg": str(error),
            }
        return {**result, **done}

    def _look(self, variables: dict[str, Any], salt: str, candidate: str, candidate_bgp: str) -> Look | None:
        """Return what the router says, None where it cannot be reached."""
        texts = {"candidate": candidate, "candidate_bgp": candidate_bgp}
        coded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
        given = {"salt": salt, **coded}
        try:
            found = self._execute_module(LOOK, module_args=given, task_vars=variables)
        except AnsibleConnectionFailure:
            return None
        except AnsibleError as error:  # such as a copy that failed: what was written must be brought back all the same
            raise EdgeError("the router", f"cannot be looked at: {error}") from error
        return look_of(found)


def wish_of(options: Mapping[str, Any], router: str, check_mode: bool) -> Wish:
    """Return what the options want of a router's BGP."""
    return Wish(
        file_name=f"cluster-edge-{router}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}.conf",
        content=options["content"],
        stage=options["stage"],
        version=options["frr_version"],
        take_over=tuple(options["take_over"]),
        both_stages=options["both_stages"],
        check_mode=check_mode,
        timeout=options["session_timeout"],
    )


def client_of(options: Mapping[str, Any]) -> Client:
    """Return the connection to UniFi Network that the options name."""
    trust = Trust(options["ca_path"], options["fingerprint"], options["validate_certs"])
    credentials = Credentials(options["api_key"], options["username"], options["password"])
    return Client(api.place(options["url"], options["site"]), trust, credentials)


def look_of(found: Mapping[str, Any]) -> Look | None:
    """Return the module's result as a look, None where the router cannot be reached."""
    if found.get("unreachable"):
        return None
    if found.get("failed"):
        said = str(found.get("msg", "")).strip().splitlines()
        raise EdgeError("the router", f"cannot be looked at, so nothing is written: {said[0] if said else 'no reason'}")
    return Look(
        version=found["version"],
        running_text=found["running"],
        file_text=found["file"],
        sessions={address: SessionState(**session) for address, session in found["sessions"].items()},
        errors=tuple(found["errors"]),
        warnings=tuple(found["check_warnings"]),
    )
