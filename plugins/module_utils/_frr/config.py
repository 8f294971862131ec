# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""FRR configuration as data: parse, compare, expand, splice, render, mask.

Only the BGP instance of the default VRF and the objects that filter for it (prefix-lists, route-maps, community,
AS-path and access lists) are understood. Everything else in a file is kept as it stands. Sources: FRR user guide
(bgp, filter, routemap) and ``show running-config`` of 7.5.1, 8.4.4 and 10.3.

Runs on the router: syntax of Python 3.8, no imports but stdlib.
"""

from __future__ import annotations

import difflib
import functools
import hashlib
import re
from typing import Container, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from .._errors import MASK, EdgeError
from .spelling import canonical, next_number

Line = Tuple[str, str]
"""Context inside an object (``address-family ipv4 unicast``, ``permit 10``, or empty) and the line."""


class Key(NamedTuple):
    """What an object is called: its kind and its name (empty for the BGP instance)."""

    kind: str
    name: str


BGP = Key("router bgp", "")

Objects = Dict[Key, Tuple[Line, ...]]
"""Objects by key; lines in the order of the text."""


class Block(NamedTuple):
    """Consecutive lines of a text: part of an object, or (``key`` None) something that this module does not read."""

    key: Optional[Key]
    first: int
    last: int


class Config(NamedTuple):
    """A parsed text."""

    text: str
    objects: Objects
    blocks: Tuple[Block, ...]
    profile: str
    """``frr defaults``: traditional or datacenter."""
    notation: str
    """What follows the AS number of its BGP instance: `` as-notation plain``, which changes nothing, or nothing."""


_LIST = re.compile(
    r"^(?P<kind>(?:ip|ipv6) prefix-list|(?:bgp|ip) as-path access-list"
    r"|(?:bgp|ip) (?:large-|ext)?community-list(?: standard| expanded)?|(?:ip |ipv6 |mac )?access-list)"
    r" (?P<name>\S+) (?P<rest>.+)$"
)
_ROUTE_MAP = re.compile(r"^route-map (\S+) (permit|deny) (\d+)$")
_ROUTER_BGP = re.compile(r"^(?P<header>router bgp \d+)(?: vrf default)?(?P<notation> as-notation plain)?$")
_DOTTED_BGP = re.compile(
    r"^router bgp \d+(?:\.\d+(?: vrf default)?(?: as-notation \S+)?|(?: vrf default)? as-notation dot\+?)$"
)
"""An instance of the default VRF that writes AS numbers in two parts (RFC 5396)."""
_IN_BGP = re.compile(
    r"^(?:no )?(?:neighbor|bgp|network|redistribute|maximum-paths|aggregate-address|timers bgp|distance|table-map"
    r"|coalesce-time|read-quanta|write-quanta|update-delay|address-family|exit-address-family)\b"
)
FILTERS = "route-map|prefix-list|filter-list|distribute-list"
"""The filters that a neighbor or group may have in each direction, for a regular expression."""
_IN_ROUTE_MAP = re.compile(r"^(?:no )?(?:match|set|call|on-match|continue|description|exit-policy)\b")
_OPENS = re.compile(
    r"^(?:router |route-map |interface |vrf |line |key chain |bfd$|rpki|segment-routing|pbr-map |nexthop-group "
    r"|l2vpn |mpls ldp$)"
)
_ADDRESS_FAMILY_LINE = re.compile(
    r"^(?:no )?(?:neighbor \S+ (?:activate|" + FILTERS + r"|maximum-prefix|maximum-prefix-out"
    r"|soft-reconfiguration|next-hop-self|default-originate|send-community|allowas-in|addpath-\S+|as-override|remove-private-AS"
    r"|route-reflector-client|unsuppress-map|weight|attribute-unchanged|capability orf)\b"
    r"|network |redistribute |maximum-paths|aggregate-address |table-map )"
)
_REFERENCE = re.compile(
    r"\b(?P<word>route-map|unsuppress-map|table-map|advertise-map|exist-map|non-exist-map|attribute-map|suppress-map|call"
    r"|prefix-list|filter-list|distribute-list) (?P<name>\S+)"
)
_MATCH_LIST = re.compile(
    r"^match (?:(?P<ip>ip|ipv6) (?:address|next-hop|route-source)"
    r"|(?P<other>as-path|community|large-community|extcommunity)) "
    r"(?!prefix-list|prefix-len|type|[0-9a-f:]+::)(?P<name>\S+)"
)
_SECRETS = (
    re.compile(r"^(?P<head>\s*neighbor \S+ password )(?P<secret>.+)$"),
    re.compile(r"^(?P<head>\s*(?:enable )?password )(?P<secret>.+)$"),
    # Of the other daemons: IS-IS, MSDP and LDP; then OSPF, key chains, RIP, NHRP and OSPFv3.
    re.compile(r"^(?P<head>.*?\bpassword (?:(?:clear|md5) )?)(?P<secret>\S.*)$"),
    re.compile(
        r"^(?P<head>.*\b(?:md5|key-string|authentication-key|authentication (?:text|string)|nhrp authentication"
        r"|hash-algo \S+ key|(?:area|domain)-password \S+) )(?P<secret>\S+.*)$"
    ),
)

SECRET_WORDS = "password|md5|key-string|authentication|hash-algo"  # noqa: S105  the words before one
"""What each of these lines has in a word before its secret, as an extended regular expression of Python and awk.

