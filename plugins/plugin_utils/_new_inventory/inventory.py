# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a first inventory, and its plan: answers that do not fit together are found before one is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from .._addressing.addresses import Address, address_text, parse_pool_entry
from .._findings.code import ERROR
from .._findings.finding import Finding
from .._inventory.parse import Inventory
from .._plan.plan import plan
from .questions import (
    CILIUM,
    CLUSTER_ASN,
    CLUSTER_HOST,
    DISTRIBUTION,
    FOLDER,
    GATEWAY,
    INTERFACES,
    NETWORK,
    NO_ROUTER,
    NODES,
    OTHER_DISTRIBUTION,
    POOL,
    ROUTER,
    ROUTER_ASN,
    ROUTER_HOST,
    UNIFI,
    Answers,
    Question,
    Wrong,
    read_answers,
)

HOSTS = "hosts.yml"
VARIABLES = "group_vars/all/edge.yml"

QUESTION_OF = (
    (r"edge_site_name", FOLDER),
    (r"edge_networks\.\w+\.interfaces", INTERFACES),
    (r"edge_networks\b", NETWORK),
    (r"edge_pools\b", POOL),
    (r"edge_cilium_version", CILIUM),
    (r"edge_cluster_distribution", DISTRIBUTION),
    (r"edge_cluster_asn", CLUSTER_ASN),
    (r"edge_router_asn", ROUTER_ASN),
    (r"edge_router_platform", ROUTER),
)
"""Pattern in a finding's path -> the question whose answer stands there; the first that fits."""


POD_CODES = ("EDGE409", "EDGE424", "EDGE429")
"""Findings of addresses that pods would have too."""
POD_CIDRS = ("10.244.0.0/16", "172.20.0.0/16", "10.42.0.0/16")
"""Pod ranges, the first of which that meets nothing is written where the default one would."""

SMALLEST_NETWORK = 8
"""Addresses of the smallest pool of which some are kept for a UniFi network: a /29 has five left then."""

HINTS = {"EDGE403": "take addresses that no host has"}
"""Code -> the way out in an answer, where the plan's hint is a key that has no question."""


@dataclass(frozen=True, slots=True)
class NewInventory:
    """What the answers come to."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Path below the folder -> text; nothing where an answer is wrong."""
    wrong: tuple[Wrong, ...] = ()
    warnings: tuple[Finding, ...] = ()
    """Of the plan; the inventory plans all the same."""


def new_inventory(given: Mapping[str, object], schema: str) -> NewInventory:
    """Return the files that the answers come to, or what is wrong with them.

    Args:
        given: question's name -> answer.
        schema: where an editor finds the JSON Schema of inventory files.
    """
    answers, wrong = read_answers(given)
    if answers is None:
        return NewInventory(wrong=tuple(wrong))
    files = {HOSTS: hosts_text(answers), VARIABLES: variables_text(answers, schema)}
    findings = plan(read_files(files)).findings
    for pods in POD_CIDRS if _meets_pods(findings) else ():
        other = {**files, HOSTS: hosts_text(answers, pods)}
        found = plan(read_files(other)).findings
        if not _meets_pods(found):
            files, findings = other, found
            break
    errors = [finding for finding in findings if finding.severity == ERROR]
    if errors:
        return NewInventory(wrong=tuple(_wrong(finding, answers) for finding in errors))
    return NewInventory(files=files, warnings=findings)


def _meets_pods(findings: Iterable[Finding]) -> bool:
    """Return whether addresses of the answers are those of pods."""
    return any(finding.code in POD_CODES for finding in findings)


def read_files(files: Mapping[str, str]) -> Inventory:
    """Return the files as the plan takes an inventory."""
    groups = yaml.safe_load(files[HOSTS])["all"]["children"]
    shared = yaml.safe_load(files[VARIABLES])
    members = {name: body["hosts"] for name, body in groups.items()}
    variables: dict[str, dict[str, Any]] = {
        host: {**shared, **{name: value for name, value in own.items() if name.startswith(("edge_", "ansible_host"))}}
        for hosts in members.values()
        for host, own in hosts.items()
    }
    return Inventory(
        routers=tuple(members.get("edge_routers", ())),
        clusters=tuple(members["edge_clusters"]),
        nodes=tuple(members["edge_nodes"]),
        variables=variables,
    )


