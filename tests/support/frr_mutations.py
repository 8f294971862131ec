# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One FRR configuration and small edits of it: some change what it means, some do not.

Each edit is a pair of texts; the first one must stand in the configuration. An empty second text deletes.
"""

from __future__ import annotations

BASE = """\
frr defaults traditional
router bgp 65001
 bgp router-id 10.0.0.1
 no bgp default ipv4-unicast
 neighbor K8S peer-group
 neighbor K8S remote-as 65002
 neighbor K8S timers 3 9
 neighbor K8S timers connect 5
 neighbor K8S password s3cret
 neighbor 10.0.0.11 peer-group K8S
 neighbor 10.0.0.12 peer-group K8S
 neighbor fd00::9 remote-as internal
 neighbor fd00::9 update-source fd00::1
 neighbor 10.0.9.2 remote-as 65009
 neighbor 10.0.9.2 ebgp-multihop 2
 bgp listen limit 20
 neighbor DYN peer-group
 neighbor DYN remote-as 65003
 bgp listen range 10.0.8.0/24 peer-group DYN
 !
 address-family ipv4 unicast
  network 10.0.0.0/24
  neighbor K8S activate
  neighbor K8S route-map IN in
  neighbor K8S maximum-prefix 20 80 restart 5
  neighbor DYN activate
  neighbor DYN prefix-list POOL in
  neighbor 10.0.9.2 activate
  neighbor 10.0.9.2 route-map UP-IN in
  neighbor 10.0.9.2 route-map UP-OUT out
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor fd00::9 activate
  neighbor fd00::9 prefix-list SIX in
  neighbor fd00::9 prefix-list SIX out
 exit-address-family
exit
!
ip prefix-list POOL seq 5 permit 203.0.113.88/29 ge 32
ip prefix-list LAN seq 5 permit 10.0.0.0/24
ipv6 prefix-list SIX seq 5 permit fd00:200::/64 ge 128
bgp community-list standard MARK seq 5 permit 65009:1
!
route-map IN permit 10
 match ip address prefix-list POOL
exit
!
route-map UP-IN permit 10
 match community MARK
 set local-preference 150
exit
!
route-map UP-OUT permit 10
 match ip address prefix-list POOL
 set community 65001:7 additive
exit
route-map UP-OUT permit 20
 match ip address prefix-list LAN