Where a line may stand in any form (a log quotes it, a person wrote it), all that follows such a word is left out.
"""

_TOGGLES = (
    # line, on by default in (traditional, datacenter); FRR bgpd/bgp_vty.c, FRR_CFG_DEFAULT_*
    ("bgp ebgp-requires-policy", {"traditional": True, "datacenter": False}),
    ("bgp network import-check", {"traditional": True, "datacenter": True}),
    ("bgp log-neighbor-changes", {"traditional": False, "datacenter": True}),
    ("bgp default ipv4-unicast", {"traditional": True, "datacenter": True}),
)
_PREFERRED_KINDS = ("router bgp", "ip prefix-list", "ipv6 prefix-list")
"""Order of rendering; other lists follow, route-maps stand last (UniFi drops lists before router bgp)."""


# -- parse ---------------------------------------------------------------------------------------------------------
def split_lines(text: str) -> List[str]:
    """Return the lines of a text as FRR reads them: only a line feed ends one.

    ``str.splitlines`` also splits at form feeds, U+2028 and others, so that one line of FRR would be two of ours.
    """
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


@functools.lru_cache(maxsize=16)
def parse(text: str) -> Config:
    """Read an FRR configuration: a file, or the output of ``show running-config``.

    A change asks for the same few texts many times, so what was read is kept; nobody may change it.

    Indentation, tabs, CRLF, comments and missing ``exit`` lines do not matter, as in FRR. Lists without ``seq`` get
    FRR's own numbers (5, 10, ...).

    Raises:
        EdgeError: two BGP instances in the default VRF, of which FRR would load the first one only; one with AS numbers
            in two parts; or an entry of a list whose ``seq`` has no number.
    """
    reader = _Reader(text)
    done = {key: _held(key, members) for key, members in reader.objects.items()}
    if BGP in done:
        done[BGP] = _explicit(done[BGP], reader.profile)
    return Config(text, done, tuple(reader.blocks), reader.profile, reader.notation)


_ONE_HOLDS = re.compile(
    r"^(?:match (?:ip|ipv6) (?:address|next-hop|route-source)(?: (?:prefix-list|prefix-len|type|address)(?= )|(?= ))"
    r"|match (?:as-path|community|large-community|extcommunity|interface|local-preference|metric|origin|peer|tag)(?= )"
    r"|set (?:community|large-community|comm-list|large-comm-list|local-preference|metric|origin|tag|weight)(?= )"
    r"|set (?:as-path (?:prepend|exclude)|ip next-hop|ipv6 next-hop (?:global|local|peer-address|prefer-global))\b"
    r"|call(?= )|description(?= ))"
)
"""What begins a line of an entry of a route-map of which FRR keeps the last one.

