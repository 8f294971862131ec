# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify what clients of a rehearsal get: each service address, asked from each network of the twin.

A router asks from the services' own side, so answers to it are on the link. Only a client meets both ways of a packet
through the router: its reverse path and its firewall. There is none on the real site, so nothing is asked there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .._addressing.families import family_of
from .._document.plan import PlanDocument
from .data_plane import Asked, addresses_to_ask
from .expected import Expectations, LiveAddress, service_path
from .observed import EndpointsSeen, RouterSeen, within
from .report import OK, VerifyReport

UPSTREAM = "upstream"
"""Name of the client that stands where the Internet is."""

_INSIDE_ONLY = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Ranges that nobody routes on the Internet (RFC 1918, RFC 6598, RFC 4193)."""


class TwinClient(TypedDict):
    """One client of a twin."""

    name: str
    """Its network, or ``upstream``."""
    addresses: list[str]
    routers: list[str]
    """Those by which it leaves its network, by name."""


class ClientTarget(TypedDict):
    """What one client asks of one address."""

    client: str
    address: str
    tcp: list[int]
    udp: list[int]


@dataclass(slots=True)
class ClientQuestion:
    """One address, as one client can ask for it."""

    client: str
    sources: tuple[str, ...]
    """The client's addresses of the family."""
    cluster: str
    address: str
    networks: frozenset[str]
    """Those over which nodes are reached for it."""
    services: list[str] = field(default_factory=list)
    local: bool = False
    """Whether a service has traffic policy Local: it must see the client's own address."""
    tcp: set[int] = field(default_factory=set)
    udp: set[int] = field(default_factory=set)
    left_out: str | None = None

    @property
    def subject(self) -> str:
        """What the row is about."""
        return f"{self.client} {self.address} ({self.cluster} {', '.join(self.services)})"

    @property
    def path(self) -> str:
        """Where the address stands, for findings."""
        return service_path(self.cluster, self.services[0])

    @property
    def asked(self) -> bool:
        """Whether there is a port to ask."""
        return bool(self.tcp or self.udp)

    def target(self) -> ClientTarget:
        """Return what the client is told."""
        return {"client": self.client, "address": self.address, "tcp": sorted(self.tcp), "udp": sorted(self.udp)}


def client_questions(
    plan: PlanDocument,
    expectations: Expectations,
    routers: Mapping[str, RouterSeen],
    clients: Sequence[TwinClient],
) -> list[ClientQuestion]:
    """Return what clients can ask: each address that the plan brings to their own network or to their router.

    Args:
        plan: the plan as JSON.
        expectations: of the plan and the live clusters.
        routers: the routers that were read.
        clients: of the twin.
    """
    brought = {
        router: {asked.address: asked for asked in addresses_to_ask(plan, expectations, router, routers.get(router))}
        for router in sorted(routers)
        if not plan["routers"][router]["absent"]
    }
    found: dict[tuple[str, str], ClientQuestion] = {}
    for client in clients:
        for live in expectations.live:
            question = found.get((client["name"], live.address)) or _question(plan, expectations, brought, client, live)
            if question is not None:
                found[client["name"], live.address] = question
                _add_service(question, plan, expectations, live)
    return list(found.values())


def _question(
    plan: PlanDocument,
    expectations: Expectations,
    brought: Mapping[str, Mapping[str, Asked]],
    client: TwinClient,
    live: LiveAddress,
) -> ClientQuestion | None:
    """Return a client's question for an address; None where the plan brings it to no network or router of it."""
    sources = tuple(address for address in client["addresses"] if family_of(address) == live.family)
    announced = _announced_on(plan, expectations, live)
    asked = {router: brought.get(router, {}).get(live.address) for router in client["routers"]}
    by = [router for router, item in asked.items() if item is not None and (item.nodes or item.segment)]
    if client["name"] == UPSTREAM:
        by = [router for router in by if (router, live.address) in expectations.by_address]
    if not sources or not (by or client["name"] in announced):
        return None
    over = announced | _networks_of(plan, _nodes_behind(expectations, by, live.address))
    return ClientQuestion(client["name"], sources, live.cluster, live.address, frozenset(over))


