# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify what clients of a rehearsal get: each service address, asked from each network of the twin.

A router asks from the services' own side, so answers to it are on the link. Only a client meets both ways of a packet
through the router: its reverse path and its firewall. There is none on the real site, so nothing is asked there.

Where the router has several next hops to an address, its hash always leads a client to the same one. So each client
asks over each of them as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from .._addressing.families import family_of
from .._document.plan import PlanDocument
from .data_plane import Asked, Path, addresses_to_ask
from .expected import Expectations, LiveAddress, service_path
from .observed import EndpointsSeen, RouterSeen, within
from .report import OK, UNKNOWN, VerifyReport, worst

UPSTREAM = "upstream"
"""Name of the client that stands where the Internet is."""

_INSIDE_ONLY = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Ranges that nobody routes on the Internet (RFC 1918, RFC 6598, RFC 4193)."""


class TwinForward(TypedDict):
    """A port forward of a twin's router."""

    router: str
    address: str
    protocol: str
    """``TCP`` or ``UDP``."""
    outside_port: int
    to: str
    port: int


class TwinClient(TypedDict):
    """One client of a twin."""

    name: str
    """Its network, or ``upstream``."""
    addresses: list[str]
    routers: list[str]
    """Those by which it leaves its network, by name."""
    on_link: list[str]
    """Those on its networks."""
    proxies: list[str]
    """Those of them that answer ARP there for addresses that they route elsewhere."""
    forwards: list[TwinForward]
    """Port forwards of the routers that it reaches."""


class ClientPath(TypedDict):
    """One of several next hops of a client's router to an address."""

    router: str
    gateway: str
    interface: str


class ClientTarget(TypedDict):
    """What one client asks of one address."""

    client: str
    address: str
    to: str
    """The address that a port forward translates it to; else the same."""
    tcp: list[int]
    udp: list[int]
    paths: list[ClientPath]


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
    paths: dict[tuple[str, str], Path] = field(default_factory=dict)
    """(router, next hop) -> what it is, where the client's router has several to the address."""
    forwarded_to: str | None = None
    """The service's address, where a port forward leads to it; None = the client asks that address itself."""
    inner: dict[tuple[str, int], int] = field(default_factory=dict)
    """Protocol and port that are forwarded -> the service's port."""
    wire: str | None = None
    """Network that is a provider's wire on which upstream asks for the address by ARP or NDP, and nothing says that a
    router answers there."""
    leaving: str = ""
    """Routers that have left the site, and that the client still sends to until the twin is brought up again."""
    left_out: str | None = None

    @property
    def subject(self) -> str:
        """What the row is about."""
        to = "" if self.forwarded_to is None else f" to {self.forwarded_to}"
        return f"{self.client} {self.address}{to} ({' '.join([self.cluster, ', '.join(self.services)]).strip()})"

    @property
    def asked_text(self) -> str:
        """What is asked, in the words of findings."""
        to = "" if self.forwarded_to is None else f" (a port forward to {self.forwarded_to})"
        return f"{self.address}{to}"

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
        return {
            "client": self.client,
            "address": self.address,
            "to": self.forwarded_to or self.address,
            "tcp": sorted(self.tcp),
            "udp": sorted(self.udp),
            "paths": [
                {"router": router, "gateway": gateway, "interface": path.interface}
                for (router, gateway), path in sorted(self.paths.items())
            ],
        }

    def hop(self, key: tuple[str, str]) -> str:
        """Return the node of a next hop, with its address where that is known to be the node's."""
        node = self.paths[key].node
        return node if node == key[1] else f"{node} ({key[1]})"


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
    found: dict[tuple[str, ...], ClientQuestion] = {}
    for client in clients:
        for live in expectations.live:
            question = found.get((client["name"], live.address)) or _question(plan, expectations, brought, client, live)
            if question is not None:
                found[client["name"], live.address] = question
                _add_service(question, expectations, live)
        has_ipv4 = any(family_of(address) == "ipv4" for address in client["addresses"])
        for forward in client["forwards"] if has_ipv4 else ():
            key = client["name"], forward["address"], forward["to"]
            found[key] = _forwarded(plan, expectations, brought, client, forward, found.get(key))
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
    announced = expectations.l2_networks(live)
    wires = _wires(plan, live.address) if client["name"] == UPSTREAM else []
    by_arp = {
        router
        for router in client["on_link"]
        for wire in wires
        if router in plan["routers"] and plan["routers"][router]["addresses"].get(wire)
    }
    reached = sorted({*client["routers"], *by_arp})
    asked = {router: brought.get(router, {}).get(live.address) for router in reached}
    by = [router for router, item in asked.items() if item is not None and _answers_to(expectations, item, client)]
    if client["name"] == UPSTREAM:  # each router has its own way out, so answers would not come back over the links
        by = [router for router in by if (router, live.address) in expectations.by_address]
        by = [router for router in by if (item := asked[router]) is not None and item.over_links is None]
    if not sources or not (by or client["name"] in announced):
        return None
    linked = (item.over_links for router in by if (item := asked[router]) is not None)
    behind = {node for prefix in linked if prefix is not None for node in prefix.nodes}
    over = announced | _networks_of(plan, behind | _nodes_behind(expectations, by, live.address))
    question = ClientQuestion(client["name"], sources, live.cluster, live.address, frozenset(over))
    question.leaving = _leaving(plan, client["routers"])
    if wires and not (by_arp & {*client["proxies"]} and live.family == "ipv4"):
        question.wire = wires[0]
    elif client["name"] == UPSTREAM or not within(live.address, plan["networks"][client["name"]]["cidrs"]):
        for router, item in asked.items():
            if router in by and item is not None:
                question.paths |= {(router, gateway): path for gateway, path in item.paths.items()}
    return question


