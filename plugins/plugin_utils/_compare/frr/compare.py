# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare two FRR configurations by the BGP that they set up in the default VRF.

Names (of peer groups, lists, route-maps), sequence numbers, order, comments, abbreviations, spelled-out defaults, and
whether a setting stands on a group or on each of its members do not matter. Filters are compared by the routes that
they let through. A line that is not understood is compared word by word, so it is never ignored.

Settings that only affect what is displayed are left out: descriptions, ``log-neighbor-changes``, the threshold of
``maximum-prefix`` (it writes a log line), and ``soft-reconfiguration inbound`` (it keeps refused routes for display).
So is what has no effect: a peer group without members, a family in which a neighbor is not active, ``ebgp-multihop``
within one AS.
"""

from __future__ import annotations

import re
from re import Match

from ....module_utils._errors import EdgeError
from ....module_utils._frr.config import BGP, Instance, Line, Objects, parse
from ....module_utils._frr.state import version_tuple
from ....module_utils._frr.versions import CONNECT_RETRY_30, EBGP_REQUIRES_POLICY, ENFORCE_FIRST_AS, TRIED
from .lines import (
    COMMUNITIES,
    GRACEFUL,
    check_numbers,
    community_kinds,
    interfaces,
    limit,
    profiles,
    router_id,
    session_line,
    with_length,
    word_at,
)
from .model import BgpConfig, Family, Neighbor, Secret, Settings
from .policy import (
    PERMIT,
    BoundFilters,
    Decision,
    decide,
    decision_difference,
    decision_text,
    outcome_at,
    route_map,
    set_everywhere,
    tree_text,
    without,
    without_unread_tags,
)
from .prefixes import everything
from .shown import shown
from .words import written_out

FAMILIES = {"address-family ipv4 unicast": "ipv4", "address-family ipv6 unicast": "ipv6"}
"""The families whose filters are followed, by the line that opens them."""

_TIMERS = {"traditional": (60, 180), "datacenter": (3, 9)}
"""Keepalive and hold time where nothing is written (FRR bgpd/bgp_vty.c, FRR_CFG_DEFAULT_BGP_*)."""
_CONNECT = {"traditional": 120, "datacenter": 10}
_LISTEN_LIMIT = "100"
_ON_BY_DEFAULT = (
    "bgp fast-external-failover",
    "bgp suppress-duplicates",
    "bgp graceful-restart restart-time 120",
    "bgp graceful-restart stalepath-time 360",
    "bgp client-to-client reflection",
    "bgp default local-preference 100",
    "bgp default subgroup-pkt-queue-max 40",
    "distance bgp 20 200 200",
)
"""Lines that write out a default: FRR 10.3 accepts them and does not show them."""
_COSMETIC = ("bgp log-neighbor-changes", "bgp default show-hostname", "bgp default show-nexthop-hostname")
_FOLLOWED = (
    "bgp ebgp-requires-policy",
    "bgp network import-check",
    "bgp default ipv4-unicast",
    "bgp default ipv6-unicast",
)
"""Lines whose effect shows in the neighbors' families and filters; they are not compared themselves."""
_VERSION_LINE = re.compile(r"^frr version (?P<version>[0-9]+(\.[0-9]+)+)", re.MULTILINE)
_FILTERS = ("distribute-list", "prefix-list", "filter-list", "route-map")

OWN_NEXT_HOPS = {
    "ip next-hop peer-address": "routes lead to the neighbor itself",
    "ipv6 next-hop peer-address": "routes lead to the neighbor itself",
    "ipv6 next-hop prefer-global": "link-local next hops are not used",
}
"""What a route-map sets on all routes that a neighbor announces -> what that means: a neighbor can lead traffic to no
other machine. It changes nothing for one that announces itself."""

HIDDEN_NOT_COMPARED = "both have a password, which is hidden and was not compared"
"""What is said of a neighbor in place of a password that cannot be compared: neither equal nor another."""


