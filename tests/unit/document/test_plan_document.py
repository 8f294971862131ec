# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan's types say what a plan really holds, and what is read of a saved one."""

from __future__ import annotations

import copy
import json
import re
import typing
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.versions import RULES
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document import frr_intent
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.saved import plan_of, saved_plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.typed import misfits
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import TEMPLATE
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import SITES, site


def test_the_reference_plan_is_what_its_types_say() -> None:
    assert misfits(hybrid_plan().data, PlanDocument) == []
    assert misfits(json.loads(json.dumps(hybrid_plan().data)), PlanDocument) == []


@pytest.mark.parametrize("name", SITES)
def test_every_site_is_what_the_types_say(name: str) -> None:
    assert misfits(site(name).plan.data, PlanDocument) == []


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        pytest.param(("sessions", 0, "hold"), "30", "$.sessions[0].hold: '30' is no int", id="another type"),
        pytest.param(("sessions", 0, "shutdown"), 0, "$.sessions[0].shutdown: 0 is no bool", id="a number as a boolean"),
        pytest.param(("sessions", 0, "held"), 30, "$.sessions[0]: held is no key of PlannedSession", id="an unknown key"),
        pytest.param(("pools", 0, "name"), ..., "$.pools[0]: without name", id="a missing key"),
        pytest.param(("routers", "udm-pro", "frr", "peer_groups", 0, "families", "ipv4", "maximum_prefix", "limit"), None,
                     "$.routers.udm-pro.frr.peer_groups[0].families.ipv4.maximum_prefix.limit: None is no int",
                     id="a null deep inside"),
        pytest.param(("sessions", 0, "family"), "ipv5", "$.sessions[0].family: 'ipv5' is none of ipv4, ipv6", id="another word"),
        pytest.param(("networks", "public"), [], "$.networks.public: [] is no PlannedNetwork", id="a list as a map"),
    ],
)  # fmt: skip
def test_the_check_names_what_is_wrong(path: tuple[Any, ...], value: Any, expected: str) -> None:
    data: Any = copy.deepcopy(hybrid_plan().data)
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    assert misfits(data, PlanDocument) == [expected]


def test_the_template_reads_keys_of_the_intent_alone() -> None:
    records = [item for item in vars(frr_intent).values() if typing.is_typeddict(item)]
    keys = {key for record in records for key in typing.get_type_hints(record)}
    families = {"ipv4", "ipv6"}
    read = set(re.findall(r"(?:\[|\.get\()'(\w+)'", TEMPLATE.read_text("utf-8"))) - families
    rules = {rule.name for rule in RULES}
    assert len(read) > 40
    assert read <= keys | rules


def test_a_plan_says_its_format_and_one_without_is_read() -> None:
    saved = json.loads(json.dumps(hybrid_plan().data))
    assert saved["format"] == 1
    assert plan_of(saved, "file") is saved
    del saved["format"]
    assert plan_of(saved, "file") is saved


@pytest.mark.parametrize("found", [0, 2, "1", None, True, 1.5], ids=repr)
def test_a_plan_of_another_format_is_refused(found: Any) -> None:
    with pytest.raises(EdgeError) as error:
        plan_of({**hybrid_plan().data, "format": found}, "edge_plan_before: old.json")
    assert str(error.value) == (
        f"edge_plan_before: old.json: is a plan of format {found!r}, but this version of the collection reads format 1 (read"
        " it with the version that wrote it, or write it again with this one from the inventory of that time)"
    )


@pytest.mark.parametrize("data", [None, [], {}, {"sessions": []}, {"sessions": {}, "routers": {}}, "text"], ids=repr)
def test_what_is_no_plan_is_refused(data: Any) -> None:
    with pytest.raises(EdgeError, match=r"^plan: holds no plan \(write one with playbooks/plan.yml"):
        plan_of(data, "plan")


# -- a saved plan ----------------------------------------------------------------------------------------------------
def saved(**changes: Any) -> dict[str, Any]:
    """Return the reference plan as JSON has it, with some keys of the first session in place of its own."""
    document: dict[str, Any] = json.loads(json.dumps(hybrid_plan().data))
    document["sessions"][0].update(changes)
    return document


def test_a_saved_plan_is_taken_with_keys_of_a_later_version_and_without_a_format() -> None:
    document = saved(flavor="vanilla")
    assert saved_plan(document, "before.json")["sessions"][0]["hold"] == document["sessions"][0]["hold"]
    del document["format"]
    saved_plan(document, "before.json")


def test_a_damaged_saved_plan_names_place_value_and_way_out() -> None:
    document = saved(hold="9", families="ipv4")
    del document["sessions"][1]["node"]
    with pytest.raises(EdgeError) as raised:
        saved_plan(document, "before.json")
    assert str(raised.value) == (
        "before.json: is a damaged plan: $.sessions[0].families: 'ipv4' is no list[str]; $.sessions[0].hold: '9' is no int;"
        " $.sessions[1]: without node (write it again with playbooks/plan.yml -e edge_plan_file=plan.json from the"
        " inventory of that time)"
    )
