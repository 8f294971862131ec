# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which removed objects end sessions that are up."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._kubernetes.labels import ownership_labels
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.ended_sessions import (
    ended_sessions,
    peerings_leave,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.noted import uid_of

CONFIG, PEER_CONFIG = "CiliumBGPClusterConfig", "CiliumBGPPeerConfig"
NODES = {"n1": {"edge": "true"}, "n2": {"edge": "true"}, "n3": {}}
Item = dict[str, Any]


def named(kind: str, name: str, spec: Item) -> Item:
    metadata = {"name": name, "generation": 3, "uid": uid_of(name), "labels": ownership_labels("home")}
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": metadata, "spec": spec}


def config(name: str, **peers: str | None) -> Item:
    """Return a configuration of nodes with edge=true; a peer without an address dials its gateway."""
    items = []
    for peer, address in peers.items():
        dialled = {"peerAddress": address} if address else {"autoDiscovery": {"mode": "DefaultGateway"}}
        items.append({"name": peer, **dialled, "peerConfigRef": {"name": f"config-of-{peer}"}})
    selector = {"matchLabels": {"edge": "true"}}
    return named(CONFIG, name, {"nodeSelector": selector, "bgpInstances": [{"name": "as64513", "peers": items}]})


def peer_config(peer: str) -> Item:
    return named(PEER_CONFIG, f"config-of-{peer}", {})


def node(name: str, owner: str = "all", **peers: tuple[str, str]) -> Item:
    """Return a node's sessions: by peer, its address and state."""
    status = [{"name": peer, "peerAddress": address, "peeringState": state} for peer, (address, state) in peers.items()]
    return {
        "kind": "CiliumBGPNodeConfig",
        "metadata": {"name": name, "ownerReferences": [{"kind": CONFIG, "name": owner}]},
        "spec": {},
        "status": {"bgpInstances": [{"name": "as64513", "peers": status}]},
    }


UP = ("10.0.0.1", "established")
ALL = config("all", lan="10.0.0.1")


@pytest.mark.parametrize(
    ("planned", "removed", "sessions", "ended"),
    [
        pytest.param(
            [], [ALL], [node("n1", lan=UP), node("n2", lan=UP)], {CONFIG: "n1 to 10.0.0.1, n2 to 10.0.0.1"}, id="up"
        ),
        pytest.param([], [ALL], [node("n1", lan=("10.0.0.1", "active"))], {}, id="down"),
        pytest.param([], [ALL], [], {}, id="no node has any"),
        pytest.param([], [ALL], [node("gone", lan=UP)], {}, id="its node left the inventory"),
        pytest.param(
            [config("new", other="10.0.0.1")], [ALL], [node("n1", lan=UP)], {}, id="planned under other names"
        ),
        pytest.param(
            [config("new", lan="10.0.0.2")],
            [ALL],
            [node("n1", lan=UP)],
            {CONFIG: "n1 to 10.0.0.1"},
            id="another address",
        ),
        pytest.param(
            [config("new", lan="10.0.0.1")],
            [ALL],
            [node("n3", lan=UP)],
            {CONFIG: "n3 to 10.0.0.1"},
            id="of other nodes",
        ),
        pytest.param([config("new", lan=None)], [ALL], [node("n1", lan=UP)], {}, id="discovered from now on"),
        pytest.param([], [ALL], [node("n1", owner="theirs", lan=UP)], {}, id="of another configuration"),
        pytest.param(
            [config("all", wan="10.0.0.9")],
            [peer_config("lan")],
            [node("n1", lan=UP, wan=("10.0.0.9", "established"))],
            {PEER_CONFIG: "n1 to 10.0.0.1"},
            id="peering of a configuration that stays",
        ),
        pytest.param([ALL], [peer_config("old")], [node("n1", lan=UP)], {}, id="peer config that no session has"),
    ],
)
def test_sessions_that_end(
    planned: list[Item], removed: list[Item], sessions: list[Item], ended: dict[str, str]
) -> None:
    live = [config("all", lan="10.0.0.1", wan="10.0.0.9"), peer_config("lan"), peer_config("old"), *sessions]
    errors = list(ended_sessions(planned, removed, live, NODES))
    assert {item.path.split()[0]: item.problem.partition("up: ")[2].partition(". What")[0] for item in errors} == ended
    for item in errors:
        word = item.hint.partition("objects: ['")[2].partition("'")[0]
        assert list(ended_sessions(planned, removed, live, NODES, [word])) == []
        assert list(ended_sessions(planned, removed, live, NODES, [word.replace("@3", "@2")])) != []
        assert list(ended_sessions(planned, removed, live, NODES, [word[:-1]])) != []
        dialled = ["10.0.0.1" if "10.0.0.1" in item.problem else "10.0.0.9"]
        assert list(ended_sessions(planned, removed, live, NODES, leaving_routers=dialled)) == []
        others = ended_sessions(planned, removed, live, NODES, leaving_routers=["10.0.0.7"])
        assert [str(other) for other in others] == [str(error) for error in errors]


def test_sessions_are_read_where_an_object_leaves_alone() -> None:
    pool = named("CiliumLoadBalancerIPPool", "old", {})
    theirs = {**ALL, "metadata": {"name": "theirs"}}
    assert not peerings_leave([ALL], [ALL, pool, theirs], "home")
    assert peerings_leave([], [ALL], "home")
    assert not peerings_leave([], [ALL], "another")
