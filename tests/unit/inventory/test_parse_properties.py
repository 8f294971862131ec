# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever stands in an inventory, the plan answers with findings: never with a traceback, never differently twice."""

from __future__ import annotations

import copy
import datetime
import json
import random
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.keys import VARIABLES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._inventory.parse import Inventory
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import YAML, examples, places
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    hybrid_document,
    hybrid_inventory,
    inventory_from,
)
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.thorough
@settings(max_examples=examples(150))
@given(variables=st.dictionaries(st.sampled_from(sorted(VARIABLES)) | st.just("edge_pools__x"), YAML, max_size=5))
def test_arbitrary_values_give_findings(variables: dict[str, Any]) -> None:
    inventory = Inventory(
        routers=("r",), clusters=("c",), nodes=("n",), variables={host: dict(variables) for host in ("r", "c", "n")}
    )
    computed = plan(inventory)
    assert computed.failed  # a site of such values lacks at least a version
    assert computed.findings == plan(inventory).findings


ODD = [
    10**5000,  # 0xfff... in YAML: Python refuses to print it
    datetime.date(2026, 1, 31),
    datetime.datetime(2026, 1, 31),
    b"binary",
    {1, 2},
    {("a", "b"): 1},
    {10**5000: 1},
    {datetime.date(2026, 1, 31): 1},
    "\ud800",
    "a\x00b",
    "\u0661\u0660.0.0.1",  # digits, but not those of an address
    "²",
    "x" * 10000,
]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_what_else_yaml_can_make_gives_findings(value: Any) -> None:
    for shown in (value, [value], {"a": value}, {"a/b": {"addresses": value, "pool": value, "ports": [value]}}):
        variables = {host: dict.fromkeys(VARIABLES, shown) for host in ("r", "c", "n")}
        computed = plan(Inventory(routers=("r",), clusters=("c",), nodes=("n",), variables=variables))
        assert computed.failed
        json.dumps([finding.as_dict() for finding in computed.findings])


@pytest.mark.thorough
@settings(max_examples=examples(300))
@given(data=st.data())
def test_one_arbitrary_value_in_the_reference_site(data: st.DataObject) -> None:
    document = hybrid_document()
    site = document["all"]
    roots = {"vars": site["vars"], **{name: site["children"][name]["hosts"] for name in site["children"]}}
    place = data.draw(st.sampled_from([path for path in places(roots) if len(path) > 2 or path[0] == "vars"]))
    target: Any = roots
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = data.draw(YAML)
    computed = plan(inventory_from(document))
    json.dumps([computed.data, [finding.as_dict() for finding in computed.findings]])  # plain data, whatever went in


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_inventory_does_not_matter(seed: int) -> None:
    """The same inventory in another order of hosts and keys gives the same plan, byte for byte."""

    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, shuffled(item)) for key, item in value.items()]
            chooser.shuffle(items)
            return dict(items)
        return value

    chooser = random.Random(seed)
    expected = json.dumps(plan(hybrid_inventory()).data)
    assert json.dumps(plan(inventory_from(shuffled(copy.deepcopy(hybrid_document())))).data) == expected