# -- the normal form -----------------------------------------------------------------------------------------------
def bgp_config(text: str, version: str | None = None) -> BgpConfig:
    """Return the BGP of a configuration in normal form.

    Args:
        text: a file, or the output of ``show running-config``.
        version: of the FRR that runs it, such as ``10.3``, for defaults that changed; None = the newest known.

    Raises:
        EdgeError: two BGP instances in the default VRF, or a line that FRR itself would refuse.
    """
    plain = _plain(text)
    config = parse(plain)
    lines = config.objects.get(BGP, ())
    if not lines:
        return BgpConfig(None, {}, {}, {})
    return _Instance(config.objects, lines, config.profile, version, plain).normal_form()


def _plain(text: str) -> str:
    """Return a configuration with abbreviated keywords written out."""
    return "\n".join(_written_out(line) for line in text.splitlines())


def _written_out(raw: str) -> str:
    """Return a line with abbreviated keywords written out. Its indentation stays: it marks what belongs to a block."""
    if not raw.strip() or raw.strip()[0] in "!#":
        return raw
    return raw[: len(raw) - len(raw.lstrip())] + written_out(raw)


def written_by(text: str) -> str | None:
    """Return the version of the FRR that wrote a configuration, such as ``10.1.2``; None where none is named.

    FRR itself writes it at the top of what it shows and saves.
    """
    found = _VERSION_LINE.search(text)
    return found["version"] if found else None


def _old_defaults(text: str) -> tuple[str, ...]:
    """Return the settings that a line ``frr version`` switches off: it asks for the defaults of that version."""
    version = written_by(text)
    if version is None or EBGP_REQUIRES_POLICY.holds(version_tuple(version)):
        return ()
    written = {" ".join(line.split()) for line in text.splitlines()}
    return tuple(what for what in ("bgp ebgp-requires-policy", "bgp network import-check") if what not in written)