def _answers_to(expectations: Expectations, item: Asked, client: TwinClient) -> bool:
    """Return whether what a router brings can answer a client: over links, where the way back is sure.

    Where another router is beside the client, as on the network of a link, it may answer past the one that was asked,
    which then sees half of a connection.
    """
    if item.over_links is None:
        return bool(item.nodes or item.segment)
    family = family_of(item.address)
    sources = [address for address in client["addresses"] if family_of(address) == family]
    return client["on_link"] == [item.router] and expectations.leads_back(item.over_links, sources)


def _forwarded(
    plan: PlanDocument,
    expectations: Expectations,
    brought: Mapping[str, Mapping[str, Asked]],
    client: TwinClient,
    forward: TwinForward,
    earlier: ClientQuestion | None,
) -> ClientQuestion:
    """Return a client's question for a port forward, together with others to the same service's address."""
    question = earlier
    holders = [live for live in expectations.live if live.address == forward["to"]]
    if question is None:
        over = _networks_of(plan, _nodes_behind(expectations, [forward["router"]], forward["to"]))
        over |= {network for live in holders for network in expectations.l2_networks(live)}
        sources = tuple(address for address in client["addresses"] if family_of(address) == "ipv4")
        cluster = holders[0].cluster if holders else ""
        question = ClientQuestion(client["name"], sources, cluster, forward["address"], frozenset(over))
        question.forwarded_to = forward["to"]
        question.leaving = _leaving(plan, [*client["routers"], forward["router"]])
        behind = brought.get(forward["router"], {}).get(forward["to"])
        if behind is not None:
            question.paths |= {(forward["router"], gateway): path for gateway, path in behind.paths.items()}
    port = forward["port"], forward["protocol"]
    serving = [live for live in holders if port in live.service.ports]
    if not serving:
        question.left_out = f"no service has {forward['protocol']} {forward['port']} at {forward['to']}"
    for live in serving:
        if _may_ask(question, expectations, live):
            question.inner[forward["protocol"].lower(), forward["outside_port"]] = forward["port"]
            ports = question.tcp if forward["protocol"] == "TCP" else question.udp
            ports.add(forward["outside_port"])
    return question


def _add_service(question: ClientQuestion, expectations: Expectations, live: LiveAddress) -> None:
    """Add a service that holds the address, and its ports unless it cannot answer this client."""
    if _may_ask(question, expectations, live):
        question.tcp.update(port for port, protocol in live.service.ports if protocol == "TCP")
        question.udp.update(port for port, protocol in live.service.ports if protocol == "UDP")


def _may_ask(question: ClientQuestion, expectations: Expectations, live: LiveAddress) -> bool:
    """Add a service to a question; return whether it can answer the client, and note why not."""
    if live.service.key not in question.services:
        question.services.append(live.service.key)
    if question.leaving:
        question.left_out = f"the client still sends to {question.leaving}, which leaves the site"
    elif expectations.clusters[live.cluster].endpoints_of(live.service.key, live.family) == EndpointsSeen():
        question.left_out = "no ready endpoint"
    elif not any(expectations.lets_in(live, source) for source in question.sources):
        question.left_out = "loadBalancerSourceRanges leave the client out"
    else:
        question.local |= live.service.traffic_policy == "Local"
        return True
    return False


def _leaving(plan: PlanDocument, routers: Iterable[str]) -> str:
    """Return the routers that the plan takes out of the site, or does not have any more."""
    known = plan["routers"]
    return ", ".join(sorted({router for router in routers if router not in known or known[router]["absent"]}))


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


