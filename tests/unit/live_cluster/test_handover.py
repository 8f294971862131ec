# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs of before still hold of what Flux or Argo CD applies now."""

from __future__ import annotations

import json
import shlex
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.handover import Handover, handover
from hypothesis import given, settings
from hypothesis import strategies as st

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
SHARING_KEY = "lbipam.cilium.io/sharing-key"
OURS = {"app.kubernetes.io/managed-by": MANAGER, "cluster-edge.hybridnet/site": "home"}
KEYS = {"f:metadata": {"f:labels": {"f:pool": {}}}}
WITH_SHARING = {"f:metadata": {"f:labels": {"f:pool": {}}, "f:annotations": {"f:lbipam.cilium.io/sharing-key": {}}}}


def entry(manager: str, fields: dict[str, Any], operation: str = "Apply", **more: Any) -> dict[str, Any]:
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def peer(*entries: dict[str, Any], name: str = "k8s", labels: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = deepcopy(PEER)
    found["metadata"].update(name=name, managedFields=list(entries))
    found["metadata"]["labels"].update(labels or {})
    found["spec"].update(authSecretRef="bgp-password-x", gracefulRestart={"enabled": True, "restartTimeSeconds": 120})
    found["spec"]["selector"] = {"ours": "1", "theirs": "2"}
    found["spec"]["peers"] = [{"name": name} for name in ("a", "b", "udm")]
    return found


def web(*entries: dict[str, Any], labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata = {
        "namespace": "media",
        "name": "web",
        "labels": {"pool": "lb", "app": "web", **(labels or {})},
        "annotations": {SHARING_KEY: "x", "owner/a": "b"},
        "managedFields": list(entries),
    }
    spec = {"ports": [{"port": 443, "protocol": "TCP"}], "type": "LoadBalancer"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def found_in(item: dict[str, Any], **changes: Any) -> Handover:
    """Return what is found of one live object."""
    cluster: Any = {"apply": "others", "absent": False, "bgp": [PEER], "lb": [], "services": [SERVICE]}
    cluster.update({"kubeconfig": "/k/home config", "context": "home", **changes})
    kind = "services" if item["kind"] == "Service" else "objects"
    return handover({"objects": [], "services": [], kind: [item]}, cluster, "home")


FLUX = entry("kustomize-controller", AS_PLANNED)
UPDATED = entry(MANAGER, WITH_PASSWORD, "Update")
STATUS = entry(MANAGER, {"f:status": {"f:x": {}}}, "Update", subresource="status")
ARGO = entry("argocd-controller", {"f:spec": {"f:ports": {}}}, "Update")
SHARING = f"metadata.annotations.{SHARING_KEY}"


@pytest.mark.parametrize(
    ("item", "stuck", "held"),
    [
        pytest.param(peer(FLUX), [], [], id="handed over"),
        pytest.param(peer(FLUX, STATUS), [], [], id="a status"),
        pytest.param(peer(entry(MANAGER, AS_PLANNED)), [], [], id="not applied by others yet"),
        pytest.param(peer(FLUX, entry(MANAGER, AS_PLANNED)), [], ["CiliumBGPPeerConfig k8s"], id="held by both"),
        pytest.param(peer(FLUX, entry(MANAGER, WITH_PASSWORD)), ["spec.authSecretRef"], [], id="a password that left"),
        pytest.param(peer(FLUX, UPDATED), ["spec.authSecretRef"], [], id="held by an update"),
        pytest.param(web(ARGO, entry(MANAGER, KEYS)), [], [], id="a key that its owner never takes"),
        pytest.param(
            web(entry("kustomize-controller", KEYS), entry(MANAGER, KEYS)),
            [],
            ["Service media/web"],
            id="a key of both",
        ),
        pytest.param(web(ARGO, entry(MANAGER, WITH_SHARING)), [SHARING], [], id="a sharing key that left"),
    ],
)
def test_what_no_commit_takes_away_is_told_from_what_both_hold(
    item: dict[str, Any], stuck: list[str], held: list[str]
) -> None:
    found = found_in(item)
    assert [error.problem.partition(" holds ")[2].partition(", which")[0] for error in found.stuck] == stuck
    assert list(found.held) == held
    assert found.left == ()
    assert found_in(item, apply="ours") == found_in(item, absent=True) == Handover()


def held_number(number: int) -> list[dict[str, Any]]:
    return [{"op": "test", "path": f"/metadata/managedFields/{number}/manager", "value": MANAGER}]


def removed(*paths: str) -> list[dict[str, Any]]:
    return [{"op": "remove", "path": path} for path in paths]


def fields(*spec: dict[str, Any]) -> dict[str, Any]:
    return {"f:spec": {name: below for part in spec for name, below in part.items()}}


PEERS = {"f:peers": {f'k:{{"name":"{name}"}}': {".": {}, "f:name": {}} for name in ("a", "b")}}
RESTART = {"f:gracefulRestart": {"f:enabled": {}}}
SHARED = entry("kustomize-controller", WITH_PASSWORD)
ENTRY = "/metadata/managedFields/"
PATCHES = [
    pytest.param(
        peer(FLUX, entry(MANAGER, WITH_PASSWORD)),
        [*held_number(1), *removed(f"{ENTRY}1", "/spec/authSecretRef")],
        id="a field of ours alone goes, and what we hold beside it is given up",
    ),
    pytest.param(
        peer(SHARED, entry(MANAGER, WITH_PASSWORD)), [*held_number(1), *removed(f"{ENTRY}1")], id="one of both stays"
    ),
    pytest.param(
        peer(UPDATED, FLUX, entry(MANAGER, AS_PLANNED)),
        [*held_number(0), *held_number(2), *removed(f"{ENTRY}2", f"{ENTRY}0", "/spec/authSecretRef")],
        id="an update of ours",
    ),
    pytest.param(
        peer(entry(MANAGER, WITH_PASSWORD)), removed("/spec/authSecretRef"), id="what nobody else holds yet is kept"
    ),
    pytest.param(
        peer(FLUX, entry(MANAGER, fields(PEERS))),
        [
            *held_number(1),
            {"op": "test", "path": "/spec/peers/0/name", "value": "a"},
            {"op": "test", "path": "/spec/peers/1/name", "value": "b"},
            *removed("/spec/peers/1", f"{ENTRY}1", "/spec/peers/0"),
        ],
        id="items of a list go whole, the last one first",
    ),
    pytest.param(
        peer(FLUX, entry(MANAGER, fields(RESTART))),
        [*held_number(1), *removed(f"{ENTRY}1", "/spec/gracefulRestart")],
        id="a struct goes whole, with its defaults",
    ),
    pytest.param(
        peer(
            FLUX,
            entry("kubectl", fields({"f:gracefulRestart": {"f:restartTimeSeconds": {}}})),
            entry(MANAGER, fields(RESTART)),
        ),
        [*held_number(2), *removed(f"{ENTRY}2")],
        id="a struct of several: the CRD asks for some of its fields",
    ),
    pytest.param(
        peer(
            FLUX,
            entry("kubectl-edit", fields({"f:peers": {'k:{"name":"a"}': {"f:peerASN": {}}}}), "Update"),
            entry(MANAGER, fields(PEERS)),
        ),
        [
            *held_number(2),
            {"op": "test", "path": "/spec/peers/1/name", "value": "b"},
            *removed(f"{ENTRY}2", "/spec/peers/1"),
        ],
        id="an item of several stays whole: its key is one of its fields",
    ),
    pytest.param(
        peer(
            FLUX,
            entry("kubectl-edit", fields({"f:selector": {"f:theirs": {}}})),
            entry(MANAGER, fields({"f:selector": {"f:ours": {}}})),
        ),
        [*held_number(2), *removed(f"{ENTRY}2", "/spec/selector/ours")],
        id="a key of a map of several goes alone",
    ),
    pytest.param(
        web(ARGO, entry(MANAGER, WITH_SHARING)),
        removed("/metadata/annotations/lbipam.cilium.io~1sharing-key"),
        id="a key goes, and no other; the planned one stays ours, as nobody else has it",
    ),
    pytest.param(
        web(
            entry(
                MANAGER, {**KEYS, **fields({"f:ports": {'k:{"port":443,"protocol":"TCP"}': {".": {}, "f:port": {}}}})}
            )
        ),
        [*held_number(0), *removed(f"{ENTRY}0")],
        id="the spec of a Service of others is given up, and none of it taken away",
    ),
    pytest.param(
        web(entry(MANAGER, {"f:metadata": {"f:labels": {"f:gone": {}}}})),
        [*held_number(0), *removed(f"{ENTRY}0")],
        id="gone",
    ),
]


@pytest.mark.parametrize(("item", "patch"), PATCHES)
def test_the_printed_patch_takes_away_what_nobody_else_holds_and_no_more(
    item: dict[str, Any], patch: list[dict[str, Any]]
) -> None:
    (error,) = found_in(item).stuck
    command = error.hint.partition("give that up: ")[2].partition("]'")[0] + "]'"
    words = shlex.split(command)
    assert words[:7] == [
        "kubectl",
        "--kubeconfig",
        "/k/home config",
        "--context",
        "home",
        "patch",
        item["kind"].lower(),
    ]
    assert json.loads(words[words.index("-p") + 1]) == patch


PROBLEM = (
    "the field manager hybridnet.cluster_edge, of runs of before, holds spec.authSecretRef, which the plan does not have:"
    " no commit takes that away, as the API server keeps what any manager holds"
)
KUBECTL = "kubectl --kubeconfig '/k/home config' --context home"
GIVE_UP = f"give that up: {KUBECTL} patch ciliumbgppeerconfig k8s --type=json -p "
TEST = '{"op":"test","path":"/metadata/managedFields/1/manager","value":"hybridnet.cluster_edge"}'
GOES = (
    " goes at once, as nobody else holds it: to keep it until the routers take the plan, let Flux or Argo CD apply the"
    " inventory of before first, and run again"
)
FLAG = ". Or start Flux's kustomize-controller with --override-manager=hybridnet.cluster_edge"


def test_the_way_out_is_a_command() -> None:
    (error,) = found_in(peer(FLUX, entry(MANAGER, WITH_PASSWORD))).stuck
    patch = f"""[{TEST},{{"op":"remove","path":"/metadata/managedFields/1"}},{{"op":"remove","path":"/spec/authSecretRef"}}]"""
    assert str(error) == f"CiliumBGPPeerConfig k8s: {PROBLEM} ({GIVE_UP}'{patch}'. spec.authSecretRef{GOES}{FLAG})"
    (error,) = found_in(peer(SHARED, entry(MANAGER, WITH_PASSWORD))).stuck
    patch = f"""[{TEST},{{"op":"remove","path":"/metadata/managedFields/1"}}]"""
    stays = ". What others hold too, or hold a part of, stays until they take it away"
    assert str(error) == f"CiliumBGPPeerConfig k8s: {PROBLEM} ({GIVE_UP}'{patch}'{stays}{FLAG})"


WEB = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"namespace": "media", "name": "web", "labels": OURS},
    "spec": {"type": "LoadBalancer", "ports": [{"name": "https", "port": 443, "targetPort": 443}]},
}
PORTS = {
    f'k:{{"port":{number},"protocol":"TCP"}}': {
        ".": {},
        "f:name": {},
        "f:port": {},
        "f:protocol": {},
        "f:targetPort": {},
    }
    for number in (80, 443)
}


def web_as_planned(*entries: dict[str, Any], **spec: Any) -> tuple[list[str], list[dict[str, Any]]]:
    """Return what is told of a live Service that the plan has with port 443 alone, and the operations of the patch."""
    item = web(*entries, labels=OURS)
    ports = [
        {"name": f"p{number}", "port": number, "protocol": "TCP", "nodePort": 30000 + number} for number in (80, 443)
    ]
    item["spec"].update(ports=ports, **spec)
    stuck = found_in(item, services=[{**SERVICE, "object": WEB}]).stuck
    patches = [error.hint.partition(" -p ")[2].partition("]'")[0] + "]'" for error in stuck if " -p " in error.hint]
    return [str(error) for error in stuck], [one for text in patches for one in json.loads(shlex.split(text)[0])]


@pytest.mark.parametrize("leaf", ["f:nodePort", "f:targetPort", "f:port"])
def test_a_port_of_which_somebody_holds_a_leaf_is_given_up_as_it_is(leaf: str) -> None:
    """A port without its number, or its name beside another one, is refused by the API server with the whole patch."""
    edit = entry("kubectl-edit", fields({"f:ports": {'k:{"port":80,"protocol":"TCP"}': {leaf: {}}}}), "Update")
    told, patch = web_as_planned(entry(MANAGER, fields({"f:ports": PORTS})), edit)
    assert [one["path"] for one in patch if one["op"] == "remove"] == [f"{ENTRY}0"]
    assert " goes at once" not in told[0]


def test_no_key_of_a_planned_item_is_taken_away() -> None:
    """The plan leaves the protocol of port 443 out, as it has a default."""
    _told, patch = web_as_planned(entry(MANAGER, fields({"f:ports": PORTS})))
    gone = [one["path"] for one in patch if one["op"] == "remove"]
    assert gone == ["/spec/ports/0"]


def test_no_patch_takes_the_class_of_a_service_off() -> None:
    told, patch = web_as_planned(
        entry(MANAGER, fields({"f:loadBalancerClass": {}, "f:type": {}})),
        loadBalancerClass="io.cilium/bgp-control-plane",
    )
    assert patch == []
    assert told == [
        "Service media/web: it has the class io.cilium/bgp-control-plane by runs of before, and the plan has none: no commit"
        " takes that away, as the API server keeps spec.loadBalancerClass while the type is LoadBalancer (keep class in"
        " edge_services. Or delete the Service once, so that Flux or Argo CD makes it anew; it loses its addresses at once:"
        f" {KUBECTL} delete service web -n media)"
    ]


def test_what_both_hold_is_a_note() -> None:
    assert found_in(peer(FLUX, entry(MANAGER, AS_PLANNED))).notes == (
        "the field manager hybridnet.cluster_edge, of runs of before, still holds fields of 1 object (CiliumBGPPeerConfig"
        " k8s), which Flux or Argo CD holds too: what leaves the inventory would stay there. Give them up"
        " (docs/situations/flux.md, the handover)",
    )
    assert found_in(peer(FLUX)).notes == ()


MADE = entry(MANAGER, WITH_PASSWORD)
FINALIZER = entry("guard", {"f:metadata": {"f:finalizers": {'v:"x"': {}}}}, "Update")
NOTE = {"f:metadata": {"f:annotations": {"f:owner/a": {}}, "f:labels": {"f:app": {}}}}
TRACKED = {"f:metadata": {"f:annotations": {"f:argocd.argoproj.io/tracking-id": {}}}}
OUR_LABELS = {"f:metadata": {"f:labels": {f"f:{name}": {} for name in OURS}}}
WEB_MADE = {**OUR_LABELS, "f:spec": {"f:type": {}}}
OTHER_SITE = {**OURS, "cluster-edge.hybridnet/site": "other"}


@pytest.mark.parametrize(
    ("item", "left", "stuck"),
    [
        pytest.param(web(ARGO, entry(MANAGER, WITH_SHARING)), ["Service media/web"], [], id="keys of ours"),
        pytest.param(web(ARGO), [], [], id="nothing of ours"),
        pytest.param(web(entry(MANAGER, KEYS), labels=OTHER_SITE), [], [], id="a Service of another site"),
        pytest.param(web(entry(MANAGER, KEYS), labels=OURS), [], ["Service media/web"], id="a Service that runs made"),
        pytest.param(peer(FLUX, MADE, labels=OURS), [], [], id="an object that leaves Git as a whole"),
        pytest.param(peer(MADE, FINALIZER, labels=OURS), [], ["CiliumBGPPeerConfig k8s"], id="one that Git never had"),
        pytest.param(
            web(entry(MANAGER, WEB_MADE), entry("kubectl-annotate", NOTE, "Update"), labels=OURS),
            [],
            ["Service media/web"],
            id="one that somebody annotated once",
        ),
        pytest.param(
            web(entry(MANAGER, WEB_MADE), entry("helm", OUR_LABELS), labels=OURS),
            [],
            [],
            id="one with our labels by Git",
        ),
        pytest.param(
            web(entry(MANAGER, WEB_MADE), entry("argocd-controller", TRACKED, "Update"), labels=OURS),
            [],
            [],
            id="one that Argo CD tracks, as it found it",
        ),
        pytest.param(peer(MADE, labels=OTHER_SITE), [], [], id="an object of another site"),
        pytest.param(peer(MADE), [], [], id="an object of nobody's"),
    ],
)
def test_what_left_the_inventory_as_a_whole(item: dict[str, Any], left: list[str], stuck: list[str]) -> None:
    found = found_in(item, services=[], bgp=[])
    assert [str(error).partition(":")[0] for error in found.left] == left
    assert [str(error).partition(":")[0] for error in found.stuck] == stuck


def test_a_service_that_left_the_inventory_is_named_with_the_command_that_takes_our_keys_off() -> None:
    (note,) = found_in(web(ARGO, entry(MANAGER, KEYS)), services=[]).notes
    patch = f"""[{TEST},{{"op":"remove","path":"/metadata/managedFields/1"}},{{"op":"remove","path":"/metadata/labels/pool"}}]"""
    assert note == (
        f"Service media/web: {PROBLEM.replace('spec.authSecretRef', 'metadata.labels.pool')} (give that up: {KUBECTL} patch"
        f" service web -n media --type=json -p '{patch}'. metadata.labels.pool{GOES}{FLAG}. Leave it, where another site of"
        " this cluster has set it)"
    )


def test_an_object_that_nobody_prunes_is_deleted_by_hand() -> None:
    (error,) = found_in(peer(MADE, labels=OURS), bgp=[], kubeconfig=None, context=None).stuck
    assert str(error) == (
        "CiliumBGPPeerConfig k8s: the field manager hybridnet.cluster_edge, of runs of before, has made it, the plan does not"
        " have it, and nobody else has applied it: Flux and Argo CD prune only what they have applied (delete it, and"
        " what uses it loses that at once: kubectl delete ciliumbgppeerconfig k8s. Or let Flux or Argo CD apply the inventory of before first)"
    )


def patched(item: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an object after a JSON Patch (RFC 6902) of ``test`` and ``remove``."""
    result = deepcopy(item)
    for operation in operations:
        *above, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
        value: Any = result
        for part in above:
            value = value[int(part) if isinstance(value, list) else part]
        key = int(last) if isinstance(value, list) else last
        if operation["op"] == "test":
            assert value[key] == operation["value"]
        else:
            del value[key]
    return result


@settings(max_examples=200)
@given(st.data())
def test_whoever_holds_what_the_printed_patch_leaves_all_that_is_planned_or_of_others(data: st.DataObject) -> None:
    """Labels and annotations of a Service, each held by any of us, others, both or nobody."""
    keys = [f"{kind}/{name}" for kind in ("labels", "annotations") for name in ("pool", SHARING_KEY, "a~b")]
    held = data.draw(st.fixed_dictionaries(dict.fromkeys(keys, st.sampled_from(["", "u", "o", "uo"]))))
    wanted = data.draw(st.sets(st.sampled_from(keys)))
    operations = data.draw(st.sampled_from(["Apply", "Update"]))

    def of(who: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for key in (key for key in keys if who in held[key]):
            kind, _slash, name = key.partition("/")
            fields.setdefault(f"f:{kind}", {})[f"f:{name}"] = {}
        return {"f:metadata": fields} if fields else {}

    def map_of(kind: str, names: Any) -> dict[str, str]:
        return {key.partition("/")[2]: "x" for key in sorted(names) if key.startswith(kind)}

    entries = [entry(name, of(who), operations) for who, name in (("o", "helm"), ("u", MANAGER)) if of(who)]
    live = web(*entries)
    live["metadata"].update(labels=map_of("labels", keys), annotations=map_of("annotations", keys))
    planned = {**SERVICE, "labels": map_of("labels", wanted), "annotations": map_of("annotations", wanted)}
    for error in found_in(live, services=[planned]).stuck:
        command = error.hint.partition("give that up: ")[2].partition("]'")[0] + "]'"
        after = patched(live, json.loads(shlex.split(command)[-1]))
        going = {key for key in keys if held[key] == "u" and key not in wanted}
        assert after["metadata"]["labels"] == map_of("labels", set(keys) - going)
        assert after["metadata"]["annotations"] == map_of("annotations", set(keys) - going)
        assert after["spec"] == live["spec"]
        assert [item for item in entries if item["manager"] != MANAGER] == [
            item for item in after["metadata"]["managedFields"] if item["manager"] != MANAGER
        ]
