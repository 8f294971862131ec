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
  - Lists Cilium's BGP, pool and L2 objects, the services of type C(LoadBalancer) with their EndpointSlices, and the
    leases of L2 announcements, over one connection. Cheap enough to poll.
  - It changes nothing.
author:
  - The hybridnet.cluster_edge authors (@hybridnet)
options:
  kubeconfig:
    description: Path of the kubeconfig. Without it the client's own default applies.
    type: path
  context:
    description: Context in the kubeconfig. Without it the current one.
    type: str
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
attributes:
  check_mode:
    description: It changes nothing, so it runs in check mode as it does elsewhere.
    support: full
  diff_mode:
    description: It changes nothing, so there is no difference to show.
    support: none
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
import json
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    import kubernetes
    from kubernetes.dynamic.client import DynamicClient
    from kubernetes.dynamic.exceptions import DynamicApiError, NotFoundError

    KUBERNETES_ERROR = None
except ImportError:
    KUBERNETES_ERROR = traceback.format_exc()

KINDS = {
    "CiliumBGPAdvertisement": "ciliumbgpadvertisements",
    "CiliumBGPClusterConfig": "ciliumbgpclusterconfigs",
    "CiliumBGPNodeConfig": "ciliumbgpnodeconfigs",
    "CiliumBGPPeerConfig": "ciliumbgppeerconfigs",
    "CiliumL2AnnouncementPolicy": "ciliuml2announcementpolicies",
    "CiliumLoadBalancerIPPool": "ciliumloadbalancerippools",
}
VERSIONS = ("v2", "v2alpha1")
"""Of the group cilium.io, the preferred one first. The kinds moved to v2 at different times."""

LEASE_PREFIX = "cilium-l2announce-"
SERVICE_NAME = "kubernetes.io/service-name"
REQUEST_SECONDS = 15
KEPT = ("spec", "status", "addressType", "endpoints")


class Reader:
    """GET requests against one API server."""

    def __init__(self, kubeconfig, context):
        if kubeconfig or context:
            client = kubernetes.config.new_client_from_config(config_file=kubeconfig, context=context)
        else:
            kubernetes.config.load_config()
            client = kubernetes.client.ApiClient()
        # No discovery: the paths are known, and its cache outlives changes of the custom resource definitions.
        self.client = DynamicClient(client, discoverer=lambda owner, cache_file: None)
        self.date = None

    def get(self, path, label_selector=None):
        """Return the decoded answer, or None where the server has no such thing."""
        try:
            answer = self.client.request(
                "get", path, label_selector=label_selector, serialize=False, _request_timeout=REQUEST_SECONDS
            )
        except NotFoundError:
            return None
        self.date = answer.headers.get("Date") or self.date
        return json.loads(answer.data)

    def items(self, path, label_selector=None):
        """Return the items of a list, cut to what is compared; None where the server has no such list."""
        found = self.get(path, label_selector)
        return None if found is None else [cut(item) for item in found.get("items") or []]


def cut(item):
    """Return an object without what nobody compares: managed fields, annotations, and what else grows."""
    metadata = {key: item["metadata"][key] for key in ("name", "namespace", "labels") if key in item["metadata"]}
    return dict({key: item[key] for key in KEPT if key in item}, metadata=metadata)


def read(reader, params):
    """Return all objects by kind."""
    served = {}
    for version in VERSIONS:
        found = reader.get("/apis/cilium.io/{0}".format(version)) or {}
        for resource in found.get("resources") or []:
            served.setdefault(resource["name"], version)
    resources = {
        kind: reader.items("/apis/cilium.io/{0}/{1}".format(served[plural], plural)) if plural in served else None
        for kind, plural in KINDS.items()
    }
    wanted = set(params["services"])
    services = [
        item
        for item in reader.items("/api/v1/services") or []
        if item["spec"].get("type") == "LoadBalancer" or key(item["metadata"]) in wanted
    ]
    resources["Service"] = services
    resources["EndpointSlice"] = endpoint_slices(reader, services)
    leases = reader.items("/apis/coordination.k8s.io/v1/namespaces/{0}/leases".format(params["namespace"]))
    resources["Lease"] = [item for item in leases or [] if item["metadata"]["name"].startswith(LEASE_PREFIX)]
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
        for item in reader.items("/apis/discovery.k8s.io/v1/endpointslices", selector) or []
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
    where = module.params["kubeconfig"] or "the default kubeconfig"
    try:
        reader = Reader(module.params["kubeconfig"], module.params["context"])
        resources = read(reader, module.params)
    except kubernetes.config.ConfigException as error:
        module.fail_json(msg="{0} cannot be used: {1}".format(where, error))
    except DynamicApiError as error:
        module.fail_json(msg="the API server of {0} refused: {1} {2}".format(where, error.status, error.reason))
    except Exception as error:  # urllib3 is the client's dependency, not ours: its errors are known by their base only
        module.fail_json(msg="the API server of {0} is out of reach: {1}".format(where, error))
    time = email.utils.parsedate_to_datetime(reader.date).isoformat() if reader.date else None
    module.exit_json(changed=False, time=time, resources=resources)


if __name__ == "__main__":
    main()
