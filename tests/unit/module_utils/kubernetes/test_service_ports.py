# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that a run renamed, told by field managers; with a real API server: tests/lab/test_cluster_writes.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.service_ports import going_ports

MANAGER = "hybridnet.cluster_edge"
PLANNED = {"spec": {"ports": [{"name": "http", "port": 80}]}}
ASIDE = {"name": "not-planned-81-tcp", "port": 81, "protocol": "TCP"}


def live(names: dict[str, Any], manager: str = MANAGER, operation: str = "Update") -> dict[str, Any]:
    fields = {"f:spec": {"f:ports": names}}
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return {"metadata": {"managedFields": [entry]}, "spec": {"ports": [{"name": "http", "port": 80}, ASIDE]}}


@pytest.mark.parametrize(
    ("names", "goes"),
    [
        pytest.param({'k:{"port":81,"protocol":"TCP"}': {"f:name": {}}}, True, id="renamed by a run"),
        pytest.param({'k:{"port":81}': {"f:name": {}}}, True, id="the protocol is left out"),
        pytest.param({'k:{"port":81,"protocol":"TCP"}': {"f:port": {}}}, False, id="its name is of somebody else"),
        pytest.param({'k:{"port":81,"protocol":"UDP"}': {"f:name": {}}}, False, id="another port"),
        pytest.param({"i:1": {"f:name": {}}}, False, id="an index"),
        pytest.param({"v:81": {"f:name": {}}}, False, id="a value"),
        pytest.param({'k:{"name":"not-planned-81-tcp"}': {"f:name": {}}}, False, id="keys of no port"),
        pytest.param({'k:{"port":"81","protocol":"TCP"}': {"f:name": {}}}, False, id="a text as number"),
        pytest.param({'k:{"port":true,"protocol":"TCP"}': {"f:name": {}}}, False, id="a boolean as number"),
        pytest.param({'k:{"port":81,"protocol":["TCP"]}': {"f:name": {}}}, False, id="a list as protocol"),
        pytest.param({'k:{"port":81,"protocol":6}': {"f:name": {}}}, False, id="a number as protocol"),
        pytest.param({"k:{": {"f:name": {}}}, False, id="no JSON"),
        pytest.param({"k:" + "[" * 5000 + "]" * 5000: {"f:name": {}}}, False, id="too deep to read"),
        pytest.param({"f:81": {"f:name": {}}}, False, id="a field"),
    ],
)
def test_which_ports_a_run_has_put_aside(names: dict[str, Any], goes: bool) -> None:
    """Whoever may write a Service writes any name into its managed fields."""
    assert going_ports(PLANNED, live(names), MANAGER) == ([ASIDE] if goes else [])


@pytest.mark.parametrize(("manager", "operation"), [("tenant", "Update"), (MANAGER, "Apply")])
def test_a_port_that_somebody_else_named_stays(manager: str, operation: str) -> None:
    names = {'k:{"port":81,"protocol":"TCP"}': {"f:name": {}}}
    assert going_ports(PLANNED, live(names, manager, operation), MANAGER) == []
