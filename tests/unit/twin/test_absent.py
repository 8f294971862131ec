# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A twin can be taken down whatever was interrupted before, and by one process at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._errors import EdgeError
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run import lock, nodes, runtime, site
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.run.programs import Programs
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import hybrid_plan


class NoCgroup:
    """Stands in for a cgroup that is not there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def kill(self) -> None:
        """End nothing."""

    def remove_shadows(self) -> None:
        """Remove nothing."""


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> site.TwinSite:
    """Return a twin of which nothing but its folder is there."""
    monkeypatch.setattr(lock, "FOLDER", tmp_path)
    monkeypatch.setattr(site.network, "namespaces", lambda name: [])
    monkeypatch.setattr(site.network, "remove", lambda names: None)
    none = NoCgroup(tmp_path / "no-cgroup")
    monkeypatch.setattr(runtime.Cgroup, "of_twin", classmethod(lambda cls, name: none))
    progress = runtime.Progress(lambda text: None)
    running = runtime.Runtime("twin-home", tmp_path / "home", progress)
    return site.TwinSite(running, Programs(tmp_path / "cache", tmp_path / "recipes", None, progress))


def fill(folder: Path) -> None:
    """Make what a twin has in its folder."""
    for name in ("logs", "nodes", "routers", "zebra"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "deep" / "file").write_text("text", "utf-8")
    (folder / "link").symlink_to(folder / "logs")
    (folder / "twin.json").write_text(json.dumps({"name": "home"}), "utf-8")


def test_absent_removes_the_folder_and_its_lock(twin: site.TwinSite, tmp_path: Path) -> None:
    fill(twin.runtime.folder)
    assert twin.absent()
    assert list(tmp_path.iterdir()) == []
    assert not twin.absent()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error", "/x/deep")])
@pytest.mark.parametrize("steps", range(4))
def test_absent_after_one_that_was_interrupted(
    twin: site.TwinSite, monkeypatch: pytest.MonkeyPatch, steps: int, error: BaseException
) -> None:
    fill(twin.runtime.folder)
    left = steps
    remove: Callable[..., None] = shutil.rmtree

    def interrupted(path: Path, **options: Any) -> None:
        nonlocal left
        if left == 0:
            (path / "deep" / "file").unlink()
            raise error
        left -= 1
        remove(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(site.shutil, "rmtree", interrupted)
        with pytest.raises((KeyboardInterrupt, EdgeError)) as caught:
            twin.absent()
    if isinstance(error, OSError):
        assert str(caught.value) == "edge_twin: /x/deep: Input/output error (run the same again)"
    assert twin.absent()
    assert not twin.runtime.folder.exists()


def test_a_kernel_without_ipv6_is_told_before_anything_is_made_and_keeps_no_twin(
    twin: site.TwinSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_IPV6", tmp_path / "none")
    with pytest.raises(EdgeError) as caught:
        twin.present(_twin.describe(hybrid_plan().data, "home"), "trixie", site.Stopped())
    assert str(caught.value) == (
        "edge_twin: this machine's kernel has no IPv6, and each host of a twin has it"
        " (boot it without ipv6.disable=1; net.ipv6.conf.all.disable_ipv6 may stay)"
    )
    assert not twin.exists()
    fill(twin.runtime.folder)
    assert twin.absent()


def full(*_arguments: Any, **_options: Any) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_at_the_first_write_leaves_nothing_in_the_way(
    twin: site.TwinSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = twin.runtime.folder / "twin.json"
    with monkeypatch.context() as patched:
        patched.setattr(runtime.os, "fdopen", full)
        with pytest.raises(EdgeError) as caught:
            runtime.write(path, "{}")
    assert str(caught.value) == (
        f"edge_twin_folder: {path}: No space left on device"
        " (make room there, or choose a place on another disk, then run the same again)"
    )
    assert list(twin.runtime.folder.iterdir()) == []
    assert twin.absent()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EACCES, "Permission denied")])
def test_a_file_that_is_not_written_to_its_end_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "file"
    runtime.write(path, "before")

    def refuse(self: Path, target: Path) -> None:
        raise error

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises((KeyboardInterrupt, EdgeError)):
        runtime.write(path, "after")
    assert [item.read_text("utf-8") for item in tmp_path.iterdir()] == ["before"]


def test_a_draft_that_a_killed_process_left_is_a_twins(twin: site.TwinSite) -> None:
    folder = twin.runtime.folder
    folder.mkdir()
    runtime.draft_of(folder / "twin.json").write_text('{"na', "utf-8")
    assert twin.absent()
    assert not folder.exists()


@pytest.mark.parametrize("with_draft", [False, True])
def test_a_folder_of_something_else_stays_whole(twin: site.TwinSite, with_draft: bool) -> None:
    folder = twin.runtime.folder
    folder.mkdir()
    (folder / "letter").write_text("keep me", "utf-8")
    if with_draft:
        runtime.draft_of(folder / "twin.json").write_text("{}", "utf-8")
    before = sorted(folder.iterdir())
    with pytest.raises(EdgeError) as caught:
        twin.absent()
    assert str(caught.value) == (
        f"edge_twin_folder: {folder} has no twin.json: it is no twin's folder (remove it by hand)"
    )
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("place", "variable"),
    [("home/logs", "edge_twin_folder"), ("cache/programs", "edge_twin_cache"), ("elsewhere", "edge_twin")],
)
def test_what_the_machine_refuses_is_told_by_the_variable_that_says_where(
    twin: site.TwinSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, variable: str
) -> None:
    path = tmp_path / place

    def refuse(*_arguments: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(twin, "_present", refuse)
    with pytest.raises(EdgeError) as caught:
        twin.present(None, "trixie", site.Stopped())
    way_out = "see that root may change it, then run the same again"
    assert str(caught.value) == f"{variable}: {path}: Permission denied ({way_out})"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            OSError(errno.EPERM, "Operation not permitted", "/x"),
            "edge_twin: /x: Operation not permitted (see that root may change it, then run the same again)",
            id="no right",
        ),
        pytest.param(
            OSError(errno.EROFS, "Read-only file system", "/x"),
            "edge_twin: /x: Read-only file system (see that root may change it, then run the same again)",
            id="read only",
        ),
        pytest.param(
            OSError(errno.EDQUOT, "Disk quota exceeded", "/x"),
            "edge_twin: /x: Disk quota exceeded"
            " (make room there, or choose a place on another disk, then run the same again)",
            id="full",
        ),
        pytest.param(
            FileNotFoundError(errno.ENOENT, "No such file or directory", "/x"),
            "edge_twin: /x: No such file or directory (run the same again)",
            id="gone",
        ),
        pytest.param(
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            "edge_twin: Connection refused (run the same again)",
            id="the API server does not listen",
        ),
        pytest.param(
            BrokenPipeError(errno.EPIPE, "Broken pipe"),
            "edge_twin: Broken pipe (run the same again)",
            id="it went away",
        ),
        pytest.param(
            ssl.SSLError(ssl.SSL_ERROR_SSL, "wrong version number"),
            "edge_twin: wrong version number (run the same again)",
            id="TLS, whose number is EPERM's",
        ),
        pytest.param(TimeoutError("timed out"), "edge_twin: timed out (run the same again)", id="without a number"),
    ],
)
def test_only_what_a_right_mends_is_told_so(
    twin: site.TwinSite, monkeypatch: pytest.MonkeyPatch, error: OSError, message: str
) -> None:
    def refuse(*_arguments: Any) -> None:
        raise error

    monkeypatch.setattr(twin, "_present", refuse)
    with pytest.raises(EdgeError) as caught:
        twin.present(None, "trixie", site.Stopped())
    assert str(caught.value) == message


def test_present_after_an_absent_that_was_interrupted_begins_anew(
    twin: site.TwinSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built on the rest of a folder, a cluster would take what is said there to be installed for what is."""
    folder, up = twin.runtime.folder, ["twin-home.host.r1", "twin-home.lan"]
    fill(folder)
    monkeypatch.setattr(site.network, "namespaces", lambda name: [*up])
    monkeypatch.setattr(site.network, "processes", lambda name: [])
    monkeypatch.setattr(site.network, "remove", lambda names: [up.remove(name) for name in names])

    def interrupted(path: Path) -> None:
        (path / "deep" / "file").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(site.shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            twin.absent()
    assert (folder / "twin.json").exists()
    found: list[bool] = []

    def programs(*_arguments: Any) -> None:
        found.append(folder.exists())
        raise EdgeError("edge_twin", "far enough")

    monkeypatch.setattr(twin, "_programs", programs)
    with pytest.raises(EdgeError, match="far enough"):
        twin.present(_twin.describe(hybrid_plan().data), "trixie", site.Stopped())
    assert found == [False]


# --- one process at a time


@pytest.fixture
def holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Hold the lock of twin-home as process 4711 does; return its file."""
    monkeypatch.setattr(lock, "FOLDER", tmp_path)
    path = tmp_path / "twin-home.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.pwrite(descriptor, b"4711\n", 0)
    yield path
    os.close(descriptor)


@pytest.mark.parametrize("change", ["absent", "present"])
def test_a_twin_that_another_process_changes_is_left_alone(
    twin: site.TwinSite, holder: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    fill(twin.runtime.folder)
    monkeypatch.setattr(twin, "_present", lambda *arguments: pytest.fail("it was changed"))
    change_it = {"absent": twin.absent, "present": lambda: twin.present(None, "trixie", site.Stopped())}[change]
    with pytest.raises(EdgeError) as caught:
        change_it()
    assert str(caught.value) == (
        "edge_twin_name: process 4711 brings the twin home up or takes it down at this moment (wait for it, or end it"
        " (kill 4711), then run again; another edge_twin_name with another edge_twin_folder is another twin)"
    )
    assert holder.exists()
    assert (twin.runtime.folder / "twin.json").exists()


def test_twins_of_other_names_do_not_wait(holder: Path) -> None:
    with lock.held("twin-other"):
        assert holder.with_name("twin-other.lock").read_text("ascii") == f"{os.getpid()}\n"
    assert not holder.with_name("twin-other.lock").exists()


def test_the_lock_of_a_process_that_was_killed_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "FOLDER", tmp_path)
    path = tmp_path / "twin-home.lock"
    path.write_text("999999999\n", "ascii")
    with lock.held("twin-home"):
        assert path.read_text("ascii") == f"{os.getpid()}\n"
    assert not path.exists()


def test_a_lock_that_its_holder_removes_meanwhile_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opened the file before would hold a file without a name, beside the next holder."""
    monkeypatch.setattr(lock, "FOLDER", tmp_path)
    path = tmp_path / "twin-home.lock"
    real, removed = fcntl.flock, []

    def flock(descriptor: int, operation: int) -> None:
        if not removed:
            removed.append(path.unlink())
        real(descriptor, operation)

    monkeypatch.setattr(lock.fcntl, "flock", flock)
    with lock.held("twin-home"):
        assert path.exists()
        with pytest.raises(EdgeError, match=f"process {os.getpid()} brings"), lock.held("twin-home"):
            pytest.fail("two hold it")


def test_a_lock_that_cannot_be_made_is_told(
    twin: site.TwinSite, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(lock, "FOLDER", tmp_path / "none")
    with pytest.raises(EdgeError) as caught:
        twin.absent()
    path = tmp_path / "none" / "twin-home.lock"
    assert str(caught.value) == f"edge_twin: {path}: No such file or directory (run the same again)"


def test_the_lock_goes_with_an_error(twin: site.TwinSite, tmp_path: Path) -> None:
    twin.runtime.folder.mkdir()
    (twin.runtime.folder / "letter").write_text("keep me", "utf-8")
    with pytest.raises(EdgeError, match="it is no twin's folder"):
        twin.absent()
    assert list(tmp_path.glob("*.lock")) == []


# --- what an agent may write


def test_a_node_cannot_write_kernel_settings_of_the_machine() -> None:
    """tests/lab/test_twin_network.py runs it."""
    lines = nodes._HOLD.splitlines()
    mounts = [
        "mount --bind /proc/sys /proc/sys",
        "mount --bind /proc/sys/net /proc/sys/net",
        "mount -o remount,bind,ro /proc/sys",
    ]
    first = lines.index(mounts[0])
    assert lines[first : first + 3] == mounts
    # The holder is found by this: until then no agent is started.
    assert first < lines.index("exec sleep infinity")
