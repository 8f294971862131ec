# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of an API server's answers: however deep they are, and of the cluster that is meant and no other.

With a real API server: tests/lab/test_tenants.py, tests/lab/test_cluster_connection.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.api import (
    Answer,
    ClusterApi,
    ClusterError,
    OtherClusterError,
    RefusedError,
    server_time,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.connection import ClusterConnection
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.json_answer import DEEPEST, decoded
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.state import ARGUMENTS, read_state
from hypothesis import given
from hypothesis import strategies as st

SERVICES = "/api/v1/services"
UID, OTHER_UID = "7d0f7f0e-6d0b-4b43-9f0b-1a2b3c4d5e6f", "0b7c4c1e-7d0f-4c3a-9a55-0f1f6f2f2a10"
NOTHING = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
"""The options of module ``cluster_state_info`` with their defaults."""
TOLD = (
    "/api/v1/services: {0} is nested more than 100 levels deep, as no program writes it, and was not read below; somebody"
    " has written that, most likely to its managedFields (look at it: kubectl get --show-managed-fields -o yaml)"
)


class ClientStandIn:
    """Answers each path with one text; notes what it is asked."""

    connection = ClusterConnection("kubeconfig", "a")
    server, version = "https://192.0.2.1:6443", "36.0.0"

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.warnings: list[str] = []
        self.asked: list[tuple[str, str]] = []

    def request(self, method: str, path: str, seconds: int, **_given: Any) -> Answer | None:
        self.asked.append((method, path))
        found = self.answers.get(path)
        return None if found is None else Answer(found.encode(), None)

    def close(self) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param("Tue, 01 Dec 2026 13:40:00 GMT", "2026-12-01T13:40:00+00:00", id="as RFC 9110 has it"),
        pytest.param(
            "Tue, 01 Dec 2026 13:40:00 GMT, Tue, 01 Dec 2026 13:40:01 GMT", "2026-12-01T13:40:00+00:00", id="twice"
        ),
        pytest.param("soon", None, id="not a time"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="none"),
    ],
)
def test_the_servers_time_is_read_or_not_known(header: str | None, expected: str | None) -> None:
    """A proxy on the way may write the header once more: the ages of leases are counted all the same."""
    found = server_time(header)
    assert (found and found.isoformat()) == expected


def nested(levels: int) -> str:
    return '{"f:a":' * levels + "{}" + "}" * levels


def service(name: str, fields: str) -> str:
    metadata = f'"name":"{name}","namespace":"team","managedFields":[{{"fieldsV1":{fields}}}]'
    return f'{{"metadata":{{{metadata}}},"spec":{{"type":"ClusterIP"}}}}'


def levels_of(value: Any) -> int:
    """Return how many levels of lists and maps a value has."""
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if below is None else 1 + max(map(levels_of, below), default=0)


@pytest.mark.parametrize("levels", [DEEPEST, 900, 1500, 9000])
def test_what_a_tenant_nests_ends_no_look_and_is_told(levels: int) -> None:
    texts = [service("deep", nested(levels)), service("mine", nested(3)), service("deeper", nested(2 * levels))]
    client = ClientStandIn({SERVICES: f'{{"items":[{",".join(texts)}]}}'})
    api = ClusterApi(client)
    for _look in range(2):
        found = api.items(SERVICES)
        assert [item["metadata"]["name"] for item in found] == ["deep", "mine", "deeper"]
        assert all(item["spec"] == {"type": "ClusterIP"} for item in found)
        assert found[1] == json.loads(texts[1])
    assert api.warnings == [TOLD.format("team/deep"), TOLD.format("team/deeper")]


def test_one_object_that_is_nested_is_told_by_its_name() -> None:
    client = ClientStandIn({SERVICES: service("deep", nested(1500))})
    api = ClusterApi(client)
    found = api.get(SERVICES)
    assert found is not None
    assert found["metadata"]["name"] == "deep"
    assert api.warnings == [TOLD.format("team/deep")]


