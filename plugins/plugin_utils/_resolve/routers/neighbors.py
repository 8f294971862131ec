# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second pass, routers' neighbors: BGP speakers that are not Cilium (``edge_router_neighbors``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..._addressing.addresses import LINK_LOCAL, Address, Cidr
from ..._addressing.families import Family
from ..._addressing.intervals import contains
from ..._findings.wording import one_of
from ..._inventory.values import Item, Items, Values
from ..._model.site import Cluster, Neighbor, Policy, Router
from ..hosts import Context, Placed
from ..sessions.checks import password_is_unknown
from ..sessions.listen_ranges import warn_without_password
from ..sessions.session_keys import session_keys
from .exports import Draft, finish_routers
from .links import resolve_links
from .policies import PrefixSources, check_attributes, resolve_policy

_WAYS = "address, nodes with network, interface, or dynamic"


def resolve_neighbors(
    context: Context,
    routers: list[Router],
    router_addresses: Mapping[str, Placed],
    clusters: list[Cluster],
    node_addresses: Mapping[str, Placed],
    catalogue: PrefixSources,
) -> list[Router]:
    """Return the routers with their neighbors, links and what they originate."""
    present = {router.host: router for router in routers if not router.absent}
    drafts: dict[str, list[Draft]] = {host: [] for host in present}
    for host, router in present.items():
        values = context.parsed.routers[host]
        items: Items = values["edge_router_neighbors"]
        for name, item in items.items():
            step = NeighborResolver(
                context, router, router_addresses[host], clusters, node_addresses, catalogue, item, name
            )
            drafts[host] += step.resolve(values["edge_bgp_defaults"], values["edge_bgp_passwords"])
    for host, draft in resolve_links(context, present, router_addresses, catalogue):
        drafts[host].append(draft)
    return finish_routers(context, routers, drafts, clusters, catalogue, router_addresses)


