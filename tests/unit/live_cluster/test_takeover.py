# Copyright (c) 2026, the hybridnet.cluster_edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run may take over in a live cluster, and what it says where it may not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_checks import (
    ERROR,
    check_helm_values,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._cilium.helm_values import changed_values
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster import takeover
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._live_cluster.takeover import (
    Path,
    Release,
    cluster_refusals,
    is_as_planned,
    leaves,
    nested,
    release_note,
    release_refusals,
    release_word,
)
from ansible_collections.hybridnet.cluster_edge.plugins.plugin_utils._model.site import TakeOver

PLANNED = {"bgpControlPlane": {"enabled": True}, "ipam": {"mode": "kubernetes"}}
LIVE = {
    **PLANNED,
    "kubeProxyReplacement": True,
    "encryption": {"enabled": True, "keyFile": "x", "psk": {"password": "geheim"}},
}
LOST = ("encryption.enabled", "encryption.keyFile", "encryption.psk.password", "kubeProxyReplacement")


def release(version: str = "1.19.6", values: dict[str, Any] | None = None) -> Release:
    return Release("cilium", version, PLANNED if values is None else values)


@pytest.mark.parametrize(
    ("live", "planned"),
    [
        pytest.param(None, release(), id="there is none"),
        pytest.param(release(), release(), id="as planned, made before anything was noted"),
        pytest.param(release(values={**PLANNED, "debug": {}}), release(), id="a map without keys sets nothing"),
    ],
)
def test_nothing_is_lost(live: Release | None, planned: Release) -> None:
    assert release_refusals(live, planned, (), TakeOver()) == []


@pytest.mark.parametrize(
    ("live", "planned"),
    [
        pytest.param(release(values=LIVE), release(), id="values left the inventory"),
        pytest.param(release("1.18.2"), release("1.19.6"), id="the next minor version"),
        pytest.param(release("1.19.2"), release("1.19.6"), id="the next patch"),
    ],
)
def test_own_release_follows_the_inventory(live: Release, planned: Release) -> None:
    assert release_refusals(live, planned, [live.digest], TakeOver()) == []
    assert release_refusals(live, planned, ["of another"], TakeOver()) != []


def test_foreign_release_is_left_alone_and_its_values_are_printed_to_be_pasted() -> None:
    (text,) = release_refusals(release("1.18.2", LIVE), release(), (), TakeOver())
    assert (
        text
        == """\
the Helm release cilium (1.18.2) was not made by this site; its version would become 1.19.6; Helm would unset what the plan lacks: \
encryption.enabled, encryption.keyFile, encryption.psk.password, kubeProxyReplacement. To keep these values, write them in the inventory:
edge_cilium_values:
  encryption:
    enabled: true
    keyFile: x
  kubeProxyReplacement: true
 Not shown, as they may be secrets (helm get values cilium): encryption.psk.password.
To take the release over without them, say so:
edge_cluster_take_over:
  release: cilium@1.18.2
  unset:
  - encryption.enabled
  - encryption.keyFile
  - encryption.psk.password
  - kubeProxyReplacement
 Or leave the release to its owner: edge_cilium_managed: false."""
    )


def test_what_the_planned_version_does_not_take_is_not_printed_to_be_kept() -> None:
    """The plan would refuse it: what is printed to be pasted can be planned."""
    values = {
        "tunnel": "vxlan",
        "kubeProxyReplacement": "strict",
        "clustermesh": {"enableMCSAPISupport": True, "useAPIServer": True},
        "debug": {"enabled": True},
    }
    (text,) = release_refusals(release("1.20.2", values), release("1.20.2", {}), (), TakeOver())
    kept, _end, rest = text.partition("To keep these values, write them in the inventory:\n")[2].partition("\n Cilium ")
    pasted = yaml.safe_load(kept)["edge_cilium_values"]
    assert pasted == {"clustermesh": {"useAPIServer": True}, "debug": {"enabled": True}}
    assert [item.severity for item in check_helm_values(pasted, "1.20.2") if item.severity == ERROR] == []
    stale = ["clustermesh.enableMCSAPISupport", "kubeProxyReplacement", "tunnel"]
    assert rest.startswith(f"1.20.2 does not take {', '.join(stale)} (")
    assert "): leave them under unset.\n" in rest
    consent = yaml.safe_load(rest.partition("say so:\n")[2].partition("\n Or")[0])["edge_cluster_take_over"]
    assert set(stale) < set(consent["unset"])


