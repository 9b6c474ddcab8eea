"""What live judgement remembers between two looks: small, frozen, and exact as a document.

A state is a function of the plan and the ordered batches alone, so replaying the batches gives the
same bits. Decides what becomes of missing and unusable scores, and that a new scorer version ends
the evidence for a release (docs/methods.md, R8 and R14). `wealth.py` and `judge.py` move the rest.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  pydantic reads the annotations of a state
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import PlainSerializer, PlainValidator, TypeAdapter

from release_assets.domain.errors import InputError
from release_assets.domain.live import observations
from release_assets.domain.live.bets import BETS_AGAINST, BETS_FOR, Sums
from release_assets.domain.live.scores import Faults
from release_assets.domain.live.streams import Stream, scorers_of
from release_assets.domain.statistics.wealth import Table
from release_assets.domain.statistics.windows import WINDOWS

if TYPE_CHECKING:
    from release_assets.domain.live.scores import Scores
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.domain.rollout.slo import Slo

ALPHA = 0.01  # a harmless release is taken back in this share of ramps at most
_VERSION = 4
_NO_WEALTH = Table(width=BETS_AGAINST)
_NO_PROOFS = Table(width=WINDOWS * BETS_FOR)
_NO_SUMS = Table(width=WINDOWS * len(Sums._fields))


def _write_table(table: Table) -> dict[str, Any]:
    return {"width": table.width, "numbers": table.rows.ravel().tolist()}


def _read_table(document: Mapping[str, Any]) -> Table:
    return Table(width=document["width"]).with_rows(document["numbers"])


_StoredTable = Annotated[Table, PlainSerializer(_write_table), PlainValidator(_read_table)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Breach:
    """When the evidence against the release reached what was needed; never taken back.

    The bound on false alarms is about the first crossing, so unlike a proof a breach is latched.
    """

    batch: int
    stage: int
    evidence: float
    streams: tuple[Stream, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveState:
    """What is known between two looks.

    `alpha` is spent once, over the whole ramp and all streams. `elapsed_s` is the observed time in
    this canary stage, `boundaries` how many boundaries of its windows lie behind it. `released` of
    all wealth has started to bet or waits for a stream, `released_evenly` of that over the planned
    time; `waiting` is released but has no stream yet, by group. Each of `streams` has a row in
    three tables: `wealth` of the bets against the release over the whole ramp, in logs; `proofs`
    of the bets for it and `sums` of this stage, both by window. `faults` are those of this stage,
    by scorer.
    """

    plan_digest: str
    alpha: float = ALPHA
    last_batch: int = 0
    stage: int = -1
    furthest: int = -1
    elapsed_s: float = 0.0
    boundaries: int = 0
    released: float = 0.0
    released_evenly: float = 0.0
    waiting: Mapping[str, float] = field(default_factory=dict)
    streams: tuple[Stream, ...] = ()
    wealth: _StoredTable = _NO_WEALTH
    proofs: _StoredTable = _NO_PROOFS
    sums: _StoredTable = _NO_SUMS
    faults: Mapping[str, Faults] = field(default_factory=dict)
    scorer_versions: Mapping[str, str] = field(default_factory=dict)
    breach: Breach | None = None

    @property
    def needed_against(self) -> float:
        """The evidence that makes a breach."""
        return 1 / self.alpha

    def with_windows_anew(self) -> LiveState:
        """Return the state where a canary stage begins, or begins again: nothing is proven yet."""
        return replace(
            self, elapsed_s=0.0, boundaries=0, faults={}, proofs=_NO_PROOFS, sums=_NO_SUMS
        )

    def document(self) -> dict[str, Any]:
        """Return the JSON form; JSON gives every double back to the last bit."""
        document: dict[str, Any] = _codec().dump_python(self, mode="json")
        return {"version": _VERSION} | document

    @staticmethod
    def can_read(document: Mapping[str, Any]) -> bool:
        """Whether a document was written by this version; another's batches are replayed."""
        return bool(document.get("version") == _VERSION)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> LiveState:
        """Read what `document` wrote; raises `InputError` for a state of another version."""
        if not cls.can_read(document):
            hint = "replay the rollout's batches from the store"
            raise InputError("this live state was written by another version", hint=hint)
        return _codec().validate_python(document)


@cache
def _codec() -> TypeAdapter[LiveState]:
    return TypeAdapter(LiveState)


def with_scores_read(
    state: LiveState, batch: LiveBatch, plan: RolloutPlan
) -> tuple[LiveState, dict[str, Scores]]:
    """Read each scorer that the plan judges, in its newest version.

    A new version ends what the stage has shown: its windows start anew.
    """
    now = observations.versions(batch)
    if any(state.scorer_versions.get(s, v) != v for s, v in now.items()):
        state = state.with_windows_anew()
    known = dict(state.scorer_versions) | now
    scored = {s: observations.scores(batch, s, known[s]) for s in scorers_of(plan) if s in known}
    before = state.faults
    more = {s: before.get(s, Faults()).plus(own.faults) for s, own in scored.items()}
    return replace(state, scorer_versions=known, faults={**before, **more}), scored


def excess_missing(state: LiveState, slo: Slo) -> float:
    """Return how much larger the candidate's share of missing scores is in this stage.

    Answers that cannot be scored are often the bad ones, so the margin to prove narrows by it
    (docs/methods.md, R11).
    """
    if not slo.metric.is_scored:
        return 0.0
    own = state.faults.get(slo.subject or "", Faults())
    judged = state.faults.values() if slo.metric.is_gap else [own]
    shares = ((f.candidate_lost - f.stable_lost) / max(1.0, f.seen) for f in judged)
    return max(0.0, *shares, 0.0)
