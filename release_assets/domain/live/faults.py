"""What became of the scores themselves: read, missing, unusable, or of another scorer version.

Decides how much a margin narrows while the candidate's answers are harder to score than stable's
(never drop a missing score silently; statistics section 5), and that a scorer change ends the
evidence for a release (rule 8).
"""

from __future__ import annotations

from dataclasses import replace
from operator import add
from typing import TYPE_CHECKING

from release_assets.domain.live import observations as live_samples
from release_assets.domain.live.state import Faults
from release_assets.domain.live.streams import scorers_of
from release_assets.domain.rollout.metrics import Counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from release_assets.domain.live.scores import Scores
    from release_assets.domain.live.state import LiveState
    from release_assets.domain.live.traffic import LiveBatch
    from release_assets.domain.rollout.plan import RolloutPlan
    from release_assets.domain.rollout.slo import Slo


def with_scores_read(
    state: LiveState, batch: LiveBatch, plan: RolloutPlan
) -> tuple[LiveState, dict[str, Scores]]:
    """Read each scorer that the plan judges, in its newest version.

    A new version ends what the stage has shown: its windows start anew.
    """
    now = live_samples.versions(batch)
    if any(state.scorer_versions.get(s, v) != v for s, v in now.items()):
        state = state.with_windows_anew()
    known = dict(state.scorer_versions) | now
    scored = {s: live_samples.scores(batch, s, known[s]) for s in scorers_of(plan) if s in known}
    return replace(state, scorer_versions=known, faults=_counted(state.faults, scored)), scored


def _counted(before: Mapping[str, Faults], scored: Mapping[str, Scores]) -> Mapping[str, Faults]:
    now = {s: (own.seen, own.unusable, *own.lost) for s, own in scored.items()}
    more = {s: Faults(*map(add, before.get(s, Faults()), own)) for s, own in now.items()}
    return {**before, **more}


def excess_missing(state: LiveState, slo: Slo) -> float:
    """How much larger the candidate's share of missing scores is, in this stage up to now."""
    if not slo.metric.is_scored:
        return 0.0
    own = state.faults.get(slo.subject or "", Faults())
    judged = state.faults.values() if slo.metric.counted is Counted.GAP else [own]
    shares = ((f.candidate_lost - f.stable_lost) / max(1.0, f.seen) for f in judged)
    return max(0.0, *shares, 0.0)