@pytest.mark.parametrize(
    ("consent", "refused"),
    [
        pytest.param(TakeOver("cilium@1.18.2", LOST), False, id="names all"),
        pytest.param(TakeOver("cilium@1.18.2", LOST[1:]), True, id="leaves one value out"),
        pytest.param(TakeOver("cilium@1.18.2"), True, id="names no value"),
        pytest.param(TakeOver("cilium@1.18.1", LOST), True, id="names another version"),
        pytest.param(TakeOver(None, LOST), True, id="names no release"),
    ],
)
def test_consent_names_each_thing(consent: TakeOver, refused: bool) -> None:
    assert bool(release_refusals(release("1.18.2", LIVE), release(), (), consent)) is refused


def test_values_that_the_plan_replaces_are_named() -> None:
    live = release(values={"ipam": {"mode": "cluster-pool"}})
    (text,) = release_refusals(live, release(), (), TakeOver())
    assert "; the plan would set bgpControlPlane.enabled, ipam.mode. To take the release over, say so:\n" in text
    assert release_refusals(live, release(), (), TakeOver("cilium@1.19.6")) == []


@pytest.mark.parametrize(
    ("live", "planned", "said"),
    [
        pytest.param("1.20.2", "1.19.6", "newer than the planned 1.19.6: a downgrade", id="downgrade"),
        pytest.param("1.19.6", "1.19.2", "newer than the planned 1.19.2: a downgrade", id="downgrade of a patch"),
        pytest.param("1.17.16", "1.19.6", "Set edge_cilium_version: 1.18.x first", id="a minor version is skipped"),
        pytest.param(
            "1.9.3",
            "1.19.6",
            "of which no step can be judged: 1.9.3 is older than 1.16, the oldest",
            id="older than what is known",
        ),
    ],
)
def test_version_goes_one_minor_at_a_time(live: str, planned: str, said: str) -> None:
    before, after = release(live), release(planned)
    (text,) = release_refusals(before, after, [before.digest], TakeOver())
    assert said in text
    assert f"edge_cluster_take_over: {{release: cilium@{live}}}" in text
    assert release_refusals(before, after, [before.digest], TakeOver(f"cilium@{live}")) == []


def test_true_is_not_one() -> None:
    """Helm tells them apart, and a chart's schema too: Python does not."""
    one, true = release("1.18.2", {"debug": {"enabled": 1}}), release("1.18.2", {"debug": {"enabled": True}})
    found = {"status": "deployed", "chart": "cilium", "version": "1.18.2"}
    assert [is_as_planned({**found, "values": item.values}, true) for item in (one, true)] == [False, True]
    assert release_refusals(one, true, (), TakeOver()) != []
    assert changed_values(one.values, true.values) == ["debug.enabled: 1 -> true"]
    whole = release("1.18.2", {"debug": {"enabled": 1.0}})
    assert changed_values(one.values, whole.values) == []


def test_the_block_to_be_pasted_keeps_what_is_said_already() -> None:
    live = release("1.18.2", LIVE)
    (text,) = release_refusals(live, release(), (), TakeOver(unset=("encryption.enabled",)))
    said = yaml.safe_load(text.rpartition("say so:\n")[2].partition("\n Or leave")[0])["edge_cluster_take_over"]
    assert said == {"release": "cilium@1.18.2", "unset": sorted(LOST)}


def test_the_word_that_is_printed_is_the_one_that_counts() -> None:
    """The inventory has the exact word already, and lacks a value that Helm would unset."""
    live = release("1.18.2", LIVE)
    noted = ("of another", f"used|cilium@1.18.2|{live.mark}|{live.mark}", "used|cilium@1.17.1")
    ours = [*noted, "x"]
    edited = release("1.18.2", {**LIVE, "debug": {"enabled": True}})
    word = release_word(edited, release("1.19.6", LIVE), ours, TakeOver())["release"]
    assert word.startswith("cilium@1.18.2#")
    (text,) = release_refusals(edited, release("1.19.6", LIVE), ours, TakeOver(word))
    said = yaml.safe_load(text.partition("say so:\n")[2])["edge_cluster_take_over"]
    assert said == {"release": word, "unset": ["debug.enabled"]}
    assert release_refusals(edited, release("1.19.6", LIVE), ours, TakeOver.of(said)) == []


