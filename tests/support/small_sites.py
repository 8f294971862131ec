# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small inventories of many kinds, each one edit away from a mistake or from another site."""

from __future__ import annotations

from typing import Any

import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import (
    Plan,
    plan,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import (
    inventory_from,
)

SMALL = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24, interfaces: eth0}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.0.1.1, edge_router_asn: 64700}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}}}
"""
"""One router, two nodes, one pool: the site that others are an edit away from."""


DUAL = """
all:
  vars:
    edge_networks: {lan: {cidr: [10.0.1.0/24, "fd00:1::/64"]}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: [203.0.113.0/28, "2001:db8:5::/112"]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {lan: [10.0.1.1, "fd00:1::1"]}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {lan: [10.0.1.11, "fd00:1::11"]}}
        n2: {edge_addresses: {lan: ["fd00:1::12", 10.0.1.12]}}
"""


IPV6_ONLY = """
all:
  vars:
    edge_networks: {lan: {cidr: "fd00:1::/64"}}
    edge_peerings: {k8s: {}}
    edge_pools: {lb: {addresses: "2001:db8:5::10 - 2001:db8:5::1f"}}
    edge_cilium_values: {ipv4: {enabled: false}}
  children:
    edge_routers: {hosts: {gw: {ansible_host: "fd00:1::1", edge_router_asn: 64700, edge_router_id: 10.255.0.1}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: "fd00:1:0:0::11"}, n2: {ansible_host: "FD00:1::12"}}}
"""


SPLIT = """
all:
  vars:
    edge_networks: {four: {cidr: 10.0.1.0/24}, six: {cidr: "fd00:1::/64"}}
    edge_peerings: {p4: {network: four}, p6: {network: six}}
    edge_pools: {lb: {addresses: [203.0.113.0/28, "2001:db8:5::/112"], bgp: [p4, p6]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {four: 10.0.1.1, six: "fd00:1::1"}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {edge_addresses: {four: 10.0.1.11, six: "fd00:1::11"}}}}
"""


TWO_ROUTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24}}
    edge_peerings: {k8s: {ttl_security: true}}
    edge_pools: {lb: {addresses: 203.0.113.0/28}}
  children:
    edge_routers:
      hosts:
        gw1: {ansible_host: 10.0.1.1, edge_router_asn: 64700}
        gw2: {ansible_host: 10.0.1.2, edge_router_asn: 64702}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}}}
"""


TWO_CLUSTERS = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24}}
    edge_peerings: {k8s: {}}
    edge_bgp_passwords: {k8s: null, lab: null}
    edge_cluster_pod_cidrs: 10.244.0.0/16
  children:
    edge_routers: {hosts: {gw: {ansible_host: 10.0.1.1, edge_router_asn: 64700}}}
    edge_clusters:
      hosts:
        prod: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_pools: {lb: {addresses: 203.0.113.0/28}}}
        test:
          edge_cluster_asn: 64702
          edge_cilium_version: "1.18.12"
          edge_peerings: {lab: {timers: {hold: 30}}}
          edge_pools: {lb: {addresses: 203.0.113.16/28}}
    edge_nodes:
      hosts:
        p1: {ansible_host: 10.0.1.11, edge_cluster: prod}
        t1: {ansible_host: 10.0.1.21, edge_cluster: test}
"""


CLASSES = """
all:
  vars:
    edge_networks: {one: {cidr: 10.0.1.0/24}, two: {cidr: 10.0.2.0/24}}
    edge_peerings: {a: {network: one, nodes: edge}, b: {network: two, nodes: "rack in (a,b)"}}
    edge_bgp_passwords: {b: null}
    edge_default_pool: none
    edge_pools: {x: {addresses: 203.0.113.1, bgp: a}, y: {addresses: 203.0.113.2, bgp: [a, b]}}
  children:
    edge_routers: {hosts: {gw: {edge_router_asn: 64700, edge_addresses: {one: 10.0.1.1, two: 10.0.2.1}}}}
    edge_clusters: {hosts: {home: {edge_cluster_asn: 64701, edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes:
      hosts:
        n1: {edge_addresses: {one: 10.0.1.11, two: 10.0.2.11}, edge_node_labels: {edge: "", rack: a}}
        n2: {edge_addresses: {one: 10.0.1.12}, edge_node_labels: {edge: ""}}
        n3: {edge_addresses: {two: 10.0.2.13}, edge_node_labels: {rack: b}}
"""


L2_ONLY = """
all:
  vars:
    edge_networks: {lan: {cidr: 10.0.1.0/24, interfaces: [eth0, "enp*s0.10"]}}
    edge_pools: {lb: {addresses: 10.0.1.224-10.0.1.254, l2: lan}}
    edge_services: {media/plex: {addresses: 10.0.1.230, ports: [{port: 32400}]}}
  children:
    edge_clusters: {hosts: {home: {edge_cilium_version: "1.19.6", edge_cluster_pod_cidrs: [10.244.0.0/16, "fd00:244::/56"]}}}
    edge_nodes: {hosts: {n1: {ansible_host: 10.0.1.11}, n2: {ansible_host: 10.0.1.12}, cp: {}}}
"""


def with_variable(host: str, name: str, value: Any) -> Plan:
    """Return the plan of the small site with one more variable on one host."""
    document = yaml.safe_load(SMALL)
    for group in document["all"]["children"].values():
        if host in group["hosts"]:
            group["hosts"][host][name] = value
    return plan(inventory_from(document))