By the name of the command: route_map_add_match and route_map_add_set of lib/routemap.c.
"""


def _held(key: Key, members: List[Line]) -> Tuple[Line, ...]:
    """Return the lines of an object that FRR keeps of those in a text, each once.

    The last line of a kind holds in an entry of a route-map. The last action of an entry holds for all of its lines
    (lib/routemap_northbound.c). The last entry with a number holds in a list (``prefix_seq_check`` and the like).
    FRR shows the lines of a route-map's entry in an order of its own, which has no meaning: they are sorted.
    """
    if key == BGP:
        return tuple(dict.fromkeys(members))
    kept: Dict[Tuple[str, str], Line] = {}
    if key.kind != "route-map":
        for context, text in members:
            found = _SEQ.match(text)
            kept[context, found.group("seq") if found else text] = (context, text)
        return tuple(kept.values())
    contexts = {context.split()[1]: context for context, text in members if not text}
    for context, text in members:
        context, found = contexts[context.split()[1]], _ONE_HOLDS.match(text)
        kept[context, found.group() if found else text] = (context, text)
    return tuple(sorted(kept.values()))


def indented(text: str) -> str:
    """Return a configuration that lost its indentation, and whose blocks all end in ``exit`` or ``end``, with it.

    So frr-reload.py keeps what it read (``vtysh -m`` writes the ends that a version leaves out).
    """
    lines, inside = [], False
    for line in text.split("\n"):
        ends = line in ("exit", "end")
        lines.append(" " + line if inside and line and not ends else line)
        inside = not ends and (inside or bool(_OPENS.match(line)))
    return "\n".join(lines)


class _Reader:
    """Reads a configuration line by line into objects and blocks.

    Args:
        text: the configuration.

    Raises:
        EdgeError: as :func:`parse`.
    """

    def __init__(self, text: str) -> None:
        self.objects: Dict[Key, List[Line]] = {}
        self.blocks: List[Block] = []
        self.profile = "traditional"
        self.notation = ""
        self._lines = split_lines(text)
        self._key: Optional[Key] = None
        """Of the open block."""
        self._opened = False
        """Whether further lines may belong to it."""
        self._context = ""
        self._start = 0
        """Index of its first line."""
        for index, raw in enumerate(self._lines):
            line = " ".join(raw.split())
            if not line or line[0] in "!#":
                continue
            if self._opened and _belongs(self._key, line, raw[:1] in " \t"):
                self._inside(line)
            else:
                self._open(index, line)
        self._close(len(self._lines))

    def _inside(self, line: str) -> None:
        """Take a line of the open block."""
        if line in ("exit", "end"):
            self._opened = self._context != "" and self._key == BGP
            self._context = "" if self._key == BGP else self._context
        elif self._key is not None:
            self._context = _add(self.objects[self._key], self._key, self._context, line)

    def _open(self, index: int, line: str) -> None:
        """Begin a block with a top-level line; comments directly above it belong to it."""
        first = index
        while first > self._start and _is_comment(self._lines[first - 1]):
            first -= 1
        self._close(first)
        self._start, self._context, self._key = first, "", _object_of(line)
        self._opened = bool(_OPENS.match(line))
        if line.startswith("frr defaults "):
            self.profile = line.split()[-1]
        if self._key is not None:
            self._begin(self._key, line)

    def _begin(self, key: Key, line: str) -> None:
        """Take the first line of a block of an object."""
        members = self.objects.setdefault(key, [])
        instance = _ROUTER_BGP.match(line)
        if instance:
            header = instance.group("header")
            if members and members[0] != ("", header):
                text = "the configuration has two BGP instances in the default VRF: '{0}' and '{1}'"
                raise EdgeError("", text.format(members[0][1], header))
            if not members:
                members.append(("", header))
            self.notation = self.notation or instance.group("notation") or ""
        elif key.kind == "route-map":
            found = _ROUTE_MAP.match(line)
            self._context = "{0} {1}".format(found.group(2), found.group(3)) if found else ""
            members.append((self._context, ""))
        else:
            members.append(("", _list_line(members, key, line)))

    def _close(self, end: int) -> None:
        """End the open block before the line ``end``."""
        if end > self._start:
            self.blocks.append(Block(self._key, self._start, end))


def _is_comment(raw: str) -> bool:
    """Return whether a line is a comment with text; a lone ``!`` or ``#`` separates blocks."""
    line = raw.strip()
    return line[:1] in ("!", "#") and line not in ("!", "#")


