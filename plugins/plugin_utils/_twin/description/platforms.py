# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a router's platform does to packets by default, and what a twin is asked to do in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ....module_utils._errors import EdgeError
from .kernel import LOOSE, OFF, STRICT, host_sysctls

REVERSE_PATHS: Mapping[str, str] = {"off": OFF, "loose": LOOSE, "strict": STRICT}
"""Word -> ``rp_filter`` of all interfaces of a router."""

PLATFORM = "platform"
"""The word for what the router's platform does by default."""

FIREWALLS = (PLATFORM, "off", "stateful")
"""``stateful`` drops what belongs to no connection that was seen from its first packet, between all networks."""


NATS = (PLATFORM, "off", "unknown_ranges")
"""``unknown_ranges`` also translates the source of what goes to a range without a network of the router, as a pool."""


@dataclass(frozen=True, slots=True)
class Platform:
    """The defaults of one platform."""

    hash_policy: str
    """``fib_multipath_hash_policy`` of both families: 0 picks an ECMP path by the addresses alone, 1 by ports too."""
    reverse_path: str
    """A key of :data:`REVERSE_PATHS`."""
    zones: bool
    """Whether it has a firewall with zones: nothing comes in from outside unasked, and to and from outside a connection
    must have been seen from its first packet."""
    masquerade: bool
    """Whether IPv4 connections of its own networks leave towards upstream with its own address as their source."""
    hairpin: bool
    """Whether the source of a forwarded connection is translated too where it comes from the network of its target."""


PLATFORMS: Mapping[str, Platform] = {
    # Hash policy: the kernel's default, which Debian does not change (no file in its sysctl.d does). Reverse path:
    # loose since Debian 13 (50-default.conf of linux-sysctl-defaults, which systemd recommends and which is of priority
    # important). Debian 12 leaves it off, the kernel's default; so loose is the stricter of the two.
    # Firewall and NAT: Debian sets up none.
    "linux": Platform(hash_policy="0", reverse_path="loose", zones=False, masquerade=False, hairpin=False),
    # Hash policy: "the default hash is L3 only" (README of onedr0p/home-ops, which sets 1 by a boot script).
    # Reverse path: no source says what UniFi has. Loose drops only what has no way back at all.
    # Zones: traffic is sorted by the interface that it comes in by and by its *destination*; what lies in no network
    # of the console counts as outside (docs/zone-placement.md of crowdsec-unifi-bouncer, from captures). From outside
    # only answers come in, and invalid packets are dropped; between networks all is let through, invalid packets too
    # (captures of UBIOS_WAN_LAN_USER and UBIOS_LAN_LAN_USER). Towards outside all is allowed; that invalid packets are
    # dropped there is inferred: of the 63 policies of a stock UniFi Network 10.6, 10 are "Block Invalid Traffic", six
    # from outside and four more, as many as there are zones beside it and the gateway.
    # Hairpin: a port forward matches the WAN's addresses whichever interface a packet comes in by, and clients in the
    # target's own VLAN get a rule of their own that masquerades them; no others do (captures of
    # UBIOS_PREROUTING_USER_HOOK and UBIOS_POSTROUTING_USER_HOOK: https://cg1network.com/unifi-hairpin-nat).
    # Masquerade: rules of UBIOS_POSTROUTING_USER_HOOK for each WAN (scripts that delete them: nerdiges/nat-disable).
    "unifi": Platform(hash_policy="0", reverse_path="loose", zones=True, masquerade=True, hairpin=True),
}


@dataclass(frozen=True, slots=True)
class RouterSettings:
    """How the twin's routers treat packets."""

    platforms: Mapping[str, str] = field(default_factory=dict)
    """Router -> platform, where it is not what the plan says: in a run with the overlay every router is ``linux``."""
    reverse_path: str = PLATFORM
    """A key of :data:`REVERSE_PATHS` for all routers, or :data:`PLATFORM`."""
    firewall: str = PLATFORM
    """One of :data:`FIREWALLS`."""
    nat: str = PLATFORM
    """One of :data:`NATS`."""
    firewall_rules: Sequence[object] = ()
    """What the site's firewall allows and blocks (``edge_twin_firewall_rules``), as it was written."""
    port_forwards: Sequence[object] = ()
    """What the site's routers forward to services (``edge_twin_port_forwards``), as it was written."""
    proxy_arp: Sequence[object] = ()
    """Networks on which the site's routers answer ARP for others (``edge_twin_proxy_arp``), as they were written."""


def platform_of(settings: RouterSettings, router: str, planned: str) -> str:
    """Return the platform whose defaults a router of the twin has.

    Raises:
        EdgeError: there is no such platform.
    """
    name: object = settings.platforms.get(router) or planned
    if not isinstance(name, str) or name not in PLATFORMS:
        raise EdgeError(
            f"{router}.edge_twin_router_platform", f"{name!r} is no platform", f"one of: {', '.join(PLATFORMS)}"
        )
    return name


def reverse_path_of(settings: RouterSettings, platform: str) -> str:
    """Return the reverse path of a router of the twin, a key of :data:`REVERSE_PATHS`."""
    return PLATFORMS[platform].reverse_path if settings.reverse_path == PLATFORM else settings.reverse_path


def router_sysctls(settings: RouterSettings, platform: str) -> dict[str, str]:
    """Return the kernel settings of a router of the twin, in the order of writing."""
    hash_policy = PLATFORMS[platform].hash_policy
    return {
        **host_sysctls(forwards=True, reverse_path=REVERSE_PATHS[reverse_path_of(settings, platform)]),
        "net.ipv4.fib_multipath_hash_policy": hash_policy,
        "net.ipv6.fib_multipath_hash_policy": hash_policy,
    }
