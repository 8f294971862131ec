# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of before still hold of what Flux or Argo CD applies now."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.handover import Handover, handover

MANAGER = "hybridnet.cluster_edge"
PEER = {
    "apiVersion": "cilium.io/v2",
    "kind": "CiliumBGPPeerConfig",
    "metadata": {"name": "k8s", "labels": {"app": "edge"}},
    "spec": {"timers": {"holdTimeSeconds": 9}, "peers": [{"name": "udm"}]},
}
SERVICE = {"namespace": "media", "name": "web", "labels": {"pool": "lb"}, "annotations": {}, "object": None}
AS_PLANNED = {
    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
    "f:spec": {"f:timers": {"f:holdTimeSeconds": {}}, "f:peers": {'k:{"name":"udm"}': {".": {}, "f:name": {}}}},
}
WITH_PASSWORD = {**AS_PLANNED, "f:spec": {**AS_PLANNED["f:spec"], "f:authSecretRef": {}}}
KEYS = {"f:metadata": {"f:labels": {"f:pool": {}}}}
WITH_SHARING = {"f:metadata": {"f:labels": {"f:pool": {}}, "f:annotations": {"f:lbipam.cilium.io/sharing-key": {}}}}


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def peer(*entries: dict[str, Any], name: str = "k8s") -> dict[str, Any]:
    found: dict[str, Any] = deepcopy(PEER)
    found["metadata"].update(name=name, managedFields=list(entries))
    return found


def web(*entries: dict[str, Any]) -> dict[str, Any]:
    metadata = {"namespace": "media", "name": "web", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {}}


def found_in(item: dict[str, Any], **changes: Any) -> Handover:
    """Return what is found of one live object."""
    cluster: Any = {"apply": "others", "absent": False, "bgp": [PEER], "lb": [], "services": [SERVICE], **changes}
    kind = "services" if item["kind"] == "Service" else "objects"
    return handover({"objects": [], "services": [], kind: [item]}, cluster)


FLUX = entry("kustomize-controller", AS_PLANNED)
UPDATED = entry(MANAGER, WITH_PASSWORD, "Update")
STATUS = entry(MANAGER, {"f:status": {"f:x": {}}}, "Update", subresource="status")


@pytest.mark.parametrize(
    ("item", "stuck", "held"),
    [
        pytest.param(peer(FLUX), [], [], id="handed over"),
        pytest.param(peer(FLUX, STATUS), [], [], id="a status"),
        pytest.param(peer(entry(MANAGER, AS_PLANNED)), [], ["CiliumBGPPeerConfig k8s"], id="not applied by others yet"),
        pytest.param(peer(FLUX, entry(MANAGER, AS_PLANNED)), [], ["CiliumBGPPeerConfig k8s"], id="held by both"),
        pytest.param(peer(FLUX, entry(MANAGER, WITH_PASSWORD)), ["spec.authSecretRef"], [], id="a password that left"),
        pytest.param(peer(FLUX, UPDATED), ["spec.authSecretRef"], [], id="held by an update"),
        pytest.param(peer(entry(MANAGER, WITH_PASSWORD), name="old"), [], [], id="an object that left as a whole"),
        pytest.param(web(entry("helm", {}), entry(MANAGER, KEYS)), [], ["Service media/web"], id="a Service's keys"),
        pytest.param(
            web(entry(MANAGER, WITH_SHARING)),
            ["metadata.annotations.lbipam.cilium.io/sharing-key"],
            [],
            id="a sharing key that left",
        ),
    ],
)
def test_what_no_commit_takes_away_is_told_from_what_both_hold(
    item: dict[str, Any], stuck: list[str], held: list[str]
) -> None:
    found = found_in(item)
    assert [error.problem.partition(" holds ")[2].partition(", which")[0] for error in found.stuck] == stuck
    assert list(found.held) == held
    assert found_in(item, apply="ours") == found_in(item, absent=True) == Handover()


PROBLEM = (
    "the field manager hybridnet.cluster_edge, of runs of before, holds spec.authSecretRef, which the plan does not have:"
    " no commit takes that away, as the API server keeps what any manager holds"
)
GIVE_UP = (
    "give up what it holds: echo"
    """ '{"apiVersion": "cilium.io/v2", "kind": "CiliumBGPPeerConfig", "metadata": {"name": "k8s"}}' |"""
    " kubectl apply --server-side --field-manager=hybridnet.cluster_edge -f -. What nobody else holds goes at once: to keep"
    " it until the routers take the plan, let Flux or Argo CD apply the inventory of before first. Or start Flux's"
    " kustomize-controller with --override-manager=hybridnet.cluster_edge"
)


def test_the_way_out_is_a_command() -> None:
    (error,) = found_in(peer(FLUX, entry(MANAGER, WITH_PASSWORD))).stuck
    assert str(error) == f"CiliumBGPPeerConfig k8s: {PROBLEM} ({GIVE_UP})"


def test_nothing_is_given_up_that_nobody_else_holds_yet() -> None:
    (error,) = found_in(peer(entry(MANAGER, WITH_PASSWORD))).stuck
    assert error.hint == (
        "first let Flux or Argo CD apply it, as nobody else holds metadata.labels.app, spec.peers[name=udm].name,"
        f" spec.timers.holdTimeSeconds; then {GIVE_UP}"
    )


def test_what_both_hold_is_a_note() -> None:
    assert found_in(peer(FLUX, entry(MANAGER, AS_PLANNED))).notes == (
        "the field manager hybridnet.cluster_edge, of runs of before, still holds fields of 1 object (CiliumBGPPeerConfig"
        " k8s): what leaves the inventory would stay there. Give them up once Flux or Argo CD has applied"
        " (docs/situations/flux.md, the handover)",
    )
    assert found_in(peer(FLUX)).notes == ()
