# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON Schema of a vars file takes what is right, refuses what is misspelt, and never what the plan takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.router import CONTROLLER_SECRETS
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys.run import RUN
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import Inventory
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import YAML, examples, places
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    CHECKOUT,
    HYBRID,
    hybrid_document,
    inventory_from,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.invalid import CASES, edited
from ansible_collections.hybridnet.cluster_edge.tests.support.pages import DOCS, read_page
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import FOLDER as SITES
from ansible_collections.hybridnet.cluster_edge.tests.support.yaml_text import read_yaml, read_yaml_file
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

SCHEMA = json.loads((CHECKOUT / "docs" / "reference" / "inventory.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def as_json(value: Any) -> Any:
    """Return a value as an editor sees it: every key is its text, so is a date."""
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else json.dumps(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else str(value)


def takes(variables: Mapping[str, Any]) -> bool:
    """Return whether the schema takes a vars file."""
    return bool(VALIDATOR.is_valid(as_json(variables)))


def files_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each vars file that an inventory stands for: of all, of each group and of each host."""
    top = document["all"]
    groups = list(top["children"].values())
    return [top["vars"], *(body.get("vars") or {} for body in groups)] + [
        own or {} for body in groups for own in (body.get("hosts") or {}).values()
    ]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_in_it() -> None:
    assert set(SCHEMA["properties"]) == set(VARIABLES)
    layered = {f"^{key.name}__" for key in VARIABLES.values() if key.layered}
    assert {name for name, schema in SCHEMA["patternProperties"].items() if schema} == layered


def test_every_key_has_its_text() -> None:
    def properties(node: Any) -> list[tuple[str, Any]]:
        if isinstance(node, list):
            return [found for item in node for found in properties(item)]
        if not isinstance(node, dict):
            return []
        own = list(node["properties"].items()) if isinstance(node.get("properties"), dict) else []
        return own + [found for item in node.values() for found in properties(item)]

    assert [name for name, key in properties(SCHEMA) if not key.get("description")] == []


def test_the_reference_inventory_is_valid() -> None:
    assert [takes(variables) for variables in files_of(hybrid_document())] == [True] * 11
    shared = read_yaml_file(HYBRID / "group_vars" / "all" / "edge.yml")
    assert list(VALIDATOR.iter_errors(shared)) == []


PAGES = [DOCS / "inventory.md", *sorted((DOCS / "situations").glob("*.md"))]
SHOWN = {
    **{
        f"{path.stem}-{number}": read_yaml(block.text)
        for path in PAGES
        for number, block in enumerate(read_page(path).blocks)
        if block.language == "yaml" and block.text.startswith(("all:", "edge_")) and "!vault" not in block.text
    },
    **{path.parent.name: read_yaml_file(path) for path in sorted(SITES.glob("*/inventory.yml"))},
}
"""Inventories, and parts of them, that the documentation and the tests' sites have."""


@pytest.mark.parametrize("written", SHOWN.values(), ids=list(SHOWN))
def test_the_inventories_that_are_shown_are_valid(written: dict[str, Any]) -> None:
    assert [takes(variables) for variables in (files_of(written) if "all" in written else [written])].count(False) == 0


RIGHT: dict[str, dict[str, Any]] = {
    "empty map": {"edge_pools": None},
    "other variables": {"ansible_user": "root", "nginx_ports": [80]},
    "own variables": {"edge_x_colour": ["blue"], "edge_verify_wait": 5},
    "layer": {"edge_pools__media": {"media": {"addresses": "192.0.2.1"}}},
    "list": {"edge_pools": {"a": {"addresses": ["192.0.2.0/28", "192.0.2.20-192.0.2.30", "2001:db8::1"]}}},
    "list of one without brackets": {"edge_pools": {"a": {"addresses": "192.0.2.0/28", "bgp": "lan"}}},
    "digits in quotes": {"edge_router_asn": "65000", "edge_services": {"a/b": {"ports": {"port": "80"}}}},
    "templates": {
        "edge_router_asn": "{{ asn }}",
        "edge_pools": "{{ pools }}",
        "edge_peerings": {"a": {"shutdown": "{{ down }}", "network": ["{{ net }}"], "timers": "{{ timers }}"}},
        "edge_default_pool": "{% if true %}none{% endif %}",
    },
    "peering with nothing in it": {"edge_peerings": {"k8s": None}},
}


@pytest.mark.parametrize("variables", RIGHT.values(), ids=list(RIGHT))
def test_it_takes(variables: dict[str, Any]) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(variables)] == []


WRONG: dict[str, dict[str, Any]] = {
    "misspelt variable": {"edge_pool": {}},
    "unknown variable": {"edge_colour": "blue"},
    "misspelt layer": {"edge_pool__media": {}},
    "layer of a scalar": {"edge_site_name__b": "x"},
    "misspelt key": {"edge_pools": {"a": {"adresses": "192.0.2.1"}}},
    "misspelt key in a layer": {"edge_pools__b": {"a": {"adresses": "192.0.2.1"}}},
    "word of Kubernetes": {"edge_services": {"a/b": {"externalTrafficPolicy": "Local"}}},
    "missing key": {"edge_networks": {"lan": {"interfaces": "eth0"}}},
    "empty layer": {"edge_pools__b": None},
    "number for text": {"edge_cilium_version": 1.19},
    "boolean for text": {"edge_node_labels": {"public": True}},
    "text for a boolean": {"edge_router_managed": "no"},
    "list for a map": {"edge_pools": ["192.0.2.1"]},
    "map for a list": {"edge_pools": {"a": {"addresses": {"cidr": "192.0.2.0/24"}}}},
    "text for a map": {"edge_networks": {"lan": "192.0.2.0/24"}},
    "empty list": {"edge_pools": {"a": {"addresses": []}}},
    "null for a list": {"edge_pools": {"a": {"addresses": None}}},
    "number out of range": {"edge_bgp_defaults": {"timers": {"hold": 2}}},
    "word for a number": {"edge_bgp_defaults": {"timers": {"hold": "30s"}}},
    "fraction for a number": {"edge_bgp_defaults": {"timers": {"hold": 30.5}}},
    "reserved AS number": {"edge_router_asn": 65535},
    "word that is no choice": {"edge_router_platform": "vyos"},
    "choice in capitals": {"edge_services": {"a/b": {"traffic_policy": "local"}}},
    "bad name": {"edge_pools": {"Media": {"addresses": "192.0.2.1"}}},
    "name that ends in -v6": {"edge_pools": {"media-v6": {"addresses": "192.0.2.1"}}},
    "name of 41 characters": {"edge_site_name": "a" * 41},
    "service without a namespace": {"edge_services": {"plex": {}}},
    "no address": {"edge_addresses": {"lan": "node01"}},
    "half an address": {"edge_addresses": {"lan": "192.0.2"}},
    "CIDR for an address": {"edge_addresses": {"lan": "192.0.2.1/24"}},
    "address for a CIDR": {"edge_networks": {"lan": {"cidr": "192.0.2.0"}}},
    "IPv6 for a router-id": {"edge_router_id": "2001:db8::1"},
    "map for a selector": {"edge_bgp_defaults": {"nodes": {"public": "true"}}},
    "target port with two hyphens": {"edge_services": {"a/b": {"ports": [{"port": 80, "target_port": "a--b"}]}}},
    "port without a number": {"edge_services": {"a/b": {"ports": [{"name": "web"}]}}},
}


@pytest.mark.parametrize("variables", WRONG.values(), ids=list(WRONG))
def test_it_refuses(variables: dict[str, Any]) -> None:
    assert not takes(variables)


@pytest.mark.parametrize("case", [case for case in CASES if not case["finds"]], ids=lambda case: case["name"])
def test_it_takes_what_has_no_finding(case: dict[str, Any]) -> None:
    assert all(
        takes(variables)
        for variables in files_of(edited(case.get("set", {}), case.get("remove", ()), case.get("base")))
    )


LEFT_TO_THE_PLAN = {
    "asn-is-a-float",  # to a schema, 65001.0 is a whole number
    "label-value-is-a-date",  # an editor sees the text of a date
    "accept-of-no-path",  # and the text of a key
    "key-of-a-layer-is-a-boolean",
    "helm-value-with-a-key-that-is-null",
    "pool-name-is-a-boolean",
    "pool-name-is-null",
    "spelling-with-hyphens",  # a name that does not start with edge_ may be another product's
    "spelling-in-camel-case",
    "spelling-in-capitals-with-a-layer",
}
OF_SHAPE = ("EDGE101", "EDGE102", "EDGE106", "EDGE110")


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if any(line.startswith(OF_SHAPE) for line in case["finds"])],
    ids=lambda case: case["name"],
)
def test_it_sees_every_wrong_shape(case: dict[str, Any]) -> None:
    """Misspelt and unknown names, wrong types: what else is wrong (a selector's grammar, other keys) the plan sees."""
    files = files_of(edited(case.get("set", {}), case.get("remove", ()), case.get("base")))
    assert all(takes(variables) for variables in files) == (case["name"] in LEFT_TO_THE_PLAN)