class _Instance:
    """Brings one BGP instance into normal form.

    Args:
        objects: the parsed configuration.
        lines: those of the instance.
        profile: ``traditional`` or ``datacenter``, which have other defaults.
        version: of the FRR that runs it; None = the newest known.
        text: the whole configuration, with keywords written out.
    """

    def __init__(
        self,
        objects: Objects,
        lines: tuple[Line, ...],
        profile: str,
        version: str | None,
        text: str,
    ) -> None:
        self.objects = objects
        self.router_id = router_id(text)
        self.interfaces = interfaces(text)
        self.profiles = profiles(text)
        self.profile = profile
        self.version = _numbers(version) or TRIED[-1]
        self.general = [line for context, line in lines if not context]
        self.asn = int(self.general[0].split()[2])
        off = {line[len("no ") :] for line in self.general if line.startswith("no ")}
        if profile == "traditional":
            off.update(_old_defaults(text))
        self.needs_policy = "bgp ebgp-requires-policy" not in off
        self.checks_networks = "bgp network import-check" not in off
        self.lines: dict[str, list[tuple[str, list[str]]]] = {}
        """Neighbor or group -> (family's line or empty, words behind its name; ``no`` stands first)."""
        self.family_lines: dict[str, list[str]] = {}
        self.decisions: dict[tuple[BoundFilters, str, bool], Decision] = {}
        for context, line in lines:
            words = line.split()
            negated = words[0] == "no"
            if words[1 if negated else 0 :][:1] == ["neighbor"] and len(words) > 2:
                name, rest = words[2 if negated else 1], words[3 if negated else 2 :]
                if rest and not negated:
                    check_numbers(line, rest)
                self.lines.setdefault(name, []).append((context, (["no"] if negated else []) + rest))
            elif context:
                self.family_lines.setdefault(context, []).append(line)
        self.groups = {name for name, held in self.lines.items() if ("", ["peer-group"]) in held}
        self.member_of = Instance(lines).group_of

    def normal_form(self) -> BgpConfig:
        """Return the instance with its neighbors and listen ranges."""
        neighbors: dict[str, Neighbor] = {}
        for name in self.lines:
            if name not in self.groups:
                neighbors[name] = self._neighbor(self._with_group(name), name)
        for text in self.general:
            words = text.split()
            if words[:3] == ["bgp", "listen", "range"] and len(words) == 6:
                neighbors["range " + words[3]] = self._neighbor(self.lines.get(words[5], []), words[5], words[3])
        used = {family for neighbor in neighbors.values() for family in neighbor.families}
        families = {name: self._family_settings(context, name) for context, name in FAMILIES.items() if name in used}
        for context, held in self.family_lines.items():
            if context not in FAMILIES:
                families[context[len("address-family ") :]] = dict.fromkeys(held, "")
        dynamic = any(name.startswith("range ") for name in neighbors)
        return BgpConfig(self.asn, self._settings(dynamic), families, neighbors)

    # -- whole instance --------------------------------------------------------------------------------------------
    def _settings(self, dynamic: bool) -> Settings:
        result: Settings = {"router-id": self.router_id} if self.router_id else {}
        for text in self.general[1:]:
            on = not text.startswith("no ")
            what = text if on else text[len("no ") :]
            words = what.split()
            if words[0] == "neighbor" or words[:3] == ["bgp", "listen", "range"] or words[:2] == ["timers", "bgp"]:
                continue
            if what in _COSMETIC or what in _FOLLOWED or (on and what in _ON_BY_DEFAULT):
                continue
            if what[len("bgp ") :] in GRACEFUL:
                continue  # it is a setting of each neighbor
            if words[:2] == ["bgp", "router-id"]:
                result["router-id"] = word_at(words, 2)
            elif words[:3] == ["bgp", "listen", "limit"]:
                if dynamic and word_at(words, 3) != _LISTEN_LIMIT:
                    result["limit of dynamic neighbors"] = words[3]
            else:
                result[what] = "on" if on else "off"
        if not self.checks_networks:
            result["bgp network import-check"] = "off"
        return result

    def _family_settings(self, context: str, family: str) -> Settings:
        result: Settings = {}
        for text in self.family_lines.get(context, []):
            if text in _ON_BY_DEFAULT:
                continue
            text = with_length(self._followed(text, family))
            words = text.split()
            named = re.search(r" route-map (\S+)", text)
            bare = text.replace(named.group(), "") if named else text
            decision = route_map(self.objects, named.group(1), family) if named else None
            if words[0] == "network" and decision is not None:
                try:
                    result[bare] = tree_text(outcome_at(decision, words[1])) or "on"
                except ValueError as error:
                    raise EdgeError("", f"'{words[1]}' is not a prefix") from error
            elif words[0] == "maximum-paths":
                result[" ".join(words[:-1])] = words[-1]
            elif words[0] == "redistribute":
                metric = " ".join(bare.split()[2:])
                passes = None if decision is None else without_unread_tags(self.objects, decision)
                unchanged = passes is None or passes == ((everything(family), PERMIT),)
                passed = "" if passes is None or unchanged else decision_text(passes, family)
                result[" ".join(words[:2])] = ", ".join(part for part in (metric, passed) if part) or "on"
            else:
                result[bare] = "on" if decision is None else decision_text(decision, family)
        return result

    def _followed(self, text: str, family: str) -> str:
        """Return the line with each route-map name replaced by the policy it stands for."""

        def policy(found: Match[str]) -> str:
            return f"{found.group(1)} ({decision_text(route_map(self.objects, found.group(2), family), family)})"

        return re.sub(r"\b(table-map|suppress-map|advertise-map|exist-map|non-exist-map) (\S+)", policy, text)

    # -- neighbors -------------------------------------------------------------------------------------------------
    def _with_group(self, name: str) -> list[tuple[str, list[str]]]:
        """Return the lines of a neighbor's peer group, followed by its own, which override them."""
        group = self.member_of.get(name)
        return (self.lines.get(group, []) if group else []) + self.lines[name]

    def _neighbor(self, held: list[tuple[str, list[str]]], name: str, place: str | None = None) -> Neighbor:
        """Return a neighbor with the settings in effect.

        Args:
            held: its lines.
            name: of the neighbor, or of the group of a listen range.
            place: the neighbor's address, or its range; None = its name.
        """
        raw: Settings = {}
        password: Secret | None = None
        for context, words in held:
            if context:
                continue
            if words[0] == "password":
                password = Secret(" ".join(words[1:]))
            elif words[:2] == ["no", "password"]:
                password = None
            else:
                session_line(raw, words)
        own = raw.get("local AS", str(self.asn)).split()[0]  # FRR bgpd/bgpd.c, peer_calc_sort
        internal = raw.get("remote AS") in ("internal", own)
        self._finish(raw, internal, place or name)
        families = {}
        for context, family in FAMILIES.items():
            lines = [words for where, words in held if where == context]
            if self._active(lines, name, family):
                families[family] = self._family(lines, family, internal)
        for context in {where for where, _words in held if where and where not in FAMILIES}:
            for where, words in held:
                if where == context:
                    raw[" ".join([context[len("address-family ") :], *words])] = "on"
        return Neighbor(raw, password, families)

    def _active(self, lines: list[list[str]], name: str, family: str) -> bool:
        active = family == "ipv6" and "bgp default ipv6-unicast" in self.general and name in self.lines
        for words in lines:
            if words[-1:] == ["activate"]:
                active = words[0] != "no"
        return active

    def _finish(self, raw: Settings, internal: bool, place: str) -> None:
        """Turn the written settings of a session into those in effect; drop those that equal FRR's default."""
        keepalive, hold = _TIMERS.get(self.profile, _TIMERS["traditional"])
        for text in self.general:
            words = text.split()
            if words[:2] == ["timers", "bgp"] and len(words) >= 4:
                keepalive, hold = _number(words[2], text), _number(words[3], text)
        if "timers" in raw:
            keepalive, hold = (int(word) for word in raw.pop("timers").split()[:2])
        raw["hold time"] = f"{hold} s"
        raw["keepalive"] = f"{min(keepalive, hold // 3)} s"
        raw["connect retry"] = raw.get("connect retry", f"{self._connect_retry()} s")
        if internal:
            raw["remote AS"] = "internal"
            raw.pop("hops", None)
        elif raw.get("hops") == "1":
            del raw["hops"]
        if raw.get("port") == "179":
            del raw["port"]
        if raw.get("advertisement-interval") == "0":  # FRR bgpd/bgpd.h, BGP_DEFAULT_EBGP_ROUTEADV
            del raw["advertisement-interval"]
        of_instance = [does for word, does in GRACEFUL.items() if "bgp " + word in self.general]
        if raw.setdefault("graceful restart", of_instance[0] if of_instance else "helper") == "helper":
            del raw["graceful restart"]  # what FRR is where nothing is written
        if raw.get("interface") == "unnumbered":
            raw.pop("capability extended-nexthop", None)  # FRR switches it on by itself there
        if raw.get("enforce-first-as") == "on" and ENFORCE_FIRST_AS.holds(self.version):
            del raw["enforce-first-as"]
        profile = raw.get("bfd profile", "")
        raw.update({"bfd profile": self.profiles[profile]} if profile in self.profiles else {})
        own = self.interfaces.get(raw.get("update-source", ""), [])
        fitting = [address for address in own if (":" in address) == (":" in place)]
        if len(fitting) == 1:
            raw["update-source"] = fitting[0]

    def _connect_retry(self) -> int:
        if self.profile == "traditional" and CONNECT_RETRY_30.holds(self.version):
            return 30
        return _CONNECT.get(self.profile, _CONNECT["traditional"])

    def _family(self, lines: list[list[str]], family: str, internal: bool) -> Family:
        raw: Settings = {}
        bound: dict[str, str] = {}
        communities = set(COMMUNITIES)
        for words in lines:
            negated = words[0] == "no"
            said = words[1:] if negated else words
            if said[0] in _FILTERS and said[-1] in ("in", "out"):
                key = said[0] + " " + said[-1]
                if negated:
                    bound.pop(key, None)
                else:
                    bound[key] = said[1]
            elif said[0] == "send-community":
                kinds = community_kinds(said[1:])
                communities = communities - kinds if negated else communities | kinds
            else:
                self._family_line(raw, said, negated, family)
        unfiltered = internal or not self.needs_policy
        names = {way: BoundFilters(*(bound.get(f"{kind} {way}") for kind in _FILTERS)) for way in ("in", "out")}
        accepts, announces = (self._decision(names[way], family, unfiltered) for way in ("in", "out"))
        leads = set_everywhere(accepts, OWN_NEXT_HOPS)
        accepts = without(accepts, leads)
        raw.update({OWN_NEXT_HOPS[change]: "on" for change in leads})
        if not accepts and "refused ones too" not in raw.get("maximum prefixes", ""):
            raw.pop("maximum prefixes", None)  # nothing is counted
        if announces or "default-originate" in raw:
            if communities != set(COMMUNITIES):
                raw["communities that are sent"] = ", ".join(sorted(communities)) or "none"
        else:
            for what in ("next-hop-self", "unsuppress-map", "remove-private-AS", "as-override"):
                raw.pop(what, None)
        return Family(raw, accepts, announces)

    def _decision(self, filters: BoundFilters, family: str, unfiltered: bool) -> Decision:
        """Return which routes pass a neighbor's filters; neighbors with equal filters share the result."""
        key = (filters, family, unfiltered)
        if key not in self.decisions:
            self.decisions[key] = decide(self.objects, filters, family, unfiltered)
        return self.decisions[key]

    def _family_line(self, raw: Settings, said: list[str], negated: bool, family: str) -> None:
        what = said[0]
        if what in ("activate", "soft-reconfiguration"):
            return
        if negated:
            raw.pop({"maximum-prefix": "maximum prefixes"}.get(what, what), None)
        elif what == "maximum-prefix":
            raw["maximum prefixes"] = limit(said[1:])
        elif said == ["allowas-in", "3"]:
            raw[what] = "on"  # 3 is what holds without a number
        elif said == ["next-hop-self", "all"]:
            raw[what] = "force"
        elif what == "advertise-map":
            raw[what] = self._followed(" ".join(said), family)
        elif what in ("default-originate", "unsuppress-map"):
            name = said[-1] if len(said) > 1 else None
            raw[what] = "on" if name is None else decision_text(route_map(self.objects, name, family), family)
        else:
            raw[what] = " ".join(said[1:]) or "on"


