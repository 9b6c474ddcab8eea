"""A story follows the ledger: people act when the pipeline has answered, and never before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from release_assets.demo.journey import Journey
from release_assets.demo.lines import line_of
from release_assets.demo.run import DemoRun
from release_assets.demo.screen import closing_table
from release_assets.demo.stories import Story
from release_assets.domain.errors import RefusedError
from release_assets.domain.history.ending import WithoutRollout
from release_assets.domain.rollout.machine import RolloutState
from release_assets.pipeline import CANARY, PRE_MERGE, ROLLBACK, SIGN_OFF, STAGING
from tests.fabricated.released import EntryWriter
from tests.ports.fakes import MemoryLedger, MemoryReleaseStore

if TYPE_CHECKING:
    from release_assets.composition import Composition
    from release_assets.demo.stories import StoryPeople

STORY = Story.model_validate(
    {
        "name": "better",
        "number": 101,
        "title": "Quote up to three sentences",
        "author": "ada",
        "commits": [{"author": "ada", "message": "Quote", "files": ["feature.yaml"]}],
        "reviewers": ["ben", "chloe"],
        "merged_by": "ben",
        "sign_offs": [{"person": "rosa", "role": "release_manager"}],
        "expect": "complete",
    }
)
ACCEPTED = {"outcome": "passed", "headline": "passed: rosa may sign"}
REFUSED = {"outcome": "failed", "headline": "failed: rosa wrote 1 commit"}


class People:
    """Act at once; the sign-off has the outcome that the test gives."""

    def __init__(self, sign_off):
        self.sign_off_document, self.acts, self.is_shut = sign_off, [], False

    def open(self, story):
        self.acts.append("open")

    def review(self, story):
        self.acts.append("review")

    def merge(self, story):
        if self.is_shut:
            raise RefusedError("the gate is shut")
        self.acts.append("merge")

    def sign_off(self, story, attempt):
        self.acts.append("sign off")
        return self.sign_off_document


@pytest.fixture
def writer():
    return EntryWriter(MemoryLedger(), STORY.release)


def begun(writer, *, sign_off=ACCEPTED):
    clock = SimpleNamespace(now=lambda: writer.now)
    store = MemoryReleaseStore()
    ports = SimpleNamespace(ledger=writer.ledger, release_store=store, clock=clock)
    world = cast("Composition", SimpleNamespace(ports=ports))  # a journey reads three ports
    journey = Journey(STORY, world, cast("StoryPeople", People(sign_off)))
    journey.begin()
    return journey


def on_canary(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate")
    journey.step()
    writer.verdict("staging/gate")
    journey.step()
    journey.step()
    return journey


def test_a_story_waits_for_the_verdict_of_its_phase(writer):
    journey = begun(writer)
    journey.step()

    assert journey.phase is PRE_MERGE
    assert journey.people.acts == ["open", "review"]


def test_people_merge_and_sign_when_the_gates_are_open(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate")
    journey.step()
    assert journey.phase is STAGING
    writer.verdict("staging/gate")
    journey.step()
    assert journey.phase is SIGN_OFF
    journey.step()

    assert journey.phase is CANARY
    assert journey.people.acts == ["open", "review", "merge", "sign off"]
    assert journey.log[-1] == "policy-search-101  rosa signs off as release manager"


def test_a_merge_that_is_refused_is_tried_again(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate")
    journey.people.is_shut = True
    journey.step()

    assert (journey.phase, journey.is_merged) == (PRE_MERGE, False)


def test_a_shut_pre_merge_gate_ends_the_story(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate", "failed", "leave is not covered")
    journey.step()

    assert journey.ending.word is WithoutRollout.REFUSED
    assert not journey.ended_as_expected


def test_a_release_that_staging_took_back_has_ended(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate")
    journey.step()
    writer.write("rollout", {"event": "staging_rolled_back", "because": "lost 12 cases"})
    journey.step()

    assert journey.ending.word is WithoutRollout.STAGING_ROLLED_BACK
    assert journey.log[-1].endswith("rolled back from staging: lost 12 cases")


def test_a_release_that_no_one_may_sign_is_refused(writer):
    journey = begun(writer, sign_off=REFUSED)
    writer.verdict("pre_merge/gate")
    journey.step()
    writer.verdict("staging/gate")
    journey.step()
    journey.step()

    assert journey.ending.word is WithoutRollout.REFUSED
    assert "policy-search-101  rosa may not sign off as release manager" in journey.log


def test_a_complete_release_ends_as_expected(writer):
    journey = on_canary(writer)
    writer.write("rollout", {"event": "completed", "because": "watched for 30 s"})
    journey.step()

    assert journey.ending.word is RolloutState.COMPLETE
    assert journey.ended_as_expected
    assert journey.document() == {
        "name": "better",
        "release": "policy-search-101",
        "ended": "complete",
        "because": "watched for 30 s",
        "seconds": 3.0,
        "reaction_s": None,
    }


def test_a_breach_leads_to_the_rollback_and_its_end(writer):
    journey = on_canary(writer)
    writer.write("rollout", {"event": "breached", "because": "groundedness fell"})
    journey.step()
    assert (journey.phase, journey.ending) == (ROLLBACK, None)
    back = {"event": "rolled_back", "because": "groundedness fell", "reaction_s": "2.25"}
    writer.write("rollout", back)
    journey.step()

    assert journey.ending.word is RolloutState.ROLLED_BACK
    assert journey.reaction_s() == 2.25


def test_a_line_shows_the_phase_with_its_question_and_the_newest_verdict(writer):
    journey = begun(writer)
    assert line_of(journey).where == "pre-merge: May this change merge?"
    assert line_of(journey).detail == "no result yet"
    writer.verdict("pre_merge/core_flows_hold", "failed", "leave is not covered")

    assert line_of(journey).detail == "core flows hold: failed: leave is not covered"


def test_a_line_shows_no_result_of_the_phase_before(writer):
    journey = begun(writer)
    writer.verdict("pre_merge/gate")
    journey.step()

    assert line_of(journey).where == "staging: As good as main, at full length?"
    assert line_of(journey).detail == "no result yet"


def test_the_first_story_ends_before_the_second_begins(writer):
    second = STORY.model_copy(update={"name": "quiet-prompt", "number": 102})
    first = begun(writer)
    run = DemoRun.of([second, STORY], first.world, first.people)
    run._begin_next()
    run._begin_next()

    assert [j.started_at is not None for j in run.journeys] == [True, False]
    writer.verdict("pre_merge/gate", "failed", "leave is not covered")
    run.journeys[0].step()
    run._begin_next()
    assert [j.started_at is not None for j in run.journeys] == [True, True]
    assert closing_table(run).row_count == 2
