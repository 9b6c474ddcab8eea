"""Where an entry of the ledger puts a release: derived from the table of the rollout machine."""

import pytest

from release_assets.domain.history.ending import Ending, WithoutRollout, ending_of
from release_assets.domain.history.timeline import timeline_of
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.rollout.machine import RolloutState
from tests.fabricated.released import NAMES, EntryWriter
from tests.ports.fakes import MemoryLedger


@pytest.fixture
def writer():
    return EntryWriter(MemoryLedger(), "policy-search-101")


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
def test_an_event_puts_a_release_where_the_machine_does(writer, event, word):
    writer.write("rollout", {"event": event})

    assert ending_of(writer.ledger.entries()).word is word


@pytest.mark.parametrize("word", [*WithoutRollout, *RolloutState])
def test_every_ending_has_its_words_and_its_outcome(word):
    ending = Ending(word=word)

    assert ending.in_words
    assert ending.outcome in {"passed", "failed", "inconclusive"}
    assert ending.phase or word is WithoutRollout.OPEN


@pytest.mark.parametrize("event", RolloutEvent)
def test_every_event_has_its_line_in_the_timeline(writer, event):
    writer.write("rollout", {"event": event})

    (moment,) = timeline_of(writer.ledger.entries(), NAMES)

    assert moment.text