def _numbers(version: str | None) -> tuple[int, ...] | None:
    found = re.match(r"(\d+)(?:\.(\d+))?", version or "")
    return (int(found.group(1)), int(found.group(2) or 0)) if found else None


def _number(word: str, where: str) -> int:
    if not word.isdecimal():
        raise EdgeError("", f"'{word}' is not a number of seconds in '{where}'")
    return int(word)


# -- the difference ------------------------------------------------------------------------------------------------
def frr_difference(first: str | BgpConfig, second: str | BgpConfig, version: str | None = None) -> list[str]:
    """Return the differences between the BGP of two configurations, one line each; none where they are equal.

    Args:
        first: a configuration, or its normal form.
        second: another one.
        version: of the FRR that runs them, for defaults that changed.

    Raises:
        EdgeError: as :func:`bgp_config`.
    """
    one, other = (item if isinstance(item, BgpConfig) else bgp_config(item, version) for item in (first, second))
    if one.asn is None or other.asn is None:
        if one.asn == other.asn:
            return []
        return ["BGP runs only in the {}".format("first" if other.asn is None else "second")]
    lines = [] if one.asn == other.asn else [f"AS number: {one.asn} in the first, {other.asn} in the second"]
    lines += _settings_difference(one.settings, other.settings)
    for family in sorted(set(one.families) | set(other.families)):
        held = (one.families.get(family, {}), other.families.get(family, {}))
        lines += [f"{family}: {line}" for line in _settings_difference(*held)]
    return lines + _neighbors_difference(one.neighbors, other.neighbors)


