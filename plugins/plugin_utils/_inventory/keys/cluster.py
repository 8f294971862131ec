# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a cluster host."""

from __future__ import annotations

from typing import Any

from ..._findings.report import Report
from ..._kubernetes.labels import LABEL_MANAGED_BY, LABEL_POOL, LABEL_SITE
from ..._versions.cilium import ROUTER_ID_POOL
from ..types import (
    INVALID,
    Anything,
    Asn,
    Boolean,
    Choice,
    Integer,
    Key,
    ListOf,
    MapOf,
    Name,
    Record,
    Schema,
    Seconds,
    Text,
    Tree,
    ValueType,
    describe,
)
from .common import ABSOLUTE_PATH, CIDR, LABEL_KEY, MASK, PATH, VERSION
from .peerings import PEERING
from .pools import POD_POOL, POOL
from .services import SERVICE, SERVICE_NAME
from .sessions import DEFAULTS


class PoolLabel(ValueType):
    """A label key that nobody but the pools gives a meaning."""

    label = LABEL_KEY.label
    argument_type = LABEL_KEY.argument_type

    def parse(self, value: object, path: str, report: Report) -> Any:
        if isinstance(value, str) and value.startswith("io.kubernetes.service."):
            problem = f"{value!r} is what Cilium itself says of each service: it does not look at a label of that name"
        elif value in (LABEL_MANAGED_BY, LABEL_SITE):
            problem = f"{value!r} says to whom a Service belongs"
        else:
            return LABEL_KEY.parse(value, path, report)
        report.add("EDGE103", path, problem, f"take a key of its own, such as {LABEL_POOL}")
        return INVALID

    def schema(self) -> Schema:
        return LABEL_KEY.schema()


class DefaultPool(Text):
    """The name of a pool, or ``none``: YAML reads some spellings of nothing as something else."""

    label = "pool or none"

    def parse(self, value: object, path: str, report: Report) -> Any:
        if not value:
            report.add(
                "EDGE102", path, f"must be the name of a pool or none, not {describe(value)}", "write none, as a word"
            )
            return INVALID
        return super().parse(value, path, report)


L2_LEASE = Record(
    (
        Key(
            "duration",
            Integer(1, 86400, "s"),
            "A lease that is not renewed ends after it.",
            default=15,
            also=("lease_duration",),
        ),
        Key(
            "renew", Integer(1, 86400, "s"), "The holder gives up after it.", default=5, also=("lease_renew_deadline",)
        ),
        Key("retry", Seconds(0.1, 86400), "Time between two tries.", default=2, also=("lease_retry_period",)),
    )
)

CLUSTER_MAPS = (
    Key(
        "edge_bgp_defaults",
        DEFAULTS,
        "Session keys for peerings, neighbors and links that leave them out.",
        layered=True,
    ),
    Key(
        "edge_bgp_passwords",
        MapOf(Name(), Anything()),
        "MD5 passwords by peering, neighbor or link; the plan reads the names only. Each has 1 to 80 characters,"
        " none of them a blank, `!`, `#` or a pipe.",
        layered=True,
    ),
    Key(
        "edge_peerings",
        MapOf(Name(), PEERING),
        "Classes of BGP sessions between routers and nodes.",
        layered=True,
    ),
    Key("edge_pools", MapOf(Name(), POOL), "Named sets of addresses that services draw from.", layered=True),
    Key(
        "edge_services",
        MapOf(SERVICE_NAME, SERVICE),
        "Services of type LoadBalancer, by namespace/name.",
        layered=True,
    ),
)

