# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codes 6xx: versions, Helm values, and what Cilium and FRR can do."""

from __future__ import annotations

from ....module_utils._frr import versions as frr
from ..._versions.cilium import OLDEST, text_of
from ..code import ERROR, WARNING, PlanCode

VERSIONS: dict[str, PlanCode] = {
    "EDGE601": PlanCode(
        ERROR,
        "Cilium version not supported",
        f"The objects' schemas and rules are known from {text_of(OLDEST)} on.",
        "platform.edge_cilium_version: 1.15.19 is older than 1.16, the oldest version that is supported (update"
        " Cilium first, one minor version at a time)",
    ),
    "EDGE602": PlanCode(
        WARNING,
        "Cilium version not known yet",
        "Planned with the newest rules that this version knows. From 1.21 on Cilium is to serve only v2 of the kinds"
        " that have it (cilium/cilium#47242); they are planned as v2 from 1.18 on.",
        "platform.edge_cilium_version: 1.21.0 is newer than 1.20, the newest that is known (planned as 1.20)",
    ),
    "EDGE603": PlanCode(
        ERROR,
        "Needs a newer Cilium",
        "The planned version cannot do this.",
        "edge_peerings.public-ingress.listen_port: listening for the router needs Cilium 1.18, and platform has"
        " 1.17.18 (leave it out: nodes dial, or update Cilium)",
    ),
    "EDGE604": PlanCode(
        ERROR,
        "Helm value without effect, or against the plan",
        "The chart ignores values that it does not know in silence, and others would switch off what the plan needs.",
        "platform.edge_cilium_values.bgpControlPlane.enabled: it is false, but the cluster has peerings (remove it)",
    ),
    "EDGE605": PlanCode(
        WARNING,
        "Helm value that the chart ignores",
        "Misspelt, or a left-over of an older version: the chart says nothing, and nothing comes of it.",
        "platform.edge_cilium_values__lan.l2Announcements: no chart known here has it (did you mean l2announcements?)",
    ),
    "EDGE606": PlanCode(
        ERROR,
        "Timings of L2 leases that Cilium replaces",
        "duration must be more than renew, and renew more than 1.2 times retry; else Cilium takes others in silence.",
        "platform.edge_l2_lease: duration is 5 s, which is not more than renew with 5 s: Cilium would take half of"
        " duration for renew (renew: at most 4)",
    ),
    "EDGE607": PlanCode(
        ERROR,
        "BGP identifiers do not suffice",
        "Each BGP instance of a node needs one; without it no session comes up.",
        "platform.edge_cluster_router_ids: 10.255.0.0/30 has 4 identifiers for 6 BGP instances (one per node and"
        " AS) (write a wider range)",
    ),
    "EDGE608": PlanCode(
        ERROR,
        "One object, two contents",
        "Sessions that share a Kubernetes object cannot differ in what it says.",
        "test.edge_peerings.two: CiliumBGPPeerConfig 'lab' is that of test.edge_peerings.lab too (write another"
        " names.peer_config)",
    ),
    "EDGE609": PlanCode(
        WARNING,
        "Known fault of this Cilium version",
        "A later version does not have it, or it is not reported of one. All of them, with the condition and the way"
        " out: [cluster.md](cluster.md#known-faults).",
        "platform.edge_cilium_version: 1.17.18 may give ingress-nginx-public/ingress-nginx-controller another"
        " address when a pool changes or the operator restarts [cilium/cilium#41122, cilium/cilium#41147] (pin their"
        " addresses, or update to Cilium 1.18.2)",
    ),
    "EDGE610": PlanCode(
        ERROR,
        "IPAM does not fit",
        "Cilium hands out pod addresses in one mode; in others, agents would wait or announce nothing.",
        "home.edge_cluster_pod_pools: has no pool 'default', for which agents wait when they start (add default:"
        " the pool of pods that name none)",
    ),
    "EDGE611": PlanCode(
        WARNING,
        "Cluster reports no session states",
        "Verify then sees BGP sessions from the routers' end alone.",
        "platform.edge_cilium_version: 1.16.0 reports no state of BGP sessions (update to Cilium 1.16.2)",
    ),
    "EDGE612": PlanCode(
        ERROR,
        "Two listeners on one port",
        "Each BGP instance of a node opens a port of its own.",
        "test.edge_peerings.two.listen_port: 1790 is the port of test.edge_peerings.lab too, whose nodes have"
        " another AS: each AS of a node listens by itself (write another port)",
    ),
    "EDGE613": PlanCode(
        ERROR,
        "Chart cannot do this",
        "The chart names its Service itself, or has no value for it.",
        "edge_services.ingress-nginx-public/ingress-nginx-controller.ingress_class: 'nginx-public' is the class of"
        " ingress-nginx-private/ingress-nginx-controller too, and its release makes the IngressClass (give each"
        " controller a class of its own)",
    ),
    "EDGE614": PlanCode(
        WARNING,
        "Agents wait for a pod pool of ours",
        "Where a Cilium was before, the pool is made after the new agents run, which never happens. Accept it where the"
        " pool is there.",
        "home.edge_cilium_values.ipam.multiPoolPreAllocation: names 'blue': agents wait for a range of it when"
        " they start, and an upgrade makes it afterwards (leave blue out: a node gets its range when a pod asks for the"
        " pool)",
    ),
    "EDGE615": PlanCode(
        ERROR,
        "FRR version not supported",
        f"What is rendered was loaded by FRR {frr.text_of(frr.OLDEST)} and later ones.",
        "udm-pro.edge_router_frr_version: 7.4.1 is older than 7.5, the oldest version that is supported (update"
        " FRR first)",
    ),
    "EDGE616": PlanCode(
        ERROR,
        "Cilium version that is no release",
        "Helm would take any release of that minor version, upgrade to it, and the run would then find another one than"
        " the planned.",
        "platform.edge_cilium_version: 1.20 is no release of Cilium: each has three numbers,"
        " without leading zeros or a plus sign (write it whole, such as"
        " 1.19.6: the version that runs, or the one to go to)",
    ),
    "EDGE617": PlanCode(
        WARNING,
        "Helm value that the distribution does not bear out",
        "Its nodes are set up otherwise where nobody changed that (docs/cluster.md, Distributions).",
        "platform.edge_cilium_values.k8sServicePort: it is 6443, but the load balancer for the API server on each Talos"
        " node listens on 7445 (remove it, if its port was not changed on every node)",
    ),
    "EDGE618": PlanCode(
        ERROR,
        "Planned, but broken in this Cilium version",
        "The version has it and it does not work there: sessions stay down, or a service gets no such address. All of"
        " them: [cluster.md](cluster.md#known-faults).",
        "platform.edge_cilium_version: 1.17.6 brings up no session with a password, as in peering public-ingress: its"
        " agents fail to set the TCP MD5 option [cilium/cilium#40478, cilium/cilium#40566] (leave the password out, or"
        " update to Cilium 1.17.7)",
    ),
    "EDGE619": PlanCode(
        WARNING,
        "Cilium beside what it does not get along with",
        "No version mends it, and the inventory does not say whether it was mended outside: accept it with the reason"
        " where it was. All of them: [cluster.md](cluster.md#known-faults).",
        "platform.edge_cluster_distribution: Cilium 1.20.2 and servicelb of k3s both write the addresses of"
        " affine/affine-svc-lb and 3 more services, which have no class [cilium/cilium#39805] (start k3s with"
        " --disable=servicelb and accept it at the cluster: edge_accept: {EDGE619: its reason}; a service that this"
        " collection makes may have a class instead)",
    ),
}
