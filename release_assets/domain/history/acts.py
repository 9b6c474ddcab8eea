"""What was done to the world: each act as it was meant and as it was observed afterwards.

An intent that nothing observed is shown as such: the act may or may not have happened, and the
reader is told (law 9). The brake alone may come without an intent: it acts before it writes
(law 3).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.history.reading import number, of_kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from release_assets.domain.ledger.entries import Entry

# A deploy is observed by the evidence that read back what answers there.
_READ_BACK = {"staging/deployment": "staging", "canary/rollout": "production"}
_ACTS_BEFORE_IT_WRITES = {"brake"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """An act by its two entries; one of the two may be missing, and `is_whole` then says so.

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
        """Whether it was observed, and announced where it has to be."""
        is_announced = self.intent is not None or self.act in _ACTS_BEFORE_IT_WRITES
        return self.observation is not None and is_announced

    def document(self) -> dict[str, Any]:
        """The JSON form."""
        times = {
            "intended_at": self.intended_at.isoformat() if self.intended_at else None,
            "observed_at": self.observed_at.isoformat() if self.observed_at else None,
        }
        return asdict(self) | times | {"is_whole": self.is_whole}


def acts_of(entries: Sequence[Entry]) -> tuple[Act, ...]:
    """All acts in order; an observation closes the newest open intent that it fits."""
    acts: list[Act] = []
    for entry in of_kind(entries, "intent", "observation", "evidence"):
        if entry.kind == "intent":
            acts.append(_meant(entry))
        elif observed := _observed(entry):
            _close(acts, entry, observed)
    return tuple(_with_repetition(act, acts[i + 1 :]) for i, act in enumerate(acts))


def _with_repetition(act: Act, later: Sequence[Act]) -> Act:
    same = [a.intent for a in later if a.act == act.act and a.details == act.details]
    return act if act.is_whole else replace(act, meant_again_as=same[0] if same else None)


def _meant(entry: Entry) -> Act:
    return Act(
        act=entry.body["act"],
        details=_details(entry.body),
        intended_at=entry.at,
        intent=entry.seq,
    )


def _observed(entry: Entry) -> Mapping[str, Any] | None:
    """What an entry observed of an act, if it is an observation at all."""
    if entry.kind == "observation":
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


def _is_open_for(meant: Act, seen: Act) -> bool:
    """Two acts of one name are told apart by what they were about, where both say it."""
    is_same = not meant.details or not seen.details or meant.details == seen.details
    return meant.observation is None and meant.act == seen.act and is_same


def _closed(meant: Act, seen: Act) -> Act:
    return replace(
        meant,
        details=meant.details or seen.details,
        observed_at=seen.observed_at,
        observation=seen.observation,
    )


def _details(body: Mapping[str, Any]) -> str:
    """What the act was about: the environment, or the share of traffic."""
    traffic = body.get("traffic") or {}
    seen = traffic.get("candidate_pct") if traffic.get("candidate") else None
    pct = number(body.get("traffic_pct", seen))
    parts = [body["environment"]] if body.get("environment") else []
    return ", ".join(parts + ([f"{pct:g} % of traffic"] if pct is not None else []))