def _belongs(key: Optional[Key], line: str, indented: bool) -> bool:
    """Return whether ``line`` stands inside the open block."""
    if line == "exit":
        return True
    if line.startswith("router ") or _ROUTE_MAP.match(line) or (_LIST.match(line) and key is not None):
        return False
    if indented:
        return True
    if key == BGP:
        return bool(_IN_BGP.match(line))
    if key is not None and key.kind == "route-map":
        return bool(_IN_ROUTE_MAP.match(line))
    return False


def _object_of(line: str) -> Optional[Key]:
    """Return the key of the object that a top-level line belongs to, or None.

    Raises:
        EdgeError: it opens a BGP instance that would be taken for none.
    """
    if _ROUTER_BGP.match(line):
        return BGP
    if _DOTTED_BGP.match(line):
        raise EdgeError(
            "",
            "'{0}' writes AS numbers in two parts, so its neighbors cannot be compared with the plan".format(line),
            "write it anew as 'router bgp <AS number> as-notation plain'; FRR closes its sessions for that once",
        )
    found = _ROUTE_MAP.match(line)
    if found:
        return Key("route-map", found.group(1))
    found = _LIST.match(line)
    if found:
        return Key(found.group("kind"), found.group("name"))
    return None


_SEQ = re.compile(r"^(?P<seq>seq [0-9]+) \S")


def _list_line(members: List[Line], key: Key, line: str) -> str:
    """Return an entry of a list, with a ``seq`` if it is a prefix-list.

    Raises:
        EdgeError: its ``seq`` has no number.
    """
    rest = line[len(key.kind) + len(key.name) + 2 :]
    if rest.startswith("seq ") and not _SEQ.match(rest):
        raise EdgeError("", "'{0}' has no sequence number, and then an entry: FRR refuses it".format(line))
    if key.kind.endswith("prefix-list") and not rest.startswith(("seq ", "description ")):
        taken = [int(text.split()[1]) for _context, text in members if text.startswith("seq ")]
        rest = "seq {0} {1}".format(next_number(key.kind, max(taken, default=0)), rest)
    return canonical(rest, key.kind)


def _add(members: List[Line], key: Key, context: str, line: str) -> str:
    """Add a line inside a block to ``members``; return the context that holds after it."""
    if key != BGP:
        members.append((context, canonical(line, key.kind)))
        return context
    if line.startswith("address-family "):
        return _family_context(line)
    if line == "exit-address-family":
        return ""
    in_family = context == "" and _ADDRESS_FAMILY_LINE.match(line)
    members.append(("address-family ipv4 unicast" if in_family else context, canonical(line, key.kind)))
    return context


def _family_context(line: str) -> str:
    """Return ``address-family`` with its default sub-family written out."""
    return line + " unicast" if line in ("address-family ipv4", "address-family ipv6") else line


def _explicit(lines: Tuple[Line, ...], profile: str) -> Tuple[Line, ...]:
    """Return the BGP instance with the defaults of its profile written out, so that two versions can be compared."""
    result = list(lines)
    present = {text for context, text in lines if not context}
    for toggle, by_profile in _TOGGLES:
        if toggle not in present and "no " + toggle not in present:
            on = by_profile.get(profile, by_profile["traditional"])
            result.insert(1, ("", toggle if on else "no " + toggle))
    family = "address-family ipv4 unicast"
    if ("", "bgp default ipv4-unicast") in result:
        # These neighbors are active without a line that says so; written out, they stay so under "no bgp default".
        said = {text.split()[-2] for context, text in result if context == family and text.endswith(" activate")}
        instance = Instance(result)
        for name in instance.subjects:
            if name not in said and name not in instance.group_of:
                result.append((family, "neighbor {0} activate".format(name)))
        result[result.index(("", "bgp default ipv4-unicast"))] = ("", "no bgp default ipv4-unicast")
    # Reading the whole instance once more is worth it only where a line asks for it.
    asks = any(text.startswith("no neighbor ") for _context, text in result)
    members = Instance(result).group_of if asks else {}
    return tuple(dict.fromkeys(item for item in result if not _says_nothing(item, members)))


LISTEN_LIMIT = 100
"""Dynamic neighbors at most where no line says otherwise (bgpd/bgpd.h, BGP_DYNAMIC_NEIGHBORS_LIMIT_DEFAULT)."""


