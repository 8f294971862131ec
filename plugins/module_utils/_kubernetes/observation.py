# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification compares with the plan: module ``cilium_info``."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from .api import METADATA_ONLY, ClusterApi, server_time
from .cilium_kinds import ASKED_ADDRESSES, LEASE_PREFIX, PLURALS, RANGES_POLICY, READ_ONLY_PLURALS
from .connection import OPTIONS
from .pods import allowed_items, is_ready
from .state import carries, read_config_map

ARGUMENTS: Dict[str, Any] = {
    **OPTIONS,
    "namespace": {"type": "str", "default": "kube-system"},
    "services": {"type": "list", "elements": "str", "default": []},
    "config_map": {"type": "str"},
    "agents": {"type": "bool", "default": False},
    "owned_by": {"type": "str"},
    "secrets_namespace": {"type": "str", "no_log": False},
}

KINDS = dict(sorted({**PLURALS, **READ_ONLY_PLURALS}.items()))
VERSIONS = ("v2", "v2alpha1")
"""Of the group cilium.io, the preferred one first. The kinds moved to v2 at different times."""

AGENTS = "k8s-app=cilium"
"""Label of the agents' pods: the selector of the chart's DaemonSet, which no Helm value changes."""
OPERATORS = "io.cilium/app=operator"
"""Label of the operators' pods, likewise."""
SERVICE_NAME = "kubernetes.io/service-name"
LONGEST_SELECTOR = 4000
"""Letters of a label selector in a URL: many proxies take a request line of 8 KB."""
KEPT = ("spec", "status", "addressType", "endpoints")
KEPT_ANNOTATIONS = (RANGES_POLICY, *ASKED_ADDRESSES)
KEPT_METADATA = ("name", "namespace", "labels", "uid", "deletionTimestamp", "finalizers")


def cut(item: Mapping[str, Any]) -> Dict[str, Any]:
    """Return an object without what nobody compares: managed fields, most annotations, and what else grows."""
    metadata = {key: item["metadata"][key] for key in KEPT_METADATA if key in item["metadata"]}
    annotations = item["metadata"].get("annotations") or {}
    kept = {key: annotations[key] for key in KEPT_ANNOTATIONS if key in annotations}
    if kept:
        metadata["annotations"] = kept
    return dict({key: item[key] for key in KEPT if key in item}, metadata=metadata)


def external_addresses(item: Mapping[str, Any]) -> Dict[str, Any]:
    """Return a Service that is compared with nothing but the plan's addresses: its name and its ``externalIPs``."""
    metadata = {part: item["metadata"][part] for part in ("name", "namespace")}
    spec = {part: item["spec"][part] for part in ("type", "externalIPs") if part in item["spec"]}
    return {"metadata": metadata, "spec": spec}


def cut_items(api: ClusterApi, path: str, selector: Optional[str] = None) -> List[Dict[str, Any]]:
    """Return the items of a list, cut to what is compared."""
    return [cut(item) for item in api.items(path, selector=selector)]