# The plan does not read RUN's variables: the roles that do check them by their argument_specs.
# Of the controller's secrets it learns that there is one, as true.
READ = [
    *sorted(set(VARIABLES) - {key.name for key in RUN} - set(CONTROLLER_SECRETS)),
    "edge_pools__x",
    "edge_node_labels__x",
    "edge_colour",
]


@pytest.mark.thorough
@settings(max_examples=examples(300))
@given(variables=st.dictionaries(st.sampled_from(READ), YAML, min_size=1, max_size=2))
def test_what_it_refuses_has_a_finding(variables: dict[str, Any]) -> None:
    hosts = ("r", "c", "n")
    base = {
        "edge_cluster_asn": 64512,
        "edge_router_asn": 64513,
        "edge_cilium_version": "1.19.6",
        "edge_router_id": "192.0.2.1",
    }
    before = plan(Inventory(("r",), ("c",), ("n",), {host: dict(base) for host in hosts}))
    after = plan(Inventory(("r",), ("c",), ("n",), {host: {**base, **variables} for host in hosts}))
    assert before.findings == ()
    if not takes(variables):
        assert after.findings


@pytest.mark.thorough
@settings(max_examples=examples(300))
@given(data=st.data())
def test_what_it_refuses_in_the_reference_site_has_a_finding(data: st.DataObject) -> None:
    document = hybrid_document()
    place = data.draw(st.sampled_from(places(document["all"]["vars"])))
    target: Any = document["all"]["vars"]
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = data.draw(YAML)
    if not takes(document["all"]["vars"]):
        assert plan(inventory_from(document)).findings
