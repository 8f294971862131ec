# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any site that the table of keys can spell: it is planned or refused, never half, and what is planned is whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import parse as parse_frr
from ansible_collections.hybridnet.cluster_edge.plugins.module_utils._frr.config import undefined
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.plan import PlanDocument
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._document.typed import misfits
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.files import cluster_files
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.text import (
    error_text,
    plan_text,
    summary_text,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.any_site import inventories
from ansible_collections.hybridnet.cluster_edge.tests.support.drawn import examples
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import inventory_from
from ansible_collections.hybridnet.cluster_edge.tests.support.planned import frr_conf
from hypothesis import HealthCheck, event, given, settings

SOME = settings(max_examples=examples(250), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@pytest.mark.thorough
@SOME
@given(document=inventories())
def test_any_site_is_planned_or_refused(document: dict[str, Any]) -> None:
    computed = plan(inventory_from(document))
    event("refused" if computed.failed else "planned")
    assert json.dumps(computed.data, sort_keys=False) == json.dumps(plan(inventory_from(document)).data)
    if computed.failed:
        assert error_text(finding.as_dict() for finding in computed.findings)
        return
    assert misfits(computed.data, PlanDocument) == []
    assert plan_text(computed.data)
    assert summary_text(computed.data)
    for text in cluster_files(computed.data).values():
        assert list(yaml.load_all(text, Loader=yaml.CSafeLoader)) != [None]
    for router in computed.data["routers"]:
        parsed = parse_frr(frr_conf(computed.data, router))
        assert undefined(parsed.objects) == []
