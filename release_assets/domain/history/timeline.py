"""One line for each entry of a release, in the order of the ledger: nothing is left out.

Decides how an entry reads as a sentence for the release manager. An entry of a kind that has no
sentence here is shown by its headline or reason, never skipped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Outcome
from release_assets.domain.history.reading import number, role_in_words, share_in_words
from release_assets.domain.ledger.kinds import EntryKind, RolloutEvent
from release_assets.domain.sign_off.statement import is_yes, predicate_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.history.reading import Names
    from release_assets.domain.ledger.entries import Entry

    Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An entry as a line; `outcome` colours it where it is good, bad or undecided news."""

    entry: int
    at: datetime
    kind: str
    text: str
    outcome: Outcome | None

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


def timeline_of(entries: Sequence[Entry], names: Names) -> tuple[Moment, ...]:
    """Return every entry as one line."""
    return tuple(_moment(entry, names) for entry in entries)


def _moment(entry: Entry, names: Names) -> Moment:
    return Moment(
        entry=entry.seq,
        at=entry.at,
        kind=entry.kind,
        text=_TEXTS.get(entry.kind, _plain)(entry, names),
        outcome=_outcome(entry),
    )


def _outcome(entry: Entry) -> Outcome | None:
    body = entry.body
    match entry.kind:
        case EntryKind.VERDICT:
            return Outcome(body["outcome"])
        case EntryKind.REFUSAL | EntryKind.DRIFT:
            return Outcome.FAILED
        case EntryKind.SIGN_OFF:
            return Outcome.PASSED if is_yes(body) else Outcome.FAILED
        case EntryKind.ROLLOUT if entry.event:
            return _EVENTS[entry.event][1]
        case EntryKind.OBSERVATION:
            return Outcome.FAILED if body.get("act") == "brake" else None
    return None


_E = RolloutEvent
_EVENTS: dict[RolloutEvent, tuple[str, Outcome | None]] = {
    _E.PROMOTED: ("put on its rollout plan", None),
    _E.LOOKED: ("a look at the canary stage", None),
    _E.STAGE_ENTERED: ("entered a canary stage", None),
    _E.FULL_TRAFFIC_REACHED: ("entered the last canary stage", None),
    _E.STAGE_PROVEN: ("the canary stage was proven", Outcome.PASSED),
    _E.HELD: ("held", Outcome.INCONCLUSIVE),
    _E.RESUMED: ("resumed", None),
    _E.WATCH_RESUMED: ("resumed at 100 %", None),
    _E.COMPLETED: ("the rollout is complete", Outcome.PASSED),
    _E.BREACHED: ("breach", Outcome.FAILED),
    _E.ROLLED_BACK: ("rolled back to the stable release", Outcome.FAILED),
    _E.STAGING_ROLLED_BACK: ("the staging deploy was rolled back", Outcome.FAILED),
}


def _adoption(entry: Entry, _: Names) -> str:
    return _because("adopted as the first stable release", entry.body)


def _change(entry: Entry, names: Names) -> str:
    body = entry.body
    return f"change {body['number']} by {names.name_of(body['author'])}: {body['title']}"


def _evidence(entry: Entry, _: Names) -> str:
    return f"measured {entry.body['name']}"


def _verdict(entry: Entry, _: Names) -> str:
    return f"{entry.body['gate']}: {entry.body['headline']}"


def _sign_off(entry: Entry, names: Names) -> str:
    signed = predicate_of(entry.body)
    person, role = names.name_of(signed.get("person", "an unnamed person")), signed.get("role")
    return f"{person} ({role_in_words(role)}) signed {signed.get('decision', 'a statement')}"


def _refusal(entry: Entry, names: Names) -> str:
    body = entry.body
    by = f" by {names.name_of(body['person'])}" if body.get("person") else ""
    return _because(f"{act_in_words(body['act'])}{by} was refused", body)


def _intent(entry: Entry, _: Names) -> str:
    body = entry.body
    where = f" to {body['environment']}" if body.get("environment") else ""
    return f"about to {act_in_words(body['act'])}{where}{_share(body)}"


def _observation(entry: Entry, _: Names) -> str:
    body = entry.body
    return f"after {act_in_words(body['act'])}{_share(body.get('traffic', body))}"


def _rollout(entry: Entry, _: Names) -> str:
    text = _EVENTS[entry.event][0] if entry.event else ""
    return _because(text + _share(entry.body), entry.body)


def _notice(entry: Entry, _: Names) -> str:
    return f"notified {entry.body['channel']}: {entry.body['headline']}"


def _plain(entry: Entry, _: Names) -> str:
    return str(entry.body.get("headline") or entry.body.get("because") or "")


_TEXTS: dict[EntryKind, Callable[[Entry, Names], str]] = {
    EntryKind.ADOPTION: _adoption,
    EntryKind.CHANGE_SEEN: _change,
    EntryKind.EVIDENCE: _evidence,
    EntryKind.VERDICT: _verdict,
    EntryKind.SIGN_OFF: _sign_off,
    EntryKind.REFUSAL: _refusal,
    EntryKind.INTENT: _intent,
    EntryKind.OBSERVATION: _observation,
    EntryKind.ROLLOUT: _rollout,
    EntryKind.NOTICE: _notice,
}


def act_in_words(act: str) -> str:
    """Return `raise_traffic` as a sentence has it: `raise traffic`."""
    return "sign-off" if act == "sign_off" else act.replace("_", " ")


def _because(text: str, body: Body) -> str:
    return f"{text}: {body['because']}" if body.get("because") else text


def _share(body: Body) -> str:
    pct = number(body.get("traffic_pct", body.get("candidate_pct")))
    return "" if pct is None else f" ({share_in_words(pct)} of traffic)"