def said_again(live: Release, planned: Release, noted: Sequence[str]) -> str:
    """Return the word that a refusal of a version prints, which has to be another one than that of the inventory."""
    stays = TakeOver(f"{live.name}@{live.version}")
    (text,) = release_refusals(live, planned, noted, stays)
    word = text.partition("release: ")[2].partition("}")[0]
    assert word.startswith(f"{stays.release}#")
    assert release_word(live, planned, noted, stays) == {"release": word}
    assert release_refusals(live, planned, noted, TakeOver(word)) == []
    return word


def test_a_word_that_stays_consents_to_no_other_change() -> None:
    """A release is taken over as it is; later its version goes back in the inventory, where the word still stands."""
    live, older, oldest = release("1.18.2", LIVE), release("1.17.16", LIVE), release("1.16.19", LIVE)
    stays = TakeOver("cilium@1.18.2")
    taken = release_note(live, live, (), stays)
    assert release_refusals(live, older, taken, TakeOver()) != []
    word = said_again(live, older, taken)
    assert release_refusals(live, oldest, taken, TakeOver(word)) != []  # it names the one change
    # Without the note of its use it would hold: it names what lives.
    assert release_refusals(live, older, [live.digest], stays) == []


def test_a_used_word_holds_until_its_change_is_made() -> None:
    """Helm may fail before there is a new release: then the same word goes on, but to nothing else of this site's."""
    live, older, oldest = release("1.18.2", LIVE), release("1.17.16", LIVE), release("1.16.19", LIVE)
    stays = TakeOver("cilium@1.18.2", tuple(".".join(path) for path in leaves(LIVE)))
    foreign = release_note(live, older, (), stays)
    assert [release_refusals(live, item, foreign, stays) for item in (older, oldest)] == [[], []]
    own = release_note(live, older, [live.digest], stays)
    assert release_refusals(live, older, own, stays) == []
    assert said_again(live, oldest, own)
    assert release_note(live, older, own, stays) == own  # a second run notes nothing new
    # What somebody else makes of it later is another release, whatever its version is.
    edited = release("1.18.2", {**LIVE, "debug": {"enabled": True}})
    assert release_refusals(edited, older, own, stays) != []


@pytest.mark.parametrize(
    ("live", "planned", "refused"),
    [
        pytest.param("1.19.6", "1.21.0", True, id="over 1.20"),
        pytest.param("1.16.19", "1.22.1", True, id="over 1.20 and others"),
        pytest.param("1.19.6", "1.20.2", False, id="to 1.20"),
        pytest.param("1.20.0", "1.21.0", False, id="from 1.20 on"),
        pytest.param("1.18.12", "1.20.2", False, id="another minor version is skipped"),
        pytest.param("unknown", "1.21.0", False, id="from what cannot be judged"),
    ],
)
def test_no_consent_skips_the_version_that_rewrites_v2alpha1(live: str, planned: str, refused: bool) -> None:
    before, after = release(live), release(planned)
    told = release_refusals(before, after, [before.digest], TakeOver(f"cilium@{live}"))
    assert [("cilium/cilium#47242" in text, "Set edge_cilium_version: 1.20.x first" in text) for text in told] == (
        [(True, True)] if refused else []
    )
    assert told == ([] if not refused else release_refusals(before, after, [before.digest], TakeOver()))