def question_of(path: str, nodes: Collection[str]) -> Question | None:
    """Return the question whose answer stands at a path of the inventory; None where several may.

    A path begins with a host, if it is of one. Hosts have dots in their names too, so the longest that fits is meant.
    """
    hosts = [host for host in (*nodes, ROUTER_HOST, CLUSTER_HOST) if f"{path}.".startswith(f"{host}.")]
    host = max(hosts, key=len, default="")
    if host in nodes:
        return NODES
    for pattern, question in QUESTION_OF:
        if re.search(pattern, path):
            return question
    return GATEWAY if host == ROUTER_HOST else None


def _wrong(finding: Finding, answers: Answers) -> Wrong:
    question = question_of(finding.path, answers.nodes)
    problem = finding.problem if question else f"{finding.path}: {finding.problem}"
    return Wrong(question, f"{problem} [{finding.code}]", HINTS.get(finding.code, finding.hint))


def hosts_text(answers: Answers, pods: str = "") -> str:
    """Return the file of the hosts; ``pods`` is the pod range, where it is not to be Cilium's or the distribution's."""
    router = _router_text(answers, answers.gateway) if answers.gateway is not None else ""
    distribution = (
        "          # edge_cluster_distribution: talos    # or k3s, kubeadm: what Helm values Cilium needs there\n"
        if answers.distribution == OTHER_DISTRIBUTION
        else f"          edge_cluster_distribution: {answers.distribution}\n"
    )
    distribution += _pods_text(pods)
    asn = (
        "" if answers.router == NO_ROUTER else f"          edge_cluster_asn: {_scalar(_number(answers.cluster_asn))}\n"
    )
    nodes = "".join(
        f"        {_scalar(name)}:\n          ansible_host: {address.text}\n" for name, address in answers.nodes.items()
    )
    return f"""---
# The hosts of this site. To add a node is to add a host. Every key: docs/reference/inventory.md of the collection.
all:
  children:
{router}    edge_clusters:
      hosts:
        # The run talks to the API of the cluster from this machine, never to a host of this name.
        {CLUSTER_HOST}:
{asn}{distribution}          # Cilium gets this version and the planned values: `site --check --diff` shows them.
          edge_cilium_version: {_quoted(answers.cilium)}
          # edge_cilium_managed: false          # somebody else installs Cilium: Flux, Argo CD, the distribution
          # edge_cluster_kubeconfig: ~/.kube/config
          # edge_cluster_context: admin@home
    edge_nodes:
      hosts:
        # Nobody logs in to them. Names as in `kubectl get nodes`; addresses are the ends of BGP sessions.
{nodes}"""


def _pods_text(pods: str) -> str:
    if not pods:
        return ""
    return (
        "          # By default pods would get addresses of the network, or of the pool. Where Cilium runs already,\n"
        "          # what its nodes have belongs here (kubectl get ciliumnodes -o yaml, spec.ipam): a range in use\n"
        "          # must stay, and the first run says how to consent to a list that has less than the live one.\n"
        f"          edge_cluster_pod_cidrs: {pods}\n"
    )


def _router_text(answers: Answers, gateway: Address) -> str:
    return f"""    edge_routers:
      hosts:
        {ROUTER_HOST}:
          # Reached over SSH at this address, as this user.
          ansible_host: {gateway.text}
          ansible_user: root
          edge_router_platform: {answers.router}
          # Numbers from 64512 to 65534 are private: any two that nobody else here uses.
          edge_router_asn: {_scalar(_number(answers.router_asn))}
"""


