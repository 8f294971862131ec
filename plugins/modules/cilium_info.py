#!/usr/bin/python
# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cilium_info
short_description: Read what Cilium and Kubernetes report about the cluster's network edge
version_added: 0.1.0
description:
  - Lists Cilium's BGP, pool, L2 and node objects, the services of type C(LoadBalancer) with their EndpointSlices, and
    the leases of L2 announcements, over one connection. Cheap enough to poll.
  - It changes nothing.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  namespace:
    description: The namespace that Cilium runs in; its L2 leases stand there.
    type: str
    default: kube-system
  services:
    description: Services to return whatever their type is, each as V(namespace/name).
    type: list
    elements: str
    default: []
requirements:
  - kubernetes
extends_documentation_fragment:
  - hybridnet.cluster_edge.cluster
  - hybridnet.cluster_edge.reader
"""

EXAMPLES = r"""
- name: Read the cluster's edge
  hybridnet.cluster_edge.cilium_info:
    kubeconfig: ~/.kube/config
  register: cluster

- name: Show each service's addresses
  ansible.builtin.debug:
    msg: "{{ cluster.resources.Service | map(attribute='status.loadBalancer') }}"
"""

RETURN = r"""
time:
  description: The API server's clock, in RFC 3339 form; leases are compared with it.
  type: str
  returned: success
  sample: "2026-11-23T18:00:00+00:00"
resources:
  description:
    - Objects by kind, each with C(metadata) (name, namespace, labels), C(spec) and C(status), or C(addressType) and
      C(endpoints).
    - A kind that the API does not serve is null.
  type: dict
  returned: success
"""

import email.utils

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.cilium_kinds import (
    PLURALS,
    READ_ONLY_PLURALS,
)
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.reader import (
    KUBERNETES_ERROR,
    ClusterReader,
    ClusterReadError,
)

KINDS = dict(sorted({**PLURALS, **READ_ONLY_PLURALS}.items()))
VERSIONS = ("v2", "v2alpha1")
"""Of the group cilium.io, the preferred one first. The kinds moved to v2 at different times."""

LEASE_PREFIX = "cilium-l2announce-"
SERVICE_NAME = "kubernetes.io/service-name"
KEPT = ("spec", "status", "addressType", "endpoints")


def cut(item):
    """Return an object without what nobody compares: managed fields, annotations, and what else grows."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "labels") if key in item["metadata"]}
    return dict({key: item[key] for key in KEPT if key in item}, metadata=metadata)


def cut_items(reader, path, selector=None):
    """Return the items of a list, cut to what is compared."""
    return [cut(item) for item in reader.items(path, selector=selector)]


def read(reader, params):
    """Return all objects by kind."""
    served = {}
    for version in VERSIONS:
        found = reader.get("/apis/cilium.io/{0}".format(version)) or {}
        for resource in found.get("resources") or []:
            served.setdefault(resource["name"], version)
    resources = {
        kind: cut_items(reader, "/apis/cilium.io/{0}/{1}".format(served[plural], plural)) if plural in served else None
        for kind, plural in KINDS.items()
    }
    wanted = set(params["services"])
    services = [
        item
        for item in cut_items(reader, "/api/v1/services")
        if item["spec"].get("type") == "LoadBalancer" or key(item["metadata"]) in wanted
    ]
    resources["Service"] = services
    resources["EndpointSlice"] = endpoint_slices(reader, services)
    leases = cut_items(reader, "/apis/coordination.k8s.io/v1/namespaces/{0}/leases".format(params["namespace"]))
    resources["Lease"] = [item for item in leases if item["metadata"]["name"].startswith(LEASE_PREFIX)]
    return resources


def endpoint_slices(reader, services):
    """Return the slices of ``services``. One request: slices name their service by a label."""
    names = sorted({item["metadata"]["name"] for item in services})
    if not names:
        return []
    selector = "{0} in ({1})".format(SERVICE_NAME, ",".join(names))
    wanted = {key(item["metadata"]) for item in services}
    return [
        item
        for item in cut_items(reader, "/apis/discovery.k8s.io/v1/endpointslices", selector)
        if "{0}/{1}".format(item["metadata"]["namespace"], item["metadata"]["labels"][SERVICE_NAME]) in wanted
    ]


def key(metadata):
    """Return ``namespace/name``."""
    return "{0}/{1}".format(metadata["namespace"], metadata["name"])


def main():
    module = AnsibleModule(
        argument_spec={
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
            "namespace": {"type": "str", "default": "kube-system"},
            "services": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    if KUBERNETES_ERROR:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=KUBERNETES_ERROR)
    try:
        reader = ClusterReader(module.params["kubeconfig"], module.params["context"])
        resources = read(reader, module.params)
    except ClusterReadError as error:
        module.fail_json(msg=str(error))
    time = email.utils.parsedate_to_datetime(reader.date).isoformat() if reader.date else None
    module.exit_json(changed=False, time=time, resources=resources)


if __name__ == "__main__":
    main()
