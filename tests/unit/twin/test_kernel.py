# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel settings of the twin's hosts are their own, not those of the machine."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._plan.plan import plan
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description import twin as _twin
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.kernel import (
    DEFAULTS,
    host_sysctls,
    interface_sysctls,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.model import Host, Leg
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._twin.description.platforms import (
    REVERSE_PATHS,
    RouterSettings,
    router_sysctls,
)
from ansible_collections.hybridnet.cluster_edge.tests.support.hybrid import CHECKOUT, inventory_from

SITES = sorted(path.parent.name for path in (CHECKOUT / "tests" / "sites").glob("*/inventory.yml"))
FORWARDING = {"router": "1", "node": "1", "client": "0", "speaker": "0", "control-plane": "0"}


@pytest.fixture(scope="module", params=SITES)
def twin(request: pytest.FixtureRequest) -> _twin.Twin:
    text = (CHECKOUT / "tests" / "sites" / request.param / "inventory.yml").read_text("utf-8")
    data = plan(inventory_from(yaml.safe_load(text))).data
    assert data is not None
    return _twin.describe(data)


def test_no_host_of_any_site_has_a_setting_of_the_machine(twin: _twin.Twin) -> None:
    for host in twin.hosts:
        for family, settings in DEFAULTS.items():
            for scope in ("all", "default"):
                wanted = {f"net.{family}.conf.{scope}.{name}" for name in settings}
                assert wanted - host.sysctls.keys() == set(), host.name
        forwarding = {
            host.sysctls[name]
            for name in (
                "net.ipv4.ip_forward",
                "net.ipv4.conf.default.forwarding",
                "net.ipv6.conf.all.forwarding",
                "net.ipv6.conf.default.forwarding",
            )
        }
        assert forwarding == {FORWARDING[host.kind]}, host.name


def test_each_leg_has_what_its_host_says_for_new_ones(twin: _twin.Twin) -> None:
    for host in twin.hosts:
        found = interface_sysctls(host)
        for interface in {"lo", *(leg.interface for leg in host.legs)}:
            for family, settings in DEFAULTS.items():
                for name in {*settings, "forwarding"} - {"proxy_arp"}:
                    own = found[f"net/{family}/conf/{interface}/{name}"]
                    assert own == host.sysctls[f"net.{family}.conf.default.{name}"], (host.name, interface, name)


@pytest.mark.parametrize(
    ("forwards", "setting", "value"),
    [
        pytest.param(False, "net.ipv4.conf.all.accept_redirects", "1", id="a host takes redirects"),
        pytest.param(True, "net.ipv4.conf.all.accept_redirects", "0", id="a router takes none"),
        pytest.param(True, "net.ipv4.conf.all.send_redirects", "1", id="a router sends redirects"),
        pytest.param(True, "net.ipv4.conf.default.rp_filter", "0", id="a node checks no reverse path"),
        pytest.param(False, "net.ipv6.conf.default.accept_ra", "0", id="no routes but the twin's"),
    ],
)
def test_defaults(forwards: bool, setting: str, value: str) -> None:
    assert host_sysctls(forwards)[setting] == value


def test_forwarding_is_written_before_what_a_change_of_it_changes() -> None:
    names = list(host_sysctls(forwards=True))
    assert names[:2] == ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"]


@pytest.mark.parametrize("word", REVERSE_PATHS)
@pytest.mark.parametrize("platform", ["linux", "unifi"])
def test_the_reverse_path_that_the_kernel_makes_of_all_and_leg_is_the_one_asked_for(platform: str, word: str) -> None:
    """The kernel takes the greater of the two (Documentation/networking/ip-sysctl)."""
    sysctls = router_sysctls(RouterSettings(reverse_path=word), platform)
    host = Host("router", "r1", "n", (Leg("eth0.5", "br0", "02:00:00:00:00:01", ()),), sysctls=sysctls)
    leg = interface_sysctls(host)["net/ipv4/conf/eth0.5/rp_filter"]
    effective = {"0": "0", "1": "1", "2": "2"}[max(sysctls["net.ipv4.conf.all.rp_filter"], leg)]
    assert effective == REVERSE_PATHS[word]


def test_arp_for_others_is_answered_on_the_named_leg_alone() -> None:
    legs = (Leg("eth0", "br0", "02:00:00:00:00:01", ()), Leg("eth1", "br1", "02:00:00:00:00:02", ()))
    host = Host("router", "r1", "n", legs, sysctls=host_sysctls(forwards=True), proxy_arp=("eth1",))
    found = interface_sysctls(host)
    assert (found["net/ipv4/conf/eth0/proxy_arp"], found["net/ipv4/conf/eth1/proxy_arp"]) == ("0", "1")