@pytest.mark.parametrize("moved", ["V2ALPHA1_MIGRATED", "V2ALPHA1_UNTIL"])
def test_the_version_that_is_not_skipped_stands_in_the_table(moved: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = release("1.19.6"), release("1.21.0")
    assert release_refusals(before, after, [before.digest], TakeOver("cilium@1.19.6")) != []
    monkeypatch.setattr(takeover, moved, (1, 19, 0) if moved == "V2ALPHA1_MIGRATED" else (1, 22, 0))
    assert release_refusals(before, after, [before.digest], TakeOver("cilium@1.19.6")) == []


def test_key_with_dots_is_one_key() -> None:
    live = release(values={**PLANNED, "nodeSelector": {"kubernetes.io/os": "linux"}})
    (text,) = release_refusals(live, release(), (), TakeOver())
    assert "  nodeSelector:\n    kubernetes.io/os: linux\n" in text
    assert release_refusals(live, release(), (), TakeOver("cilium@1.19.6", ("nodeSelector.kubernetes.io/os",))) == []


@pytest.mark.parametrize(
    ("live", "refused"),
    [
        pytest.param(["node01", "node02"], False, id="the planned ones"),
        pytest.param(["node02", "other"], False, id="one of them and another"),
        pytest.param([], False, id="none has joined yet"),
        pytest.param(["other"], True, id="none of them"),
    ],
)
def test_cluster_with_none_of_the_planned_nodes_is_another(live: list[str], refused: bool) -> None:
    assert bool(cluster_refusals(["node01", "node02"], live)) is refused


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="every value, to a release without any"),
        pytest.param({"ipam": {"mode": "kubernetes"}}, id="one more"),
        pytest.param({**PLANNED, "operator": {"tolerations": None}}, id="a null takes a default of the chart away"),
    ],
)
def test_what_a_plan_adds_to_a_foreign_release_needs_consent(values: dict[str, Any]) -> None:
    live = release(values=values)
    assert release_refusals(live, release(), (), TakeOver()) != []
    consent = TakeOver("cilium@1.19.6", ("operator.tolerations",))
    assert release_refusals(live, release(), (), consent) == []


def test_release_is_recognized_after_helm_has_kept_it() -> None:
    assert release(values={"x": 1.0, "y": [2.0, 2.5]}).digest == release(values={"x": 1, "y": [2, 2.5]}).digest


def test_differences_of_values_show_no_secret() -> None:
    shown = changed_values(
        {},
        {
            "azure": {"clientSecret": "geheim"},
            "clusters": [{"name": "c2", "tls": {"key": "geheim"}}],
            "extraEnv": [{"name": "P", "value": "geheim"}],
            "tlsKey": "geheim",
        },
    )
    assert "geheim" not in " ".join(shown)
    texts = changed_values(
        {}, {"tls": {"ca": {"key": "geheim", "cert": "x"}}, "token": "geheim", "pin": 3, "passwd": 4711}
    )
    assert texts == [
        'passwd: (absent) -> "(not shown)"',
        "pin: (absent) -> 3",
        'tls: (absent) -> {"ca": {"key": "(not shown)", "cert": "(not shown)"}}',
        'token: (absent) -> "(not shown)"',
    ]


def test_what_is_noted_knows_the_release_again_whatever_becomes_of_upgrades() -> None:
    first, second, third, fourth = (release(f"1.19.{patch}") for patch in range(1, 5))
    noted = release_note(None, first, [])
    assert noted == (first.digest,)
    assert release_note(first, first, noted) == noted  # a second run writes nothing
    # Helm fails twice: the first one lives on, and stays this site's.
    noted = release_note(first, second, noted)
    noted = release_note(first, third, noted)
    assert noted == (third.digest, first.digest)
    # The inventory goes back to what lives, and on again.
    assert release_note(first, first, noted) == noted
    assert first.digest in release_note(first, fourth, noted)
    # What somebody else made is never noted as it was.
    assert release_note(second, fourth, noted) == (fourth.digest,)


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        pytest.param("pending-upgrade", "helm rollback cilium", id="upgrade"),
        pytest.param("pending-install", "helm uninstall cilium, which takes what it has made away", id="install"),
    ],
)
def test_pending_release_of_others_is_left_alone(status: str, way_out: str) -> None:
    live = Release.live("cilium", {"version": "1.19.6", "values": PLANNED, "status": status})
    assert live is not None
    (text,) = release_refusals(live, release(), (), TakeOver("cilium@1.19.6"))
    assert text == (
        f"the Helm release cilium is {status}: somebody's Helm is at work, or was cut off. Wait for its end; where nobody"
        f" is at work any more: {way_out}"
    )
    assert release_refusals(live, release(), [live.digest], TakeOver()) == []  # a run of this site frees its own


# -- Helm did not come to the end of the newest revision ---------------------------------------------------------------
def tried(version: str, values: dict[str, Any], before: Release, status: str = "failed") -> Release:
    """Return a release whose newest revision came to no end, over one that is deployed."""
    found = {"version": version, "values": values, "status": status}
    deployed = {"version": before.version, "values": before.values, "status": "deployed"}
    live = Release.live("cilium", {**found, "before": deployed})
    assert live is not None
    return live