def _add_service(question: ClientQuestion, plan: PlanDocument, expectations: Expectations, live: LiveAddress) -> None:
    """Add a service that holds the address, and its ports unless it cannot answer this client."""
    question.services.append(live.service.key)
    ranges = live.service.source_ranges
    wires = _wires(plan, live.address)
    if expectations.clusters[live.cluster].endpoints_of(live.service.key, live.family) == EndpointsSeen():
        question.left_out = "no ready endpoint"
    elif ranges and not any(within(source, ranges) for source in question.sources):
        question.left_out = "loadBalancerSourceRanges leave the client out"
    elif question.client == UPSTREAM and wires:
        # Whether the router answers ARP there is its own setting, which no run of ours makes.
        question.left_out = f"network {wires[0]} is on_link: the router has to answer ARP for it"
    else:
        question.local |= live.service.traffic_policy == "Local"
        question.tcp.update(port for port, protocol in live.service.ports if protocol == "TCP")
        question.udp.update(port for port, protocol in live.service.ports if protocol == "UDP")


def _announced_on(plan: PlanDocument, expectations: Expectations, live: LiveAddress) -> set[str]:
    """Return the networks on which an address is announced on L2."""
    if not live.service.over_l2 or not expectations.announced(live):
        return set()
    return {
        item["network"] for item in plan["expect"]["l2"] if (item["cluster"], item["pool"]) == (live.cluster, live.pool)
    }


def _nodes_behind(expectations: Expectations, routers: Iterable[str], address: str) -> set[str]:
    """Return the addresses of the neighbors from which routers have a route to an address."""
    prefixes = [expectations.by_address.get((router, address)) for router in routers]
    return {neighbor for prefix in prefixes if prefix is not None for neighbor in prefix.must}


def _networks_of(plan: PlanDocument, addresses: Iterable[str]) -> set[str]:
    """Return the networks in which addresses lie."""
    wanted = list(addresses)
    return {
        name
        for name, network in plan["networks"].items()
        if any(within(address, network["cidrs"]) for address in wanted)
    }


def _wires(plan: PlanDocument, address: str) -> list[str]:
    """Return the networks that are a provider's wire and in which an address lies."""
    return [
        name
        for name, network in sorted(plan["networks"].items())
        if network["delivery"] == "on_link" and within(address, network["cidrs"])
    ]


@dataclass(slots=True)
class _Outcome:
    """What became of one question."""

    question: ClientQuestion
    texts: list[str] = field(default_factory=list)
    """A port and what it answered, each."""
    silent: list[str] = field(default_factory=list)
    """Ports without the right answer."""
    reasons: set[str] = field(default_factory=set)
    translated: set[str] = field(default_factory=set)
    """Sources that a service with traffic policy Local saw and that are not the client's."""


def verify_clients(
    report: VerifyReport,
    plan: PlanDocument,
    routers: Mapping[str, RouterSeen],
    expectations: Expectations,
    heard: Mapping[str, Any],
) -> None:
    """Verify what the clients of a twin heard.

    Args:
        report: takes rows and findings.
        plan: the plan as JSON.
        routers: the routers that were read.
        expectations: of the plan and the live clusters.
        heard: what ``edge_twin_ask`` returned: ``clients``, ``answers`` and ``dropped``; or ``{"error": text}``.
    """
    if "error" in heard:
        level = report.find("EDGE853", plan["site"], reason=heard["error"])
        report.row("client", "clients of the twin", "answers", "could not ask", level)
        return
    questions = client_questions(plan, expectations, routers, heard["clients"])
    outcomes = [_outcome(question, heard) for question in questions]
    levels = _find(report, heard, outcomes)
    for outcome in outcomes:
        question = outcome.question
        expected = "answers, sees the client" if question.local else "answers"
        if not question.asked:
            seen = f"not tried ({question.left_out or 'no TCP or UDP port'})"
        else:
            seen = "; ".join(outcome.texts)
        report.row("client", question.subject, expected, seen, levels.get(id(outcome), OK))