def variables_text(answers: Answers, schema: str) -> str:
    """Return the file of what all hosts share."""
    interfaces = f"    interfaces: {_list(answers.interfaces)}\n" if answers.interfaces else ""
    addresses = f"    addresses: {_list(answers.pool)}\n"
    exclude = "    # exclude: ADDRESS             # addresses of the range that no service gets\n"
    if answers.router == NO_ROUTER:
        peerings = ""
        pool = f"""# Services of type LoadBalancer get their addresses here. One node at a time answers ARP for each.
edge_pools:
  services:
{addresses}    l2: nodes
"""
    else:
        peerings = """
# A class of BGP sessions: all nodes with the router, which takes the addresses of its pools and nothing else.
edge_peerings:
  nodes: {}
  # nodes: {nodes: public=true, timers: {hold: 30}}     # only nodes with this label; seconds

# The sessions' MD5 password; keep it in a file of its own, encrypted by ansible-vault:
# edge_bgp_passwords: {nodes: ...}
"""
        pool = f"""# Services of type LoadBalancer get their addresses here; the nodes announce them over the peering.
edge_pools:
  services:
{addresses}"""
        exclude = _exclude_text(answers) or exclude
    return f"""# yaml-language-server: $schema={schema}
---
# Names all that the run makes in the cluster: only objects with this label are ever removed.
edge_site_name: {_scalar(site_name(answers.folder))}

edge_networks:
  nodes:
    cidr: {answers.network.text}
{interfaces}    # dhcp: FIRST-LAST            # what the DHCP server hands out there; no pool may hold it
{peerings}
{pool}{exclude}
# Services may be planned too; without an address they get one from the pool.
# edge_services:
#   web/ingress: {{addresses: ADDRESS}}                                                # another one makes it
#   games/minecraft: {{ports: [{{port: 25565}}], selector: {{app: minecraft}}}}           # we make it
"""


def _exclude_text(answers: Answers) -> str:
    """Return the line that keeps a UniFi network's own addresses out of the pool; empty where there is none.

    A pool behind a UniFi gateway is given a network of its own there, of the same CIDR. The gateway has the address of
    its first host. Linux takes what is sent to a network's last address for itself, and before 5.14 to its first too.
    """
    taken: list[str] = []
    for entry in map(parse_pool_entry, answers.pool, answers.pool):
        first, last = entry.interval.first, entry.interval.last
        if answers.router == UNIFI and entry.is_cidr and entry.interval.size >= SMALLEST_NETWORK:
            taken += [f"{address_text(entry.interval.family, first)}/31", address_text(entry.interval.family, last)]
    if not taken:
        return ""
    why = "what UniFi has of a network made there for these addresses: the gateway's, and the first and last one"
    return f"    # {why}\n    exclude: {_list(tuple(taken))}\n"


def site_name(folder: str) -> str:
    """Return the site's name out of its folder's: lower-case letters, digits and dashes, at most 40.

    No name ends in ``-v6``: ``home-v6`` becomes ``home-ipv6``.
    """
    last = re.split(r"[/\\]", folder.rstrip("/\\"))[-1]
    name = re.sub(r"[^a-z0-9]+", "-", last.lower()).strip("-")[:40].rstrip("-") or "site"
    return f"{name[:-3][:35].rstrip('-')}-ipv6" if name.endswith("-v6") else name


def _number(text: str) -> int | str:
    """Return digits as a number, which is how an AS number is written; the plan tells what is wrong with other text."""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else text


def _scalar(value: object) -> str:
    """Return a value as YAML in one line, quoted where it must be."""
    text: str = yaml.safe_dump(value, width=1000, allow_unicode=True).removesuffix("\n...\n").strip()
    return text


def _quoted(text: str) -> str:
    """Return text in quotes: a version that looks like a number stays what it is."""
    quoted: str = yaml.safe_dump(text, default_style='"', width=1000).strip()
    return quoted


def _list(items: tuple[str, ...]) -> str:
    """Return one item as it is, several as a list in one line."""
    text: str = yaml.safe_dump(items[0] if len(items) == 1 else list(items), default_flow_style=True, width=1000)
    return text.removesuffix("\n...\n").strip()