@pytest.mark.parametrize("status", ["failed", "pending-upgrade", "pending-rollback"])
@pytest.mark.parametrize(
    ("before", "newest", "planned", "said"),
    [
        pytest.param("1.18.2", "1.19.6", "1.19.6", None, id="the same step again"),
        pytest.param(
            "1.18.2", "1.19.6", "1.20.2", "1.18.2 (deployed), and 1.20.2 skips a minor", id="on from a failure"
        ),
        pytest.param("1.18.2", "1.19.6", "1.18.2", "1.19.6 ({}), newer than the planned 1.18.2", id="back from it"),
        pytest.param("1.19.6", "1.20.2", "1.21.0", "1.19.6 (deployed), and 1.21.0 no longer serves", id="over 1.20"),
        pytest.param("1.20.2", "1.19.6", "1.21.0", "1.19.6 ({}), and 1.21.0 no longer serves", id="after a downgrade"),
        pytest.param("1.18.2", "1.18.2", "1.20.2", "1.18.2 ({}), and 1.20.2 skips a minor", id="told once"),
    ],
)
def test_steps_are_judged_from_each_revision_that_may_run(
    status: str, before: str, newest: str, planned: str, said: str | None
) -> None:
    live = tried(newest, PLANNED, release(before, LIVE), status)
    made = [item.digest for item in live.revisions]
    told = release_refusals(live, release(planned), made, TakeOver())
    assert [text.startswith(f"the live release cilium is Cilium {(said or '').format(status)}") for text in told] == (
        [True] if said else []
    )
    word = release_word(live, release(planned), made, TakeOver())
    lifted = said is not None and "no longer serves" not in said
    assert bool(word) is lifted
    assert not lifted or release_refusals(live, release(planned), made, TakeOver.of(word)) == []


def test_values_of_what_runs_are_asked_for_although_somebodys_helm_failed_without_them() -> None:
    """``helm upgrade`` without -f, failed: its record has no values, and those of the deployed one are in use."""
    live = tried("1.19.6", {}, release("1.18.2", LIVE))
    (text,) = release_refusals(live, release(), (), TakeOver("cilium@1.19.6"))
    assert text.startswith(
        "the Helm release cilium (1.19.6 failed; 1.18.2 deployed) was not made by this site; its version would"
        " become 1.19.6; the plan would set bgpControlPlane.enabled, ipam.mode; Helm would unset what the plan lacks:"
        f" {', '.join(LOST)}. To keep these values, write them in the inventory:\nedge_cilium_values:\n  encryption:\n"
    )
    assert "geheim" not in text
    assert (
        "secrets (helm get values cilium --revision REVISION, as helm history cilium has it): encryption.psk.password."
        in text
    )
    word = release_word(live, release(), (), TakeOver())
    assert word["release"].startswith("cilium@1.19.6#")
    assert word["unset"] == list(LOST)
    assert yaml.safe_load(text.rpartition("say so:\n")[2].partition("\n Or leave")[0]) == {
        "edge_cluster_take_over": word
    }
    assert release_refusals(live, release(), (), TakeOver.of(word)) == []
    # It is a word for this change alone, and for these values.
    assert release_refusals(live, release("1.20.2"), (), TakeOver.of(word)) != []
    assert release_refusals(live, release(), (), TakeOver(word["release"], LOST[1:])) != []
    edited = tried("1.19.6", {}, release("1.18.2", {**LIVE, "kubeProxyReplacement": False}))
    assert release_refusals(edited, release(), (), TakeOver.of(word)) != []
    for short in ("cilium@1.19.6", "cilium@1.18.2"):
        assert release_refusals(live, release(), (), TakeOver(short, LOST)) != []
    # Helm fails over it: the newest revision is this site's then, and the word goes on to hold for the other one.
    said = TakeOver.of(word)
    noted = release_note(live, release(), (), said)
    failed = tried("1.19.6", PLANNED, release("1.18.2", LIVE))
    assert release_refusals(failed, release(), noted, said) == []
    assert release_note(failed, release(), noted, said) == noted  # a second run notes nothing new
    assert release_refusals(failed, release("1.19.7"), noted, said) != []
    assert release_refusals(tried("1.19.6", PLANNED, release("1.18.2", {})), release(), noted, said) != []
    # Once it is made, and the word is gone from the inventory, nothing is kept of it.
    assert release_note(release(), release(), noted, said) == noted
    assert release_note(release(), release("1.19.7"), noted) == (release("1.19.7").digest, release().digest)