@dataclass(frozen=True, slots=True)
class _Silence:
    """A port without the right answer."""

    port: str
    """Protocol and number."""
    hop: tuple[str, str] | None
    """(router, next hop) over which it was asked; None = the one that the router picked."""
    reason: str
    request: tuple[object, ...]
    """Source, destination, source port and destination port of the client's packets."""


@dataclass(slots=True)
class _Outcome:
    """What became of one question."""

    question: ClientQuestion
    text: str = ""
    """Each port and what it answered."""
    silent: list[_Silence] = field(default_factory=list)
    translated: set[str] = field(default_factory=set)
    """Sources that a service with traffic policy Local saw and that are not the client's."""
    some_unasked: bool = False
    """Whether a port was not asked over some next hop: then nobody knows whether that path is good."""


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
        seen, level = outcome.text, worst((levels.get(id(outcome), OK), UNKNOWN if outcome.some_unasked else OK))
        if not question.asked:
            seen, level = f"not tried ({question.left_out or 'no TCP or UDP port'})", UNKNOWN
        report.row("client", question.subject, expected, seen, level)


def _outcome(question: ClientQuestion, heard: Mapping[str, Any]) -> _Outcome:
    """Return what a client heard of one address, port by port."""
    outcome = _Outcome(question)
    answers = {
        (item["protocol"], item["port"], item.get("router"), item.get("gateway")): item
        for item in heard["answers"]
        if (item["client"], item["address"]) == (question.client, question.address)
    }
    texts: list[tuple[str, str]] = []
    for protocol, ports in (("tcp", question.tcp), ("udp", question.udp)):
        for port in sorted(ports):
            name = f"{protocol.upper()} {port}"
            picked = answers.get((protocol, port, None, None)) or {"error": "not asked"}
            reason = _wrong(question, picked)
            over = {hop: found for hop in question.paths if (found := answers.get((protocol, port, *hop)))}
            dead = {hop: why for hop, found in over.items() if (why := _wrong(question, found)) is not None}
            if reason is not None and len(dead) in (0, len(over)):
                # All the same over each path: it is told once.
                outcome.silent.append(_Silence(name, None, reason, _request(question, picked)))
            else:
                outcome.silent += [
                    _Silence(name, hop, why, _request(question, over[hop])) for hop, why in sorted(dead.items())
                ]
            if question.local:
                seen = {item["source"] for item in (picked, *over.values()) if _wrong(question, item) is None}
                outcome.translated |= seen - set(question.sources)
            outcome.some_unasked |= len(over) < len(question.paths)
            texts.append((f"{name} {_answered(question, picked)}", _over(question, over, dead)))
    outcome.text = _joined(texts)
    return outcome


def _wrong(question: ClientQuestion, answer: Mapping[str, Any]) -> str | None:
    """Return what is wrong with an answer; None where one of the services answered."""
    if "error" in answer:
        return str(answer["error"])
    return None if answer["service"] in question.services else f"{answer['service']} answered in its place"


def _answered(question: ClientQuestion, answer: Mapping[str, Any]) -> str:
    """Return who answered a port, in the table's words."""
    if "error" in answer:
        return "no answer"
    service: str = answer["service"]
    return f"{answer['node']}, sees {answer['source']}" if service in question.services else service


def _request(question: ClientQuestion, answer: Mapping[str, Any]) -> tuple[object, ...]:
    """Return source, destination and their ports of a client's packets, as the router forwards them."""
    port = answer.get("port", 0)
    inner = question.inner.get((answer.get("protocol", ""), port), port)
    return answer.get("from", ""), question.forwarded_to or question.address, answer.get("from_port", 0), inner


def _over(question: ClientQuestion, over: Mapping[tuple[str, str], Any], dead: Mapping[tuple[str, str], str]) -> str:
    """Return over which next hops a port answered and over which it did not; empty where there are not several."""
    nodes = [path.node for path in question.paths.values()]
    names = {
        hop: path.node if nodes.count(path.node) == 1 else question.hop(hop)
        for hop, path in sorted(question.paths.items())
    }
    parts = [
        (word, [name for hop, name in names.items() if hop in chosen])
        for word, chosen in (
            ("over", set(over) - set(dead)),
            ("not over", set(dead)),
            ("not asked over", set(question.paths) - set(over)),
        )
    ]
    return ", ".join(f"{word} {', '.join(found)}" for word, found in parts if found)


