"""What live judgement remembers between two looks: small, frozen, and exact as a document.

A state is a function of the plan and the ordered batches alone, so replaying the batches gives
the same bits (statistics rule 14). Knows no mathematics; `live_analysis.py` moves it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from release_assets.domain.errors import InputError
from release_assets.domain.statistics.bets import PROOF
from release_assets.domain.statistics.capital import Key, Table, as_text, from_text
from release_assets.domain.statistics.windows import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALPHA = 0.01  # a harmless release is taken back in this share of ramps at most
TALLY = 5
EARNED = len(PROOF.fractions)
_VERSION = 3
_NUMBERS = ("alpha", "elapsed_s", "spent", "spread")
_PLAIN = ("plan_digest", "last_batch", "stage", "furthest", "marks")
_EMPTY = {
    "capital": Table(),
    "proofs": Table(width=WINDOWS * EARNED),
    "sums": Table(width=WINDOWS * TALLY, is_evidence=False),
}


class Faults(NamedTuple):
    """What became of one scorer's answers in a canary stage; losses as in `live_scores.Scores`."""

    seen: float = 0.0
    unusable: float = 0.0
    candidate_lost: float = 0.0
    stable_lost: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """When the evidence against the release reached what was needed; never taken back.

    Ville's bound speaks of the first crossing, so unlike a proof a breach is latched.
    """

    batch: int
    stage: int
    evidence: float
    streams: tuple[Key, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveState:
    """Between two looks.

    `alpha` is spent once, over the whole ramp and all streams.
    `elapsed_s` is the observed time in this canary stage, `marks` what `windows.py` counts on it.
    `spent` of the starting capital has been handed out, `spread` of that evenly over the planned
    time; `waiting` is handed out but has no stream yet. Each of `streams` has a row in three
    tables: `capital` holds the bets against the release over the whole ramp, `proofs` the bets for
    it and `sums` the tallies of this stage, both by window. `faults` are those of this stage, by
    scorer. A stream takes 168 bytes.
    """

    plan_digest: str
    alpha: float = ALPHA
    last_batch: int = 0
    stage: int = -1
    furthest: int = -1
    elapsed_s: float = 0.0
    marks: int = 0
    spent: float = 0.0
    spread: float = 0.0
    waiting: Mapping[str, float] = field(default_factory=dict)
    streams: tuple[Key, ...] = ()
    capital: Table = _EMPTY["capital"]
    proofs: Table = _EMPTY["proofs"]
    sums: Table = _EMPTY["sums"]
    faults: Mapping[str, Faults] = field(default_factory=dict)
    scorer_versions: Mapping[str, str] = field(default_factory=dict)
    breach: Breach | None = None

    def with_windows_anew(self) -> LiveState:
        """Where a canary stage begins, or begins again: no evidence for the release yet."""
        anew: dict[str, Any] = {name: _EMPTY[name] for name in ("proofs", "sums")}
        return replace(self, elapsed_s=0.0, marks=0, faults={}, **anew)

    def document(self) -> dict[str, Any]:
        """The JSON form; numbers are written as exact text, so no reader rounds them."""
        return (
            {"version": _VERSION}
            | {name: getattr(self, name) for name in _PLAIN}
            | {name: _exact(getattr(self, name)) for name in _NUMBERS}
            | {"waiting": {group: _exact(x) for group, x in self.waiting.items()}}
            | {"streams": _lists(self.streams)}
            | {name: as_text(getattr(self, name).packed) for name in _EMPTY}
            | {"faults": {s: [_exact(x) for x in own] for s, own in self.faults.items()}}
            | {"scorer_versions": dict(self.scorer_versions), "breach": _breach_of(self.breach)}
        )

    @staticmethod
    def can_read(document: Mapping[str, Any]) -> bool:
        """Whether a document was written by this version; another's batches are replayed."""
        return bool(document.get("version") == _VERSION)

    @property
    def needed_against(self) -> float:
        """The evidence that makes a breach."""
        return 1 / self.alpha

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> LiveState:
        """The inverse of `document`; raises `InputError` for a state of another version."""
        if not cls.can_read(document):
            hint = "replay the rollout's batches from the store"
            raise InputError("this live state was written by another version", hint=hint)
        plain = {name: document[name] for name in _PLAIN}
        numbers = {name: float.fromhex(document[name]) for name in _NUMBERS}
        tables = {n: replace(t, packed=from_text(document[n])) for n, t in _EMPTY.items()}
        read: dict[str, Any] = plain | numbers | tables
        return cls(
            **read,
            waiting={group: float.fromhex(x) for group, x in document["waiting"].items()},
            streams=_keys(document["streams"]),
            faults={s: Faults(*map(float.fromhex, own)) for s, own in document["faults"].items()},
            scorer_versions=dict(document["scorer_versions"]),
            breach=_read_breach(document["breach"]),
        )


def _exact(number: float) -> str:
    return float(number).hex()


def _lists(keys: Sequence[Key]) -> list[list[str]]:
    return [list(key) for key in keys]


def _keys(lists: Sequence[Sequence[str]]) -> tuple[Key, ...]:
    return tuple(tuple(words) for words in lists)


def _breach_of(breach: Breach | None) -> dict[str, Any] | None:
    if breach is None:
        return None
    exact = {"evidence": _exact(breach.evidence), "streams": _lists(breach.streams)}
    return asdict(breach) | exact


def _read_breach(document: Mapping[str, Any] | None) -> Breach | None:
    if document is None:
        return None
    evidence = float.fromhex(document["evidence"])
    return Breach(**{**document, "evidence": evidence, "streams": _keys(document["streams"])})
