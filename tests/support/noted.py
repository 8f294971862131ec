# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live objects with UIDs, and what a site noted of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.live_objects import is_ours, place
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.note import Claims


def uid_of(name: str) -> str:
    """Return the UID that a test's object of this ``Kind namespace/name`` has."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def with_uids(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cluster whose objects, services and secrets all have UIDs."""

    def known(kind: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
        return {"uid": uid_of(place({"kind": kind, "metadata": dict(metadata)})), **metadata}

    return {
        **state,
        **{
            part: [{**item, "metadata": known(item["kind"], item["metadata"])} for item in state[part]]
            for part in ("objects", "services")
        },
        "secrets": [known("Secret", item) for item in state["secrets"]],
    }


def live_of(state: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """Return the objects of a cluster, Secrets as such too."""
    return [
        *state["objects"],
        *state["services"],
        *({"kind": "Secret", "metadata": item} for item in state["secrets"]),
    ]


def all_noted(part: str, state: Mapping[str, Any], site: str = "home") -> Claims:
    """Return the claims of a site that noted every object which carries its labels, in a cluster ``with_uids``.

    Of each node it noted the labels that the field manager has.
    """
    made = {item["metadata"]["uid"]: place(item) for item in live_of(state) if is_ours(item["metadata"], site)}
    labels = {f"labels.{name}": " ".join(node["owned"]) for name, node in state["nodes"].items() if node["owned"]}
    noted = {f"noted.{part}": "true", "noted.labels": "true"}
    return Claims(part, site, {**noted, **made, **labels}, "kube-system")


def way_out(part: str, noted: bool = True, secret: bool = False, kubectl: str = "kubectl") -> str:
    """Return how messages say that an object of others becomes the site's.

    Args:
        part: its part.
        noted: whether objects of the part are noted already.
        secret: whether it is a Secret.
        kubectl: how the commands begin.
    """
    forget = f"""'{{"data":{{"noted.{part}":null}}}}'"""
    patch = f" and then {kubectl} -n kube-system patch configmap cluster-edge-home --type=merge -p {forget}"
    command = (
        f"{kubectl} apply --server-side --force-conflicts --field-manager=hybridnet.cluster_edge -f"
        f" FILE{patch if noted else ''}; or delete it once"
    )
    if secret:
        return (
            "to take it over, render with edge_render_secrets into a folder outside of Git, and apply its"
            f" manifests/secrets.yaml in this site's name: {command}: the run makes it anew"
        )
    return (
        "to take it over as it lives, once compare.yml has no difference in the cluster: render, and apply the rendered"
        f" file in this site's name: {command}"
    )


def other_than_planned(*fields: str) -> str:
    """Return the same for one that is not as planned: no command writes the plan over it."""
    return (
        f"it is not as planned ({', '.join(fields)}): to take it over as it lives, let the inventory say what lives there"
        " first; or delete it once"
    )
