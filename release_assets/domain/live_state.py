"""What live judgement remembers between two looks: small, frozen, and exact as a document.

A state is a function of the plan and the ordered batches alone, so replaying the batches gives
the same bits (statistics rule 14). Knows no mathematics; `live_analysis.py` moves it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from release_assets.domain.errors import InputError
from release_assets.domain.statistics.bets import PROOF
from release_assets.domain.statistics.capital import Table
from release_assets.domain.statistics.windows import WINDOWS

if TYPE_CHECKING:
    from collections.abc import Mapping

ALPHA = 0.01  # a harmless release is taken back in this share of ramps at most
TALLY = 5
EARNED = len(PROOF.fractions)
_VERSION = 2


_TABLES = ("capital", "proofs", "sums", "faults")


def _proofs() -> Table:
    return Table(width=WINDOWS * EARNED)


def _sums() -> Table:
    return Table(width=WINDOWS * TALLY, is_evidence=False)


def _faults() -> Table:
    return Table(width=4, is_evidence=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """When the evidence against the release reached what was needed; never taken back.

    Ville's bound speaks of the first crossing, so unlike a proof a breach is latched.
    """

    batch: int
    stage: int
    evidence: float
    streams: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveState:
    """Between two looks.

    `alpha` is spent once, over the whole ramp and all streams.
    `elapsed_s` is the observed time in this canary stage, `marks` what `windows.py` counts on it.
    `spent` of the starting capital has been handed out, `spread` of that evenly over the planned
    time; `waiting` is handed out but has no stream yet. `capital` holds the bets against the
    release over the whole ramp, `proofs` the bets for it and `sums` the tallies of this stage,
    both by window, `faults` per scorer (seen, unusable, candidate lost, stable lost) of this
    stage. A stream takes 168 bytes at most.
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
    capital: Table = field(default_factory=Table)
    proofs: Table = field(default_factory=_proofs)
    sums: Table = field(default_factory=_sums)
    faults: Table = field(default_factory=_faults)
    scorer_versions: Mapping[str, str] = field(default_factory=dict)
    breach: Breach | None = None

    def with_windows_anew(self) -> LiveState:
        """Where a canary stage begins, or begins again: no evidence for the release yet."""
        proofs, sums, faults = _proofs(), _sums(), _faults()
        return replace(self, elapsed_s=0.0, marks=0, proofs=proofs, sums=sums, faults=faults)

    def document(self) -> dict[str, Any]:
        """The JSON form; numbers are written as exact text, so no reader rounds them."""
        numbers = ("alpha", "elapsed_s", "spent", "spread")
        plain = ("plan_digest", "last_batch", "stage", "furthest", "marks")
        return (
            {"version": _VERSION}
            | {name: getattr(self, name) for name in plain}
            | {name: float(getattr(self, name)).hex() for name in numbers}
            | {"waiting": {group: float(x).hex() for group, x in self.waiting.items()}}
            | {name: getattr(self, name).document() for name in _TABLES}
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
        tables = {n: Table.from_document(document[n]) for n in _TABLES}
        numbers = {n: float.fromhex(document[n]) for n in ("alpha", "elapsed_s", "spent", "spread")}
        plain = ("plan_digest", "last_batch", "stage", "furthest", "marks")
        read: dict[str, Any] = {name: document[name] for name in plain} | numbers | tables
        return cls(
            **read,
            waiting={group: float.fromhex(x) for group, x in document["waiting"].items()},
            scorer_versions=dict(document["scorer_versions"]),
            breach=_read_breach(document["breach"]),
        )


def _breach_of(breach: Breach | None) -> dict[str, Any] | None:
    if breach is None:
        return None
    streams = [list(key) for key in breach.streams]
    return asdict(breach) | {"evidence": float(breach.evidence).hex(), "streams": streams}


def _read_breach(document: Mapping[str, Any] | None) -> Breach | None:
    if document is None:
        return None
    streams = tuple(tuple(key) for key in document["streams"])
    evidence = float.fromhex(document["evidence"])
    return Breach(**{**document, "evidence": evidence, "streams": streams})
