"""Can consumers still read the feature's events, and are the events valid under their schema?

Two rules per contract. The new schema must allow nothing that the old one refuses, since consumers
were written against the old one; and events captured in staging must be valid under the new one
(the caller validates them and hands the complaints in). What the comparison cannot decide is
inconclusive with the keyword named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from release_assets.domain.contracts.subset import compare_schemas
from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

READABLE = "consumers_can_read_the_events"
KEPT = "events_keep_their_contract"


def judge_contract(
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    event_errors: Sequence[str],
    *,
    name: str,
    events: int,
) -> tuple[Finding, ...]:
    """Return both findings of one contract.

    `old` is None where main has no such contract, `new` where the release drops it;
    `event_errors` are the complaints about `events` captured events under the new schema.
    """
    return _readable(old, new, name), _kept(event_errors, name, events)


def _readable(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, name: str) -> Finding:
    outcome, summary = _compatibility(old, new)
    return Finding(rule=READABLE, outcome=outcome, because=f"{name}: {summary}", slice=name)


def _compatibility(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> tuple[Outcome, str]:
    if new is None:
        return Outcome.FAILED, "the contract was removed, and its consumers still read the events"
    if old is None:
        return Outcome.PASSED, "a new contract; no consumer was written against an older one"
    found = compare_schemas(new, old)
    if found.breaks:
        return Outcome.FAILED, "; ".join(found.breaks)
    if found.undecided:
        return Outcome.INCONCLUSIVE, "; ".join(found.undecided)
    return Outcome.PASSED, "every event of the new schema is one that the old schema allows"


def _kept(errors: Sequence[str], name: str, events: int) -> Finding:
    outcome, summary = Outcome.PASSED, f"{plural(events, 'captured event')} valid"
    if not events:
        outcome, summary = Outcome.INCONCLUSIVE, "no event was captured, so none was checked"
    if errors:
        first = "; ".join(errors[:3])
        outcome = Outcome.FAILED
        summary = f"{plural(len(errors), 'complaint')} about {plural(events, 'event')}: {first}"
    return Finding(
        rule=KEPT,
        outcome=outcome,
        because=f"{name}: {summary}",
        observed=len(errors),
        limit=0,
        n=events,
        slice=name,
    )