def _outcome(question: ClientQuestion, heard: Mapping[str, Any]) -> _Outcome:
    """Return what a client heard of one address, port by port."""
    outcome = _Outcome(question)
    answers = {
        (item["protocol"], item["port"]): item
        for item in heard["answers"]
        if (item["client"], item["address"]) == (question.client, question.address)
    }
    for protocol, ports in (("tcp", question.tcp), ("udp", question.udp)):
        for port in sorted(ports):
            name = f"{protocol.upper()} {port}"
            answer = answers.get((protocol, port)) or {"error": "not asked"}
            if "error" in answer:
                outcome.silent.append(name)
                outcome.reasons.add(answer["error"])
                outcome.texts.append(f"{name} no answer")
            elif answer["service"] not in question.services:
                outcome.silent.append(name)
                outcome.reasons.add(f"{answer['service']} answered in its place")
                outcome.texts.append(f"{name} {answer['service']}")
            else:
                outcome.texts.append(f"{name} {answer['node']}, sees {answer['source']}")
                if question.local and answer["source"] not in question.sources:
                    outcome.translated.add(answer["source"])
    return outcome


def _find(report: VerifyReport, heard: Mapping[str, Any], outcomes: Iterable[_Outcome]) -> dict[int, str]:
    """Report what is wrong, once for all clients with the same trouble at an address; return levels by outcome."""
    groups: dict[tuple[str, str, str], list[tuple[_Outcome, str]]] = {}
    for outcome in outcomes:
        question = outcome.question
        if outcome.silent:
            code, router = _why(heard["dropped"], question)
            if code == "EDGE856" and question.client == UPSTREAM and within(question.address, _INSIDE_ONLY):
                outcome.texts = [f"not let in by {router}"]  # nobody on the Internet has a way to such an address
                continue
            groups.setdefault((code, question.path, question.address), []).append((outcome, router))
        elif outcome.translated:
            groups.setdefault(("EDGE857", question.path, question.address), []).append((outcome, ""))
    levels: dict[int, str] = {}
    for (code, path, address), members in groups.items():
        several = [outcome for outcome, _router in members]
        fields = {
            "clients": ", ".join(f"{item.question.client} ({item.question.sources[0]})" for item in several),
            "address": address,
            "ports": ", ".join(dict.fromkeys(port for item in several for port in item.silent)),
            "routers": ", ".join(sorted({router for _item, router in members if router})),
            "networks": " or ".join(sorted(set().union(*(item.question.networks for item in several)))),
            "reason": ", ".join(sorted(set().union(*(item.reasons for item in several)))),
            "sources": ", ".join(sorted(set().union(*(item.translated for item in several)))),
        }
        level = report.find(code, path, **fields)
        levels.update({id(item): level for item in several})
    return levels


def _why(dropped: Mapping[str, Mapping[str, Sequence[Sequence[str]]]], question: ClientQuestion) -> tuple[str, str]:
    """Return the code for a question without an answer, and the router that dropped a packet of it.

    A request that came back to the router from a node that does not take it is dropped too: it says nothing. So of the
    reverse path only answers count.
    """
    request = {(source, question.address) for source in question.sources}
    answer = {(question.address, source) for source in question.sources}
    for code, note, pairs in (
        ("EDGE856", "blocked", request),
        ("EDGE855", "reverse", answer),
        ("EDGE854", "half", request | answer),
    ):
        for router, notes in sorted(dropped.items()):
            if pairs & {(pair[0], pair[1]) for pair in notes.get(note, ())}:
                return code, router
    return "EDGE858", ""
