# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings: typed errors and warnings with stable codes, collected in one pass and told in one form.

``CODES`` is the one source of every code's severity and of its page in ``docs/findings.md``. A code never changes its
meaning; a code that is no longer raised stays reserved.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...module_utils._errors import EdgeError, message

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """What a code stands for, wherever it is raised."""

    severity: str
    title: str
    why: str
    """One or two sentences for the documentation: why this matters and what to do."""


CODES: dict[str, Code] = {
    # 1xx: reading the inventory
    "EDGE101": Code(ERROR, "Unknown key", "A misspelt key would otherwise be ignored and its value lost in silence."),
    "EDGE102": Code(ERROR, "Wrong type", "The value has another shape than the key takes."),
    "EDGE103": Code(
        ERROR, "Value not allowed", "The value is outside the range or the list of words that the key takes."
    ),
    "EDGE104": Code(
        ERROR,
        "Bad name",
        "Names become names of Kubernetes objects, peer groups and prefix-lists: RFC 1123 labels of at most 40"
        " characters, not ending in -v6 (reserved for the IPv6 half of a pair).",
    ),
    "EDGE105": Code(ERROR, "Missing key", "The key is required here and nothing gives it a default."),
    "EDGE106": Code(
        ERROR,
        "YAML changed the value",
        "Unquoted, YAML reads 1.20 as the number 1.2, on and yes as booleans and 010 as 8. Quote such text.",
    ),
    "EDGE107": Code(
        ERROR,
        "One entry in two layers",
        "Layers of a map are merged; which of two equal entries wins would depend on their names. Only __twin may.",
    ),
    "EDGE108": Code(
        ERROR,
        "Two hosts disagree about the site",
        "Networks, the site's name and accepted findings belong to the site: every host must see the same.",
    ),
    "EDGE109": Code(
        ERROR, "Value cannot be computed", "The template behind the value fails, so nothing can be planned."
    ),
    "EDGE110": Code(
        WARNING,
        "Unknown variable",
        "No key of this collection has this name. Variables of your own start with edge_x_.",
    ),
    "EDGE111": Code(
        ERROR,
        "Not supported by this version",
        "It can be written, but no session or announcement of this version can be made from it.",
    ),
    "EDGE112": Code(ERROR, "Nothing to do", "No host is in edge_routers, edge_clusters or edge_nodes."),
    "EDGE113": Code(
        ERROR,
        "The limit leaves out the other end",
        "Both ends of a peering change together. Widen --limit, or choose an end: --tags router or --tags cluster.",
    ),
    "EDGE114": Code(ERROR, "Host in two groups", "A host is a router, a cluster or a node; each has its own keys."),
    "EDGE115": Code(ERROR, "Accepted finding cannot be accepted", "Warnings can be accepted by code; errors cannot."),
    "EDGE116": Code(
        ERROR, "Password that nobody reads", "Its sessions would be set up without a password, at both ends."
    ),
    "EDGE120": Code(ERROR, "Reference to nothing", "The name that is referred to does not exist in this site."),
    # 2xx: networks and addresses
    "EDGE201": Code(ERROR, "Bad address", "Not an IPv4 or IPv6 address, CIDR or range in full notation."),
    "EDGE203": Code(ERROR, "Address outside its network", "A session or an announcement from there could never work."),
    "EDGE204": Code(ERROR, "Address used twice", "Two hosts with one address take each other's traffic."),
    "EDGE205": Code(
        ERROR, "Two addresses in one subnet", "Which of them peers would be undefined: give one per subnet."
    ),
    "EDGE206": Code(
        ERROR,
        "Node without an address on its peering's network",
        "It has no address to peer from, or none in the subnet in which the router has its own.",
    ),
    "EDGE207": Code(ERROR, "No router on the peering's network", "There is no address that the nodes could dial."),
    "EDGE208": Code(ERROR, "Networks overlap", "An address would belong to two networks."),
    "EDGE209": Code(
        ERROR, "No router-id", "A BGP identifier is an IPv4 address; without one on the router it must be given."
    ),
    "EDGE210": Code(ERROR, "DHCP range outside its network", "A DHCP server hands out addresses of its own network."),
    "EDGE211": Code(
        WARNING,
        "Fixed address in a DHCP range",
        "The DHCP server may give the address to another host, unless it keeps it for this one.",
    ),
    # 3xx: peerings and sessions
    "EDGE301": Code(ERROR, "Reserved AS number", "0 (RFC 7607), 23456 (RFC 6793), 65535 and 4294967295 (RFC 7300)."),
    "EDGE302": Code(
        WARNING, "Documentation AS number", "RFC 5398 reserves these for examples; use a private one (RFC 6996)."
    ),
    "EDGE303": Code(
        ERROR, "Timers do not fit", "FRR and Cilium need keepalive <= hold / 3, else the session may expire."
    ),
    "EDGE304": Code(ERROR, "Peering's network unclear", "Several networks (or none) join its nodes and a router."),
    "EDGE305": Code(ERROR, "Peering without nodes", "Its selector matches no node, so it would make no session."),
    "EDGE306": Code(
        ERROR,
        "Two sessions between the same addresses",
        "FRR tells neighbours apart by address alone: a node can have one session to a router's address.",
    ),
    "EDGE307": Code(ERROR, "Two derived names collide", "Names are joined with hyphens; rename one of the two."),
    "EDGE308": Code(WARNING, "Peering advertises nothing", "No pool names it, so its sessions would carry no route."),
    "EDGE309": Code(ERROR, "multihop and ttl_security exclude each other", "GTSM (RFC 5082) is for direct neighbours."),
    "EDGE310": Code(
        ERROR,
        "ttl_security within one AS",
        "Cilium sends packets of an internal session with a TTL that nothing changes: the router would drop them.",
    ),
    "EDGE311": Code(
        WARNING,
        "Export to Cilium",
        "Cilium rejects every route that it receives and never programs one: nodes reach the router's networks by their"
        " default route.",
    ),
    "EDGE312": Code(
        ERROR,
        "Key without meaning for a speaker on the node",
        "With local_speaker the nodes peer with themselves; no router of the site has these sessions.",
    ),
    "EDGE313": Code(
        ERROR,
        "local_as does not fit",
        "FRR takes local-as only towards another AS, and only a number that is neither its own nor the neighbor's.",
    ),
    "EDGE314": Code(
        ERROR,
        "Session over a family that it does not carry",
        "One end has no address of that family to dial or to be dialled.",
    ),
    "EDGE315": Code(
        ERROR, "Listen range wider than its network", "Anybody from outside the segment could become a neighbor."
    ),
    "EDGE316": Code(
        ERROR, "Default gateway unclear", "Nodes dial whichever router their default route names; it must be one."
    ),
    "EDGE317": Code(
        ERROR,
        "Peerings of one class disagree about its name",
        "A node matches one CiliumBGPClusterConfig, which its peerings share: they must call it by one name.",
    ),
    "EDGE318": Code(
        ERROR,
        "Nodes that no selector tells apart",
        "A label of ours would select them, but edge_cluster_manage_labels says that labels are not ours to write.",
    ),
    "EDGE319": Code(
        ERROR,
        "Advertised addresses unknown",
        "The router takes exactly what is planned; without the range its filter would refuse what the nodes announce.",
    ),
    "EDGE320": Code(ERROR, "One length for two families", "A prefix length means something else in each family."),
    "EDGE321": Code(
        ERROR,
        "Announcement that the router refuses",
        "accept: services takes the planned service addresses and nothing else; this one is not known before.",
    ),
    "EDGE322": Code(
        ERROR,
        "Peerings of one BGP instance disagree",
        "Peerings of one AS number share an instance on a node: its name and its port are one.",
    ),
    "EDGE323": Code(
        ERROR,
        "Two sessions of a node with one router in a peering",
        "A peer of the cluster's side stands for a router and has one address: write a peering for each network.",
    ),
    "EDGE324": Code(
        ERROR,
        "Internal and external members in one peer group",
        "FRR takes either: nodes in the router's own AS need a peering of their own.",
    ),
    "EDGE325": Code(
        ERROR, "Node outside the listen ranges", "The router takes nobody from there, so its sessions never come up."
    ),
    "EDGE326": Code(ERROR, "Listen limit too low", "FRR refuses further neighbors in silence, and shows them nowhere."),
    # 33x to 35x: policies, routers' neighbors and links
    "EDGE327": Code(
        ERROR,
        "IPv6 routes over an IPv4 session",
        "Cilium announces them with an IPv4-mapped next hop; FRR takes such a route and the kernel refuses it. The"
        " other way round works: sessions: ipv6 carries IPv4 routes too (RFC 8950).",
    ),
    "EDGE328": Code(ERROR, "Two ports on one router", "bgpd listens on one TCP port, for all of its neighbors."),
    "EDGE329": Code(
        WARNING,
        "Port that bgpd does not listen on by itself",
        "It is an option of bgpd's command line (-p, in /etc/frr/daemons), which no run changes.",
    ),
    "EDGE330": Code(
        ERROR, "Lengths that do not fit the prefix", "ge and le are lengths of prefixes inside it, in order."
    ),
    "EDGE331": Code(
        ERROR, "Key without meaning in this direction", "Some keys of a policy fit import only, or export only."
    ),
    "EDGE332": Code(
        WARNING,
        "Policy lets everything through",
        "import: all accepts a default route and other people's addresses; export: all sends every route of the site.",
    ),
    "EDGE333": Code(
        WARNING, "Default route", "It moves all traffic that has no better route to the router that announces it."
    ),
    "EDGE334": Code(
        WARNING,
        "Redistributed routes leave",
        "Which routes these are is decided on the router, not here: a new interface or static route leaks by itself.",
    ),
    "EDGE335": Code(
        WARNING,
        "Import is too wide",
        "The other end could announce more specific routes of addresses that are not its own, and they would win.",
    ),
    "EDGE336": Code(
        ERROR, "Local preference between two ASes", "It is not sent to another AS (RFC 4271 section 5.1.5)."
    ),
    "EDGE337": Code(ERROR, "Pool of which cluster?", "Several clusters have a pool of this name: write cluster/pool."),
    "EDGE338": Code(
        ERROR, "Name without prefixes", "What the policy names has no prefix, so it would let nothing pass."
    ),
    "EDGE339": Code(WARNING, "Every node of a peering is drained", "Nobody announces what it advertises."),
    "EDGE340": Code(
        ERROR,
        "Neighbor's address unclear",
        "A neighbor is one address, the nodes of a network, an interface (unnumbered), or a listen range.",
    ),
    "EDGE341": Code(ERROR, "Two neighbors with one address", "FRR tells neighbors apart by address alone."),
    "EDGE342": Code(
        ERROR,
        "Neighbor out of reach",
        "Its address is in no subnet of the router, or the router's own: most likely a typing mistake.",
    ),
    "EDGE343": Code(ERROR, "Neighbor without nodes", "Its selector matches no node, so it would make no session."),
    "EDGE344": Code(
        ERROR,
        "Listen range does not fit",
        "It reaches beyond the router's network, where anybody could dial in, or overlaps another one.",
    ),
    "EDGE345": Code(ERROR, "AS keys that exclude each other", "FRR refuses them, or they would do nothing."),
    "EDGE346": Code(ERROR, "Family that the session does not carry", "The prefixes could never pass."),
    "EDGE347": Code(WARNING, "Neighbor without routes", "The session would carry nothing in either direction."),
    "EDGE348": Code(
        ERROR, "Redistributed routes of a router that redistributes nothing", "The export would send nothing."
    ),
    "EDGE349": Code(
        WARNING,
        "Routes are redistributed into BGP",
        "What the router takes in is decided by its other settings, not by this inventory.",
    ),
    "EDGE350": Code(ERROR, "Link with one end", "A link joins two routers or more."),
    "EDGE351": Code(ERROR, "Link's network unclear", "Each end needs an address that the other one dials."),
    "EDGE352": Code(
        ERROR, "Ends of a link disagree", "Timers, restart times and passwords must be the same at both ends."
    ),
    "EDGE354": Code(ERROR, "Unnumbered at one end only", "Both ends of an unnumbered link name their interface."),
    "EDGE355": Code(
        ERROR,
        "Routes that are not passed on within an AS",
        "A router passes nothing on to its own AS that it heard there, unless it reflects routes (RFC 4456).",
    ),
    "EDGE356": Code(ERROR, "Router never hears what it should send", "The export would send nothing."),
    "EDGE357": Code(
        ERROR, "Import cannot mirror the other end", "Which routes another router redistributes is not known here."
    ),
    "EDGE358": Code(
        ERROR,
        "Path prepended within one AS",
        "A router drops a path that has its own AS in it (RFC 4271 section 9.1.2).",
    ),
    "EDGE359": Code(
        ERROR,
        "Attribute on no route",
        "FRR sends the default route of default_route (default-originate) past the route-map that sets attributes.",
    ),
    "EDGE360": Code(
        ERROR,
        "Routes without the mark that the import asks for",
        "The nodes would announce what the router refuses: no service of the pool could be reached.",
    ),
    "EDGE361": Code(
        WARNING,
        "Import covers a pool",
        "The other end could announce a service's own route: the router would send it the traffic, or a share of it.",
    ),
    # 4xx: pools
    "EDGE401": Code(ERROR, "Pools overlap", "Cilium would disable the newer pool as a whole."),
    "EDGE403": Code(
        ERROR,
        "Pool covers an address in use",
        "A service would take the address of a router or a node, or on L2 a subnet's network or broadcast address.",
    ),
    "EDGE404": Code(ERROR, "Pool too small", "Some of its services would stay without an address."),
    "EDGE405": Code(
        ERROR, "Excluded address outside the pool", "It would exclude nothing: most likely a typing mistake."
    ),
    "EDGE406": Code(
        ERROR, "Default pool not chosen", "From two pools on, say which one serves services that name none."
    ),
    "EDGE407": Code(ERROR, "Pool without a way out", "Neither a peering nor a network makes its addresses reachable."),
    "EDGE408": Code(
        WARNING,
        "L2 pool outside its network",
        "Hosts ask by ARP or NDP only for addresses of their own subnet; a route to this range must exist elsewhere.",
    ),
    "EDGE409": Code(ERROR, "Pool overlaps an internal range", "Pod, service and external ranges have another meaning."),
    "EDGE410": Code(ERROR, "L2 network without interfaces", "Cilium announces on interfaces that are named."),
    "EDGE411": Code(
        WARNING,
        "BGP pool inside a network",
        "Hosts of that network ask for the address by ARP and get no answer; use another range, or announce it by L2.",
    ),
    "EDGE412": Code(
        ERROR, "Nobody announces the pool", "The network's l2_nodes selector matches no node of the cluster."
    ),
    "EDGE413": Code(
        ERROR,
        "Two pools select one service",
        "Which of them would serve it is not defined: Cilium knows no order of pools.",
    ),
    "EDGE414": Code(
        ERROR,
        "Default pool's selector cannot be written",
        "It selects what no other pool does, so each of their own selectors must have an opposite: one requirement.",
    ),
    "EDGE415": Code(
        ERROR,
        "Aggregate does not fit the pool",
        "It would announce addresses that are not the pool's, or nothing shorter than the host routes.",
    ),
    "EDGE416": Code(
        WARNING,
        "Aggregate holds addresses that no service gets",
        "Router and node send packets to them back and forth until their TTL ends (cilium/cilium#37623); keep such "
        "addresses out of the pool's blocks, or leave the aggregate out.",
    ),
    "EDGE417": Code(ERROR, "Pool holds a DHCP range", "A service and a host of the network would get one address."),
    "EDGE418": Code(
        WARNING,
        "On-link range is answered by nobody",
        "The provider's side asks by ARP or NDP for each address of a range that is on-link, and a BGP route answers "
        "nothing. Let the router answer: docs/situations/slash-29.md says how, on Linux and on UniFi.",
    ),
    "EDGE419": Code(
        ERROR, "No router in an on-link range", "Nobody answers at the provider's port for the addresses of the range."
    ),
    "EDGE420": Code(
        WARNING, "Pool among loopback addresses", "A router that is added later could take an address of a service."
    ),
    "EDGE421": Code(
        ERROR, "L2 on loopback addresses", "A network of loopbacks is no segment: nobody asks by ARP there."
    ),
    "EDGE422": Code(
        ERROR,
        "Local preference across AS numbers",
        "BGP carries it within one AS only (RFC 4271 section 5.1.5); an external peer ignores it.",
    ),
    "EDGE423": Code(ERROR, "Pod CIDR length does not fit", "Nodes get their pod CIDRs out of the range, one each."),
    "EDGE424": Code(ERROR, "Pod range in use", "Pods would have addresses that mean something else."),
    "EDGE425": Code(ERROR, "Key that needs BGP", "Only routes have it, and no peering advertises this pool."),
    "EDGE426": Code(
        ERROR,
        "Announcement narrowed to nothing",
        "No service of the pool can match the selector, so nothing is reachable.",
    ),
    "EDGE427": Code(
        WARNING,
        "Announcing node without an address in the network",
        "Cilium gives the lease of a service to any node that is selected; one without the interface answers nobody.",
    ),
    "EDGE428": Code(
        ERROR,
        "Key that needs L2",
        "It says what nodes answer by ARP and NDP. Over BGP a peering announces external IPs: advertise.external_ips.",
    ),
    # 5xx: services
    "EDGE501": Code(ERROR, "Two services on one address", "Only one of them would get it."),
    "EDGE502": Code(ERROR, "Address outside the service's pool", "Cilium would leave the service without an address."),
    "EDGE503": Code(
        ERROR,
        "L2 with traffic policy Local",
        "The node that answers ARP need not have a local endpoint: it drops the traffic. Use Cluster, or a BGP pool.",
    ),
    "EDGE504": Code(ERROR, "Service without a pool", "It names none and the cluster's default pool is none."),
    "EDGE505": Code(ERROR, "Family that the pool does not have", "The pool has no address of that family to give."),
    "EDGE506": Code(ERROR, "Keys that do not fit manage", "What is not made by us cannot be described by us."),
    "EDGE507": Code(
        WARNING,
        "Service of a disabled pool",
        "Cilium hands out nothing from it: the service keeps the address that it has, a new one gets none.",
    ),
    "EDGE508": Code(ERROR, "Service that its pool does not select", "Cilium would leave it without an address."),
    "EDGE509": Code(
        ERROR, "Another pool selects the service", "Which of the two pools serves it is not defined in Cilium."
    ),
    "EDGE510": Code(
        WARNING, "Service is not announced", "The pool announces only some of its services (announce_only)."
    ),
    "EDGE511": Code(
        ERROR,
        "Services cannot share an address",
        "LB-IPAM's rules: one key; one namespace, or each names the other's; no port in common; one traffic policy, "
        "with Local the same selector too.",
    ),
    "EDGE512": Code(
        ERROR, "Class that the pool does not serve", "A class restricts the service to one way, which its pool has not."
    ),
    "EDGE530": Code(
        ERROR,
        "Planned addresses cannot be read",
        "Without the file every service would get a new address. Take it from the repository, or mend the line.",
    ),
    "EDGE531": Code(
        ERROR,
        "Planned address would move",
        "A service's address never changes by itself: undo what takes it away, or say may_move: true.",
    ),
    "EDGE532": Code(
        ERROR,
        "Address planned twice",
        "Two branches each planned a service and were merged. Delete one of the lines: it is planned anew.",
    ),
    # 6xx: versions and Helm values
    "EDGE601": Code(ERROR, "Cilium version not supported", "The objects' schemas and rules are known from 1.16 on."),
    "EDGE602": Code(WARNING, "Cilium version not known yet", "Planned with the newest rules that this version knows."),
    "EDGE603": Code(ERROR, "Needs a newer Cilium", "The planned version cannot do this."),
    "EDGE604": Code(
        ERROR,
        "Helm value without effect, or against the plan",
        "The chart ignores values that it does not know in silence, and others would switch off what the plan needs.",
    ),
    "EDGE605": Code(WARNING, "Helm value close to a known one", "The chart ignores misspelt values in silence."),
    "EDGE606": Code(
        ERROR,
        "Timings of L2 leases that Cilium replaces",
        "duration must be more than renew, and renew more than 1.2 times retry; else Cilium takes others in silence.",
    ),
    "EDGE607": Code(
        ERROR,
        "BGP identifiers do not suffice",
        "Each BGP instance of a node needs one; without it no session comes up.",
    ),
    "EDGE608": Code(
        ERROR, "Object with two meanings", "Sessions that share a Kubernetes object cannot differ in what it says."
    ),
    "EDGE609": Code(WARNING, "Known fault of this Cilium version", "A later version does not have it."),
    "EDGE610": Code(
        ERROR,
        "IPAM does not fit",
        "Cilium hands out pod addresses in one mode; in others, agents would wait or announce nothing.",
    ),
    "EDGE611": Code(
        WARNING, "Cluster tells no session states", "Verify can then judge BGP sessions from the routers' end alone."
    ),
    "EDGE612": Code(ERROR, "Two listeners on one port", "Each BGP instance of a node opens a port of its own."),
    "EDGE613": Code(ERROR, "Chart cannot do this", "The chart names its Service itself, or has no value for it."),
    "EDGE614": Code(
        WARNING,
        "Agents wait for a pod pool of ours",
        "On a new cluster the pool is made after the agents run, which never happens. "
        "Accept it where the pool is there.",
    ),
    "EDGE615": Code(ERROR, "FRR version not supported", "What is rendered was loaded by FRR 7.5 and later ones."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or warning about one place of the inventory."""

    code: str
    path: str
    problem: str
    hint: str | None = None
    accepted: str | None = None
    """The reason under ``edge_accept``, for a warning that was accepted."""

    @property
    def severity(self) -> str:
        """``error`` or ``warning``."""
        return CODES[self.code].severity

    @property
    def text(self) -> str:
        """``path: problem (hint)``."""
        return message(self.path, self.problem, self.hint)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as it stands in the plan."""
        return {
            "code": self.code,
            "severity": self.severity,
            "page": f"docs/findings.md#{self.code.lower()}",
            "path": self.path,
            "problem": self.problem,
            "hint": self.hint,
            "accepted": self.accepted,
        }


class Report:
    """Collects findings; the same finding told twice is kept once."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, str, str], Finding] = {}

    def add(self, code: str, path: str, problem: str, hint: str | None = None) -> None:
        """Add one finding. ``code`` must be in ``CODES``."""
        if code not in CODES:
            raise KeyError(code)
        self._findings.setdefault((code, path, problem), Finding(code, path, problem, hint))

    def add_error(self, code: str, error: EdgeError) -> None:
        """Add an error that a part of the library raised."""
        self.add(code, error.path, error.problem, error.hint)

    @property
    def failed(self) -> bool:
        """True if any finding is an error."""
        return any(finding.severity == ERROR for finding in self._findings.values())

    def findings(self) -> list[Finding]:
        """Return all findings: errors first, then by code and path as written."""
        return sorted(self._findings.values(), key=lambda f: (f.severity != ERROR, f.code, f.path, f.problem))


def squash(word: str) -> str:
    """Return ``word`` without what spellings of one name differ in: ``targetPort`` and ``target_port`` are equal."""
    return word.replace("_", "").replace("-", "").lower()


def closest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that ``word`` most likely is a misspelling of, or None where none is close to it."""
    words = sorted(known)
    same = [item for item in words if squash(item) == squash(word)]
    return next(iter(same or difflib.get_close_matches(word, words, n=1, cutoff=0.7)), None)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str | None:
    """Return the hint for a misspelt ``word``, or None where nothing known is close to it.

    ``prefix`` is what all words start with: it makes none of them closer.
    """
    match = closest(word.removeprefix(prefix), {item.removeprefix(prefix) for item in known})
    return f"did you mean {prefix + match!r}?" if match else None


def one_of(words: Iterable[str]) -> str:
    """Return ``a, b or c`` for a hint that lists the choices."""
    items = sorted(words)
    if not items:
        return "there is none"
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"
