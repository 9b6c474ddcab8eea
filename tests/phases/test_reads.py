"""What is read once, and what is read again because a write rests on it."""

from collections import Counter

import pytest

from release_assets.records import suite_run
from release_assets.records.recorder import Recorder
from resources.ledger_store import SqlLedger
from resources.local.git.binary import Git
from tests.phases.world import RELEASE, ROOT


@pytest.fixture
def counted(monkeypatch):
    """How often the ledger was read, git was started, and rows were paired."""
    counts: Counter[str] = Counter()

    def count(owner, name):
        original = getattr(owner, name)

        def wrapped(*args, **named):
            counts[name] += 1
            return original(*args, **named)

        monkeypatch.setattr(owner, name, wrapped)

    for place in ((SqlLedger, "entries"), (Git, "attempt"), (suite_run, "pair")):
        count(*place)
    return counts


def test_a_promotion_reads_the_ledger_five_times_at_most(staged_world, counted):
    staged_world.sign("rosa")
    counted.clear()

    assert staged_world.run("promote_release").is_success
    assert counted["entries"] <= 5


def test_a_promotion_starts_fewer_git_processes_than_it_needs_files(staged_world, counted):
    staged_world.sign("rosa")
    for opened in ("host", "ports", "composition"):  # as a new process does
        staged_world.__dict__.pop(opened)
    counted.clear()

    assert staged_world.run("promote_release").is_success
    needed = staged_world.host.read_folder(staged_world.host.main(), ROOT)
    assert counted["attempt"] < len(needed)


def test_staging_pairs_each_suite_once(merged_world, counted):
    assert merged_world.run("run_staging").is_success
    assert counted["pair"] == len(("production", "adversarial", "fairness", "benchmark"))


def test_a_sign_off_that_came_after_the_evidence_leaves_the_quorum_open(staged_world, monkeypatch):
    """It may be a no: the next promotion takes it into its evidence, and judges it."""
    staged_world.sign("rosa")
    record = Recorder.evidence

    def then_rosa_signs_a_no(self, context, release, **found):
        recorded = record(self, context, release, **found)
        if "sign_offs" in found["summary"]:
            staged_world.sign("rosa", no="I saw the answers")
        return recorded

    with monkeypatch.context() as patched:
        patched.setattr(Recorder, "evidence", then_rosa_signs_a_no)
        ran = staged_world.run("promote_release")

    assert not ran.is_success
    assert "came after the evidence" in ran.checks["quorum_is_complete"].description
    ran = staged_world.run("promote_release")
    assert "rosa signed a no: I saw the answers" in ran.checks["quorum_is_complete"].description
    assert "promoted" not in staged_world.events(RELEASE)
