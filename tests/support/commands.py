# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that the documentation shows, and how each of them is typed where there is no site to reach.

The rule, by the command's first words:

=============================================  =====================================================================
it                                             is
=============================================  =====================================================================
needs this machine alone (:data:`TYPED`)       typed as it stands
is a playbook that connects to nothing         typed as it stands; files that it is told to write must be there
is ``plan`` with ``edge_plan_live``            ``--syntax-check``: it reads the clusters that the inventory names
is ``new`` without answers                     typed with answers by ``-e``, for there is no keyboard
is a playbook that reaches routers, clusters   typed with ``--tags plan``: all its plays, roles and arguments are
                                               loaded and the inventory is planned, nothing is connected to; with
                                               ``--tags`` of its own, or with the overlay of a twin
                                               that must be up: ``--syntax-check``
is ``drift``, or makes the twin                ``--syntax-check``: with any tag all of it runs
is ``./rehearse``, ``./test``, a benchmark     typed with ``--help`` alone, which must name each option of the command
is for a router, a cluster or a client         read by the shell's own parser (``bash -n``)
(:data:`ELSEWHERE`)
=============================================  =====================================================================

Any other command is an error here, so that a new one is put into one of these rows. With only the installed collection
(``Place.INSTALLED``) the commands that need a checkout are left out: those that name a file of it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import Enum

from .pages import Page

LANGUAGES = ("console", "bash")
"""Fenced blocks that hold commands."""
TYPED = {
    ".",
    "ansible-doc",
    "ansible-galaxy",
    "ansible-inventory",
    "cd",
    "cp",
    "diff",
    "export",
    "git",
    "mkdir",
    "python3",
    "./setup",
}
OFFLINE_PLAYBOOKS = {"new", "plan", "render"}
KEYBOARD = "-e edge_new_network=10.0.0.0/24 -e edge_new_nodes=n1=10.0.0.2 -e edge_new_pool=10.0.1.0/24"
"""Answers of somebody at a keyboard."""
LIVE_PLAYBOOKS = {"compare", "drift", "site", "twin", "verify"}
HELPED = ("./rehearse", "./test", "python benchmarks/")
"""They take minutes or root: only their options are looked at."""
ELSEWHERE = {
    "argocd",
    "arping",
    "curl",
    "dig",
    "flux",
    "helm",
    "ip",
    "jq",
    "kubectl",
    "ssh",
    "systemctl",
    "tcpdump",
    "vtysh",
}
CHECKOUT_FILES = re.compile(
    r"(^|\s)(\./|\.venv|playbooks/|site\.yml|inventory/hybrid|benchmarks/)|git clone|cd cluster_edge|collection build"
)


class Place(Enum):
    """Where commands are typed."""

    CLONE = "a fresh clone"
    INSTALLED = "a folder beside the installed collection"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a page."""

    page: str
    text: str
    first: bool = False
    """Whether a fenced block begins with it."""

    @property
    def words(self) -> list[str]:
        """Return its words, without a comment."""
        return shlex.split(self.text, comments=True)

    @property
    def playbook(self) -> str | None:
        """Return the name of the playbook of ours that it runs."""
        words = self.words
        if words[0] != "ansible-playbook":
            return None
        return re.sub(r"^(hybridnet\.cluster_edge\.|playbooks/)|\.yml$", "", words[1])

    @property
    def needs_checkout(self) -> bool:
        """Return whether it names a file that only a checkout has."""
        return bool(CHECKOUT_FILES.search(self.text))


def commands_of(page: Page, name: str) -> list[Command]:
    """Return the commands of a page in order; lines that end in a backslash go on in the next."""
    found = []
    for block in page.blocks:
        if block.language in LANGUAGES:
            joined = block.text.replace("\\\n", " ")
            lines = [line.strip() for line in joined.splitlines() if line.strip()]
            if block.language == "console" and lines[0].startswith("# "):
                # What root types, with the prompt; the other lines are what comes out.
                kept = [line.removeprefix("# ") for line in lines if line.startswith("# ")]
            else:
                kept = [line for line in lines if not line.startswith("#")]
            found += [Command(name, line, first=not number) for number, line in enumerate(kept)]
    return found


def script_line(command: Command) -> str:
    """Return the shell text that types a command, by the rule above; ValueError for a command without a rule."""
    text, playbook = command.text, command.playbook
    helped = next((word for word in HELPED if text.startswith(word)), None)
    if helped:
        options = [word for word in command.words if word.startswith("-") and word != "--"]
        program = " ".join(command.words[: 2 if helped.startswith("python") else 1])
        # As a word of its own: `-i` is no beginning of another option.
        word = r"(^|[^[:alnum:]-]){0}($|[^[:alnum:]-])".format
        looked_up = [f"grep -Eq -e {shlex.quote(word(option))} help.txt" for option in options]
        return "\n".join([f"{program} --help >help.txt", *looked_up])
    if playbook == "new" and "-e" not in command.words:
        return f"{shlex.join(command.words)} {KEYBOARD}"
    if playbook == "plan" and "edge_plan_live=true" in command.words:
        return f"{shlex.join(command.words)} --syntax-check"
    if playbook in OFFLINE_PLAYBOOKS:
        written = re.findall(
            r"-e (?:edge_render_dir|edge_plan_file|edge_plan_changes_file|edge_new_folder)=(\S+)", text
        )
        return "\n".join([text, *(f"test -s {path} -o -d {path}" for path in written)])
    if playbook in LIVE_PLAYBOOKS:
        bare = shlex.join(command.words)
        # Of drift and twin each task runs with any tag: a part would look for the site, or build it.
        whole = playbook in {"drift", "twin"} or "--tags" in bare or "/overlay" in bare
        return f"{bare} --syntax-check" if whole else f"{bare} --tags plan"
    program = command.words[0]
    if program in TYPED:
        return text
    if program in ELSEWHERE:
        return f"bash -n -c {shlex.quote(text)}"
    raise ValueError(f"{command.page}: no rule how to type {text!r}: see {__name__}")


def script(commands: list[Command], place: Place) -> str:
    """Return a shell script that types commands one after the other and ends at the first that fails.

    A block that begins with ``git clone`` is typed in a new folder; all others where the one before ended. The folder
    ``your`` of the first folder goes along, into the clone too.
    """
    lines = ["set -eu -o pipefail", "start=$PWD"]
    for command in commands:
        if place is Place.INSTALLED and command.needs_checkout:
            continue
        clones = command.text.startswith("git clone")
        if clones and command.first:
            lines.append('cd "$(mktemp -d -p "$start")"; cp -r "$start/your" .')
        lines += [f"echo {shlex.quote(f'@@ {command.text}')}", script_line(command)]
        if clones:
            lines.append("cp -r your cluster_edge/")
    return "\n".join(lines) + "\n"
