# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What callbacks get of a Helm release that was read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.hybridnet.cluster_edge.plugins.action.cluster_state_info import unshown

PLAIN: dict[str, Any] = {"values": {"operator": {"replicas": 2}}, "before": None}
SECRET: dict[str, Any] = {"values": {"hubble": {"tls": {"ca": {"key": "geheim"}}}}, "before": None}


@pytest.mark.parametrize(
    ("release", "hidden"),
    [
        pytest.param(None, False, id="no release"),
        pytest.param(PLAIN, False, id="no value that may be a secret"),
        pytest.param(SECRET, True, id="one"),
        pytest.param({**PLAIN, "before": SECRET}, True, id="one in the revision before"),
    ],
)
def test_values_that_may_be_secrets_go_to_no_callback(release: dict[str, Any] | None, hidden: bool) -> None:
    assert unshown(release) == {"_ansible_verbose_override": True, **({"_ansible_no_log": True} if hidden else {})}