def _says_nothing(item: Line, members: Container[str]) -> bool:
    """Return whether a line is FRR's own default, which FRR does not show.

    Such are its limit of dynamic neighbors (:data:`LISTEN_LIMIT`), and a neighbor that stays inactive in
    a family; a member has its group's families.
    """
    text = item[1]
    if text == "bgp listen limit {0}".format(LISTEN_LIMIT):
        return True
    return text.startswith("no neighbor ") and text.endswith(" activate") and text.split()[2] not in members


# -- read the BGP instance -----------------------------------------------------------------------------------------
_MEMBER = re.compile(r"^neighbor (?P<name>\S+) (?:interface (?:v6only )?)?peer-group (?P<group>\S+)$")
"""Membership; an interface in place of an address is an unnumbered neighbor (RFC 5549)."""
_LIVE_KEYS = re.compile(r"^(?:description|" + FILTERS + r"|maximum-prefix|soft-reconfiguration)\b")
"""What FRR changes on a session without closing it."""


class Instance:
    """The neighbors and peer groups of a BGP instance, read in one pass: a router may have hundreds.

    Args:
        lines: the instance.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self.lines_of: Dict[str, List[Line]] = {}
        """Name of a neighbor or group -> its lines (context, what follows the name), in order."""
        self.group_of: Dict[str, str] = {}
        """Neighbor -> its peer group."""
        self._groups: Set[str] = set()
        self._shared: Set[Line] = set()
        general: Dict[str, None] = {}
        for context, text in lines:
            if text.startswith("neighbor "):
                _word, name, rest = (text + " ").split(" ", 2)
                rest = rest.rstrip(" ")
                self.lines_of.setdefault(name, []).append((context, rest))
                if not context:
                    general[name] = None
                    self._read_membership(name, rest, text)
            elif text.startswith(("router bgp ", "bgp router-id ")):
                self._shared.add((context, text))
        self.subjects = tuple(general)
        """Neighbors and peer groups, in order."""
        self.neighbors = tuple(name for name in general if name not in self._groups)
        """Addresses (or interfaces) of the neighbors, without the peer groups."""

    def _read_membership(self, name: str, rest: str, text: str) -> None:
        """Note what a line outside of the families says of groups."""
        if rest == "peer-group":
            self._groups.add(name)
        found = _MEMBER.match(text)
        if found:
            self.group_of.setdefault(name, found.group("group"))

    def has(self, context: str, name: str, rest: str) -> bool:
        """Return whether a neighbor or group has a line of its own."""
        return (context, rest) in self.lines_of.get(name, ())

    def session_lines(self, name: str) -> Set[Line]:
        """Return the lines whose change closes the session to a neighbor, or to the members of a group.

        These are its own lines and those of its group, without the names, and the instance's AS and router-id. FRR
        changes filters and descriptions without closing a session, so they are left out.
        """
        result = set(self._shared)
        for who in (name, self.group_of.get(name, "")):
            for context, rest in self.lines_of.get(who, ()):
                if rest != "peer-group" and not _LIVE_KEYS.match(rest):
                    # Without the name of the group: the lines that it brings are what counts.
                    said = re.sub(r"\bpeer-group \S+$", "peer-group", rest) if "peer-group " in rest else rest
                    result.add((context, said))
        return result


def group_of(lines: Iterable[Line], name: str) -> Optional[str]:
    """Return the peer group of a neighbor."""
    return Instance(lines).group_of.get(name)


def neighbors(lines: Iterable[Line]) -> List[str]:
    """Return the addresses (or interfaces) of the neighbors of a BGP instance, without its peer groups."""
    return list(Instance(lines).neighbors)


def unchanged_neighbors(before: Objects, after: Objects) -> List[str]:
    """Return the neighbors whose session stays up when one configuration becomes the other.

    Moving a neighbor to another peer group counts as a change: FRR closes the session.
    """
    lines = before.get(BGP, ()), after.get(BGP, ())
    old = Instance(lines[0])
    if frozenset(lines[0]) == frozenset(lines[1]):
        return list(old.neighbors)
    new = Instance(lines[1])
    remaining = set(new.neighbors)
    return [
        name
        for name in old.neighbors
        if name in remaining
        and old.group_of.get(name) == new.group_of.get(name)
        and old.session_lines(name) == new.session_lines(name)
    ]


# -- references and scope ------------------------------------------------------------------------------------------
def references(key: Key, lines: Iterable[Line]) -> Set[Key]:
    """Return the lists and route-maps that an object names."""
    result: Set[Key] = set()
    for context, text in lines:
        if " description " in text or text.startswith("description "):
            continue
        version6 = "ipv6" in context or text.startswith("match ipv6 ")
        for found in _REFERENCE.finditer(text):
            word, name = found.group("word"), found.group("name")
            if word == "prefix-list":
                result.add(Key("ipv6 prefix-list" if version6 else "ip prefix-list", name))
            elif word == "filter-list":
                result.add(Key("bgp as-path access-list", name))
            elif word == "distribute-list":
                result.add(Key("ipv6 access-list" if version6 else "access-list", name))
            else:
                result.add(Key("route-map", name))
        listed = _MATCH_LIST.match(text) if key.kind == "route-map" else None
        if listed:
            kinds = {"ip": "access-list", "ipv6": "ipv6 access-list", "as-path": "bgp as-path access-list"}
            word = listed.group("ip") or listed.group("other")
            result.add(Key(kinds.get(word, "bgp {0}-list".format(word)), listed.group("name")))
    return result


def reachable(objects: Objects) -> Set[Key]:
    """Return the BGP instance and every object that it uses, directly or through a route-map."""
    found: Set[Key] = set()
    open_ = [BGP] if BGP in objects else []
    while open_:
        key = open_.pop()
        if key in found:
            continue
        found.add(key)
        named = references(key, objects[key])
        open_.extend(other for other in objects if any(same_object(other, wanted) for wanted in named))
    return found


def same_object(key: Key, wanted: Key) -> bool:
    """Return whether a reference is to ``key``; versions spell the kinds of lists differently."""
    if key.name != wanted.name:
        return False
    return _plain_kind(key.kind) == _plain_kind(wanted.kind)


def _plain_kind(kind: str) -> str:
    if "community-list" in kind or "as-path" in kind:
        return re.sub(r"^(?:bgp|ip) | (?:standard|expanded)$", "", kind)
    return "access-list" if kind == "ip access-list" else kind


def undefined(objects: Objects) -> List[Tuple[Key, Key]]:
    """Return references to objects that do not exist, as (object, missing object). FRR denies every route there."""
    return [
        (key, wanted)
        for key, lines in objects.items()
        for wanted in sorted(references(key, lines))
        if not any(same_object(other, wanted) for other in objects)
    ]


_DESCRIBES = re.compile(r"(?:^| )(?:description|remark|alias) .*$|\b(?:neighbor|peer-group|vrf|interface|hostname) \S+")
"""Words of a line that name no list and no route-map: free text, and what else has a name."""
_NAMES_KIND = re.compile(r"\b(route-map|prefix-list) (\S+)")
"""Words that say of which kind the name after them is."""


def named_by(line: str) -> Set[Key]:
    """Return what a line that this module does not read may name: each of its words, of any kind where none is said."""
    said = _DESCRIBES.sub(" ", " ".join(line.split()))
    result = {Key(kind, name) for kind, name in _NAMES_KIND.findall(said)}
    return result | {Key("", word) for word in _NAMES_KIND.sub(" ", said).split()}


def _shared(live: Config, used: Set[Key]) -> Set[Key]:
    """Return the objects of ``used`` that something else on the router uses too, directly or through them."""
    named: Set[Key] = set()
    lines = split_lines(live.text)
    for block in live.blocks:
        if block.key is None:
            for line in lines[block.first : block.last]:
                if line.strip()[:1] not in ("!", "#"):
                    named |= named_by(line)
        elif block.key not in used:
            named |= references(block.key, live.objects[block.key])
    of_name: Dict[str, List[Key]] = {}
    for wanted in named:
        of_name.setdefault(wanted.name, []).append(wanted)
    found: Set[Key] = set()
    open_ = [key for key in used if key != BGP and any(means(wanted, key) for wanted in of_name.get(key.name, ()))]
    while open_:
        key = open_.pop()
        if key not in found:
            found.add(key)
            wanted_here = references(key, live.objects[key])
            open_.extend(other for other in used if any(same_object(other, wanted) for wanted in wanted_here))
    return found


def means(wanted: Key, key: Key) -> bool:
    """Return whether a name of :func:`named_by` or :func:`references` may be this object's; both have one name."""
    if wanted.kind == "prefix-list":
        return key.kind.endswith(" prefix-list")
    return not wanted.kind or same_object(key, wanted)


