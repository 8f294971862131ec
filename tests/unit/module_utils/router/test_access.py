# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of a router on which a module finds no FRR: by the task's user, what is missing, and the platform."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path
from types import ModuleType

import pytest
from ansible.module_utils import basic
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import access, programs
from ansible_collections.hybridnet.cluster_edge.plugins.modules import frr_config, frr_persist, frr_running_info

NOBODY = 65534
NOT_ROOT = (
    "ansible_user: the task runs as nobody, and FRR's files and sockets are for root alone (set ansible_become: true for"
    " this router, or ansible_user: root)"
)
DEBIAN = "(on Debian: apt install frr frr-pythontools)"
UNIFI = (
    "(UniFi OS brings FRR from 3.1.15 on, and BGP in UniFi Network switches it on; never install its packages there: that"
    " breaks provisioning)"
)
VTYSH = "/usr/bin/vtysh"


@pytest.mark.parametrize(
    ("user", "daemons", "vtysh", "platform", "said"),
    [
        pytest.param(0, True, VTYSH, "linux", "", id="all is there"),
        pytest.param(NOBODY, False, None, "linux", NOT_ROOT, id="not root, who sees nothing"),
        pytest.param(NOBODY, True, VTYSH, "unifi", NOT_ROOT, id="not root, who sees it"),
        pytest.param(
            4000000, True, VTYSH, "linux", NOT_ROOT.replace("nobody", "4000000"), id="not root, and without a name"
        ),
        pytest.param(
            0, False, VTYSH, "linux", f"FRR is not installed here: no {{daemons}} {DEBIAN}", id="no daemons on Debian"
        ),
        pytest.param(0, True, None, "linux", f"FRR is not installed here: no vtysh {DEBIAN}", id="no vtysh"),
        pytest.param(
            0, False, None, "unifi", f"FRR is not installed here: no {{daemons}}, no vtysh {UNIFI}", id="none on UniFi"
        ),
        pytest.param(
            0,
            False,
            VTYSH,
            None,
            "FRR is not installed here: no {daemons} (on Debian: apt install frr frr-pythontools; never on UniFi OS,"
            " which brings FRR from 3.1.15 on)",
            id="no platform is known",
        ),
    ],
)
def test_what_is_told(
    user: int,
    daemons: bool,
    vtysh: str | None,
    platform: str | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "daemons"
    if daemons:
        path.write_text("bgpd=yes\n", "utf-8")
    monkeypatch.setattr(programs, "DAEMONS", str(path))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(EdgeError) if said else contextlib.nullcontext() as caught:
        access.require_frr(vtysh, platform)
    assert str(caught.value if caught else "") == said.format(daemons=path)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        pytest.param(frr_config, {"content": "router bgp 65000\n"}, id="frr_config"),
        pytest.param(frr_running_info, {"salt": "0123456789abcdef"}, id="frr_running_info"),
        pytest.param(frr_persist, {"state": "absent"}, id="frr_persist, to whom all would look absent"),
    ],
)
def test_each_module_that_reads_files_of_root_asks_first(
    module: ModuleType, arguments: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), pytest.raises(SystemExit):
        module.main()
    assert json.loads(printed.getvalue())["msg"] == NOT_ROOT
