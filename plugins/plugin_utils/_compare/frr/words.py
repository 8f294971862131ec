# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Abbreviated FRR lines written out: ``neigh 10.0.0.5 remote 65001`` is ``neighbor 10.0.0.5 remote-as 65001``.

FRR takes any unambiguous beginning of a keyword. The table has the commands of a BGP instance and its filters; a line
that fits none of them, or several, stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

_ANY = "*"
"""In a command: one word that the user chose."""

_NEIGHBOR = (
    "remote-as *",
    "peer-group",
    "peer-group *",
    "interface",
    "interface *",
    "interface peer-group *",
    "interface remote-as *",
    "interface v6only",
    "interface v6only peer-group *",
    "interface v6only remote-as *",
    "description",
    "timers connect *",
    "timers * *",
    "password",
    "ebgp-multihop",
    "ebgp-multihop *",
    "ttl-security hops *",
    "update-source *",
    "disable-connected-check",
    "local-as *",
    "local-as * no-prepend",
    "local-as * no-prepend replace-as",
    "port *",
    "passive",
    "shutdown",
    "shutdown message",
    "bfd",
    "activate",
    "soft-reconfiguration inbound",
    "maximum-prefix *",
    "maximum-prefix * *",
    "maximum-prefix * restart *",
    "maximum-prefix * * restart *",
    "maximum-prefix * warning-only",
    "maximum-prefix * * warning-only",
    "maximum-prefix * force",
    "maximum-prefix * * restart * force",
    "route-map * in",
    "route-map * out",
    "prefix-list * in",
    "prefix-list * out",
    "filter-list * in",
    "filter-list * out",
    "distribute-list * in",
    "distribute-list * out",
    "next-hop-self",
    "next-hop-self force",
    "default-originate",
    "default-originate route-map *",
    "route-reflector-client",
    "send-community",
    "send-community standard",
    "send-community extended",
    "send-community large",
    "send-community both",
    "send-community all",
    "capability extended-nexthop",
    "enforce-first-as",
    "advertisement-interval *",
    "allowas-in",
    "allowas-in *",
    "remove-private-AS",
    "as-override",
    "weight *",
)
_LIST_ENDS = ("*", "* ge *", "* le *", "* ge * le *", "any")
_COMMANDS = (
    "router bgp *",
    "bgp router-id *",
    "bgp ebgp-requires-policy",
    "bgp default ipv4-unicast",
    "bgp default ipv6-unicast",
    "bgp log-neighbor-changes",
    "bgp network import-check",
    "bgp listen limit *",
    "bgp listen range * peer-group *",
    "bgp bestpath as-path multipath-relax",
    "timers bgp * *",
    "address-family ipv4",
    "address-family ipv6",
    "address-family ipv4 unicast",
    "address-family ipv6 unicast",
    "exit",
    "exit-address-family",
    "maximum-paths *",
    "maximum-paths ibgp *",
    "network *",
    "network * route-map *",
    "redistribute *",
    "redistribute * route-map *",
    "redistribute * metric *",
    "redistribute * metric * route-map *",
    "aggregate-address *",
    "aggregate-address * summary-only",
    "match ip address prefix-list *",
    "match ipv6 address prefix-list *",
    "match community *",
    "match large-community *",
    "match as-path *",
    "set local-preference *",
    "set metric *",
    "set as-path prepend last-as *",
    *("set as-path prepend" + " *" * times for times in range(1, 11)),
    "route-map * permit *",
    "route-map * deny *",
    *("neighbor * " + rest for rest in _NEIGHBOR),
    *(
        f"{kind} prefix-list * {seq}{action} {end}"
        for kind in ("ip", "ipv6")
        for seq in ("", "seq * ")
        for action in ("permit", "deny")
        for end in _LIST_ENDS
    ),
)
_OPEN = ("neighbor * description", "neighbor * password", "neighbor * shutdown message", "neighbor * bfd")
"""Commands with free text, or more words, behind them."""

_BY_LENGTH: dict[int, list[tuple[str, ...]]] = {}
for _command in _COMMANDS:
    _BY_LENGTH.setdefault(len(_command.split()), []).append(tuple(_command.split()))


def written_out(line: str) -> str:
    """Return a line of a configuration with abbreviated keywords written out; blanks are made single.

    Args:
        line: one line, without a comment.
    """
    words = line.split()
    negated = words[:1] == ["no"]
    rest = words[1:] if negated else words
    found = _fitting(rest, _BY_LENGTH.get(len(rest), ()))
    if found is None:
        for command in _OPEN:
            head = command.split()
            start = _fitting(rest[: len(head)], (head,))
            if start is not None and _settings(rest[2]) in ({head[2]}, {rest[2]}):
                found = start + rest[len(head) :]
                break
    return " ".join((["no"] if negated else []) + (rest if found is None else found))


def _settings(word: str) -> set[str]:
    """Return the settings of a neighbor with more words behind them that a word begins; one in full means itself."""
    longer = [rest.split()[0] for rest in _NEIGHBOR if " " in rest or "neighbor * " + rest in _OPEN]
    return {word} if word in longer else {name for name in longer if name.startswith(word)}


def _fitting(words: Sequence[str], commands: Sequence[Sequence[str]]) -> list[str] | None:
    """Return the words as the one command that they begin, keyword by keyword; None for none or several.

    A keyword written in full beats longer ones that begin with it, as in FRR.
    """
    found: set[tuple[str, ...]] = set()
    best = -1
    for command in commands:
        if len(command) != len(words):
            continue
        whole = 0
        for word, wanted in zip(words, command):  # noqa: B905 - of one length; Python 3.8 has no strict
            if wanted == _ANY:
                continue
            if word == wanted:
                whole += 1
            elif not wanted.startswith(word):
                break
        else:
            if whole > best:
                best, found = whole, set()
            if whole == best:
                found.add(tuple(words[at] if command[at] == _ANY else command[at] for at in range(len(command))))
    return list(found.pop()) if len(found) == 1 else None
