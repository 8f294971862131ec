# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clients of drills and benchmarks: none begins before there is something to lose, and none ends well without a question."""

from __future__ import annotations

import socket
import sys

import pytest
from ansible_collections.hybridnet.cluster_edge.tests.support import tcp_client
from ansible_collections.hybridnet.cluster_edge.tests.support.probe_client import Client, losses, with_collection


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_client_begins_when_each_target_has_answered() -> None:
    client = Client(python("import sys; print('answered', flush=True); sys.stdin.read(); print('[1, 2]')"))
    assert client.end() == [1, 2]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import sys; sys.stdin.read()", id="says nothing"),
        pytest.param("print({})", id="ends at once"),
        pytest.param("raise SystemExit(1)", id="fails"),
    ],
)
def test_client_that_nothing_answers_is_an_error(program: str) -> None:
    with pytest.raises(AssertionError, match=r"^not each target has answered within 2 s: .*python"):
        Client(python(program), first=2)


def test_client_that_fails_later_is_an_error() -> None:
    client = Client(python("import sys; print('answered', flush=True); sys.stdin.read(); raise SystemExit(1)"))
    with pytest.raises(AssertionError, match=r"^the client failed"):
        client.end()


def test_connections_are_counted_from_the_first_one_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = f"127.0.0.1:{server.getsockname()[1]}"
        client = Client([sys.executable, tcp_client.__file__, target], with_collection())
        ((named, (sent, answered)),) = client.end().items()
    counted = losses(sent, set(answered))
    assert (named, counted.sent > 0, counted.lost) == (target, True, 0)


@pytest.mark.parametrize("asked", [1, 0], ids=["one of two targets is down", "no target"])
def test_connections_to_what_is_not_there_do_not_begin(asked: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as up, socket.create_server(("127.0.0.1", 0)) as down:
        targets = [f"127.0.0.1:{server.getsockname()[1]}" for server in (up, down)]
        down.close()
        with pytest.raises(AssertionError, match=r"^not each target has answered within 2 s"):
            Client([sys.executable, tcp_client.__file__, *targets[: 2 * asked]], with_collection(), first=2)
