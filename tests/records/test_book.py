"""The book: read once a question round, and again as soon as somebody else wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from release_assets.domain.errors import NotFoundError, RefusedError
from release_assets.domain.history.production import Production
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.release import Release, ReleaseKey, Unit
from release_assets.ports import Settings
from release_assets.records.book import Book
from release_assets.records.repository import FeatureRepository
from tests.phases.doubles import SetClock
from tests.ports.fake_git_host import FakeGitHost
from tests.ports.fakes import MemoryLedger

if TYPE_CHECKING:
    from release_assets.domain.ledger.entries import Entry

NOW = datetime(2026, 6, 1, tzinfo=UTC)
UNIT = Unit(feature="f", code="c", prompts="p", model="m", index="i", configuration="x")
NO_FILES = FeatureRepository(FakeGitHost({}), Settings(feature_root={}))
RELEASE = Release(key=ReleaseKey("f", 1), commit="a" * 40, unit=UNIT)


class CountedLedger(MemoryLedger):
    """Counts how often its entries are read."""

    reads = 0

    def entries(self, **wanted: Any) -> tuple[Entry, ...]:
        self.reads += 1
        return super().entries(**wanted)


@pytest.fixture
def ledger():
    return CountedLedger()


@pytest.fixture
def book(ledger):
    return Book(ledger=ledger, repository=NO_FILES, clock=SetClock(NOW))


def evidence(book, name, **summary):
    return book.write(EntryKind.EVIDENCE, {"name": name, "summary": summary}, RELEASE)


def verdict(book, gate, *evidence, outcome="passed"):
    digests = [entry.digest for entry in evidence]
    body = {"gate": gate, "outcome": outcome, "headline": outcome, "evidence": digests}
    return book.write(EntryKind.VERDICT, body, RELEASE)


def somebody_else(ledger, kind="notice", release="f-1", digest=RELEASE.digest, **body):
    ledger.append(kind, body, at=NOW, release=release, release_digest=digest)


def test_a_round_of_questions_and_our_own_writes_are_one_read(book, ledger):
    book.of(RELEASE)
    found = evidence(book, "staging/deployment")
    verdict(book, "staging/gate", found)

    assert book.of(RELEASE).newest_evidence("staging/deployment") == found
    assert [e.seq for e in book.of(RELEASE).require_passed(["staging/gate"])] == [2]
    assert ledger.reads == 1


def test_what_somebody_else_wrote_is_read_before_the_next_answer(book, ledger):
    assert book.of(RELEASE).written(EntryKind.ROLLOUT) == ()
    somebody_else(ledger, "rollout", event="promoted")
    assert len(book.of(RELEASE).written(EntryKind.ROLLOUT, event="promoted")) == 1

    evidence(book, "a")
    somebody_else(ledger, "rollout", event="held")
    evidence(book, "b")
    assert [e.seq for e in book.of(RELEASE).entries] == [1, 2, 3, 4]


def test_a_reading_stays_what_it_was(book):
    reading = book.of(RELEASE)
    evidence(book, "a")
    assert reading.entries == ()


def test_a_reading_is_about_one_release_digest(book, ledger):
    somebody_else(ledger, "rollout", digest="sha256:another", event="promoted")
    somebody_else(ledger, "rollout", release="f-2", event="promoted")
    assert book.of(RELEASE).entries == ()


def test_a_verdict_on_replaced_evidence_does_not_hold(book):
    verdict(book, "staging/gate", evidence(book, "a"), evidence(book, "b"))
    book.of(RELEASE).require_passed(["staging/gate"])
    evidence(book, "a")

    with pytest.raises(RefusedError, match="replaced since"):
        book.of(RELEASE).require_passed(["staging/gate"])


def test_all_that_is_lacking_is_listed(book):
    verdict(book, "a", outcome="failed")

    with pytest.raises(RefusedError, match=r"a: failed; b was never judged"):
        book.of(RELEASE).require_passed(["a", "b"])


def test_a_refusal_is_recorded_and_stays_one(book):
    with pytest.raises(RefusedError), book.refusals_recorded(RELEASE, "promote"):
        raise RefusedError("not yet")

    (refusal,) = book.of(RELEASE).written(EntryKind.REFUSAL)
    assert (refusal.body["act"], refusal.body["because"]) == ("promote", "not yet")


def test_a_rollout_is_active_from_its_promotion_to_its_end(book, ledger):
    for release, event in (("f-1", "promoted"), ("f-2", "promoted"), ("f-1", "stage_entered")):
        somebody_else(ledger, "rollout", release, event=event)
    assert book.active_rollouts() == ("f-1", "f-2")
    somebody_else(ledger, "rollout", "f-1", event="rolled_back")
    assert book.active_rollouts() == ("f-2",)


def test_the_stable_release_is_the_last_that_was_adopted_or_completed(book, ledger):
    with pytest.raises(NotFoundError, match="f has no stable release"):
        book.stable("f")
    somebody_else(ledger, "adoption", "f-0", unit={}, commit="c")
    somebody_else(ledger, "rollout", "g-9", event="completed")
    assert book.stable("f").seq == 1
    somebody_else(ledger, "rollout", "f-1", event="completed")
    assert (book.stable("f").seq, book.stable("g").seq) == (3, 2)


def test_what_is_signed_has_its_newest_yes_in_the_order_of_the_first(book, ledger):
    for release, decision in (("f-2", "yes"), ("f-1", "yes"), ("f-3", "no"), ("f-2", "yes")):
        statement = {"predicate": {"decision": decision}}
        somebody_else(ledger, "sign_off", release, statement=statement)
    somebody_else(ledger, "rollout", "f-1", event="promoted")

    production = book.production()
    assert list(production.signed.items()) == [
        (("f-2", RELEASE.digest), 4),
        (("f-1", RELEASE.digest), 2),
    ]
    assert production.promoted == {RELEASE.digest}


def test_production_reads_only_what_is_new(book, ledger):
    for event in ("promoted", "stage_entered", "completed"):
        somebody_else(ledger, "rollout", event=event)
    book.active_rollouts()
    asked = []

    def nothing_new(**wanted):
        asked.append(wanted)
        return ()

    ledger.entries = nothing_new

    assert (book.active_rollouts(), book.stable("f").seq) == ((), 3)
    assert [wanted["after"] for wanted in asked] == [3, 3]


def test_production_is_the_same_however_its_entries_are_cut(ledger):
    for event in ("promoted", "rolled_back", "promoted", "completed", "promoted"):
        somebody_else(ledger, "rollout", event=event)
    entries = ledger.entries()
    cut = [Production().after(entries[:n]).after(entries[n:]) for n in range(6)]
    assert set(map(str, cut)) == {str(Production().after(entries))}


def test_an_entry_that_came_between_size_and_entries_is_there_once(book):
    """Another thread writes after the head was asked and before the entries were."""
    reading = book.of(RELEASE)
    entry = book.ledger.append("refusal", {}, at=NOW, release="f-1", release_digest=RELEASE.digest)
    late = replace(reading, entries=(*reading.entries, entry))

    assert [e.seq for e in late.with_next(entry).entries] == [e.seq for e in late.entries]