TAKE_OVER = Record(
    (
        Key(
            "release",
            Text("name@version", r"[a-z0-9][a-z0-9-]*@\S+", "name@version, such as cilium@1.18.2"),
            "The live Helm release that becomes this site's, or that gets a version which cannot simply follow, or"
            " other addresses of pods. Holds"
            " for the change that it is first used for; for another one the refusal prints a word of its own.",
        ),
        Key(
            "unset",
            ListOf(Text("value path")),
            "Its values that Helm may unset, such as encryption.enabled.",
            default=(),
        ),
        Key(
            "services",
            ListOf(
                Text(
                    "namespace/name@address",
                    r"[a-z0-9-]+/[a-z0-9.-]+@[A-Za-z0-9.:%_-]+",
                    "namespace/name@address, such as media/plex@192.0.2.201: the refusal prints it",
                )
            ),
            "Live services that may lose the address which they hold.",
            default=(),
        ),
        Key(
            "objects",
            ListOf(
                Text(
                    "Kind/name@generation-UID",
                    r"[A-Z][A-Za-z0-9]+/[a-z0-9.-]+@[0-9]+-[0-9a-f]{8}",
                    "Kind/name@generation-UID, such as CiliumLoadBalancerIPPool/lb@2-4f1c09ae: the refusal prints it",
                )
            ),
            "Objects of others beside which the run goes on, although they claim what planned ones do; and objects of"
            " this site that left the inventory in use: with sessions that are up, or with CIDRs that nodes hold.",
            default=(),
        ),
    )
)

CLUSTER = (
    Key("edge_cluster_asn", Asn(), "AS number of peerings that set none.", derived="required with such peerings"),
    Key("edge_cluster_kubeconfig", ABSOLUTE_PATH, "kubeconfig of the cluster.", derived="the client's default"),
    Key("edge_cluster_context", Text(), "Context in it.", derived="the current one"),
    Key("edge_cluster_distribution", Choice("talos", "k3s", "kubeadm"), "Base of the Helm values."),
    Key(
        "edge_cluster_managed",
        Boolean(),
        "false: never connected to; the other end is planned against it.",
        default=True,
    ),
    Key(
        "edge_cluster_apply",
        Choice("ours", "others"),
        "others (Flux, Argo CD): a run of ours reads and verifies the cluster, and never writes to it.",
        default="ours",
    ),
    Key("edge_cilium_version", VERSION, "Cilium version that drives the plan.", required=True),
    Key("edge_cilium_values", MapOf(Text(), Tree()), "Helm values, merged over ours.", layered=True),
    Key("edge_cilium_managed", Boolean(), "false: the Helm release is not ours.", default=True),
    Key(
        "edge_cluster_take_over",
        TAKE_OVER,
        "What a run may take over in a cluster that already lives. Void where the live one differs.",
    ),
    Key(
        "edge_cluster_pod_cidrs",
        ListOf(CIDR),
        "Pod ranges. Without them the distribution's or Cilium's own hold.",
        default=(),
    ),
    Key("edge_cluster_service_cidrs", ListOf(CIDR), "Service ranges, for overlap checks.", default=()),
    Key("edge_cluster_external_cidrs", ListOf(CIDR), "Ranges of external IPs, for overlap checks.", default=()),
    Key(
        "edge_default_pool",
        DefaultPool(),
        "Pool of services that name none.",
        derived="the only pool; required from two on",
    ),
    Key("edge_pool_label", PoolLabel(), "Label key by which a service names its pool.", default=LABEL_POOL),
    Key("edge_cluster_pod_mask", MASK, "Length of a node's pod CIDR.", default={}),
    Key("edge_cluster_pod_pools", MapOf(Name(), POD_POOL), "CiliumPodIPPools (IPAM multi-pool).", layered=True),
    Key(
        "edge_cluster_router_ids",
        CIDR,
        "Pool of the nodes' BGP identifiers.",
        derived="Cilium's choice",
        needs=ROUTER_ID_POOL,
    ),
    Key(
        "edge_cluster_manage_labels",
        Boolean(),
        "false: labels of nodes are only used for matching, never written.",
        default=True,
    ),
    Key("edge_l2_lease", L2_LEASE, "Timings of L2 leases; the client rate limit follows from them.", default={}),
    Key(
        "edge_allocation", Choice("cilium", "planned"), "Who gives addresses to services without one.", default="cilium"
    ),
    Key(
        "edge_allocation_file",
        PATH,
        "Where planned addresses are kept, beside the inventory; commit it.",
        default="edge_allocation.yml",
    ),
)
