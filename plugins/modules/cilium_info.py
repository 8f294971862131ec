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
    description: Services to return whole whatever their type is, each as V(namespace/name).
    type: list
    elements: str
    default: []
  config_map:
    description: ConfigMap in which a site notes what it made, as V(namespace/name).
    type: str
  agents:
    description:
      - Also read whether Cilium's agents and its operator are ready. It takes the right to list pods in O(namespace).
    type: bool
    default: false
    version_added: 0.1.0
  owned_by:
    description:
      - A label selector that names values, as V(key=value,key=value). Services that it selects are returned whole
        whatever their type is.
    type: str
    version_added: 0.1.0
  secrets_namespace:
    description:
      - Also list the names and labels of the Secrets there that O(owned_by) selects, never what they hold. It takes the
        right to list Secrets in this namespace.
    type: str
    version_added: 0.1.0
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
  description: The API server's clock, in RFC 3339 form; C(renewed) of leases is compared with it.
  type: str
  returned: success
  sample: "2026-11-23T18:00:00+00:00"
namespace:
  description: O(namespace), in which the agents and the leases were looked for.
  type: str
  returned: success
  sample: kube-system
resources:
  description:
    - Objects by kind, each with C(metadata) (name, namespace, labels, uid), C(spec) and C(status), or C(addressType)
      and C(endpoints).
    - A kind that the API does not serve is null.
    - Of Services those of type LoadBalancer, O(services) and what O(owned_by) selects, and of others with
      C(externalIPs) the name, C(type) and C(externalIPs).
    - Of Secrets C(metadata) alone. The kind is absent where O(secrets_namespace) is, or where the account may not list
      them.
    - Leases have C(renewed) beside, when they were last renewed by the API server's clock; null where it does not say.
  type: dict
  returned: success
noted:
  description: Data of O(config_map); empty where there is none.
  type: dict
  returned: success
agents:
  description: By node, whether Cilium's agent there is ready; null where the account may not list pods.
  type: dict
  returned: with O(agents)
operator:
  description: Whether an operator of Cilium is ready; null where the account may not list pods, and without agents.
  type: bool
  returned: with O(agents)
"""

from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.module import run_reader
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._kubernetes.observation import (
    ARGUMENTS,
    read_cilium,
)


def main():
    run_reader(ARGUMENTS, read_cilium)


if __name__ == "__main__":
    main()