@dataclass(frozen=True, slots=True)
class NeighborResolver:
    """One neighbor on its way from what is written to sessions."""

    context: Context
    router: Router
    placed: Placed
    clusters: list[Cluster]
    node_addresses: Mapping[str, Placed]
    catalogue: PrefixSources
    item: Item
    name: str

    def resolve(self, defaults: Items, passwords: Items) -> list[Draft]:
        """Return one neighbor, or one for each transport family of several nodes or ranges."""
        item, path = self.item, self.item.path
        import_ = self._policy("import")
        export = self._policy("export")
        keys = session_keys(self.context, item, defaults, self.name if self.name in passwords else None)
        internal = item["asn"] in ("internal", self.router.asn)
        check_attributes(self.context, f"{path}.export", export, internal)
        good = self._local_as_fits(internal) and self._source_is_own()
        ways = self._ways()
        if ways is None or keys is None or not good:
            return []
        if import_.empty and export.empty and not {"import", "export"} & set(item.raw or {}):
            self.context.report.add(
                "EDGE347", path, "has neither import nor export, so no route passes", "write what it may send and get"
            )
        if keys.ttl_security and internal:
            self.context.report.add(
                "EDGE310", path, f"ttl_security is set, but the neighbor has the same AS {self.router.asn}", "remove it"
            )
        base = Neighbor(
            name=self.name,
            peer_group=self.name,
            asn=item["asn"],
            local_as=item["local_as"],
            keys=keys,
            bfd=item["bfd"],
            update_source=item["update_source"],
            next_hop_self=item["next_hop_self"],
            route_reflector_client=item["route_reflector_client"],
            import_=import_,
            export=export,
        )
        if base.route_reflector_client and not internal:
            self.context.report.add(
                "EDGE345",
                f"{path}.route_reflector_client",
                "is for neighbors of the router's own AS (RFC 4456)",
                "remove it: routes are passed on to other ASes anyway",
            )
        found = {
            "address": self._by_address,
            "nodes": self._by_nodes,
            "interface": self._by_interface,
            "dynamic": self._by_range,
        }[ways](base, internal)
        ranges = [cidr for neighbor in found for cidr in neighbor.listen_ranges]
        if ranges and keys.password is None and not import_.empty:
            self._warn_without_password(ranges, passwords)
        return [
            Draft(
                self._with_families(neighbor, len(found) > 1),
                path,
                item["export"],
                f"{path}.export",
                internal,
                item["import"],
            )
            for neighbor in found
        ]

    def _warn_without_password(self, ranges: list[Cidr], passwords: Items) -> None:
        if password_is_unknown(self.context, passwords):
            return
        asn = {"internal": str(self.router.asn), "external": "any other"}.get(str(self.item["asn"]), self.item["asn"])
        warn_without_password(
            self.context,
            self.item.path,
            f"AS {asn} becomes a neighbor of {self.router.host}, and can announce all that its import lets in",
            ranges,
            f"set edge_bgp_passwords.{self.name}, or write the neighbor's address in place of dynamic",
        )

    def _policy(self, way: str) -> Policy:
        path = f"{self.item.path}.{way}"
        return resolve_policy(self.context, path, self.item[way], way, self.catalogue, None)

    def _ways(self) -> str | None:
        """Return the one way in which the neighbor is told apart; report none or several."""
        item = self.item
        ways = [key for key in ("address", "nodes", "dynamic") if item[key] is not None]
        if "interface" in item and "address" not in item:
            ways.append("interface")
        if len(ways) == 1:
            return ways[0]
        problem = f"has {' and '.join(ways)}" if ways else "has no address"
        hint = f"write one of: {_WAYS}" if not ways else "keep one of them: each entry is one kind of neighbor"
        self.context.report.add("EDGE340", item.path, problem, hint)
        return None

    def _local_as_fits(self, internal: bool) -> bool:
        """Report an AS to show that FRR refuses."""
        local_as = self.item["local_as"]
        if local_as is None:
            return True
        path = f"{self.item.path}.local_as"
        if local_as == self.router.asn:
            problem, hint = f"{local_as} is the router's own AS", "leave it out"
        elif local_as == self.item["asn"]:
            problem, hint = f"{local_as} is the neighbor's AS too", "FRR refuses that; use the router's own AS"
        elif internal:
            problem, hint = "is for neighbors of another AS", "leave it out"
        else:
            return True
        self.context.report.add("EDGE345", path, problem, hint)
        return False

    # -- one address -------------------------------------------------------------------------------------------------
    def _by_address(self, base: Neighbor, internal: bool) -> list[Neighbor]:
        address: Address = self.item["address"]
        descriptions = (base.keys.description or self.name,)
        neighbor = replace(base, addresses=(address,), transport=address.family, descriptions=descriptions)
        interface = self.item["interface"]
        if contains((LINK_LOCAL,), address.interval):
            if interface is None:
                self.context.report.add(
                    "EDGE340",
                    f"{self.item.path}.address",
                    f"{address.text} is link-local, and no interface says on which link",
                    "write interface too",
                )
                return []
            return [replace(neighbor, interface=interface)]
        if interface is not None:
            self.context.report.add(
                "EDGE340",
                f"{self.item.path}.interface",
                f"stands beside {address.text}, which is no link-local address",
                "remove it, or remove the address for an unnumbered neighbor",
            )
            return []
        for network, own in self.placed.items():
            if address in own:
                self.context.report.add(
                    "EDGE342",
                    f"{self.item.path}.address",
                    f"{address.text} is the router's own address in network {network!r}",
                )
                return []
        if "network" in self.item and not self._in_network(address):
            return []
        if self._near(address):
            return [neighbor]
        return self._far(neighbor, address, internal)

    def _in_network(self, address: Address) -> bool:
        """Report an address outside of the network that is written beside it."""
        network = self.item["network"]
        path = f"{self.item.path}.network"
        if not self.context.reference(path, network, self.context.parsed.networks, "network"):
            return False
        if self.context.subnet_of(network, address) is not None:
            return True
        cidrs = ", ".join(cidr.text for cidr in self.context.subnets[network])
        self.context.report.add(
            "EDGE203",
            f"{self.item.path}.address",
            f"{address.text} is outside network {network!r} ({cidrs})",
            "correct the address, or name the network that it is in",
        )
        return False

    def _near(self, address: Address) -> bool:
        """Return whether the router has an address in the subnet of ``address``."""
        for network, own in self.placed.items():
            subnet = self.context.subnet_of(network, address)
            if subnet is not None and any(subnet.contains(mine) for mine in own):
                return True
        return False

    def _far(self, neighbor: Neighbor, address: Address, internal: bool) -> list[Neighbor]:
        """Return a neighbor outside of the router's subnets: only on request, since it may be a typing mistake."""
        if self.context.may_be_incomplete((self.router.host,)):
            return []  # the address or the network that is missing here was reported
        multihop = neighbor.keys.multihop
        if multihop is None and not (internal and neighbor.update_source):
            self.context.report.add(
                "EDGE342",
                f"{self.item.path}.address",
                f"{address.text} is in no subnet in which {self.router.host} has an address",
                "correct it; for a neighbor over several hops write "
                + ("update_source (the router's own address)" if internal else "multihop"),
            )
            return []
        return [self._from_loopback(neighbor, address.family)]

    def _from_loopback(self, neighbor: Neighbor, family: Family) -> Neighbor:
        """Return the neighbor with the router's loopback address as source, where it has one."""
        if neighbor.update_source is not None:
            return neighbor
        own = [
            address
            for network, addresses in sorted(self.placed.items())
            if self.context.parsed.networks[network]["loopback"]
            for address in addresses
            if address.family == family
        ]
        if len(own) != 1:
            return neighbor
        reason = f"the only loopback address of {self.router.host}; the neighbor is not on its networks"
        self.context.derive(f"{self.item.path}.update_source", own[0].text, reason)
        return replace(neighbor, update_source=own[0])

    def _source_is_own(self) -> bool:
        """Return whether the source is an address of the router, as far as networks tell; report where not."""
        source = self.item["update_source"]
        for network in self.context.subnets if source else ():
            if self.context.subnet_of(network, source) and source not in self.placed.get(network, ()):
                if not self.context.addresses_reported.covers((self.router.host, network)):
                    self.context.report.add(
                        "EDGE342",
                        f"{self.item.path}.update_source",
                        f"{source.text} is an address of network {network!r}, and {self.router.host} does not have it",
                        "write an address of the router's own, or leave it out",
                    )
                return False
        return True

    # -- nodes -------------------------------------------------------------------------------------------------------
    def _by_nodes(self, base: Neighbor, internal: bool) -> list[Neighbor]:
        """Return a neighbor for each transport family that nodes and router share in the network."""
        network = self._network("nodes")
        if network is None:
            return []
        selector = self.item["nodes"]
        everyone = [node for cluster in self.clusters for node in cluster.nodes]
        members = sorted(node.host for node in everyone if selector.matches(node.all_labels))
        if not members and (self.context.clusters_reported or self.context.labels_reported):
            return []
        if not members:
            if selector.text in ("all", "edge_nodes"):
                hint = "all nodes: kubernetes.io/os=linux"
            elif selector.text in {node.host for node in everyone}:
                hint = f"a node of this name: kubernetes.io/hostname={selector.text}"
            else:
                hint = "labels stand in edge_node_labels"
            self.context.report.add(
                "EDGE343",
                f"{self.item.path}.nodes",
                f"{selector.text!r} selects none of {len(everyone)} nodes",
                hint,
            )
            return []
        found: dict[Family, list[tuple[Address, str]]] = {}
        for host in members:
            near = [
                address
                for mine in self.placed[network]
                for address in self.node_addresses[host].get(network, ())
                if self.context.subnet_of(network, mine) == self.context.subnet_of(network, address)
            ]
            if not near and not self.context.addresses_reported.covers((host, network)):
                self.context.report.add(
                    "EDGE206",
                    f"{host}.edge_addresses.{network}",
                    f"is missing: {self.item.path} selects the node, but it has no address beside {self.router.host}"
                    f" in network {network!r}",
                    "add the address, or narrow the neighbor's nodes",
                )
            for address in near:
                found.setdefault(address.family, []).append((address, host))
        text = base.keys.description
        return [
            replace(
                self._of_family(base, family),
                addresses=tuple(address for address, _host in sorted(found[family])),
                descriptions=tuple(text or host for _address, host in sorted(found[family])),
            )
            for family in Family
            if family in found and family in (self.item["families"] or Family)
        ]

    def _network(self, beside: str) -> str | None:
        """Return the neighbor's network; the router must have an address in it."""
        if "network" not in self.item:
            self.context.report.add(
                "EDGE105", f"{self.item.path}.network", f"is missing beside {beside}", self._networks_hint()
            )
            return None
        network: str = self.item["network"]
        if not self.context.reference(f"{self.item.path}.network", network, self.context.parsed.networks, "network"):
            return None
        if not self.placed.get(network):
            if not self.context.addresses_reported.covers((self.router.host, network)):
                self.context.report.add(
                    "EDGE342",
                    f"{self.item.path}.network",
                    f"{self.router.host} has no address in network {network!r}",
                    self._networks_hint(),
                )
            return None
        return network

    def _networks_hint(self) -> str:
        return f"{self.router.host} has addresses in: {one_of(name for name, own in self.placed.items() if own)}"

    @staticmethod
    def _of_family(base: Neighbor, family: Family) -> Neighbor:
        """Return the half of a neighbor that one transport family makes."""
        suffix = "-v6" if family is Family.IPV6 else ""
        return replace(base, name=f"{base.name}{suffix}", peer_group=f"{base.peer_group}{suffix}", transport=family)

    # -- an interface ------------------------------------------------------------------------------------------------
    def _by_interface(self, base: Neighbor, internal: bool) -> list[Neighbor]:
        text = base.keys.description or self.name
        return [replace(base, interface=self.item["interface"], transport=Family.IPV6, descriptions=(text,))]

    # -- listen ranges -----------------------------------------------------------------------------------------------
    def _by_range(self, base: Neighbor, internal: bool) -> list[Neighbor]:
        """Return a neighbor for each transport family of the ranges, each inside a subnet of the router."""
        written: Values = self.item["dynamic"]
        network = self._network("dynamic") if "network" in self.item or "range" not in written else None
        if network is None and ("network" in self.item or "range" not in written):
            return []
        names = [network] if network else sorted(name for name, own in self.placed.items() if own)
        subnets = [cidr for name in names for cidr in self.context.subnets[name]]
        ranges: tuple[Cidr, ...] = written["range"] or tuple(subnets)
        good = True
        for index, cidr in enumerate(ranges):
            if not any(contains((subnet.interval,), cidr.interval) for subnet in subnets):
                good = False
                place = f"{self.item.path}.dynamic.range" + (f"[{index}]" if len(ranges) > 1 else "")
                where = f"network {network!r}" if network else f"any network of {self.router.host}"
                self.context.report.add(
                    "EDGE344",
                    place,
                    f"{cidr.text} reaches beyond {where} ({', '.join(subnet.text for subnet in subnets)})",
                    "who may dial in must be on the router's own network",
                )
        if not good:
            return []
        limit = written["limit"]
        if "limit" not in written:
            self.context.derive(
                f"{self.item.path}.dynamic.limit", limit, "the default; more neighbors are refused in silence"
            )
        by_family = {family: tuple(sorted({cidr for cidr in ranges if cidr.family is family})) for family in Family}
        return [
            replace(
                self._of_family(base, family),
                listen_ranges=found,
                listen_limit=limit,
            )
            for family, found in by_family.items()
            if found and family in (self.item["families"] or Family)
        ]

    # -- families ----------------------------------------------------------------------------------------------------
    def _with_families(self, neighbor: Neighbor, several: bool) -> Neighbor:
        """Return the neighbor with the families of its routes: one of several transports carries its own only."""
        wanted = set(self.item["families"])
        named = {rule.family for policy in (neighbor.import_, neighbor.export) for rule in policy.prefixes}
        if several:
            carried = {neighbor.transport}
        elif wanted:
            carried = wanted
        elif neighbor.interface and not neighbor.addresses:
            carried = named or set(Family)
        else:
            carried = named | {neighbor.transport}
        for way, policy in (("import", neighbor.import_), ("export", neighbor.export)):
            lost = sorted({rule.family for rule in policy.prefixes} - carried) if not several else []
            if lost:
                rules = [rule.prefix.text for rule in policy.prefixes if rule.family in lost]
                self.context.report.add(
                    "EDGE346",
                    f"{self.item.path}.{way}",
                    f"names {rules[0]}, but families leaves {lost[0].key} out",
                    f"add {lost[0].key} to families, or take the prefix out",
                )
        return replace(neighbor, families=tuple(sorted(carried)))
