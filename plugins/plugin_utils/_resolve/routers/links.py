# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, links: sessions between our own routers (``edge_links``), written once for both ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from ..._addressing.addresses import Address
from ..._addressing.families import Family
from ..._findings.wording import one_of
from ..._inventory.keys.sessions import SESSION
from ..._inventory.values import Item, Items, Values
from ..._model.site import Neighbor, Policy, Router, SessionKeys
from ..hosts import Context, Placed, is_absent
from ..sessions.session_keys import session_keys
from .exports import Draft
from .policies import EXPORT, IMPORT, PrefixSources, check_attributes, nothing, resolve_policy


def resolve_links(
    context: Context, routers: Mapping[str, Router], addresses: Mapping[str, Placed], catalogue: PrefixSources
) -> Iterator[tuple[str, Draft]]:
    """Yield each link's neighbors: the host of the router that has it, and the neighbor.

    A link to a router that is absent vanishes; one that was not resolved for another reason was reported.
    """
    for name, item in context.parsed.links.items():
        ends = _ends(context, item)
        present = [host for host in ends if host in routers]
        if len(ends) < len(item["ends"]) or any(_was_reported(context, host) for host in set(ends).difference(present)):
            context.links_reported.add(name)
        known = _hub_known(context, item, ends)
        if not known:
            context.links_reported.add(name)
        if len(ends) < 2 or not known or len(present) < 2:
            continue
        link = _Link(context, name, item, routers, addresses, _policies(context, item, present, catalogue))
        hub: tuple[str, ...] = item["hub"] or tuple(present)
        for left, right in combinations(present, 2):
            if left in hub or right in hub:
                yield from link.pair(left, right)


def _was_reported(context: Context, host: str) -> bool:
    """Return whether a router that was not resolved was reported: one that is absent was not."""
    return not is_absent(context.parsed.routers[host])


def _ends(context: Context, item: Item) -> list[str]:
    """Return the routers that a link joins, sorted; report names that are none, and a link with one end."""
    written: Mapping[str, Any] = item["ends"]
    path = f"{item.path}.ends"
    ends = sorted(
        host for host in written if context.reference(f"{path}.{host}", host, context.parsed.routers, "router")
    )
    if len(written) < 2:
        context.report.add(
            "EDGE350", path, f"has {len(written)} of at least two ends", "name each router that it joins"
        )
    return ends


def _hub_known(context: Context, item: Item, ends: list[str]) -> bool:
    if len(ends) < len(item["ends"]):
        return True  # an end that is no router was reported, and the hub may be it
    known = dict.fromkeys(ends)
    found = [context.reference(item.at("hub", index), host, known, "end") for index, host in enumerate(item["hub"])]
    return all(found)


def _policies(
    context: Context, item: Item, ends: list[str], catalogue: PrefixSources
) -> dict[str, tuple[Policy | None, Policy]]:
    """Return each end's import (None = the mirror of the other's export) and export."""
    written = item["ends"]
    return {
        host: (
            resolve_policy(context, f"{item.path}.ends.{host}.import", written[host]["import"], IMPORT, catalogue, None)
            if "import" in written[host]
            else None,
            resolve_policy(
                context, f"{item.path}.ends.{host}.export", written[host]["export"], EXPORT, catalogue, None
            ),
        )
        for host in ends
    }


def mirror(export: Policy) -> Policy:
    """Return the import that accepts what the other end's ``export`` sends."""
    return replace(
        nothing(), everything=export.everything, prefixes=export.prefixes, default_route=export.default_route
    )