def moved_between_groups(first: str, second: str) -> dict[tuple[str | None, str], list[str]]:
    """Return the neighbors of both configurations that get another peer group: FRR closes a session for that.

    Args:
        first: a configuration.
        second: another one.

    Returns:
        (the group in the first, None for none; the group in the second) -> neighbors. One that leaves its group without
        getting another is left out: so are none of the planned ones.

    Raises:
        EdgeError: as :func:`bgp_config`.
    """
    one, other = (Instance(parse(_plain(text)).objects.get(BGP, ())) for text in (first, second))
    there = set(one.neighbors)
    found: dict[tuple[str | None, str], list[str]] = {}
    for name in other.neighbors:
        old, new = one.group_of.get(name), other.group_of.get(name)
        if name in there and new is not None and old != new:
            found.setdefault((old, new), []).append(name)
    return found


def _settings_difference(one: Settings, other: Settings) -> list[str]:
    """Return the differences of two sets of settings, one line each, with long lists cut to what differs in them."""
    lines = []
    only = [
        " ".join(f"{key} {held[key]}" for key in sorted(set(held) - set(also)))
        for held, also in ((one, other), (other, one))
    ]
    for name in sorted(set(one) | set(other)):
        mine, theirs = one.get(name), other.get(name)
        if mine == theirs:
            continue
        if mine is not None and theirs is not None:
            lines.append(f"{name}: {shown(mine, theirs)} in the first, {shown(theirs, mine)} in the second")
        else:
            said = mine or theirs
            what = name if said in ("on", "yes", "") else f"{name}: {said}"
            # A policy that stands in the name of a setting makes two settings of one.
            side, beside = ("second", only[0]) if mine is None else ("first", only[1])
            lines.append(f"{shown(what, beside)} only in the {side}")
    return lines


