# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of the documentation: their headings, fenced blocks and links, and what their inventories render to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.gitops import ReleaseSource
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import Plan, plan

from .hybrid import CHECKOUT, inventory_from
from .sites import Site, frr_conf
from .yaml_text import read_yaml, read_yaml_file

DOCS = CHECKOUT / "docs"
GAP = "..."
"""A line of an excerpt that stands for any number of lines."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    heading: str
    """The heading above it."""
    language: str
    text: str
    file: str | None
    """The rendered file that it is an excerpt of: named in backquotes, with a colon, in the line before."""


@dataclass(frozen=True, slots=True)
class Page:
    """One Markdown page."""

    path: Path
    headings: tuple[str, ...]
    blocks: tuple[Block, ...]
    text: str

    def under(self, heading: str, language: str) -> list[str]:
        """Return the text of the blocks of a language below a heading."""
        return [block.text for block in self.blocks if block.heading == heading and block.language == language]

    def links(self) -> list[str]:
        """Return the targets of the links that stay inside the checkout."""
        found = re.findall(r"\]\(([^)\s]+)\)", self.text)
        return [target for target in found if not re.match(r"[a-z]+:", target)]

    def codes(self) -> set[str]:
        """Return the finding codes that the page names."""
        return set(re.findall(r"EDGE\d{3}", self.text))


def read_page(path: Path) -> Page:
    """Read one page."""
    text = path.read_text(encoding="utf-8")
    headings: list[str] = []
    blocks: list[Block] = []
    before, fence = "", None
    lines: list[str] = []
    for line in text.splitlines():
        if fence is not None:
            if line == "```":
                named = re.search(r"`([^`\s]+/[^`\s]+)`:$", before)
                blocks.append(Block(headings[-1], fence, "\n".join(lines) + "\n", named[1] if named else None))
                fence, before = None, ""
            else:
                lines.append(line)
        elif line.startswith("```"):
            fence, lines = line[3:], []
        elif match := re.match(r"#+ (.*)", line):
            headings.append(match[1])
        elif line:
            before = line
    return Page(path, tuple(headings), tuple(blocks), text)


def without_links(text: str) -> str:
    """Return a page's text with each link replaced by its words."""
    return re.sub(r"\[([^\]]*)\]\([^)\s]*\)", r"\1", text)


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page: those that a renderer makes of its headings, and those that it writes itself."""
    page = read_page(path)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in page.headings}
    return made | set(re.findall(r'<a (?:id|name)="([^"]+)">', page.text))


def broken_links(page: Page) -> list[str]:
    """Return the links of a page that lead nowhere."""
    broken = []
    for target in page.links():
        name, _hash, anchor = target.partition("#")
        path = (page.path.parent / name).resolve() if name else page.path
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    return broken


def plan_page(text: str) -> Plan:
    """Return the plan of a page's inventory."""
    return plan(inventory_from(read_yaml(text)))


def rendered_files(computed: Plan) -> dict[str, str]:
    """Return the text of each file that ``playbooks/render.yml`` would write, without secrets."""
    defaults = read_yaml_file(CHECKOUT / "roles" / "cilium_net_release" / "defaults" / "main.yml")
    files = cluster_files(computed.data, dict.fromkeys(computed.data["clusters"], ReleaseSource.of(defaults)))
    for name, router in computed.data["routers"].items():
        if router["managed"]:
            placeholders = {secret.rpartition("/")[2]: f"SECRET:{secret}" for secret in router["passwords"]}
            files[f"{name}/frr.conf"] = frr_conf(Site(DOCS, computed, placeholders), name)
    return files


def missing_lines(excerpt: str, text: str) -> str | None:
    """Return the first part of an excerpt that the text lacks; parts are separated by gaps and stand in order."""
    rest = "\n" + text
    for part in re.split(rf"^ *{re.escape(GAP)}\n", excerpt, flags=re.MULTILINE):
        found = rest.find("\n" + part)
        if found < 0:
            return part
        rest = rest[found + len(part) :]
    return None
