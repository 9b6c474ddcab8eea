"""Lineage holds when every hop is in the ledger; disagreement fails, a gap is inconclusive."""

from dataclasses import replace

import pytest

from release_assets.domain.finding import Outcome
from release_assets.domain.history.lineage import Materialisation, Pin, Walk, judge_lineage
from tests.fabricated.released import START, EntryWriter
from tests.ports.fakes import MemoryLedger

RELEASE = "policy-search-101"
CHAIN = ("pre_merge/change", "pre_merge/gate", "staging/deployment")


@pytest.fixture
def ledger():
    writer = EntryWriter(MemoryLedger(), RELEASE)
    for name in CHAIN:
        writer.evidence(name, {})
    return writer.ledger


def chain(ledger):
    """Three materialisations, each made from the one before, as the pipeline writes them."""
    made: list[Materialisation] = []
    for entry in ledger.entries():
        upstream = {m.asset: Pin(storage_id=m.storage_id, run_id=m.run_id) for m in made[-1:]}
        made.append(
            Materialisation(
                storage_id=10 * entry.seq,
                run_id="run-1",
                asset=entry.body["name"],
                partition=RELEASE,
                release=RELEASE,
                stage=None,
                at=START,
                ledger_entry=entry.seq,
                ledger_digest=entry.digest,
                pins=upstream,
            )
        )
    return made


def judge(ledger, made, *, newest=None):
    newest = made if newest is None else newest
    found = {m.storage_id: m for m in made}
    return judge_lineage(Walk.of(RELEASE, newest, found, ledger.entries()))


def because(verdict):
    return " ".join(f.because for f in verdict.findings if f.outcome is verdict.outcome)


def test_a_chain_that_agrees_with_the_ledger_passes(ledger):
    verdict = judge(ledger, chain(ledger))

    assert verdict.outcome is Outcome.PASSED
    assert len(verdict.findings) == 6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"run_id": ""}, "no run made it; a person reported it by hand"),
        ({"release": "policy-search-102"}, "it is of policy-search-102, not of policy-search-101"),
        ({"ledger_entry": 99}, "it names entry 99, which is not in the ledger"),
        ({"ledger_digest": "sha256:00"}, "entry 3 of the ledger has another digest"),
        ({"run_id": "run-2"}, "entry 3 was written by another run"),
        ({"asset": "staging/eval_results"}, "entry 3 is evidence of 'staging/deployment'"),
        ({"storage_id": 5}, "it was made before"),
        ({"pins": {"pre_merge/gate": Pin(storage_id=20, run_id="run-9")}}, "of another run"),
        ({"pins": {"pre_merge/change": Pin(storage_id=20, run_id="run-1")}}, "its pin of"),
        ({"pins": {"pre_merge/gate": Pin(storage_id=0, run_id="x")}}, "cannot be read"),
    ],
)
def test_a_hop_that_disagrees_with_the_ledger_fails(ledger, change, reason):
    made = chain(ledger)

    verdict = judge(ledger, [*made[:2], replace(made[2], **change)])

    assert verdict.outcome is Outcome.FAILED
    assert reason in because(verdict)


def test_an_entry_of_another_release_behind_a_hop_fails(ledger):
    other = EntryWriter(ledger, "policy-search-102").evidence("staging/deployment", {})
    made = chain(ledger)[:3]

    forged = replace(made[2], ledger_entry=other.seq, ledger_digest=other.digest)
    verdict = judge(ledger, [*made[:2], forged])

    assert verdict.outcome is Outcome.FAILED
    assert "is about policy-search-102" in because(verdict)


def test_an_upstream_entry_younger_than_what_was_made_from_it_fails(ledger):
    made = chain(ledger)
    swapped = [
        replace(made[0], ledger_entry=2, ledger_digest=made[1].ledger_digest),
        replace(made[1], ledger_entry=1, ledger_digest=made[0].ledger_digest),
    ]

    verdict = judge(ledger, [*swapped, made[2]])

    assert "it was made before pre_merge/change" in because(verdict)


def test_a_hop_without_a_ledger_entry_is_inconclusive(ledger):
    made = chain(ledger)

    verdict = judge(ledger, [*made[:2], replace(made[2], ledger_entry=None)])

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "it names no ledger entry" in because(verdict)


def test_an_upstream_that_dagster_lost_is_inconclusive(ledger):
    made = chain(ledger)

    verdict = judge(ledger, made[1:])

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "'pre_merge/change' (event 10) is gone from Dagster" in because(verdict)


def test_evidence_that_dagster_does_not_show_is_inconclusive(ledger):
    """A deleted run takes its materialisations along; the ledger keeps the entry."""
    verdict = judge(ledger, chain(ledger)[:2])

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "entry 3 is the newest 'staging/deployment'" in because(verdict)


def test_a_release_that_dagster_does_not_show_at_all_is_inconclusive(ledger):
    assert judge(ledger, []).outcome is Outcome.INCONCLUSIVE


def test_the_tree_begins_at_what_nothing_was_made_from(ledger):
    made = chain(ledger)

    walk = Walk.of(RELEASE, made, {}, ledger.entries())

    assert [m.asset for m in walk.tips()] == ["staging/deployment"]
