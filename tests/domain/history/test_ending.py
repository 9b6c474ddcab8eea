"""Where an entry of the ledger puts a release: derived from the table of the rollout machine."""

import pytest

from release_assets.domain.history.ending import Ending, WithoutRollout, ending_of
from release_assets.domain.history.timeline import timeline_of
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.machine import RolloutState
from tests.fabricated.released import NAMES, Told
from tests.ports.fakes import MemoryLedger


@pytest.fixture
def told():
    return Told(MemoryLedger(), "policy-search-101")


@pytest.mark.parametrize(
    ("event", "word"),
    [
        ("promoted", RolloutState.RAMPING),
        ("stage_entered", RolloutState.RAMPING),
        ("stage_proven", RolloutState.RAMPING),
        ("full_traffic_reached", RolloutState.WATCHING),
        ("held", RolloutState.HELD),
        ("breached", RolloutState.BRAKED),
        ("rolled_back", RolloutState.ROLLED_BACK),
        ("completed", RolloutState.COMPLETE),
        ("staging_rolled_back", WithoutRollout.STAGING_ROLLED_BACK),
        ("looked", WithoutRollout.OPEN),
    ],
)
def test_an_event_puts_a_release_where_the_machine_does(told, event, word):
    told.write("rollout", {"event": event})

    assert ending_of(told.ledger.entries()).word is word


@pytest.mark.parametrize("word", [*WithoutRollout, *RolloutState])
def test_every_ending_has_its_words_and_its_outcome(word):
    ending = Ending(word=word)

    assert ending.in_words
    assert ending.outcome in {"passed", "failed", "inconclusive"}
    assert ending.phase or word is WithoutRollout.OPEN


@pytest.mark.parametrize("event", RolloutEvent)
def test_every_event_has_its_line_in_the_timeline(told, event):
    told.write("rollout", {"event": event})

    (moment,) = timeline_of(told.ledger.entries(), NAMES)

    assert moment.text
