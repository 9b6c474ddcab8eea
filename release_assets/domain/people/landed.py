"""Landed changes as an auditor exports them, and whether duties were kept apart in each.

Decides from records alone, without a repository. What a record leaves out is unknown, and unknown
does not pass where a rule needs it: an export that leaves out the pushers does not show that none
of them reviewed. Serves the population test of SOC 2 CC8.1 (`countersign segregation check`).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from release_assets.domain.documents import FileRecord, ZonedTime, read_json_lines
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.people.change import Change, Merge, Push, Review, ReviewState
from release_assets.domain.people.contributors import Deed, Work, resolved
from release_assets.domain.people.reviews import REVIEWED_MERGE, judge_review
from release_assets.domain.people.segregation import DEPLOYER, KNOWN, failed, judge_deployer, passed
from release_assets.domain.verdict import Verdict, conclude
from release_assets.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from release_assets.domain.people.contributors import Contributors
    from release_assets.domain.people.roster import Roster

NOT_BYPASSED = "nothing_was_bypassed"
LANDING = "landing_is_dated"
UNKNOWN = "unknown"
_LONG_AGO, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class ReviewRecord(FileRecord):
    """One review; a dismissed one was taken back."""

    account: str | None = None
    state: Literal["approved", "changes_requested", "commented", "dismissed"]
    tree: str | None = None
    at: ZonedTime | None = None


class ChangeRecord(FileRecord):
    """One landed change; absent keys are unknown."""

    change: str
    authors: tuple[str, ...] | None = None
    pushers: tuple[str, ...] | None = None
    reviews: tuple[ReviewRecord, ...] | None = None
    tree: str | None = None
    landed_at: ZonedTime | None = None
    merged_by: str | None = None
    deployed_by: str | None = None
    bypassed: bool | None = None


def read_change_records(text: str, *, file: str) -> tuple[ChangeRecord, ...]:
    """Read JSON lines, one change each; raises `InputError` with file and line."""
    return read_json_lines(text, ChangeRecord, file=file, unique="change")


class Violation(NamedTuple):
    """One rule that one change does not keep."""

    change: str
    code: str
    because: str


def judge_landed(
    records: Sequence[ChangeRecord], roster: Roster
) -> tuple[Verdict, tuple[Violation, ...]]:
    """Return the verdict over all changes, and each violation."""
    violations: list[Violation] = []
    kept: Counter[str] = Counter()
    for record in records:
        findings = judge_record(record, roster)
        broken = [f for f in findings if f.outcome is not Outcome.PASSED]
        violations += [Violation(record.change, f.rule, f.because) for f in broken]
        kept.update({f.rule for f in findings} - {f.rule for f in broken})
    found = (*map(_violated, violations), *_kept_by_all(kept, violations))
    return conclude("segregation", found), tuple(violations)


def _violated(violation: Violation) -> Finding:
    because = f"change {violation.change}: {violation.because}"
    return Finding(rule=violation.code, outcome=Outcome.FAILED, because=because)


def _kept_by_all(kept: Mapping[str, int], violations: Sequence[Violation]) -> Iterator[Finding]:
    """Yield one finding for each rule that every change keeps."""
    for rule in sorted(kept.keys() - {violation.code for violation in violations}):
        because = f"{rule.replace('_', ' ')} in {plural(kept[rule], 'change')}"
        yield Finding(rule=rule, outcome=Outcome.PASSED, because=because, n=kept[rule])


def judge_record(record: ChangeRecord, roster: Roster) -> tuple[Finding, ...]:
    """Judge one landed change by every rule of segregation."""
    made_by = resolved(_deeds(record), _gaps(record), roster)
    reviewed = judge_review(_change(record), made_by, roster)
    return (
        # A record has one tree, so it cannot show that the merge brought nothing else.
        *(finding for finding in reviewed if finding.rule != REVIEWED_MERGE),
        *_judge_merger(record, roster),
        _judge_landing(record),
        _judge_bypass(record),
        *_judge_deployer(record, made_by, roster),
    )


def _deeds(record: ChangeRecord) -> Iterator[tuple[str, Deed]]:
    for account in record.authors or ():
        yield account, Deed(Work.AUTHORSHIP, record.change)
    for account in record.pushers or ():
        yield account, Deed(Work.PUSH, record.change)


def _gaps(record: ChangeRecord) -> Iterator[str]:
    if not record.authors:
        yield "its authors are unknown"
    if not record.pushers:
        yield "its pushers are unknown"


def _change(record: ChangeRecord) -> Change:
    landed, tree = record.landed_at or _NEVER, record.tree or UNKNOWN
    return Change(
        number=0,
        feature="",
        title=record.change,
        author="",
        base="",
        head=record.change,
        tree=tree,
        opened_at=_LONG_AGO,
        commits=(),
        pushes=tuple(Push(account=p, head="", at=landed) for p in record.pushers or ()),
        reviews=tuple(_reviews(record)),
        merge=Merge(account=record.merged_by or UNKNOWN, commit="", tree=tree, at=landed),
    )


def _reviews(record: ChangeRecord) -> Iterator[Review]:
    given = record.reviews or ()
    dismissals = [r for r in given if r.state == "dismissed"]
    for review in given:
        taken_back = any(
            d.account == review.account and (d.at or _NEVER) >= (review.at or _LONG_AGO)
            for d in dismissals
        )
        if not taken_back:
            yield _review(review)


def _review(record: ReviewRecord) -> Review:
    is_whole = record.at is not None and record.tree is not None
    return Review(
        account=record.account or UNKNOWN,
        state=ReviewState(record.state),
        tree=record.tree or "",
        at=record.at or _LONG_AGO,
        grade="event" if is_whole else "late",
    )


def _judge_merger(record: ChangeRecord, roster: Roster) -> tuple[Finding, ...]:
    """No rule needs to know who merged; an account that is named must be in the roster."""
    if record.merged_by is None or roster.person_of(record.merged_by):
        return ()
    return (failed(KNOWN, f"{record.merged_by} merged it and is not in the roster"),)


def _judge_landing(record: ChangeRecord) -> Finding:
    if record.landed_at is None:
        return failed(
            LANDING, "the time of its landing is unknown, so no review is shown to be earlier"
        )
    return passed(LANDING, f"it landed on {record.landed_at:%Y-%m-%d}")


def _judge_bypass(record: ChangeRecord) -> Finding:
    if record.bypassed is None:
        return failed(NOT_BYPASSED, "it is unknown whether the host's rules were bypassed")
    if record.bypassed:
        return failed(NOT_BYPASSED, "the host's rules were bypassed to land it")
    return passed(NOT_BYPASSED, "nothing was bypassed")


def _judge_deployer(
    record: ChangeRecord, made_by: Contributors, roster: Roster
) -> tuple[Finding, ...]:
    if record.deployed_by is None:
        return (failed(DEPLOYER, "it is unknown who deployed it"),)
    return judge_deployer(record.deployed_by, made_by, roster)
