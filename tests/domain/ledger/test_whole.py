"""Whether a ledger is whole: one pass, the first bad entry, and the heads that others hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.ledger.entries import Head, Row, next_row
from release_assets.domain.ledger.verification import verify
from release_assets.domain.ledger.whole import SEEN, SIGNED, WHOLE, judge_whole

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
UNSIGNED = Finding(rule="signature", outcome=Outcome.FAILED, because="nobody signed it")


def rows_of(*kinds):
    rows: list[Row] = []
    for number, kind in enumerate(kinds):
        at = NOW + timedelta(seconds=number)
        rows.append(next_row(rows[-1] if rows else None, kind, {"n": number}, at=at))
    return rows


ROWS = rows_of("notice", "sign_off", "notice", "sign_off", "notice")


class Walked(list[Row]):
    """Rows that count how often all of them are hashed."""

    def __init__(self, rows):
        super().__init__(rows)
        self.walks = 0

    def __iter__(self):
        self.walks += 1
        return super().__iter__()


def signing(*heads, findings=()):
    return lambda _: (heads, findings)


NOBODY = signing()


def judge(rows=ROWS, *, seen=(), signed_heads=NOBODY):
    return judge_whole(rows, seen=seen, signed_heads=signed_heads)


def test_a_whole_ledger_passes_with_its_head():
    found = judge()

    assert (found.verdict.outcome, found.head) == (Outcome.PASSED, verify(ROWS))
    assert found.first_bad_entry is None


def test_an_empty_ledger_is_inconclusive():
    assert judge([]).verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize("number", range(5))
def test_the_first_bad_entry_is_named_whichever_kind_it_is(number):
    rows = [*ROWS[:number], replace(ROWS[number], body=b"{"), *ROWS[number + 1 :]]

    found = judge(rows)

    assert (found.verdict.outcome, found.head) == (Outcome.FAILED, None)
    assert found.first_bad_entry == number + 1
    assert [f.rule for f in found.verdict.findings] == [WHOLE]


@pytest.mark.parametrize("how", ["seen", "signed"])
def test_a_head_that_another_party_holds_is_compared(how):
    def held(head):
        return {"seen": [head]} if how == "seen" else {"signed_heads": signing(head)}

    agreed, other = verify(ROWS[:3]), Head(size=3, root=f"sha256:{'0' * 64}")

    found = judge(**held(agreed))
    assert found.verdict.outcome is Outcome.PASSED
    assert found.verdict.findings[1].rule == (SEEN if how == "seen" else SIGNED)
    assert judge(**held(other)).first_bad_entry == 3
    assert judge(**held(Head(size=9, root=agreed.root))).first_bad_entry == 6


def test_only_sign_offs_are_read_for_heads_and_those_that_cannot_be_read_are_found():
    read: list[int] = []

    def signed_heads(entries):
        read.extend(entry.seq for entry in entries)
        return (), (UNSIGNED,)

    found = judge(signed_heads=signed_heads)

    assert read == [2, 4]
    assert found.verdict.findings[-1] == UNSIGNED
    assert found.verdict.outcome is Outcome.FAILED


def test_the_ledger_is_hashed_once():
    """The sign-offs are picked out before; that reads no other entry."""
    rows = Walked(ROWS)

    judge(rows, seen=[verify(ROWS[:1])], signed_heads=signing(verify(ROWS[:3])))

    assert rows.walks == 2