@dataclass(frozen=True, slots=True)
class _Link:
    """One link while its pairs are resolved."""

    context: Context
    name: str
    item: Item
    routers: Mapping[str, Router]
    addresses: Mapping[str, Placed]
    policies: Mapping[str, tuple[Policy | None, Policy]]

    def pair(self, left: str, right: str) -> Iterator[tuple[str, Draft]]:
        """Yield the sessions between two ends, from both sides."""
        keys = self._keys(left, right)
        transports = self._transports(left, right)
        if keys is None or not transports:
            self.context.links_reported.add(self.name)
            return
        internal = self.routers[left].asn == self.routers[right].asn
        if not any({"import", "export"} & set(self.item["ends"][host]) for host in (left, right)):
            self.context.report.add(
                "EDGE347",
                self.item.path,
                f"has no export at {left} or {right}, so no route passes between them",
                "write what each end sends",
            )
        if keys.ttl_security and internal:
            self.context.report.add(
                "EDGE310",
                self.item.path,
                f"ttl_security is set, but {left} and {right} have the same AS {self.routers[left].asn}",
                "remove it",
            )
        for host, other in ((left, right), (right, left)):
            import_ = self._import(host, other)
            export = self.policies[host][1]
            path = f"{self.item.path}.ends.{host}"
            check_attributes(self.context, f"{path}.export", export, internal)
            reflects = internal and self._reflects(host, other)
            if reflects:
                reason = f"{other} hears the other routers of AS {self.routers[host].asn} through the hub alone"
                self.context.derive(f"{path}.route_reflector_client", True, reason)
            written = self.item["ends"][host]
            for neighbor in self._neighbors(host, other, keys, transports, (import_, export)):
                named = {rule.family for policy in (import_, export) for rule in policy.prefixes}
                carried = {neighbor.transport}
                if len(transports) == 1:
                    carried = (named or set(Family)) if not neighbor.addresses else named | carried
                families = tuple(sorted(carried))
                if neighbor.transport is Family.IPV4 and Family.IPV6 in families:
                    self._check_next_hop(host, neighbor)
                done = replace(neighbor, families=families, route_reflector_client=reflects)
                yield host, Draft(done, path, written["export"], f"{path}.export", internal, written["import"])

    def _reflects(self, host: str, other: str) -> bool:
        """Return whether ``host`` is the hub between ``other`` and routers with which that has no session itself."""
        hub = self.item["hub"]
        return host in hub and other not in hub

    def _check_next_hop(self, host: str, neighbor: Neighbor) -> None:
        """Report IPv6 routes over IPv4 between loopbacks: FRR finds no IPv6 next hop there, and closes the session.

        On a network of both routers it takes the interface's link-local address (measured with FRR 10.3, both).
        """
        for network, placed in self.addresses[host].items():
            if neighbor.update_source not in placed:
                continue
            if self.context.parsed.networks[network]["loopback"] and all(
                known.family is Family.IPV4 for known in placed
            ):
                self.context.report.add(
                    "EDGE346",
                    f"{self.item.path}.ends.{host}",
                    f"carries IPv6 routes over IPv4, and {host} has no IPv6 address in loopback network {network!r}:"
                    " FRR has no next hop for them and closes the session",
                    f"add one to {host}.edge_addresses.{network}, or take the IPv6 prefixes out",
                )

    def _import(self, host: str, other: str) -> Policy:
        """Return what ``host`` accepts from ``other``: as written, else what the other end sends."""
        own, theirs = self.policies[host][0], self.policies[other][1]
        if own is not None:
            return own
        if theirs.redistributed:
            self.context.report.add(
                "EDGE357",
                f"{self.item.path}.ends.{host}.import",
                f"is missing, and {other} sends redistributed routes, whose prefixes are not known here",
                "write which of them are accepted",
            )
        return mirror(theirs)

    # -- keys --------------------------------------------------------------------------------------------------------
    def _keys(self, left: str, right: str) -> SessionKeys | None:
        """Return the session keys, which must be the same at both ends."""
        one, other = self.context.parsed.routers[left], self.context.parsed.routers[right]
        same = self._defaults_equal(left, right, one["edge_bgp_defaults"], other["edge_bgp_defaults"])
        with_password = [
            host for host in (left, right) if self.name in self.context.parsed.routers[host]["edge_bgp_passwords"]
        ]
        if len(with_password) == 1:
            lacks = right if with_password == [left] else left
            same = False
            self.context.report.add(
                "EDGE352",
                self.item.path,
                f"{with_password[0]} has a password for it in edge_bgp_passwords, and {lacks} has none",
                "write it once, under group_vars/edge_routers",
            )
        if not same:
            return None
        return session_keys(self.context, self.item, one["edge_bgp_defaults"], self.name if with_password else None)

    def _defaults_equal(self, left: str, right: str, one: Items, other: Items) -> bool:
        """Report each default that the link takes over and that differs between its ends."""
        good = True
        for key in (known.name for known in SESSION):
            if key in self.item and key != "timers":
                continue
            values = [defaults[key].value if key in defaults else None for defaults in (one, other)]
            if key == "timers":
                own: Values = self.item["timers"]
                values = [{part: value for part, value in (found or {}).items() if part not in own} for found in values]
            if values[0] != values[1]:
                good = False
                self.context.report.add(
                    "EDGE352",
                    self.item.path,
                    f"leaves {key} to edge_bgp_defaults: {_text(values[0])} on {left}, {_text(values[1])} on {right}",
                    f"write {key} at the link, or make both equal",
                )
        return good

    # -- addresses ---------------------------------------------------------------------------------------------------
    def _transports(self, left: str, right: str) -> list[tuple[Address | str, Address | str, bool]]:
        """Return the two ends of each session and whether they share a subnet: addresses, or interfaces.

        Ends for which different networks are written dial each other's address there, over whatever joins them: a VPN
        without addresses of its own, or routers in between. Networks that differ are never derived.
        """
        ends = self.item["ends"]
        interfaces = [ends[host]["interfaces"].get(other) for host, other in ((left, right), (right, left))]
        known = [
            self.context.reference(
                f"{self.item.path}.ends.{host}.interfaces.{other}", other, dict.fromkeys(ends), "end"
            )
            for host in (left, right)
            for other in ends[host]["interfaces"]
        ]
        if not all(known):
            return []
        if all(interfaces):
            return [(interfaces[0], interfaces[1], True)]
        if any(interfaces):
            host, other = (right, left) if interfaces[0] else (left, right)
            self.context.report.add(
                "EDGE354",
                f"{self.item.path}.ends.{host}.interfaces.{other}",
                f"is missing, and {other} has an interface towards {host}",
                "an unnumbered link needs one at both ends",
            )
            return []
        networks = self._networks(left, right)
        if networks is None:
            return []
        found: list[tuple[Address | str, Address | str, bool]] = []
        for family in Family:
            own = [address for address in self.addresses[left].get(networks[0], ()) if address.family == family]
            far = [address for address in self.addresses[right].get(networks[1], ()) if address.family == family]
            near = [(a, b) for a in own for b in far if self._one_subnet(networks, a, b)]
            across = self._over_loopback(networks) or networks[0] != networks[1]
            pairs = near or ([(a, b) for a in own for b in far] if across else [])
            if len(pairs) > 1:
                self._warn_of_several(left, right, pairs)
            found.extend((a, b, bool(near)) for a, b in pairs[:1])
        if not found:
            self.context.report.add(
                "EDGE351",
                f"{self.item.path}.ends",
                f"{left} (network {networks[0]!r}) and {right} (network {networks[1]!r}) share no subnet"
                if networks[0] == networks[1]
                else f"{left} has no address in {networks[0]!r} of the family of {right}'s in {networks[1]!r}",
                "name a network with both, or each end's own where a VPN joins them",
            )
        return found

    def _warn_of_several(self, left: str, right: str, pairs: list[tuple[Address, Address]]) -> None:
        """Warn of ends with several pairs of addresses of one family: which of them was meant is not said.

        The first one is taken. A link is one session for each family, and one that runs goes on.
        """
        texts = [f"{one.text} with {other.text}" for one, other in pairs]
        self.context.report.add(
            "EDGE364",
            f"{self.item.path}.ends",
            f"{left} and {right} could dial each other as {' and '.join(texts)}, and do so as {texts[0]}: a link is one"
            f" {pairs[0][0].family.label} session",
            "write the pair that was meant first in edge_addresses of both, or make each subnet a network of its own"
            " and name one at the ends: network",
        )

    def _over_loopback(self, networks: tuple[str, str]) -> bool:
        """Return whether an end is dialled at a loopback, which no subnet holds together with the other end."""
        return any(self.context.parsed.networks[network]["loopback"] for network in networks)

    def _one_subnet(self, networks: tuple[str, str], one: Address, other: Address) -> bool:
        if self._over_loopback(networks):
            return False
        return networks[0] == networks[1] and self.context.subnet_of(networks[0], one) == self.context.subnet_of(
            networks[1], other
        )

    def _networks(self, left: str, right: str) -> tuple[str, str] | None:
        """Return each end's network: as written, else the other end's, else the only one that both share."""
        ends = self.item["ends"]
        written = {host: ends[host]["network"] for host in (left, right)}
        for host, network in written.items():
            if network is not None and not self._placed(host, network):
                return None
        if all(written.values()):
            return written[left], written[right]
        if self.context.parsed.networks.reported:
            return None  # the one that they share may be the one that was reported
        both = sorted(name for name, own in self.addresses[left].items() if own and self.addresses[right].get(name))
        # A loopback network joins nothing by itself: it is taken where nothing else is shared, or where it is written.
        shared = [name for name in both if not self.context.parsed.networks[name]["loopback"]] or both
        stated = written[left] or written[right]
        if stated in both:
            return stated, stated
        if self.context.addresses_reported.covers_any(
            (host, network) for host in (left, right) for network in self.context.subnets
        ):
            return None
        path = f"{self.item.path}.ends.{left if written[left] is None else right}.network"
        if stated is None and len(shared) == 1:
            for host in (left, right):
                self.context.derive(
                    f"{self.item.path}.ends.{host}.network", shared[0], f"the only network of {left} and {right} both"
                )
            return shared[0], shared[0]
        if stated is not None:
            problem = f"is missing, and {left if written[left] is None else right} has no address in {stated!r}"
            hint = "write the network of its own address"
        elif shared:
            problem, hint = f"is missing, and {left} and {right} share {one_of(shared)}", "write the one to use"
        else:
            problem, hint = (
                f"is missing, and {left} and {right} share no network",
                "write edge_addresses, or interfaces",
            )
        self.context.report.add("EDGE351", path, problem, hint)
        return None

    def _placed(self, host: str, network: str) -> bool:
        """Return whether an end has an address in the network that is written for it; report it where not."""
        path = f"{self.item.path}.ends.{host}.network"
        if not self.context.reference(path, network, self.context.parsed.networks, "network"):
            return False
        if self.addresses[host].get(network):
            return True
        if not self.context.addresses_reported.covers((host, network)):
            own = one_of(name for name, placed in self.addresses[host].items() if placed)
            self.context.report.add(
                "EDGE351", path, f"{host} has no address in network {network!r}", f"{host} has addresses in: {own}"
            )
        return False

    # -- neighbors ---------------------------------------------------------------------------------------------------
    def _neighbors(
        self,
        host: str,
        other: str,
        keys: SessionKeys,
        transports: list[tuple[Address | str, Address | str, bool]],
        policies: tuple[Policy, Policy],
    ) -> Iterator[Neighbor]:
        """Yield the sessions of ``host`` to ``other``, one for each transport family."""
        internal = self.routers[host].asn == self.routers[other].asn
        for first, second, near in transports:
            own, far = (first, second) if host < other else (second, first)
            transport = Family.IPV6 if isinstance(far, str) else far.family
            suffix = "-v6" if not isinstance(far, str) and transport is Family.IPV6 else ""
            held = keys
            if not near and not internal and keys.multihop is None:
                held = replace(keys, multihop=2)
                if host < other:
                    reason = f"{host} and {other} dial each other's addresses across subnets"
                    self.context.derive(f"{self.item.path}.multihop", 2, reason)
            yield Neighbor(
                name=f"{self.name}-{other}{suffix}",
                peer_group=f"{self.name}-{other}{suffix}",
                addresses=() if isinstance(far, str) else (far,),
                descriptions=(keys.description or other,),
                interface=own if isinstance(own, str) else None,
                asn=self.routers[other].asn,
                transport=transport,
                keys=held,
                bfd=self.item["bfd"],
                update_source=None if near or isinstance(own, str) else own,
                import_=policies[0],
                export=policies[1],
                link=self.name,
                other=other,
            )


def _text(value: Any) -> str:
    return "not written" if value in (None, {}) else f"{value}"
