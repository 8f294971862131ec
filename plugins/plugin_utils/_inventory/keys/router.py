# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a router host."""

from __future__ import annotations

from ..types import Asn, Boolean, Choice, Integer, Key, ListOf, MapOf, Name, Record, Secret, Text
from .cluster import CLUSTER_MAPS
from .common import ROUTER_ID, VERSION
from .neighbors import NEIGHBOR

ROUTER_MAPS = tuple(key for key in CLUSTER_MAPS if key.name in ("edge_bgp_defaults", "edge_bgp_passwords"))
"""Read from each router host too, for its neighbors and links."""

_LATER = "its secrets stand beside it: edge_router_controller_api_key, or _username and _password"

CONTROLLER = Record(
    (
        Key(
            "url",
            Text(
                "URL",
                r"https://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?",
                "an https:// address without a path, such as https://192.0.2.1 (a key would be readable on the way of http://)",
            ),
            "Where UniFi Network answers: the console's address.",
            required=True,
        ),
        Key(
            "site",
            Text("text", r"[A-Za-z0-9_-]+", "the id of a site, as it stands in the UI's address"),
            "UniFi's site.",
            default="default",
        ),
        Key(
            "ca_path",
            Text("path", r".+", "a path: it is empty"),
            "PEM file of the authority, or of the certificate itself, that the console's is checked with.",
            derived="the control machine's authorities",
        ),
        Key(
            "fingerprint",
            Text(
                "SHA-256",
                r"(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}",
                "the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons",
            ),
            "Takes exactly the certificate with this SHA-256, whatever name it is for.",
        ),
        Key("validate_certs", Boolean(), "false: takes any certificate (warns).", default=True),
    ),
    {
        **dict.fromkeys(("api_key", "key", "token", "username", "user", "password"), _LATER),
        **dict.fromkeys(("host", "address"), "write url: https://ADDRESS"),
    },
)
"""How UniFi Network is reached."""

CONTROLLER_SECRETS = (
    "edge_router_controller_api_key",
    "edge_router_controller_username",
    "edge_router_controller_password",
)
"""How it is logged in to: the key, or both others. The plan knows which are there, and never their values."""

ROUTER = (
    Key("edge_router_asn", Asn(), "AS number of the router.", required=True),
    Key(
        "edge_router_id",
        ROUTER_ID,
        "BGP identifier.",
        derived="its loopback's address, else its lowest IPv4 address",
    ),
    Key(
        "edge_router_platform", Choice("linux", "unifi"), "What plan and render assume of the router.", default="linux"
    ),
    Key("edge_router_frr_version", VERSION, "FRR version that plan and render assume.", default="10.1"),
    Key(
        "edge_router_managed",
        Boolean(),
        "false: never connected to; the other end is planned against it.",
        default=True,
    ),
    Key(
        "edge_router_bgp_owner",
        Choice("file", "controller", "none"),
        "Who holds the router's BGP: file, frr.conf over SSH; controller, UniFi Network, through its API; none,"
        " somebody else: read and verified, never written.",
        default="file",
    ),
    Key("edge_router_controller", CONTROLLER, "UniFi Network, where it holds the router's BGP (docs/router.md)."),
    Key(CONTROLLER_SECRETS[0], Secret(), "API key of UniFi Network, of an admin who may change the site."),
    Key(CONTROLLER_SECRETS[1], Secret(), "In place of a key: a local admin without a second factor."),
    Key(CONTROLLER_SECRETS[2], Secret(), "That admin's password."),
    Key(
        "edge_router_persist",
        Boolean(),
        "UniFi, owner file: a copy under /data and a boot hook bring frr.conf back after a firmware upgrade.",
        default=False,
    ),
    Key("edge_router_neighbors", MapOf(Name(), NEIGHBOR), "BGP speakers that are not Cilium.", layered=True),
    Key("edge_router_maximum_paths", Integer(1, 256), "Next hops of a route at most (ECMP).", derived="FRR's own"),
    Key(
        "edge_router_redistribute",
        ListOf(Choice("connected", "kernel", "static", "ospf")),
        "Routes taken into BGP (warns); they leave where an export says redistributed or all, or has their prefixes.",
        default=(),
    ),
    Key(
        "edge_router_take_over",
        ListOf(Text("block", r"\S+( \S+)*", "the first line of a block of FRR, such as router ospf")),
        "Blocks of FRR that are not ours and that a restart may lose; planned lists and route-maps, such as route-map"
        " uplink, that may decide for what else uses their names, without lines that only run; unseen: whatever runs on"
        " a router whose BGP UniFi Network holds and that SSH does not reach (docs/router.md).",
        default=(),
    ),
    Key("edge_router_import_check", Boolean(), "Announce a network only if it is in the routing table.", default=True),
)
