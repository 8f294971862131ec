# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a candidate is checked where a version's own check is not available, and where nothing can take its place."""

from __future__ import annotations

import os
import pwd
import tempfile

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._router import check

REFUSED = "% Configure the peer-group first"


@pytest.mark.parametrize(
    ("version", "loaded", "errors", "warnings"),
    [
        pytest.param("10.7.1", "", [],
                     ["'bgpd -C' of FRR 10.7.1 aborts on static neighbors: it was loaded into a throw-away FRR instead"],
                     id="a version that is known to abort"),
        pytest.param("10.5", "", [], ["'bgpd -C' of FRR 10.5 ends with -6 on this configuration: it was loaded into a "
                                      "throw-away FRR instead"], id="a version of which nobody knew"),
        pytest.param("10.5", REFUSED, [REFUSED], ["'bgpd -C' of FRR 10.5 ends with -6 on this configuration: it was "
                                                  "loaded into a throw-away FRR instead"], id="refused by the other check"),
        pytest.param("11.0", None, [], ["'bgpd -C' of FRR 11.0 aborts on static neighbors, and no throw-away FRR could be "
                                        "started: only the words of the configuration were checked"], id="neither"),
    ],
)  # fmt: skip
def test_a_check_that_aborts_is_a_warning_and_another_check(
    monkeypatch: pytest.MonkeyPatch, version: str, loaded: str | None, errors: list[str], warnings: list[str]
) -> None:
    monkeypatch.setattr(check.pwd, "getpwnam", lambda _name: pwd.getpwuid(os.getuid()))
    monkeypatch.setattr(check, "scratch_folder", tempfile.mkdtemp)
    monkeypatch.setattr(check, "run", lambda _argv: (0, "", ""))
    monkeypatch.setattr(check, "_bgpd_check", lambda _folder: (-6, "assertion (fpt->running) failed"))
    monkeypatch.setattr(check, "throw_away_load", lambda _folder: loaded)
    assert check.check("", "", version) == check.Verdict(errors, warnings)
