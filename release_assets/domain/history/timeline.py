"""One line for each entry of a release, in the order of the ledger: nothing is left out.

Says what an entry is in a sentence for the release manager. An entry whose body it does not
understand is told by its kind, never skipped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Outcome
from release_assets.domain.history.reading import number, role_in_words, share_in_words
from release_assets.domain.history.signatures import YES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.history.reading import Names
    from release_assets.domain.ledger.entries import Entry

    Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An entry as a line; `outcome` colours it where it says something good, bad or undecided."""

    entry: int
    at: datetime
    kind: str
    text: str
    outcome: Outcome | None

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self) | {"at": self.at.isoformat()}


def timeline_of(entries: Sequence[Entry], names: Names) -> tuple[Moment, ...]:
    """Every entry as one line."""
    return tuple(_moment(entry, names) for entry in entries)


def _moment(entry: Entry, names: Names) -> Moment:
    return Moment(
        entry=entry.seq,
        at=entry.at,
        kind=entry.kind,
        text=_TEXTS.get(entry.kind, _plain)(entry.body, names),
        outcome=_outcome(entry),
    )


def _outcome(entry: Entry) -> Outcome | None:
    body = entry.body
    match entry.kind:
        case "verdict":
            return Outcome(body["outcome"])
        case "refusal" | "drift":
            return Outcome.FAILED
        case "sign_off":
            return Outcome.PASSED if _signed(body).get("decision") == YES else Outcome.FAILED
        case "rollout":
            return _EVENT_OUTCOMES.get(body.get("event", ""))
        case "observation":
            return Outcome.FAILED if body.get("act") == "brake" else None
    return None


_EVENT_OUTCOMES = {
    "stage_proven": Outcome.PASSED,
    "completed": Outcome.PASSED,
    "held": Outcome.INCONCLUSIVE,
    "breached": Outcome.FAILED,
    "rolled_back": Outcome.FAILED,
    "staging_rolled_back": Outcome.FAILED,
}
_EVENT_WORDS = {
    "promoted": "put on its rollout plan",
    "stage_entered": "entered a canary stage",
    "stage_proven": "the canary stage was proven",
    "breached": "breach",
    "held": "held",
    "completed": "the rollout is complete",
    "rolled_back": "rolled back to the stable release",
    "staging_rolled_back": "the staging deploy was rolled back",
}


def _adoption(body: Body, _: Names) -> str:
    return _because("adopted as the first stable release", body)


def _change(body: Body, names: Names) -> str:
    return f"change {body['number']} by {names.say(body['author'])}: {body['title']}"


def _evidence(body: Body, _: Names) -> str:
    return f"measured {body['name']}"


def _verdict(body: Body, _: Names) -> str:
    return f"{body['gate']}: {body['headline']}"


def _sign_off(body: Body, names: Names) -> str:
    said = _signed(body)
    person, role = names.say(said.get("person", "somebody")), role_in_words(said.get("role"))
    return f"{person} ({role}) signed {said.get('decision', 'a statement')}"


def _signed(body: Body) -> Mapping[str, Any]:
    """What was signed, from the statement itself."""
    said: Mapping[str, Any] = body.get("statement", {}).get("predicate", {})
    return said


def _refusal(body: Body, names: Names) -> str:
    by = f" by {names.say(body['person'])}" if body.get("person") else ""
    return _because(f"{act_in_words(body['act'])}{by} was refused", body)


def _intent(body: Body, _: Names) -> str:
    where = f" to {body['environment']}" if body.get("environment") else ""
    return f"about to {act_in_words(body['act'])}{where}{_share(body)}"


def _observation(body: Body, _: Names) -> str:
    return f"after {act_in_words(body['act'])}{_share(body.get('traffic', body))}"


def _rollout(body: Body, _: Names) -> str:
    event = str(body.get("event", ""))
    return _because(_EVENT_WORDS.get(event, event) + _share(body), body)


def _notice(body: Body, _: Names) -> str:
    return f"told {body['channel']}: {body['headline']}"


def _plain(body: Body, _: Names) -> str:
    return str(body.get("headline") or body.get("because") or "")


_TEXTS: dict[str, Callable[[Body, Names], str]] = {
    "adoption": _adoption,
    "change_seen": _change,
    "evidence": _evidence,
    "verdict": _verdict,
    "sign_off": _sign_off,
    "refusal": _refusal,
    "intent": _intent,
    "observation": _observation,
    "rollout": _rollout,
    "notice": _notice,
}


def act_in_words(act: str) -> str:
    """`raise_traffic` in a sentence."""
    return "sign-off" if act == "sign_off" else act.replace("_", " ")


def _because(text: str, body: Body) -> str:
    return f"{text}: {body['because']}" if body.get("because") else text


def _share(body: Body) -> str:
    pct = number(body.get("traffic_pct", body.get("candidate_pct")))
    return "" if pct is None else f" ({share_in_words(pct)} of traffic)"
