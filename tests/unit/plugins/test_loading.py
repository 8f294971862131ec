# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible loads for a plan: every run waits for it, in each process that Ansible starts.

For one filter of a collection Ansible imports all files with filters. A playbook without a cluster or a twin must not wait
for what reaches them: the Kubernetes client alone takes half a second.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT

pytestmark = pytest.mark.ansible

LOAD = """\
import json, sys
from ansible.plugins.loader import action_loader, filter_loader, init_plugin_loader, lookup_loader
init_plugin_loader([])
name = "hybridnet.cluster_edge." + sys.argv[2]
found = {"action": action_loader, "filter": filter_loader, "lookup": lookup_loader}[sys.argv[1]].get(name, class_only=True)
assert found is not None, name
print(json.dumps(sorted(sys.modules)))
"""
FORBIDDEN = ("kubernetes", "urllib3", "requests")
LIBRARY = "ansible_collections.hybridnet.cluster_edge.plugins."
NO_TWIN = (f"{LIBRARY}plugin_utils._twin.description", f"{LIBRARY}plugin_utils._twin.run.runtime")


def loaded(kind: str, name: str) -> str:
    """Return the names of all modules that are there after Ansible has loaded a plugin, as JSON."""
    command = [sys.executable, "-c", LOAD, kind, name]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("filter", "plan_json"),
        ("filter", "release_as_planned"),
        ("filter", "site_note"),
        ("lookup", "bgp_passwords"),
        ("action", "edge_plan"),
        ("action", "edge_show"),
        ("action", "edge_summary"),
        ("action", "edge_verify"),
    ],
)
def test_a_plan_loads_neither_the_kubernetes_client_nor_the_twin(kind: str, name: str) -> None:
    modules = loaded(kind, name)
    assert f'"{LIBRARY}{kind}' in modules
    assert [module for module in (*FORBIDDEN, *NO_TWIN) if f'"{module}"' in modules] == []


@pytest.mark.each_core
def test_an_action_that_asks_a_cluster_loads_the_client_before_ansible_forks() -> None:
    assert '"kubernetes"' in loaded("action", "cluster_look")