def _joined(texts: Sequence[tuple[str, str]]) -> str:
    """Return ports and paths as one text; paths that are alike for all ports stand once."""
    over = {paths for _port, paths in texts}
    if len(over) == 1:
        return "; ".join([port for port, _paths in texts] + [paths for paths in over if paths])
    return "; ".join(f"{port} ({paths})" if paths else port for port, paths in texts)


def _find(report: VerifyReport, heard: Mapping[str, Any], outcomes: Iterable[_Outcome]) -> dict[int, str]:
    """Report what is wrong, once for all clients with the same trouble at an address; return levels by outcome."""
    groups: dict[tuple[str, str, str, tuple[str, ...]], list[_Trouble]] = {}
    for outcome in outcomes:
        question = outcome.question
        troubles = _troubles(heard["dropped"], outcome)
        if question.client == UPSTREAM and within(question.address, _INSIDE_ONLY):
            blocked = [trouble for trouble in troubles if trouble.code == "EDGE856"]
            if blocked:  # nobody on the Internet has a way to such an address
                outcome.text = f"not let in by {blocked[0].router}"
                troubles = [trouble for trouble in troubles if trouble.code != "EDGE856"]
        for trouble in troubles:
            groups.setdefault((trouble.code, question.path, question.asked_text, trouble.hops), []).append(trouble)
    levels: dict[int, str] = {}
    for (code, path, address, hops), members in groups.items():
        several = [trouble.outcome for trouble in members]
        silent = [silence for trouble in members for silence in trouble.silent]
        fields = {
            "clients": ", ".join(f"{item.question.client} ({item.question.sources[0]})" for item in several),
            "address": address,
            "ports": ", ".join(dict.fromkeys(item.port for item in silent)),
            "over": f" over the next hop{'s' if len(hops) > 1 else ''} {', '.join(hops)}" if hops else "",
            "routers": ", ".join(sorted({trouble.router for trouble in members if trouble.router})),
            "protocol": "ARP" if family_of(several[0].question.address) == "ipv4" else "NDP",
            "to": several[0].question.forwarded_to or "",
            "wire": next((item.question.wire for item in several if item.question.wire), ""),
            "networks": " or ".join(sorted(set().union(*(item.question.networks for item in several)))),
            "reason": ", ".join(sorted({item.reason for item in silent})),
            "sources": ", ".join(sorted(set().union(*(item.translated for item in several)))),
        }
        level = report.find(code, path, **fields)
        for item in several:
            levels[id(item)] = worst((level, levels.get(id(item), OK)))
    return levels


@dataclass(slots=True)
class _Trouble:
    """What one code says of one outcome."""

    code: str
    outcome: _Outcome
    router: str = ""
    """The one that dropped a packet."""
    silent: list[_Silence] = field(default_factory=list)
    hops: tuple[str, ...] = ()
    """Next hops over which no answer came, where others answered."""


def _troubles(dropped: Mapping[str, Mapping[str, Sequence[Sequence[object]]]], outcome: _Outcome) -> list[_Trouble]:
    """Return what is wrong with one outcome, by code and router."""
    found: dict[tuple[str, str, bool], _Trouble] = {}
    for silence in outcome.silent:
        code, router = _why(dropped, silence)
        question = outcome.question
        if code == "EDGE858" and question.wire:
            code = "EDGE859"
        elif code in ("EDGE854", "EDGE858") and question.forwarded_to and question.client in question.networks:
            code = "EDGE877"
        key = code, router, silence.hop is None
        found.setdefault(key, _Trouble(code, outcome, router)).silent.append(silence)
    for trouble in found.values():
        hops = sorted({silence.hop for silence in trouble.silent if silence.hop is not None})
        trouble.hops = tuple(outcome.question.hop(hop) for hop in hops)
    if outcome.translated:
        found["EDGE857", "", True] = _Trouble("EDGE857", outcome)
    return list(found.values())


def _why(dropped: Mapping[str, Mapping[str, Sequence[Sequence[object]]]], silence: _Silence) -> tuple[str, str]:
    """Return the code for a question without an answer, and the router that dropped a packet of it.

    A request that came back to the router from a node that does not take it is dropped too: it says nothing. So of the
    reverse path only answers count.
    """
    source, destination, source_port, port = silence.request
    request, answer = silence.request, (destination, source, port, source_port)
    for code, note, packets in (
        ("EDGE856", "blocked", {request}),
        ("EDGE855", "reverse", {answer}),
        ("EDGE854", "half", {request, answer}),
    ):
        for router, notes in sorted(dropped.items()):
            if packets & {tuple(packet) for packet in notes.get(note, ())}:
                return code, router
    return "EDGE858", ""