def scope(live: Config, candidate: Config) -> Set[Key]:
    """Return the objects that a candidate replaces: its own, the live BGP instance, and what only that one uses.

    An object that something else on the router uses as well (another daemon, another VRF) stays out, with what it uses.
    """
    used = reachable(live.objects)
    return (used - _shared(live, used)) | set(candidate.objects) | {BGP}


def pick(objects: Objects, keys: Set[Key]) -> Objects:
    """Return the objects with a key in ``keys``."""
    return {key: lines for key, lines in objects.items() if key in keys}


def equal(one: Objects, other: Objects) -> bool:
    """Return whether two configurations mean the same; the order of lines has no meaning in FRR."""
    return {key: frozenset(lines) for key, lines in one.items()} == {
        key: frozenset(lines) for key, lines in other.items()
    }


# -- render --------------------------------------------------------------------------------------------------------
def ordered(objects: Objects) -> Objects:
    """Return the objects in the order of rendering."""

    def rank(key: Key) -> Tuple[int, str]:
        if key.kind in _PREFERRED_KINDS:
            return _PREFERRED_KINDS.index(key.kind), key.name
        return (9, key.name) if key.kind == "route-map" else (5, key.name)

    return {key: objects[key] for key in sorted(objects, key=rank)}


def render(objects: Objects, exits: bool = True) -> str:
    """Return objects as text that FRR loads.

    Args:
        objects: normal form, as from :func:`parse` or :func:`expand`.
        exits: write ``exit`` after a block (FRR 8.1 and later show it; the reload of 7.5 mis-reads it).
    """
    result: List[str] = []
    for key, lines in ordered(objects).items():
        if key == BGP:
            result.extend(_render_instance(lines, exits))
        elif key.kind == "route-map":
            for action, seq, texts in route_map_entries(lines):
                result.append("route-map {0} {1} {2}".format(key.name, action, seq))
                result.extend(" " + text for text in texts)
                result.extend(["exit", "!"] if exits else ["!"])
        else:
            result.extend("{0} {1} {2}".format(key.kind, key.name, text) for _context, text in lines)
            result.append("!")
    return "\n".join(result) + "\n" if result else ""


