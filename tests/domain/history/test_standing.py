"""Where a release stands, and who has to do something next."""

from datetime import timedelta

import pytest

from release_assets.domain.history.ending import WithoutRollout
from release_assets.domain.history.standing import releases_in, standing_of
from release_assets.domain.people.change import Change, Merge
from release_assets.domain.rollout.machine import RolloutState
from release_assets.pipeline import PRE_MERGE, SIGN_OFF, STAGING
from tests.fabricated.released import NAMES, START, STORIES, EntryWriter, write_all
from tests.ports.fakes import MemoryLedger

RELEASE = "policy-search-101"


@pytest.fixture
def writer():
    return EntryWriter(MemoryLedger(), RELEASE)


def change(*, merged=False):
    return Change(
        number=101,
        feature="policy-search",
        title="Tidy",
        author="local:ada",
        base="b",
        head="h",
        tree="t",
        opened_at=START,
        commits=(),
        pushes=(),
        reviews=(),
        merge=Merge(account="local:ben", commit="m", tree="t", at=START) if merged else None,
    )


def standing(writer, **more):
    return standing_of(RELEASE, writer.ledger.entries(), NAMES, **more)


def where(writer, **more):
    found = standing(writer, **more)
    return (found.phase, found.awaited)


def test_a_change_that_was_not_judged_waits_for_the_pipeline(writer):
    found = standing(writer, change=change())

    assert (found.phase, found.ending.word, found.awaited) == (
        "pre_merge",
        WithoutRollout.OPEN,
        "the pipeline",
    )
    assert (found.since, found.title) == (None, "Tidy")


def test_a_change_whose_gate_is_shut_waits_for_its_author(writer):
    writer.verdict("pre_merge/core_flows_hold", "failed", "leave is not covered")

    assert where(writer, change=change()) == ("pre_merge", "Ada Okafor: core flows hold")


def test_a_change_that_may_merge_waits_for_the_merge(writer):
    writer.passed(PRE_MERGE)

    assert where(writer, change=change()) == ("pre_merge", "the merge of the change")


def test_a_merged_change_is_in_staging(writer):
    writer.passed(PRE_MERGE)

    assert where(writer, change=change(merged=True)) == ("staging", "the pipeline")


def test_after_staging_a_release_manager_is_awaited_since_the_gate_opened(writer):
    writer.passed(PRE_MERGE)
    gate = writer.passed(STAGING)
    writer.evidence("sign_off/change_record", {})

    found = standing(writer, change=change(merged=True))

    assert (found.phase, found.awaited) == ("sign_off", "a release manager's sign-off")
    assert found.since == gate.at


def test_a_quorum_that_is_not_complete_names_who_is_missing(writer):
    writer.passed(PRE_MERGE)
    writer.passed(STAGING)
    lacks = "needs the sign-off of a release manager"
    writer.verdict("sign_off/quorum_is_complete", "inconclusive", lacks)

    found = standing(writer, change=change(merged=True))

    assert found.awaited == lacks
    assert (found.verdict, str(found.outcome)) == ("sign_off/quorum_is_complete", "inconclusive")


def test_a_signed_release_waits_for_its_promotion(writer):
    for phase in (PRE_MERGE, STAGING, SIGN_OFF):
        writer.passed(phase)

    assert where(writer, change=change(merged=True)) == ("canary", "the pipeline")


def test_a_ramping_release_shows_stage_traffic_and_what_is_awaited(writer):
    writer.promoted()
    writer.entered(10, "2-at-10pct")

    found = standing(writer)

    assert (found.stage, found.traffic_pct) == ("2-at-10pct", 10)
    assert found.awaited == "live evidence at 10 %"


def test_a_promoted_release_waits_for_its_first_stage(writer):
    writer.promoted()

    assert where(writer) == ("canary", "the pipeline: the first canary stage")


def test_a_held_release_waits_for_a_person(writer):
    writer.promoted()
    writer.entered(10, "2-at-10pct")
    writer.write("rollout", {"event": "held", "because": "undecided after 10 min"})

    found = standing(writer)

    assert found.awaited == "a person: let it go on, or roll it back"
    assert found.because == "undecided after 10 min"


def test_a_braked_release_waits_for_its_restoration(writer):
    writer.promoted()
    writer.entered(10, "2-at-10pct")
    writer.braked()

    found = standing(writer)

    assert (found.phase, found.traffic_pct) == ("rollback", 0)
    assert found.awaited == "the pipeline: restoration"


def test_a_refused_release_waits_for_another_person(writer):
    writer.passed(PRE_MERGE)
    writer.passed(STAGING)
    writer.refused()

    assert where(writer) == ("sign_off", "a sign-off by another person")


@pytest.mark.parametrize(
    ("release", "phase", "end", "traffic_pct"),
    [
        ("policy-search-0", "canary", WithoutRollout.ADOPTED, 100),
        ("policy-search-101", "canary", RolloutState.COMPLETE, 100),
        ("policy-search-102", "rollback", RolloutState.ROLLED_BACK, 0),
        ("policy-search-103", "staging", WithoutRollout.STAGING_ROLLED_BACK, 0),
    ],
)
def test_nobody_is_awaited_at_the_end(release, phase, end, traffic_pct):
    ledger = MemoryLedger()
    write_all(ledger)

    found = standing_of(release, ledger.entries(release=release), NAMES)

    assert (found.phase, found.ending.word, found.traffic_pct) == (phase, end, traffic_pct)
    assert found.awaited == "nobody"


def test_releases_are_in_the_order_of_their_first_entries():
    ledger = MemoryLedger()
    write_all(ledger)
    late = EntryWriter(ledger, "policy-search-7", now=START + timedelta(days=1))
    late.seen("Later")

    assert releases_in(ledger.entries()) == ("policy-search-0", *STORIES, "policy-search-7")