def test_no_answer_of_an_api_server_is_told_as_such_however_deep() -> None:
    client = ClientStandIn({SERVICES: '{"a":' * 5000})
    with pytest.raises(ClusterError, match="as no API server does"):
        ClusterApi(client).get(SERVICES)


def test_a_refusal_that_is_nested_is_a_refusal() -> None:
    class Refusal:
        status, reason, body = 403, "Forbidden", nested(sys.getrecursionlimit() * 3)

    assert RefusedError("here", Refusal()).message == "Forbidden"


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.text(alphabet='{}[]"\\,:aé', max_size=6))
VALUES = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.lists(below, max_size=3), st.dictionaries(st.text(alphabet='{}[]"\\a', max_size=4), below, max_size=3)
    ),
    max_leaves=20,
)


@given(VALUES, st.integers(0, 300), st.text(alphabet='{}[]"\\', max_size=4))
def test_what_is_not_too_deep_is_read_whole(value: Any, levels: int, name: str) -> None:
    """Brackets and quotes in names and texts are no levels."""
    deep: Any = value
    for _level in range(levels):
        deep = {name: deep, "beside": value}
    content = json.dumps({"kept": value, "deep": deep}).encode()
    found, cut = decoded(content)
    assert found["kept"] == value
    total = max(1, 1 + levels_of(deep), 1 + levels_of(value))
    assert levels_of(found) == min(total, DEEPEST + 1)
    assert cut == ([] if total <= DEEPEST else ["the answer"])
    assert cut or found == json.loads(content)


def cluster(uid: str | None) -> ClientStandIn:
    """Return a cluster by the UID of its namespace kube-system; None: it tells none."""
    items = [{"metadata": {"name": "kube-system", "uid": uid}}] if uid else []
    return ClientStandIn({"/api/v1/namespaces": json.dumps({"items": items}), SERVICES: '{"items":[]}'})


@pytest.mark.parametrize(
    ("uid", "told"), [(OTHER_UID, OTHER_UID), (None, "not told")], ids=["another one", "a cluster without a UID"]
)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda api: api.items(SERVICES), id="a reading"),
        pytest.param(lambda api: api.send("patch", SERVICES, {}, "manager"), id="a write"),
        pytest.param(lambda api: api.rules("kube-system"), id="a review of rights"),
        pytest.param(lambda api: read_state(api, NOTHING), id="a state of which nothing is asked, as before Helm"),
    ],
)
def test_another_cluster_is_asked_nothing_and_written_nothing(
    ask: Callable[[ClusterApi], object], uid: str | None, told: str
) -> None:
    client = cluster(uid)
    api = ClusterApi(client)
    api.expected_uid = UID
    for _attempt in range(2):
        with pytest.raises(OtherClusterError) as caught:
            ask(api)
    assert {path for _method, path in client.asked} == {"/api/v1/namespaces"}
    assert str(caught.value) == (
        "kubeconfig: another cluster answers than the one that was looked at, so nothing was done here: the UID of its"
        f" namespace kube-system is {told}, not {UID}. Somebody has changed the kubeconfig while this run was on its way."
        " Name the cluster's own (edge_cluster_kubeconfig, edge_cluster_context), and run again"
    )


def test_the_expected_cluster_is_asked_once_which_one_it_is() -> None:
    client = cluster(UID)
    api = ClusterApi(client)
    api.expected_uid = UID
    assert (api.items(SERVICES), api.items(SERVICES), api.cluster_uid()) == ([], [], UID)
    assert client.asked == [("get", "/api/v1/namespaces"), ("get", SERVICES), ("get", SERVICES)]


def test_without_an_expectation_nobody_asks_which_cluster_it_is() -> None:
    client = cluster(OTHER_UID)
    assert ClusterApi(client).items(SERVICES) == []
    assert client.asked == [("get", SERVICES)]
