# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel settings of each host of the twin, whatever the machine's own are.

A new network namespace takes the settings of ``conf/all`` and ``conf/default`` from the machine's first one: those of
IPv4 always, unless the machine says 2 in ``net.core.devconf_inherit_init_net``, and those of IPv6 too where it says 1
or 3 (Linux, Documentation/admin-guide/sysctl/net.rst). A new interface takes those of ``conf/default``. So a setting
that decides which packets a host takes, answers and forwards is written for each host: it is never the machine's.
"""

from __future__ import annotations

from collections.abc import Mapping

from ....module_utils._frr.state import FORWARDING_SYSCTLS
from .model import LOOPBACK, Host

OFF, STRICT, LOOSE = "0", "1", "2"
"""Values of ``rp_filter`` (Linux, Documentation/networking/ip-sysctl: RFC 3704)."""

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "ipv4": {
        "accept_local": "0",
        "accept_redirects": "1",
        "arp_accept": "0",
        "arp_announce": "0",
        "arp_filter": "0",
        "arp_ignore": "0",
        "arp_notify": "0",
        "drop_gratuitous_arp": "0",
        "ignore_routes_with_linkdown": "0",
        "proxy_arp": "0",
        "proxy_arp_pvlan": "0",
        "route_localnet": "0",
        "rp_filter": OFF,
        "secure_redirects": "1",
        "send_redirects": "1",
        "shared_media": "1",
        "src_valid_mark": "0",
    },
    "ipv6": {
        # The kernel's own default is 1. Addresses and routes of a twin come from its description alone.
        "accept_ra": "0",
        "accept_redirects": "1",
        "disable_ipv6": "0",
        "ignore_routes_with_linkdown": "0",
        "proxy_ndp": "0",
    },
}
"""Family -> setting of an interface -> the kernel's own default (Linux, net/ipv4/devinet.c and net/ipv6/addrconf.c)."""

NO_DUPLICATE_CHECK: Mapping[str, str] = {"net.ipv6.conf.default.dad_transmits": "0"}
"""A link-local address that is checked for a duplicate would not be there when bgpd wants it."""

_SCOPES = ("all", "default")


def host_sysctls(forwards: bool, reverse_path: str = OFF) -> dict[str, str]:
    """Return the kernel settings of a host, for all interfaces and for those to come, in the order of writing.

    Forwarding stands first: a change of IPv4's also changes ``accept_redirects``, as a router takes none (Linux,
    net/ipv4/devinet.c, inet_forward_change).

    Args:
        forwards: whether it forwards packets: a router or a node.
        reverse_path: its ``rp_filter``.
    """
    forwarding = str(int(forwards))
    found = dict.fromkeys(FORWARDING_SYSCTLS.values(), forwarding)
    for family, defaults in DEFAULTS.items():
        found[f"net.{family}.conf.default.forwarding"] = forwarding
        for scope in _SCOPES:
            for setting, value in defaults.items():
                found[f"net.{family}.conf.{scope}.{setting}"] = value
    for scope in _SCOPES:
        found[f"net.ipv4.conf.{scope}.rp_filter"] = reverse_path
    if forwards:
        found["net.ipv4.conf.all.accept_redirects"] = "0"
    return found


def interface_sysctls(host: Host) -> dict[str, str]:
    """Return the kernel settings of a host's interfaces: what it says for those to come, and where it answers ARP.

    An interface that is there already keeps its own when those for interfaces to come change. Names have slashes: a dot
    may stand in the name of an interface.
    """
    found = {}
    for interface in dict.fromkeys([LOOPBACK, *(leg.interface for leg in host.legs)]):
        for name, value in host.sysctls.items():
            before, is_default, setting = name.partition(".conf.default.")
            if is_default:
                found[f"{before.replace('.', '/')}/conf/{interface}/{setting}"] = value
        if interface in host.proxy_arp:
            found[f"net/ipv4/conf/{interface}/proxy_arp"] = "1"
    return found