def read_resources(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return all objects by kind."""
    served: Dict[str, str] = {}
    for version in VERSIONS:
        found = api.get("/apis/cilium.io/{0}".format(version)) or {}
        for resource in found.get("resources") or []:
            served.setdefault(resource["name"], version)
    resources: Dict[str, Any] = {
        kind: cut_items(api, "/apis/cilium.io/{0}/{1}".format(served[plural], plural)) if plural in served else None
        for kind, plural in KINDS.items()
    }
    wanted = set(params["services"])
    services: List[Dict[str, Any]] = []
    others: List[Dict[str, Any]] = []
    for item in cut_items(api, "/api/v1/services"):
        asked = key(item["metadata"]) in wanted or carries(item, params.get("owned_by"))
        if item["spec"].get("type") == "LoadBalancer" or asked:
            services.append(item)
        elif item["spec"].get("externalIPs"):
            others.append(external_addresses(item))
    resources["Service"] = services + others
    resources["EndpointSlice"] = endpoint_slices(api, services)
    leases = api.items("/apis/coordination.k8s.io/v1/namespaces/{0}/leases".format(params["namespace"]))
    resources["Lease"] = [
        dict(cut(item), renewed=renewed(item)) for item in leases if item["metadata"]["name"].startswith(LEASE_PREFIX)
    ]
    secrets = read_secrets(api, params)
    if secrets is not None:
        resources["Secret"] = secrets
    return resources


def read_secrets(api: ClusterApi, params: Mapping[str, Any]) -> Optional[List[Dict[str, Any]]]:
    """Return the metadata of a site's Secrets, never what they hold; None where nobody asks or the account may not."""
    namespace, selector = params.get("secrets_namespace"), params.get("owned_by")
    if not namespace or not selector:
        return None
    found = allowed_items(api, "/api/v1/namespaces/{0}/secrets".format(namespace), selector, METADATA_ONLY)
    return None if found is None else [{"metadata": cut(item)["metadata"]} for item in found]


def renewed(lease: Mapping[str, Any]) -> Optional[str]:
    """Return when a lease was last renewed, by the API server's clock; None where the server does not say.

    ``renewTime`` is what the holder's clock says, which may be slow or fast. The server notes itself when it wrote a
    value (``metadata.managedFields``, in UTC and in seconds, so that the last is the greatest).
    """
    times = [
        entry["time"]
        for entry in lease["metadata"].get("managedFields") or []
        if "time" in entry and "f:renewTime" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    return max(times, default=None)


def read_cilium(api: ClusterApi, params: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the whole answer: all objects by kind, the namespace of Cilium's release, and the API server's clock."""
    resources = read_resources(api, params)
    now = server_time(api.date)
    noted = read_config_map(api, params["config_map"]) if params["config_map"] else {}
    pods = read_pods(api, params["namespace"]) if params["agents"] else {}
    return {
        "time": now.isoformat() if now else None,
        "namespace": params["namespace"],
        "resources": resources,
        "noted": noted,
        **pods,
    }


def read_pods(api: ClusterApi, namespace: str) -> Dict[str, Any]:
    """Return by node whether its agent is ready, and whether an operator is; None where that is not known.

    Nothing is said of an operator where there is neither: Cilium runs in another namespace, or has other labels.
    """
    agents = read_agents(api, namespace)
    if agents is None:
        return {"agents": None, "operator": None}
    operators = api.items("/api/v1/namespaces/{0}/pods".format(namespace), selector=OPERATORS)
    return {"agents": agents, "operator": any(map(is_ready, operators)) if agents or operators else None}


def read_agents(api: ClusterApi, namespace: str) -> Optional[Dict[str, bool]]:
    """Return by node whether Cilium's agent there is ready; None where the account may not list pods."""
    pods = allowed_items(api, "/api/v1/namespaces/{0}/pods".format(namespace), AGENTS)
    if pods is None:
        return None
    found: Dict[str, bool] = {}
    for pod in pods:
        node = pod["spec"].get("nodeName")
        if node:
            found[node] = found.get(node, False) or is_ready(pod)
    return found


def endpoint_slices(api: ClusterApi, services: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """Return the slices of ``services``. One request: slices name their service by a label.

    Those of all services where the names would make a URL that a proxy may refuse.
    """
    names = sorted({item["metadata"]["name"] for item in services})
    if not names:
        return []
    selector = "{0} in ({1})".format(SERVICE_NAME, ",".join(names))
    wanted = {key(item["metadata"]) for item in services}
    selects = selector if len(selector) <= LONGEST_SELECTOR else None
    found = cut_items(api, "/apis/discovery.k8s.io/v1/endpointslices", selects)
    return [item for item in found if service_of(item["metadata"]) in wanted]


def service_of(metadata: Mapping[str, Any]) -> str:
    """Return the Service of an EndpointSlice as ``namespace/name``; without a name where it is of none."""
    return "{0}/{1}".format(metadata["namespace"], (metadata.get("labels") or {}).get(SERVICE_NAME) or "")


def key(metadata: Mapping[str, Any]) -> str:
    """Return ``namespace/name``."""
    return "{0}/{1}".format(metadata["namespace"], metadata["name"])
