# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words that a newcomer meets on a page without being told what they mean.

A word of ``docs/words.md`` must be linked, or stand in emphasis as the word that is being explained (``*twin*``), where a
page uses it first. An abbreviation must be in that page, or be known to everybody who runs Ansible (:data:`KNOWN`).
Code, headings, comments and what is generated do not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

KNOWN = {
    "API", "AWX", "CA", "CD", "CHANGELOG", "CI", "CIDR", "CIDRs", "CONTRIBUTING", "CPU", "DHCP", "DNS", "GB",
    "GNU", "HTTP", "HTTPS", "ICMP", "ID", "INI", "IP", "IPs", "IPv4", "IPv6", "JSON", "LAN", "LICENSE", "MB", "NAS",
    "OSPF", "PID", "README", "RFC", "SFTP", "SPDX", "SSH", "SSL", "TCP", "TLS", "UDP", "UI", "URL", "VLAN",
    "VLANs", "VPN", "VS", "VXLAN", "WAN", "YAML",
}  # fmt: skip
"""Abbreviations and file names that need no explanation, and those whose long form says no more."""

_SKIPPED = re.compile(
    r"<!-- The rest is written by .*|<!--.*?-->|^```.*?^```|^#.*?$|`(?:[^`\n]|\n(?!\n))*`|\]\([^)\s]*\)|<[^>\n]*>",
    re.DOTALL | re.MULTILINE,
)
_ROW = re.compile(r'^\| <a id="(?P<anchor>[^"]+)"></a>(?P<forms>[^|]+) \| (?P<meaning>[^|]+) \|$', re.MULTILINE)
_ABBREVIATION = re.compile(r"(?<![\w.:/-])[A-Za-z]?[A-Z]{2,}[a-z]?s?\d*(?![\w:-]|\.\w)")
_LINK = re.compile(r"\[[^\]]*\]\([^)\s]*\)")


@dataclass(frozen=True, slots=True)
class Undefined:
    """A first use that is neither linked nor explained."""

    word: str
    line: int
    anchor: str | None
    """Of the page of words; None for an abbreviation that is not in it."""

    @property
    def text(self) -> str:
        """What to do about it."""
        if self.anchor is None:
            return f"line {self.line}: {self.word!r} is explained nowhere: add it to docs/words.md"
        return f"line {self.line}: the first {self.word!r} is not linked: words.md#{self.anchor}"


def glossary(text: str) -> dict[str, str]:
    """Return each form of each word of the page of words, with its anchor."""
    return {
        form.strip(): row["anchor"] for row in _ROW.finditer(text) for form in row["forms"].split(",") if form.strip()
    }


def undefined_words(text: str, words: Mapping[str, str]) -> list[Undefined]:
    """Return the words of a page that are used before they are linked or explained, in the page's order.

    Args:
        text: the page.
        words: form -> anchor.
    """
    prose = _SKIPPED.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    links = [found.span() for found in _LINK.finditer(text)]
    forms: dict[str, list[str]] = {}
    for form, anchor in words.items():
        forms.setdefault(anchor, []).append(form)
    found = [*_first_uses(prose, links, forms), *_unknown(prose, words)]
    return [
        Undefined(word, prose.count("\n", 0, start) + 1, anchor)
        for start, word, anchor in sorted(found, key=lambda item: item[0])
    ]


def _first_uses(
    prose: str, links: list[tuple[int, int]], forms: Mapping[str, list[str]]
) -> Iterator[tuple[int, str, str | None]]:
    """Yield (place, word, anchor) of each word's first use that is neither in a link nor emphasized alone."""
    for anchor, own in forms.items():
        longest = sorted(own, key=len, reverse=True)
        first = re.search(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])", prose)
        first = first or re.search(
            rf"(?i)(?<![\w-])(?:{'|'.join(f for f in longest if f.islower()) or '(?!)'})(?![\w-])", prose
        )
        if first is None:
            continue
        start, end = first.span()
        emphasized = prose[start - 1 : start] == "*" and prose[end : end + 1] == "*"
        if not emphasized and not any(begin < start < stop for begin, stop in links):
            yield start, first.group(), anchor


def _unknown(prose: str, words: Mapping[str, str]) -> Iterator[tuple[int, str, str | None]]:
    """Yield (place, word, None) of the first use of each abbreviation that is explained nowhere."""
    seen: set[str] = set()
    for found in _ABBREVIATION.finditer(prose):
        word = found.group()
        if word in seen or word in KNOWN or word in words or re.fullmatch(r"EDGE\d*", word):
            continue
        seen.add(word)
        if not re.match(r"\s\([a-z]", prose[found.end() :]):  # explained in brackets behind it
            yield found.start(), word, None