def test_an_exact_word_for_a_step_holds_after_helm_has_failed_twice() -> None:
    """Both revisions are this site's; only the step waits for a word."""
    live = tried("1.20.2", PLANNED, release("1.19.6"))
    ours = [item.digest for item in live.revisions]
    short = TakeOver("cilium@1.20.2")
    used = [*ours, f"used|{short.release}|{'0' * 12}|{'0' * 12}"]
    exact = TakeOver.of(release_word(live, release("1.18.2"), used, short))
    assert exact.release is not None
    assert exact.release.startswith("cilium@1.20.2#")
    noted = release_note(live, release("1.18.2"), used, exact)
    failed = tried("1.18.2", PLANNED, release("1.19.6"))
    assert release_refusals(failed, release("1.18.2"), noted, exact) == []
    assert release_refusals(failed, release("1.17.16"), noted, exact) != []


def test_a_take_over_that_failed_goes_on_by_the_same_words_and_the_edit_that_mends_it() -> None:
    foreign = release("1.18.2", LIVE)
    said = TakeOver("cilium@1.18.2", LOST)
    assert release_refusals(foreign, release(), (), said) == []
    noted = release_note(foreign, release(), (), said)
    live = tried("1.19.6", PLANNED, foreign)
    assert release_refusals(live, release(), noted, said) == []
    assert release_note(live, release(), noted, said) == noted  # a second run notes nothing new
    mended = release(values={**PLANNED, "debug": {"enabled": True}})
    assert release_refusals(live, mended, noted, said) == []
    again = release_note(live, mended, noted, said)
    used = [item for item in again if item.startswith("used|")]
    assert used == [f"used|{said.release}|{foreign.mark}|{mended.mark}"]  # of one word the last change alone
    assert release_refusals(tried("1.19.6", mended.values, foreign), mended, again, said) == []
    # Values that were to stay are as foreign as before, and the next step begins where the running one is.
    keeps = {**PLANNED, "kubeProxyReplacement": True}
    kept = release_note(foreign, release(values=keeps), (), said)
    (text,) = release_refusals(tried("1.19.6", keeps, foreign), release(), kept, TakeOver(said.release, LOST[:-1]))
    assert text.startswith("the Helm release cilium (1.18.2 deployed) was not made by this site;")
    assert "Helm would unset what the plan lacks: kubeProxyReplacement." in text
    (step,) = release_refusals(live, release("1.20.2"), noted, TakeOver(None, LOST))[1:]
    assert step.startswith("the live release cilium is Cilium 1.18.2 (deployed), and 1.20.2 skips a minor version")


def test_an_exact_word_holds_after_its_change_has_failed() -> None:
    foreign = release("1.17.16", LIVE)
    word = release_word(foreign, release(), (), TakeOver())
    assert word["release"].startswith("cilium@1.17.16#")
    said = TakeOver.of(word)
    noted = release_note(foreign, release(), (), said)
    assert release_refusals(tried("1.19.6", PLANNED, foreign), release(), noted, said) == []
    assert release_refusals(tried("1.19.6", PLANNED, foreign), release("1.19.7"), noted, said) != []


def test_what_runs_stays_this_sites_however_often_helm_fails() -> None:
    first, second, third = (release(f"1.19.{patch}", LIVE if patch == 1 else None) for patch in range(1, 4))
    noted = release_note(first, second, [first.digest])
    live = tried("1.19.2", PLANNED, first)
    noted = release_note(live, third, noted)
    assert noted == (third.digest, second.digest, first.digest)
    live = tried("1.19.3", PLANNED, first)
    fourth = release("1.19.4")
    assert release_refusals(live, fourth, noted, TakeOver()) == []
    noted = release_note(live, fourth, noted)
    assert noted == (fourth.digest, third.digest, first.digest)
    # Where it has come about the others are forgotten.
    assert release_note(fourth, release("1.19.5"), noted) == (release("1.19.5").digest, fourth.digest)


