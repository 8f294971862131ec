# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A home behind a UDM, rehearsed: what its firewall and NAT do to each client stands in the table of verify."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT
from ansible_collections.hybridnet.cluster_edge.tests.support.lab_twins import lab_twin

pytestmark = [
    pytest.mark.lab,
    pytest.mark.long,
    pytest.mark.skipif(os.geteuid() != 0, reason="a twin needs root"),
]

TWIN = lab_twin("unifihome")
INVENTORY = CHECKOUT / "tests" / "sites" / "unifi-home" / "inventory.yml"
WAN = "198.51.100.1"


def playbook(name: str, *options: str) -> None:
    """Run a playbook with the site."""
    command = ["ansible-playbook", f"playbooks/{name}", "-i", str(INVENTORY), *options]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def rehearsed(folder: Path) -> dict[str, Any]:
    """Bring the twin up, run the site on it, take it down; return what verify found."""
    found = folder / "verify.json"
    try:
        playbook("twin.yml", *TWIN.options)
        playbook("site.yml", "-i", str(TWIN.folder / "overlay"), "-e", f"edge_verify_file={found}")
    finally:
        playbook("twin.yml", *TWIN.options, "-e", "edge_twin_state=absent")
    content: dict[str, Any] = json.loads(found.read_text("utf-8"))
    return content


def test_each_client_meets_the_firewall_and_the_nat_of_unifi(tmp_path: Path) -> None:
    found = rehearsed(tmp_path)
    web, dns = "192.168.45.10 (home web/ingress)", "192.168.45.53 (home dns/resolver)"
    forward = f"{WAN} to {web}"
    silent, outside = "TCP 443 no answer; not over n1, n2", "not let in by udm"
    # A node's name stands for either, since the router's hash and Cilium pick it.
    seen = {
        row["subject"]: (re.sub(r"\bn[12],", "NODE,", row["seen"], count=1), row["level"])
        for row in found["rows"]
        if row["step"] == "client"
    }
    tcp = {
        client: f"TCP 443 NODE, sees {source}"
        for client, source in (("lan", "192.168.1.254"), ("servers", "192.168.30.254"), ("upstream", "198.51.100.2"))
    }
    assert {subject: value for subject, value in seen.items() if dns not in subject} == {
        f"iot {web}": (silent.replace("n1,", "NODE,"), "warning"),
        f"lan {web}": (f"{tcp['lan']}; over n1, n2", "ok"),
        f"servers {web}": (f"{tcp['servers']}; over n1, n2", "ok"),
        f"upstream {web}": (outside, "ok"),
        f"iot {forward}": (silent.replace("n1,", "NODE,"), "warning"),
        f"lan {forward}": (f"{tcp['lan']}; over n1, n2", "ok"),
        f"servers {forward}": (silent.replace("n1,", "NODE,"), "warning"),
        f"upstream {forward}": (f"{tcp['upstream']}; over n1, n2", "ok"),
    }
    # With traffic policy Cluster a node may have forwarded the datagram, and then the service sees the node.
    for client in ("iot", "lan", "servers"):
        text, level = seen[f"{client} {dns}"]
        assert re.fullmatch(r"UDP 53 NODE, sees \S+; over n1, n2", text), (client, text)
        assert level == "ok"
    assert seen[f"upstream {dns}"] == (outside, "ok")
    assert sorted(finding["code"] for finding in found["findings"]) == ["EDGE856", "EDGE856", "EDGE877"]