def _render_instance(lines: Tuple[Line, ...], exits: bool) -> List[str]:
    """Return the BGP instance; a group must exist, with its AS, before anything names it."""
    header = next(text for context, text in lines if not context and text.startswith("router bgp "))
    general = [text for context, text in lines if not context and text != header]

    def rank(text: str) -> int:
        words = text.split()
        if words[0] == "neighbor":
            if words[2:] == ["peer-group"]:
                return 1
            if words[2] == "remote-as":
                return 2
            return 3 if words[2] == "peer-group" or (words[2] == "interface" and len(words) > 4) else 5
        if text.startswith("bgp listen range"):
            return 4
        return 0 if text.startswith(("bgp ", "no bgp ")) else 6

    result = [header] + [" " + text for text in sorted(general, key=rank)]
    for context in sorted({context for context, _text in lines if context}):
        family = [text for where, text in lines if where == context]
        family.sort(key=lambda text: 0 if text.endswith(" activate") else 1)
        result.append(" !")
        result.append(" " + context)
        result.extend("  " + text for text in family)
        result.append(" exit-address-family")
    return result + (["exit", "!"] if exits else ["!"])


def splice(text: str, keys: Set[Key], replacement: str) -> str:
    """Return a file's text with the objects in ``keys`` replaced; everything else stays byte for byte.

    The replacement stands where the BGP instance stood, else at the end, so that ``router bgp`` comes before the lists.
    """
    config = parse(text)
    lines = split_lines(text)
    before: List[str] = []
    after: List[str] = []
    seen = False
    for block in config.blocks:
        part = lines[block.first : block.last]
        if block.key in keys:
            seen = seen or block.key == BGP
        elif seen:
            after.extend(part)
        else:
            before.extend(part)
    while before and before[-1].strip() in ("", "!", "end"):
        before.pop()
    while after and after[0].strip() in ("", "!"):
        after.pop(0)
    body = replacement.rstrip("\n").split("\n") if replacement.strip() else []
    parts = before + (["!"] if before else []) + body + after
    return "\n".join(parts) + "\n"