exit
!
"""

Edit = tuple[str, str]

COSMETIC: dict[str, tuple[Edit, ...]] = {
    "other-group-name": (("K8S", "CLUSTER"),),
    "other-list-name": (("POOL", "P"),),
    "other-map-names": (("UP-OUT", "TO-UPSTREAM"), (" IN ", " FROM-K8S ")),
    "other-sequence-numbers": (
        ("seq 5 permit 203", "seq 500 permit 203"),
        ("route-map IN permit 10", "route-map IN permit 77"),
    ),
    "no-sequence-number": (("LAN seq 5 permit", "LAN permit"),),
    "comments": ((" neighbor K8S remote-as", "! the cluster\n neighbor K8S remote-as"),),
    "no-exit": (("exit\n", ""),),
    "no-indentation": (("\n  ", "\n"), ("\n ", "\n")),
    "tabs": (("\n ", "\n\t"),),
    "abbreviations": (("neighbor 10.0.9.2 remote-as", "neigh 10.0.9.2 remote"), ("bgp router-id", "bgp rou")),
    "description": ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 description upstream\n neighbor 10.0.9.2 ebgp"),),
    "description-with-the-words-of-a-membership": (
        (
            " neighbor 10.0.0.12 peer-group K8S\n",
            " neighbor 10.0.0.12 peer-group K8S\n neighbor 10.0.0.12 description ex peer-group DYN\n",
        ),
    ),
    "spelled-out-policy": ((" bgp router-id", " bgp ebgp-requires-policy\n bgp router-id"),),
    "spelled-out-check": ((" bgp router-id", " bgp network import-check\n bgp router-id"),),
    "spelled-out-timers": ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 timers 60 180\n neighbor 10.0.9.2 ebgp"),),
    "log-changes": ((" bgp router-id", " bgp log-neighbor-changes\n bgp router-id"),),
    "on-each-member": (
        (" neighbor K8S timers 3 9\n", ""),
        (
            " neighbor fd00::9 remote-as",
            " neighbor 10.0.0.11 timers 3 9\n neighbor 10.0.0.12 timers 3 9\n neighbor fd00::9 remote-as",
        ),
    ),
    "ipv6-spelling": (("fd00::9", "FD00:0:0::0009"),),
    "number-for-internal": (("fd00::9 remote-as internal", "fd00::9 remote-as 65001"),),
    "two-halves-of-the-pool": (
        (
            "POOL seq 5 permit 203.0.113.88/29 ge 32",
            "POOL seq 5 permit 203.0.113.88/30 ge 32\nip prefix-list POOL seq 6 permit 203.0.113.92/30 ge 32",
        ),
    ),
    "length-both-ways": (("203.0.113.88/29 ge 32", "203.0.113.88/29 ge 32 le 32"),),
    "host-bits": (("203.0.113.88/29 ge 32", "203.0.113.91/29 ge 32"),),
    "explicit-deny-at-the-end": (
        ("\nip prefix-list LAN", "\nip prefix-list POOL seq 900 deny any\nip prefix-list LAN"),
    ),
    "list-in-place-of-map": (("neighbor K8S route-map IN in", "neighbor K8S prefix-list POOL in"),),
    "soft-reconfiguration": (
        ("  neighbor DYN activate", "  neighbor DYN activate\n  neighbor DYN soft-reconfiguration inbound"),
    ),
    "threshold": (("maximum-prefix 20 80 restart 5", "maximum-prefix 20 restart 5"),),
    "deny-all-out": (
        ("  neighbor DYN activate", "  neighbor DYN activate\n  neighbor DYN route-map NO out"),
        ("route-map IN permit", "route-map NO deny 1\nexit\nroute-map IN permit"),
    ),
    "empty-group": (
        (" bgp listen limit", " neighbor IDLE peer-group\n neighbor IDLE remote-as 65077\n bgp listen limit"),
    ),
    "order-of-neighbors": (
        (
            " neighbor 10.0.0.11 peer-group K8S\n neighbor 10.0.0.12 peer-group K8S\n",
            " neighbor 10.0.0.12 peer-group K8S\n neighbor 10.0.0.11 peer-group K8S\n",
        ),
    ),
    "another-daemon": (
        ("!\nip prefix-list POOL", "!\nrouter ospf\n ospf router-id 10.0.0.1\nexit\n!\nip prefix-list POOL"),
    ),
    "multihop-within-one-AS": (
        (" neighbor fd00::9 update", " neighbor fd00::9 ebgp-multihop 9\n neighbor fd00::9 update"),
    ),
    "send-community-is-the-default": (
        ("  neighbor 10.0.9.2 activate", "  neighbor 10.0.9.2 activate\n  neighbor 10.0.9.2 send-community"),
    ),
    "port-179": ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 port 179\n neighbor 10.0.9.2 ebgp"),),
    "entry-that-cannot-match": (
        (
            "route-map UP-OUT permit 20",
            "route-map UP-OUT permit 15\n match ip address prefix-list NONE\nexit\nroute-map UP-OUT permit 20",
        ),
    ),
}
"""Edits that change nothing."""

_K8S = "neighbors 10.0.0.11, 10.0.0.12: "
_UP = "neighbor 10.0.9.2: "
_SIX = "neighbor fd00::9: "
_K8S_AND_DYN = "neighbors 10.0.0.11, 10.0.0.12, range 10.0.8.0/24: "

SEMANTIC: dict[str, tuple[tuple[Edit, ...], list[str]]] = {
    "as-number": (
        (("router bgp 65001", "router bgp 65111"),),
        ["AS number: 65001 in the first, 65111 in the second"],
    ),
    "router-id": (
        (("router-id 10.0.0.1", "router-id 10.0.0.2"),),
        ["router-id: 10.0.0.1 in the first, 10.0.0.2 in the second"],
    ),
    "neighbor-gone": (((" neighbor 10.0.0.12 peer-group K8S\n", ""),), ["neighbor 10.0.0.12: only in the first"]),
    "description-is-no-membership": (
        (
            (
                " neighbor 10.0.0.12 peer-group K8S\n",
                " neighbor 10.0.0.12 remote-as 65002\n neighbor 10.0.0.12 description old peer-group K8S\n",
            ),
        ),
        [
            "neighbor 10.0.0.12: connect retry: 5 s in the first, 30 s in the second",
            "neighbor 10.0.0.12: hold time: 9 s in the first, 180 s in the second",
            "neighbor 10.0.0.12: keepalive: 3 s in the first, 60 s in the second",
            "neighbor 10.0.0.12: password only in the first",
            "neighbor 10.0.0.12: ipv4 active only in the first",
        ],
    ),
    "remote-as": (
        (("K8S remote-as 65002", "K8S remote-as 65003"),),
        [_K8S + "remote AS: 65002 in the first, 65003 in the second"],
    ),
    "external": (
        (("K8S remote-as 65002", "K8S remote-as external"),),
        [_K8S + "remote AS: 65002 in the first, external in the second"],
    ),
    "local-as": (
        ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 local-as 65099\n neighbor 10.0.9.2 ebgp"),),
        [_UP + "local AS: 65099 only in the second"],
    ),
    "hold": ((("timers 3 9", "timers 3 12"),), [_K8S + "hold time: 9 s in the first, 12 s in the second"]),
    "connect": (
        (("timers connect 5", "timers connect 6"),),
        [_K8S + "connect retry: 5 s in the first, 6 s in the second"],
    ),
    "password": ((("password s3cret", "password S3cret"),), [_K8S + "another password"]),
    "password-gone": (((" neighbor K8S password s3cret\n", ""),), [_K8S + "password only in the first"]),
    "hops": ((("ebgp-multihop 2", "ebgp-multihop 3"),), [_UP + "hops: 2 in the first, 3 in the second"]),
    "ttl-security": (
        (("ebgp-multihop 2", "ttl-security hops 1"),),
        [_UP + "TTL security: hops 1 only in the second", _UP + "hops: 2 only in the first"],
    ),
    "bfd": (
        ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 bfd\n neighbor 10.0.9.2 ebgp"),),
        [_UP + "bfd only in the second"],
    ),
    "update-source": (
        (("update-source fd00::1", "update-source fd00::2"),),
        [_SIX + "update-source: fd00::1 in the first, fd00::2 in the second"],
    ),
    "shutdown": (
        ((" neighbor fd00::9 remote-as", " neighbor 10.0.0.12 shutdown\n neighbor fd00::9 remote-as"),),
        ["neighbor 10.0.0.12: shut down only in the second"],
    ),
    "port": (
        ((" neighbor 10.0.9.2 ebgp", " neighbor 10.0.9.2 port 1790\n neighbor 10.0.9.2 ebgp"),),
        [_UP + "port: 1790 only in the second"],
    ),
    "range": (
        (("listen range 10.0.8.0/24", "listen range 10.0.8.0/25"),),
        ["neighbor range 10.0.8.0/24: only in the first", "neighbor range 10.0.8.0/25: only in the second"],
    ),
    "limit": (
        (("listen limit 20", "listen limit 30"),),
        ["limit of dynamic neighbors: 20 in the first, 30 in the second"],
    ),
    "family": ((("  neighbor fd00::9 activate\n", ""),), [_SIX + "ipv6 active only in the first"]),
    "smaller-pool": (
        (("203.0.113.88/29 ge 32", "203.0.113.88/30 ge 32"),),
        [
            _K8S_AND_DYN + "ipv4: accepts 203.0.113.92/30 ge 32 only in the first",
            _UP + "ipv4: announces 203.0.113.92/30 ge 32 with community 65001:7 additive only in the first",
        ],
    ),
    "wider-lengths": (
        (("203.0.113.88/29 ge 32", "203.0.113.88/29 le 32"),),
        [
            _K8S_AND_DYN + "ipv4: accepts 203.0.113.88/29 le 31 only in the second",
            _UP + "ipv4: announces 203.0.113.88/29 le 31 with community 65001:7 additive only in the second",
        ],
    ),
    "undefined-map": (
        (("K8S route-map IN in", "K8S route-map NOT-THERE in"),),
        [
            _K8S + "ipv4: maximum prefixes: 20, again after 5 min only in the first",
            _K8S + "ipv4: accepts 203.0.113.88/29 ge 32 only in the first",
        ],
    ),
    "next-hops": (
        (("route-map IN permit 10\n", "route-map IN permit 10\n set ip next-hop peer-address\n"),),
        [_K8S + "ipv4: routes lead to the neighbor itself only in the second"],
    ),
    "next-hops-elsewhere": (
        (("route-map IN permit 10\n", "route-map IN permit 10\n set ip next-hop 10.0.0.99\n"),),
        [_K8S + "ipv4: accepts 203.0.113.88/29 ge 32 as it is in the first, with ip next-hop 10.0.0.99 in the second"],
    ),
    "other-community": (
        (("permit 65009:1", "permit 65009:2"),),
        [
            _UP + "ipv4: accepts any if it carries 65009:1, with local-preference 150 in the first, "
            "if it carries 65009:2, with local-preference 150 in the second"
        ],
    ),
    "preference": (
        (("local-preference 150", "local-preference 90"),),
        [
            _UP + "ipv4: accepts any if it carries 65009:1, with local-preference 150 in the first, "
            "if it carries 65009:1, with local-preference 90 in the second"
        ],
    ),
    "not-additive": (
        (("65001:7 additive", "65001:7"),),
        [
            _UP + "ipv4: announces 203.0.113.88/29 ge 32 with community 65001:7 additive in the first, "
            "with community 65001:7 in the second"
        ],
    ),
    "no-policy-needed": (
        ((" bgp router-id", " no bgp ebgp-requires-policy\n bgp router-id"),),
        [_K8S_AND_DYN + "ipv4: announces any only in the second"],
    ),
    "maximum-prefix": (
        (("maximum-prefix 20 80", "maximum-prefix 30 80"),),
        [_K8S + "ipv4: maximum prefixes: 20, again after 5 min in the first, 30, again after 5 min in the second"],
    ),
    "force": (
        (("restart 5\n", "restart 5 force\n"),),
        [
            _K8S + "ipv4: maximum prefixes: 20, again after 5 min in the first, "
            "20, again after 5 min, refused ones too in the second"
        ],
    ),
    "default-originate": (
        (("  neighbor 10.0.9.2 activate", "  neighbor 10.0.9.2 activate\n  neighbor 10.0.9.2 default-originate"),),
        [_UP + "ipv4: default-originate only in the second"],
    ),
    "next-hop-self": (
        (("  neighbor 10.0.9.2 activate", "  neighbor 10.0.9.2 activate\n  neighbor 10.0.9.2 next-hop-self"),),
        [_UP + "ipv4: next-hop-self only in the second"],
    ),
    "reflector": (
        (("  neighbor fd00::9 activate", "  neighbor fd00::9 activate\n  neighbor fd00::9 route-reflector-client"),),
        [_SIX + "ipv6: route-reflector-client only in the second"],
    ),
    "no-communities": (
        (("  neighbor 10.0.9.2 activate", "  neighbor 10.0.9.2 activate\n  no neighbor 10.0.9.2 send-community all"),),
        [_UP + "ipv4: communities that are sent: none only in the second"],
    ),
    "network": ((("  network 10.0.0.0/24\n", ""),), ["ipv4: network 10.0.0.0/24 only in the first"]),
    "redistribute": (
        (("  network 10.0.0.0/24", "  redistribute connected\n  network 10.0.0.0/24"),),
        ["ipv4: redistribute connected only in the second"],
    ),
    "multipath": (
        (("  network 10.0.0.0/24", "  maximum-paths 1\n  network 10.0.0.0/24"),),
        ["ipv4: maximum-paths: 1 only in the second"],
    ),
    "relax": (
        ((" bgp router-id", " bgp bestpath as-path multipath-relax\n bgp router-id"),),
        ["bgp bestpath as-path multipath-relax only in the second"],
    ),
    "import-check": (
        ((" bgp router-id", " no bgp network import-check\n bgp router-id"),),
        ["bgp network import-check: off only in the second"],
    ),
    "aggregate": (
        (("  network 10.0.0.0/24", "  aggregate-address 203.0.113.88/29 summary-only\n  network 10.0.0.0/24"),),
        ["ipv4: aggregate-address 203.0.113.88/29 summary-only only in the second"],
    ),
    "unknown-line": (
        ((" bgp router-id", " bgp something new\n bgp router-id"),),
        ["bgp something new only in the second"],
    ),
}
"""Edits that change what the configuration means, and what must be told."""


def mutated(edits: tuple[Edit, ...]) -> str:
    """Return the configuration with the edits made; each must find its place."""
    text = BASE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text
