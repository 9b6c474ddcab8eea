"""What was done to the world: each act as it was intended and as it was observed afterwards.

Decides which observation belongs to which intent. An intent without an observation is shown as
such: the act may or may not have happened (law 9). Only the brake may have no intent: it acts
before it writes (law 3). Refuses to know whether an act was allowed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.history.reading import DEPLOYMENT, ROLLOUT, number, of_kind
from release_assets.domain.ledger.kinds import EntryKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry

# A deploy is observed by the evidence that read back what answers there.
_READ_BACK = {DEPLOYMENT: "staging", ROLLOUT: "production"}
_ACTS_BEFORE_IT_WRITES = {"brake"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """An act by its two entries, of which one may be missing.

    `meant_again_as` is the later intent of the same act, where a run was started over.
    """

    act: str
    details: str
    intended_at: datetime | None
    intent: int | None
    observed_at: datetime | None = None
    observation: int | None = None
    meant_again_as: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it was observed, and intended first where it has to be."""
        is_announced = self.intent is not None or self.act in _ACTS_BEFORE_IT_WRITES
        return self.observation is not None and is_announced

    def document(self) -> dict[str, Any]:
        """Return the JSON form."""
        times = {
            "intended_at": self.intended_at.isoformat() if self.intended_at else None,
            "observed_at": self.observed_at.isoformat() if self.observed_at else None,
        }
        return asdict(self) | times | {"is_whole": self.is_whole}


def acts_of(entries: Sequence[Entry]) -> tuple[Act, ...]:
    """Return all acts in order; an observation closes the newest open intent that it fits."""
    kinds = (EntryKind.INTENT, EntryKind.OBSERVATION, EntryKind.EVIDENCE)
    acts: list[Act] = []
    for entry in of_kind(entries, *kinds):
        if entry.kind is EntryKind.INTENT:
            acts.append(_intended(entry))
        elif observed := _observed(entry):
            _close(acts, entry, observed)
    return tuple(_with_repetition(act, acts[i + 1 :]) for i, act in enumerate(acts))


def _with_repetition(act: Act, later: Sequence[Act]) -> Act:
    same = [a.intent for a in later if a.act == act.act and a.details == act.details]
    return act if act.is_whole else replace(act, meant_again_as=same[0] if same else None)


def _intended(entry: Entry) -> Act:
    return Act(
        act=entry.body["act"],
        details=_details(entry.body),
        intended_at=entry.at,
        intent=entry.seq,
    )


def _observed(entry: Entry) -> Mapping[str, Any] | None:
    """Return what an entry observed of an act; None where it observed none."""
    if entry.kind is EntryKind.OBSERVATION:
        return entry.body
    environment = _READ_BACK.get(entry.body.get("name", ""))
    return {"act": "deploy", "environment": environment} if environment else None


def _close(acts: list[Act], entry: Entry, observed: Mapping[str, Any]) -> None:
    details = _details(observed)
    seen = Act(
        act=observed["act"],
        details=details,
        intended_at=None,
        intent=None,
        observed_at=entry.at,
        observation=entry.seq,
    )
    for index in reversed(range(len(acts))):
        if _is_open_for(acts[index], seen):
            acts[index] = _closed(acts[index], seen)
            return
    acts.append(seen)


def _is_open_for(intended: Act, seen: Act) -> bool:
    """Whether an observation fits an open intent: same act, same details where both have any."""
    is_same = not intended.details or not seen.details or intended.details == seen.details
    return intended.observation is None and intended.act == seen.act and is_same


def _closed(intended: Act, seen: Act) -> Act:
    return replace(
        intended,
        details=intended.details or seen.details,
        observed_at=seen.observed_at,
        observation=seen.observation,
    )


def _details(body: Mapping[str, Any]) -> str:
    """Return what the act was about: the environment, or the share of traffic."""
    traffic = body.get("traffic") or {}
    seen = traffic.get("candidate_pct") if traffic.get("candidate") else None
    pct = number(body.get("traffic_pct", seen))
    parts = [body["environment"]] if body.get("environment") else []
    return ", ".join(parts + ([f"{pct:g} % of traffic"] if pct is not None else []))
