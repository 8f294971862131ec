# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions of playbooks/new.yml, and their answers as values; a wrong answer is reported under its question."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ...module_utils._errors import EdgeError, message
from .._addressing.addresses import Address, Cidr, parse_address, parse_pool_entry, parse_segment
from .._findings.wording import did_you_mean, one_of
from .._versions.cilium import NEWEST_RELEASE

T = TypeVar("T")

PREFIX = "edge_new_"
"""What the variables of all answers begin with: ``edge_new_network``."""
NO_ROUTER = "none"
OTHER_DISTRIBUTION = "other"
ROUTER_HOST = "router"
CLUSTER_HOST = "cluster"
"""Host names that the written inventory gives; a node may have neither."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question."""

    name: str
    """Its variable, without the prefix."""
    title: str
    """What is asked for; errors name it."""
    help: str = ""
    """What an answer looks like."""
    default: str = ""
    """The answer of those who give none; empty: there must be one, unless the help says what no answer means."""
    asked: bool = True
    """Whether playbooks/new.yml asks it; else it is only taken from ``-e``."""

    @property
    def variable(self) -> str:
        """Return the variable that holds its answer."""
        return PREFIX + self.name

    @property
    def prompt(self) -> str:
        """Return how it is asked."""
        return f"{self.title} ({self.help})" if self.help else self.title


FOLDER = Question("folder", "Folder to write the inventory into", default="my-site")
ROUTER = Question(
    "router", "Router that speaks BGP with the nodes", "unifi, linux, or none: the nodes answer ARP themselves", "unifi"
)
DISTRIBUTION = Question("distribution", "Kubernetes distribution", "talos, k3s, kubeadm or other", "other")
CILIUM = Question("cilium", "Version of Cilium", "whole; the one that runs, or the one to install", NEWEST_RELEASE)
NETWORK = Question("network", "Network of the nodes", "such as 192.168.10.0/24")
GATEWAY = Question("gateway", "Address of the router in that network", "nothing: the network's first one")
NODES = Question("nodes", "Nodes", "NAME=ADDRESS, separated by commas")
POOL = Question("pool", "Addresses for services", "such as 192.168.20.0/24, or 192.168.10.200-192.168.10.219")
INTERFACES = Question(
    "interfaces", "Interface of the nodes in that network", "only without a router; such as eth0 or enp*"
)
ROUTER_ASN = Question("router_asn", "AS number of the router", default="64512", asked=False)
CLUSTER_ASN = Question("cluster_asn", "AS number of the nodes", default="64513", asked=False)

QUESTIONS = (FOLDER, ROUTER, DISTRIBUTION, CILIUM, NETWORK, GATEWAY, NODES, POOL, INTERFACES, ROUTER_ASN, CLUSTER_ASN)
"""In the order in which they are asked."""

IPV6_HINT = "the inventories in docs/situations/ipv6-only.md and docs/situations/dual-stack.md are a start"
UNIFI = "unifi"
ROUTERS = (UNIFI, "linux", NO_ROUTER)
DISTRIBUTIONS = ("talos", "k3s", "kubeadm", OTHER_DISTRIBUTION)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an answer, and the way out."""

    question: Question | None
    """None: the answers do not fit each other in a way that no single question stands for."""
    problem: str
    hint: str | None = None

    @property
    def text(self) -> str:
        """Return it in one line, which begins with what was asked, and its variable."""
        if self.question is None:
            return message("", self.problem, self.hint)
        return message(f"{self.question.title} ({self.question.variable})", self.problem, self.hint)


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, each readable; whether they fit together is for the plan to say."""

    folder: str
    router: str
    """The router's platform, or :data:`NO_ROUTER`."""
    distribution: str
    """One of the inventory's, or :data:`OTHER_DISTRIBUTION`."""
    cilium: str
    network: Cidr
    gateway: Address | None
    """The router's address; None where there is no router."""
    nodes: Mapping[str, Address]
    pool: tuple[str, ...]
    interfaces: tuple[str, ...]
    router_asn: str
    cluster_asn: str