def with_notation(text: str, notation: str) -> str:
    """Return a text with the notation of AS numbers that its BGP instance is to have.

    FRR takes an instance without the words for another one: a reload would end all sessions.

    Args:
        text: a configuration with one instance at most.
        notation: as :attr:`Config.notation`.
    """
    return re.sub(r"^(router bgp \d+)$", r"\g<1>" + notation, text, count=1, flags=re.MULTILINE)


def route_map_entries(lines: Iterable[Line]) -> List[Tuple[str, int, Tuple[str, ...]]]:
    """Return the entries of a route-map in FRR's order: (action, seq, lines)."""
    found: Dict[str, List[str]] = {}
    for context, text in lines:
        found.setdefault(context, [])
        if text:
            found[context].append(text)
    result = [(context.split()[0], int(context.split()[1]), tuple(texts)) for context, texts in found.items()]
    return sorted(result, key=lambda entry: entry[1])


# -- compare -------------------------------------------------------------------------------------------------------
def mask(text: str) -> str:
    """Return ``text`` with every secret replaced by asterisks."""
    return "\n".join(_mask_line(line, MASK) for line in text.split("\n"))


def is_hidden(secret: str) -> bool:
    """Return whether a word in the place of a secret says only that there is one.

    Such are asterisks (:func:`mask`, ``vtysh`` of some makers), a word in angle brackets (``<removed>``, as support
    files have it), and the placeholder of a rendered file without secrets, ``SECRET:<name>``.
    """
    return re.match(r"(?:\*+( \(changed\))?|<[^<>]*>|SECRET:\S+)\Z", secret) is not None


def digested(text: str, salt: str) -> str:
    """Return ``text`` with each secret replaced by its digest: comparable under the same salt, and not readable.

    Asterisks, which hide one already, stay. Nothing else does: any other word may be a password.
    """
    lines = []
    for line in text.split("\n"):
        found = next(filter(None, (pattern.match(line) for pattern in _SECRETS)), None)
        if found:
            secret = found.group("secret").strip()
            if not secret.strip("*"):
                lines.append(line)
                continue
            line = found.group("head") + hashlib.sha256("{0} {1}".format(salt, secret).encode("utf-8")).hexdigest()
        lines.append(line)
    return "\n".join(lines)


def _mask_line(line: str, masked: str) -> str:
    for pattern in _SECRETS:
        found = pattern.match(line)
        if found:
            return found.group("head") + masked
    return line


def unified_diff(before: Objects, after: Objects, names: Tuple[str, str] = ("live", "planned")) -> str:
    """Return a unified diff of two configurations in normal form, without secrets.

    A secret that changes shows as changed, not as itself.
    """
    old = split_lines(masked_text(before))
    new = split_lines(masked_text(after, before))
    return "\n".join(difflib.unified_diff(old, new, names[0], names[1], lineterm="", n=2))


def masked_text(objects: Objects, before: Optional[Objects] = None) -> str:
    """Return the normal form as text in one order and without secrets.

    Where ``before`` is given, a secret that differs from it is marked as changed.
    """
    old = None if before is None else set(_sorted_lines(before))
    lines = [
        _mask_line(line, MASK if old is None or line in old else MASK + " (changed)") for line in _sorted_lines(objects)
    ]
    return "\n".join(lines) + ("\n" if lines else "")


def _sorted_lines(objects: Objects) -> List[str]:
    """Return the objects as lines in one order, whatever order theirs was."""
    return split_lines(render({key: _in_one_order(key, lines) for key, lines in objects.items()}))


def _in_one_order(key: Key, lines: Tuple[Line, ...]) -> Tuple[Line, ...]:
    if key == BGP:
        return (*lines[:1], *sorted(lines[1:]))
    return tuple(sorted(lines)) if key.kind == "route-map" else lines
