# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a planned site: its router, its nodes with their sessions, its pools. ``generate.py`` writes the reference one.

The picture has a background of its own and follows the reader's color scheme, so it can be read in light and in dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_inventory

WIDTH = 880
ROW = 44
"""Height of a node and the space below it."""
NODES_LEFT, ROUTER_RIGHT = 560, 236
TOP = 64
COLORS = (("#0b5fa5", "#6cb6ff"), ("#a2470b", "#f0a060"), ("#5b3ba8", "#b99cf5"), ("#1a6e3c", "#6fd191"))
"""Of the peerings, in light and in dark; what is announced over L2 takes the last."""
# REUSE-IgnoreStart
HEADER = (
    "<!--\nCopyright (c) 2026, the hybridnet.cluster_edge authors\nGNU General Public License v3.0+ (see LICENSE or"
    " https://www.gnu.org/licenses/gpl-3.0.txt)\nSPDX-License-Identifier: GPL-3.0-or-later\nWritten by"
    " scripts/generate.py from the plan of inventory/hybrid.\n-->\n"
)
# REUSE-IgnoreEnd


def _style(count: int) -> str:
    light = "".join(f".c{index}{{stroke:{COLORS[index][0]};fill:{COLORS[index][0]}}}" for index in range(count))
    dark = "".join(f".c{index}{{stroke:{COLORS[index][1]};fill:{COLORS[index][1]}}}" for index in range(count))
    return (
        "<style>text{font:13px sans-serif;fill:#1f2328}.b{font-weight:bold}.s{font-size:11px;fill:#57606a}"
        ".page{fill:#ffffff}.box{fill:#f3f5f7;stroke:#8c959f}.end{fill:none;stroke:#8c959f;stroke-dasharray:5 4}"
        f"line{{stroke-width:1.6}}{light}text.t{{stroke:none}}"
        "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9da7b1}.page{fill:#0d1117}"
        f".box{{fill:#1c232b;stroke:#6e7681}}.end{{stroke:#6e7681}}{dark}}}</style>"
    )


def _text(left: float, top: float, words: str, kind: str = "") -> str:
    marked = f' class="{kind}"' if kind else ""
    return f'<text x="{left:g}" y="{top:g}"{marked}>{escape(words)}</text>'


def _box(left: float, top: float, width: float, height: float, kind: str = "box") -> str:
    return f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="6"/>'


def picture(data: Mapping[str, Any], nodes: Mapping[str, Mapping[str, tuple[str, ...]]]) -> str:
    """Return the SVG of a site with one router and one cluster.

    Args:
        data: its plan.
        nodes: node -> network -> addresses.
    """
    ((router_name, router),) = data["routers"].items()
    ((cluster_name, cluster),) = data["clusters"].items()
    peerings = sorted({session["peering"] for session in data["sessions"]})
    middle = TOP + len(nodes) * ROW / 2
    bottom = TOP + len(nodes) * ROW + 8
    height = bottom + 52 + 20 * (len(data["pools"]) + 1)
    parts = [
        _box(0, 0, WIDTH, height, "page"),
        _text(24, 28, "the router's end", "s"),
        _text(NODES_LEFT - 20, 28, f"the cluster's end: {cluster_name}, Cilium {cluster['cilium_version']}", "s"),
        _box(NODES_LEFT - 20, 38, WIDTH - NODES_LEFT, len(nodes) * ROW + 16, "end"),
        *_sessions(data, list(nodes), peerings, middle),
        _box(24, middle - 48, ROUTER_RIGHT - 24, 96),
        _text(38, middle - 24, f"{router_name} (FRR)", "b"),
        _text(38, middle - 5, f"AS {router['asn']}"),
    ]
    for index, (network, own) in enumerate(sorted(router["addresses"].items())):
        parts.append(_text(38, middle + 14 + 16 * index, f"{network} {', '.join(own)}", "s"))
    for index, (node, placed) in enumerate(nodes.items()):
        top = TOP + index * ROW
        parts += [_box(NODES_LEFT, top - 16, WIDTH - NODES_LEFT - 40, ROW - 8), _text(NODES_LEFT + 12, top, node, "b")]
        addresses = (f"{name} {', '.join(own)}" for name, own in sorted(placed.items()))
        parts.append(_text(NODES_LEFT + 12, top + 14, "   ".join(addresses), "s"))
    parts += _legend(data, peerings, bottom + 26)
    title = f"Site {data['site']}: router {router_name}, cluster {cluster_name} with {len(nodes)} nodes"
    title += f", {len(data['sessions'])} BGP sessions, {len(data['pools'])} pools"
    return (
        f'{HEADER}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">\n'
        f"<title>{escape(title)}</title>\n{_style(len(peerings) + 1)}\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _sessions(data: Mapping[str, Any], nodes: list[str], peerings: list[str], middle: float) -> Iterator[str]:
    """Yield a line for each session, those of one peering beside each other."""
    for session in data["sessions"]:
        index = peerings.index(session["peering"])
        aside = 8 * (index - (len(peerings) - 1) / 2)
        end = TOP + nodes.index(session["node"]) * ROW + 2 + aside
        start = middle + 3 * aside
        yield f'<line class="c{index}" x1="{ROUTER_RIGHT}" y1="{start:g}" x2="{NODES_LEFT}" y2="{end:g}"/>'


def _legend(data: Mapping[str, Any], peerings: list[str], top: float) -> Iterator[str]:
    """Yield a row for each pool: its addresses, how they become reachable, and its services."""
    left = (36, 180, 340, 650)
    for place, words in zip(left, ("pool", "addresses", "reachable by", "services"), strict=True):
        yield _text(place, top, words, "s")
    for index, pool in enumerate(data["pools"], 1):
        line = top + 20 * index
        asns = {session["node_asn"] for session in data["sessions"] if session["peering"] in pool["bgp"]}
        ways = [f"BGP, peering {name} (AS {', '.join(map(str, sorted(asns)))})" for name in pool["bgp"]]
        ways += [f"L2, network {name}" for name in pool["l2"]]
        color = peerings.index(pool["bgp"][0]) if pool["bgp"] else len(peerings)
        used = [item["name"] for item in data["services"] if item["pool"] == pool["name"]]
        yield f'<circle class="c{color}" cx="{left[0] - 10}" cy="{line - 4:g}" r="4"/>'
        yield _text(left[0], line, pool["name"], "b")
        yield _text(left[1], line, ", ".join(pool["addresses"]))
        yield _text(left[2], line, ", ".join(ways), f"t c{color}")
        yield _text(left[3], line, ", ".join(used))


def site_picture() -> str:
    """Return docs/site.svg: the reference site."""
    inventory = hybrid_inventory()
    computed = plan(inventory)
    if computed.data is None:
        raise ValueError("the reference site does not plan")
    nodes = {
        node: {name: (own,) if isinstance(own, str) else tuple(own) for name, own in placed.items()}
        for node in inventory.nodes
        for placed in [inventory.variables[node]["edge_addresses"]]
    }
    return picture(computed.data, nodes)