def test_one_short_word_names_both_revisions_of_one_version() -> None:
    live = tried("1.19.6", {}, release("1.19.6", LIVE))
    said = TakeOver("cilium@1.19.6", LOST)
    assert release_refusals(live, release(), (), said) == []
    noted = release_note(live, release(), (), said)
    assert [item.rpartition("|")[0] for item in noted[1:]] == [f"used|cilium@1.19.6|{i.mark}" for i in live.revisions]
    assert release_refusals(live, release(), noted, said) == []  # Helm was not called yet
    failed = tried("1.19.6", PLANNED, release("1.19.6", LIVE))
    assert release_refusals(failed, release(), noted, said) == []


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param({("a", "b"): 1, ("a",): 2, ("c",): 3}, {"a": {"b": 1}, "c": 3}, id="a value where a map is"),
        pytest.param({("a",): 2, ("a", "b", "c"): 1}, {"a": 2}, id="a map where a value is"),
        pytest.param({("a",): {"x": 1}, ("b", "c"): [1]}, {"a": {"x": 1}, "b": {"c": [1]}}, id="each its own"),
    ],
)
def test_values_of_two_revisions_are_one_map(paths: dict[Path, Any], expected: dict[str, Any]) -> None:
    assert nested(paths) == expected


@pytest.mark.parametrize("made", [True, False], ids=["ours", "of others"])
def test_a_release_that_is_being_taken_away_is_left_alone(made: bool) -> None:
    live = Release.live("cilium", {"version": "1.19.6", "values": PLANNED, "status": "uninstalling"})
    assert live is not None
    digests = [live.digest] if made else []
    told = release_refusals(live, release(), digests, TakeOver("cilium@1.19.6"))
    assert told == [
        "the Helm release cilium is uninstalling: somebody's helm uninstall is at work, or was cut off, and Helm does not"
        " upgrade what it was to take away. Wait for its end, and run again; where nobody is at work any more: helm"
        " rollback cilium REVISION, with the last one of helm history cilium, brings it back as it was. Or helm"
        " uninstall cilium: what is left of Cilium goes, pods have no network until the next run has installed it"
    ]
    assert release_word(live, release(), digests, TakeOver()) == {}


@pytest.mark.parametrize(
    ("status", "there"),
    [
        pytest.param("uninstalled", False, id="uninstalled: Helm installs over it"),
        pytest.param("superseded", True, id="superseded: Helm goes on from it"),
    ],
)
def test_other_ends_of_a_release(status: str, there: bool) -> None:
    found = {"version": "1.18.2", "values": LIVE, "status": status, "before": None}
    live = Release.live("cilium", found)
    assert (live is not None) is there
    assert bool(release_refusals(live, release(), (), TakeOver())) is there
    assert release_refusals(live, release(), (), TakeOver("cilium@1.18.2", LOST)) == []
    over = Release.live("cilium", {**found, "status": "failed", "before": {**found, "status": "uninstalled"}})
    assert over is not None
    assert over.before is None


# -- the note went, and the word stayed ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("live", "planned", "lifted"),
    [
        pytest.param("1.19.6", "1.18.2", False, id="a downgrade"),
        pytest.param("1.19.6", "1.19.2", False, id="a downgrade of a patch"),
        pytest.param("1.17.16", "1.19.6", False, id="a skipped minor version"),
        pytest.param("1.9.3", "1.19.6", False, id="what cannot be judged"),
        pytest.param("1.18.2", "1.19.6", True, id="the next minor version, as in a first run"),
        pytest.param("1.19.6", "1.19.6", True, id="other values, as in a first run"),
    ],
)
def test_without_a_note_a_short_word_lifts_no_step_of_versions(live: str, planned: str, lifted: bool) -> None:
    before, after = release(live, LIVE), release(planned)
    stale = TakeOver(f"cilium@{live}", LOST)
    told = release_refusals(before, after, (), stale)
    assert (told == []) is lifted
    word = release_word(before, after, (), stale)
    assert bool(word) is not lifted
    if not lifted:
        assert word["release"].startswith(f"cilium@{live}#")
        assert all(f"edge_cluster_take_over: {{release: {word['release']}}}" in text for text in told)
        assert release_refusals(before, after, (), TakeOver.of(word)) == []
    else:
        first = release_word(before, after, (), TakeOver())
        assert first == {"release": f"cilium@{live}", "unset": list(LOST)}  # what a first run prints