def _neighbors_difference(one: dict[str, Neighbor], other: dict[str, Neighbor]) -> list[str]:
    """Return the differences of all neighbors; those that differ alike share a line."""
    found: dict[str, list[str]] = {}
    for name in sorted({**one, **other}, key=_order):
        mine, theirs = one.get(name), other.get(name)
        if mine is None or theirs is None:
            said = ["only in the {}".format("second" if mine is None else "first")]
        else:
            said = _neighbor_difference(mine, theirs)
        for line in said:
            found.setdefault(line, []).append(name)
    return ["{} {}: {}".format(_noun(names), ", ".join(names), line) for line, names in found.items()]


def _noun(names: list[str]) -> str:
    return "neighbor" if len(names) == 1 else "neighbors"


def _order(name: str) -> tuple[str, list[int], str]:
    return re.sub(r"[0-9a-fA-F.:]+", "", name)[:6], [int(part) for part in re.findall(r"\d+", name)], name


def _neighbor_difference(one: Neighbor, other: Neighbor) -> list[str]:
    lines = _settings_difference(one.settings, other.settings)
    if one.password is None or other.password is None:
        if one.password != other.password:
            lines.append("password only in the {}".format("second" if one.password is None else "first"))
    elif one.password.hidden or other.password.hidden:
        lines.append(HIDDEN_NOT_COMPARED)
    elif one.password != other.password:
        lines.append("another password")
    for family in FAMILIES.values():
        mine, theirs = one.families.get(family), other.families.get(family)
        if mine is None and theirs is None:
            continue
        if mine is None or theirs is None:
            lines.append("{} active only in the {}".format(family, "second" if mine is None else "first"))
            continue
        said = _settings_difference(mine.settings, theirs.settings)
        said += decision_difference(mine.accepts, theirs.accepts, family, "accepts")
        said += decision_difference(mine.announces, theirs.announces, family, "announces")
        lines += [f"{family}: {line}" for line in said]
    return lines
