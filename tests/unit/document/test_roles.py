# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles say that they take of the plan is what the plan has."""

from __future__ import annotations

import copy
import re
from typing import Annotated, Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.frr_intent import (
    FrrIntent,
    PeerGroupNeighbor,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import (
    PlanDocument,
    PlannedCluster,
    ServiceManifest,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.typed import misfits
from ansible_collections.hybridnet.cluster_edge.tests.support.generate import generate
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, hybrid_plan
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import rendered
from ansible_collections.hybridnet.cluster_edge.tests.support.sites import SITES, site

PAGES = generate.plan_pages
REFERENCE = "docs/reference/plan.md"


def options(role: str) -> dict[str, Any]:
    """Return the options of a role's entry point ``main``."""
    text = (CHECKOUT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]["options"]
    return found


def refused(role: str, **given: Any) -> list[str]:
    """Return why a role's argument_specs refuse variables, by Ansible's own validator."""
    specs = options(role)
    result = ArgumentSpecValidator({name: specs[name] for name in given}).validate(copy.deepcopy(given))
    return list(result.error_messages)


def planned_intents() -> list[Any]:
    plans = [hybrid_plan().data, *(site(name).plan.data for name in SITES)]
    return [router["frr"] for data in plans for router in data["routers"].values()]


def test_every_planned_intent_passes_the_roles_own_check() -> None:
    intents = planned_intents()
    assert len(intents) > 20
    assert [found for intent in intents for found in refused("udm_frr", udm_frr_intent=intent)] == []


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        pytest.param(("peer_groups", 0, "neighbors", 0, "adress"), "192.0.2.11",
                     "udm_frr_intent.peer_groups.neighbors.adress. Supported parameters", id="a misspelt key"),
        pytest.param(("peer_groups", 0, "timers", "hold"), ...,
                     "missing required arguments: hold found in udm_frr_intent -> peer_groups -> timers", id="a missing key"),
        pytest.param(("prefix_lists", 0, "entries", 0, "action"), "allow", "value of action must be one of: permit, deny, got: allow", id="another word"),
        pytest.param(("asn",), "AS65000", "argument 'asn' is of type", id="text as a number"),
    ],
)  # fmt: skip
def test_a_wrong_intent_is_refused_by_its_place(path: tuple[Any, ...], value: Any, expected: str) -> None:
    intent = copy.deepcopy(hybrid_plan().data["routers"]["udm-pro"]["frr"])
    place: Any = intent
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if value is ...:
        del place[path[-1]]
    (text,) = refused("udm_frr", udm_frr_intent=intent)
    assert expected in text


def test_planned_services_and_objects_pass_the_roles_own_checks() -> None:
    for data in [hybrid_plan().data, *(site(name).plan.data for name in SITES)]:
        for cluster in data["clusters"].values():
            assert refused("cilium_net_services", cilium_net_services_items=cluster["services"]) == []
            assert refused("cilium_net_lb", cilium_net_lb_objects=cluster["lb"]) == []
            assert refused("cilium_net_release", cilium_net_release_values=cluster["helm_values"]) == []
            bgp = {"cilium_net_bgp_objects": cluster["bgp"], "cilium_net_bgp_node_labels": cluster["node_labels"]}
            assert refused("cilium_net_bgp", **bgp) == []


@pytest.mark.parametrize("role", sorted(PAGES.ROLES))
def test_the_playbook_reads_keys_of_the_plan_into_variables_of_the_role(role: str) -> None:
    taken = PAGES.taken_of_the_plan(role)  # KeyError where the plan has no such key
    assert {item.variable for item in taken} >= set(PAGES.ROLES[role])
    assert {item.variable for item in taken} <= options(role).keys()


@pytest.mark.parametrize(
    ("record", "key", "pages"),
    [
        pytest.param(PeerGroupNeighbor, "port", (REFERENCE, "roles/udm_frr/README.md", "roles/udm_frr/meta/argument_specs.yml"),
                     id="of the intent"),
        pytest.param(ServiceManifest, "manage",
                     (REFERENCE, "roles/cilium_net_services/README.md", "roles/cilium_net_services/meta/argument_specs.yml"),
                     id="of a service"),
        pytest.param(PlannedCluster, "bgp",
                     (REFERENCE, "roles/cilium_net_bgp/README.md", "roles/cilium_net_bgp/meta/argument_specs.yml"),
                     id="of a cluster"),
        pytest.param(PlanDocument, "site", (REFERENCE, "roles/edge_verify/README.md", "roles/cilium_net_lb/README.md"),
                     id="of the plan"),
    ],
)  # fmt: skip
def test_a_changed_key_changes_every_page(
    monkeypatch: pytest.MonkeyPatch, record: Any, key: str, pages: tuple[str, ...]
) -> None:
    monkeypatch.setitem(record.__annotations__, key, Annotated[list[dict[str, Any]], "Another text."])
    for page in pages:
        text = PAGES.GENERATED[page]()
        assert "Another text." in text, page
        assert text != (CHECKOUT / page).read_text("utf-8")


def test_a_key_that_the_plan_has_not_is_found() -> None:
    with pytest.raises(KeyError, match="fr"):
        PAGES.key_at("routers.<router>.fr")


def readme_intent() -> Any:
    """Return the intent of the example in the role's README."""
    text = (CHECKOUT / "roles" / "udm_frr" / "README.md").read_text("utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])  # type: ignore[index]
    return example[0]["roles"][0]["vars"]["udm_frr_intent"]


def test_the_readmes_intent_is_one() -> None:
    assert misfits(readme_intent(), FrrIntent) == []


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_what_may_be_null_may_be_left_out() -> None:
    for intent in [readme_intent(), *planned_intents()]:
        short = without_nulls(intent)
        assert refused("udm_frr", udm_frr_intent=short) == []
        assert rendered(short) == rendered(intent)
