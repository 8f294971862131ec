# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let tests import the collection by its full name; judge none by its time; keep Ansible out of those not marked for it."""

from __future__ import annotations

import functools
import os
import re
import shlex
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

sys.path.insert(0, str(Path(__file__).parents[1] / "collections"))

# A busy machine is no fault of the library: its speed is measured in benchmarks/.
settings.register_profile("untimed", deadline=None)
# What ./test --long takes (--hypothesis-profile=long): other examples on each run, and how to draw a failing one again.
settings.register_profile(
    "long",
    deadline=None,
    max_examples=2500,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")

MAY_START_ANSIBLE = ("ansible", "lab")
"""Markers of tests that may start Ansible's programs."""

_running: pytest.Item | None = None


class LabScheduling(LoadFileScheduling):
    """Keep together what shares a router or a cluster: the tests of one file, and there those of one version of FRR."""

    def _split_scope(self, nodeid: str) -> str:
        version = re.search(r"\[.*\b(FRR [0-9.]+)", nodeid)
        return super()._split_scope(nodeid) + (f" {version[1]}" if version else "")


def pytest_configure() -> None:
    """Hear Ctrl-C also where a shell began the tests in the background.

    Such a shell lets it be ignored, by all that is started from there: a test that sends it would wait for its limit, and
    a cancelled run would leave its twins.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Answer --dist=loadfile. (Marks xdist_group do nothing: xdist 3.8.0's suffix of a node id is lost with pytest 9.)"""
    return LabScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``long`` what comes after the first case of a test that is marked ``first_case``."""
    seen: Counter[str] = Counter()
    for item in items:
        if item.get_closest_marker("first_case"):
            function = item.nodeid.partition("[")[0]
            seen[function] += 1
            if seen[function] > 1:
                item.add_marker(pytest.mark.long)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Note the test whose fixtures and body run, so that the guard knows it."""
    global _running
    _running = item
    try:
        return (yield)
    finally:
        _running = None


def words_of_command(command: Any) -> list[str]:
    """Return the words of a command: a shell's text, or arguments, each of which may be a shell's text; else none."""
    if isinstance(command, str | bytes | os.PathLike):
        text = os.fsdecode(command)
        try:
            return shlex.split(text)
        except ValueError:  # a quotation without its end: no shell's text
            return text.split()
    if isinstance(command, list | tuple):
        return [word for part in command for word in words_of_command(part)]
    return []


def refuse_ansible(*commands: Any) -> None:
    """Fail the running test if a command starts one of Ansible's programs and no marker of the test says so."""
    if _running is not None and any(_running.get_closest_marker(name) for name in MAY_START_ANSIBLE):
        return
    for command in commands:
        for word in words_of_command(command):
            if re.fullmatch(r"ansible(-[a-z]+)?", Path(word).name):
                pytest.fail(
                    f"starts {word} without @pytest.mark.ansible (./test library is for tests that need no Ansible process)"
                )


def _guarded(start: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``start``, which starts a process, with the guard before it."""

    @functools.wraps(start)
    def guarded(*arguments: Any, **named: Any) -> Any:
        refuse_ansible(
            *arguments, *(named[name] for name in ("args", "executable", "argv", "path", "command") if name in named)
        )
        return start(*arguments, **named)

    return guarded


# An audit hook would see every process, but Python calls it for each id() too: tests took twice as long.
subprocess.Popen.__init__ = _guarded(subprocess.Popen.__init__)  # type: ignore[method-assign]
os.system, os.posix_spawn, os.posix_spawnp = map(_guarded, (os.system, os.posix_spawn, os.posix_spawnp))