class _Reader:
    """Reads one answer after the other and keeps what is wrong with them."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self.texts = {question.name: _text(given.get(question.name)) or question.default for question in QUESTIONS}
        self.wrong: list[Wrong] = []

    def read(self, question: Question, read: Callable[[str], T]) -> T | None:
        """Return an answer as ``read`` makes it; None for a wrong one."""
        try:
            return read(self.texts[question.name])
        except EdgeError as error:
            self.wrong.append(Wrong(question, error.problem, error.hint))
            return None


def read_answers(given: Mapping[str, object]) -> tuple[Answers | None, list[Wrong]]:
    """Read all answers.

    Args:
        given: question's name -> answer. Text; numbers and None, which YAML and a prompt make, are taken as text.

    Returns:
        The answers, or None and everything that is wrong with them, in the order of the questions.
    """
    reader = _Reader(given)
    folder = reader.read(FOLDER, _needed)
    router = reader.read(ROUTER, lambda text: _choice(text, ROUTERS))
    distribution = reader.read(DISTRIBUTION, lambda text: _choice(text, DISTRIBUTIONS))
    cilium = reader.read(CILIUM, _version)
    network = reader.read(NETWORK, _network)
    gateway = None if router == NO_ROUTER else reader.read(GATEWAY, lambda text: _gateway(text, network))
    nodes = reader.read(NODES, lambda text: _nodes(text, network, gateway))
    pool = reader.read(POOL, _pool)
    interfaces = reader.read(INTERFACES, lambda text: _interfaces(text, router))
    router_asn = reader.read(ROUTER_ASN, _needed)
    cluster_asn = reader.read(CLUSTER_ASN, _needed)
    # A wrong answer is None; the checker wants to see each of them.
    if (
        not reader.wrong
        and folder is not None
        and router is not None
        and distribution is not None
        and cilium is not None
        and network is not None
        and nodes is not None
        and pool is not None
        and interfaces is not None
        and router_asn is not None
        and cluster_asn is not None
    ):
        return Answers(
            folder, router, distribution, cilium, network, gateway, nodes, pool, interfaces, router_asn, cluster_asn
        ), []
    return None, reader.wrong


def command_line(given: Mapping[str, object], wrong: Collection[Question | None]) -> str:
    """Return the command that gives all answers but the wrong ones, so that only those are asked again."""
    words = ["ansible-playbook", "hybridnet.cluster_edge.new"]
    for question in QUESTIONS:
        text = _text(given.get(question.name))
        if text and text != question.default and question not in wrong:
            # Ansible splits -e at spaces, but leaves a quoted value whole.
            value = (
                json.dumps({question.variable: text})
                if re.search(r"[\s'\"{}\\\\]", text)
                else f"{question.variable}={text}"
            )
            words += ["-e", value]
    return shlex.join(words)


def _text(answer: object) -> str:
    """Return an answer as text, nothing for none; a list or map, as ``-e`` in JSON may have it, with commas."""
    if answer is None:
        return ""
    if isinstance(answer, Mapping):
        return ",".join(f"{name}={value}" for name, value in answer.items())
    if isinstance(answer, (list, tuple)):
        return ",".join(map(str, answer))
    return str(answer).strip()


def _needed(text: str) -> str:
    if not text:
        raise EdgeError("", "there is no answer", "it needs one")
    return text


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text.lower() not in choices:
        hint = did_you_mean(text.lower(), choices)
        raise EdgeError("", f"{text!r} is not {one_of(choices)}", hint or "answer with one of these words")
    return text.lower()


def _version(text: str) -> str:
    if re.fullmatch(r"v?[0-9]+(\.[0-9]+)?", _needed(text)):
        raise EdgeError("", f"{text} is not whole", f"Helm needs all three numbers, such as {NEWEST_RELEASE}")
    return text.removeprefix("v")


def _network(text: str) -> Cidr:
    network = parse_segment(_needed(text), "")
    if network.family == 6:
        raise EdgeError(
            "",
            f"{network.text} is IPv6, and these questions are about IPv4",
            IPV6_HINT,
        )
    if network.interval.size < 4:
        raise EdgeError(
            "", f"{network.text} has no room for a router and a node", "a network of nodes has at most 30 bits"
        )
    return network


def _gateway(text: str, network: Cidr | None) -> Address | None:
    """Return the router's address; None where it is to follow from a network that is wrong."""
    if text:
        return _inside(parse_address(text, ""), network)
    return Address(network.family, network.interval.first + 1) if network else None


def _inside(address: Address, network: Cidr | None) -> Address:
    """Return an address that must be one of a network, if that is known."""
    if network is not None and not network.contains(address):
        raise EdgeError("", f"{address.text} is not inside the network {network.text}", "mend that, or the network")
    return address


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _needed_words(text: str) -> list[str]:
    """Return the words of a list that needs one; nothing but commas is no answer."""
    words = _words(text)
    _needed(" ".join(words))
    return words


def _nodes(text: str, network: Cidr | None, gateway: Address | None) -> dict[str, Address]:
    """Return the nodes' addresses by name; an address alone gets a name from its place."""
    nodes: dict[str, Address] = {}
    names: dict[Address, str] = {}
    for number, word in enumerate(_needed_words(text), start=1):
        name, equals, address = word.partition("=")
        if not equals:
            name, address = f"node{number}", word
        if not name or not address:
            raise EdgeError("", f"{word!r} is no node", "write NAME=ADDRESS, such as node1=192.168.10.11")
        found = _inside(parse_address(address, ""), network)
        if found == gateway:
            raise EdgeError("", f"{name} has the address of the router, {found.text}", "each has its own")
        if name in (ROUTER_HOST, CLUSTER_HOST):
            raise EdgeError(
                "", f"{name!r} is the name of another host of the new inventory", "give the node another name"
            )
        if name in nodes:
            raise EdgeError("", f"the name {name!r} is there twice", "each node has a name of its own")
        if found in names:
            raise EdgeError(
                "", f"{names[found]} and {name} have the same address {found.text}", "each node has its own"
            )
        nodes[name] = found
        names[found] = name
    return nodes


def _pool(text: str) -> tuple[str, ...]:
    words = tuple(_needed_words(re.sub(r"\s*-\s*", "-", text)))
    entries = [parse_pool_entry(word, "") for word in words]
    for entry in entries:
        if entry.interval.family == 6:
            raise EdgeError("", f"{entry.text} is IPv6, and these questions are about IPv4", IPV6_HINT)
    return tuple(entry.text for entry in entries)


def _interfaces(text: str, router: str | None) -> tuple[str, ...]:
    words = tuple(_words(text))
    if router == NO_ROUTER and not words:
        raise EdgeError(
            "",
            "there is no answer, and without a router the nodes answer ARP on it",
            "`ip -brief address` on a node shows it",
        )
    return words
