"""What became of the scores themselves: read, missing, unusable, or of another scorer version.

Decides how much a margin narrows while the candidate's answers are harder to score than stable's
(never drop a missing score silently; statistics section 5), and that a scorer change ends the
evidence for a release (rule 8).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from release_assets.domain import live_samples
from release_assets.domain.live_streams import scorers_of

if TYPE_CHECKING:
    from release_assets.domain.live_scores import Scores
    from release_assets.domain.live_state import LiveState
    from release_assets.domain.live_traffic import LiveBatch
    from release_assets.domain.rollout_plan import RolloutPlan, Slo
    from release_assets.domain.statistics.capital import Table


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


def _counted(faults: Table, scored: dict[str, Scores]) -> Table:
    fresh = tuple((s,) for s in sorted(scored) if (s,) not in faults.keys)
    rows = np.vstack([faults.rows, np.zeros((len(fresh), faults.width))])
    keys = (*faults.keys, *fresh)
    for scorer, own in scored.items():
        rows[keys.index((scorer,))] += (own.seen, own.unusable, *own.lost)
    return faults.with_rows(rows, keys=keys)


def excess_missing(state: LiveState, slo: Slo) -> float:
    """How much larger the candidate's share of missing scores is, in this stage up to now."""
    if slo.metric not in {"eval", "fairness"}:
        return 0.0
    keys = state.faults.keys
    own = [at for at, (scorer,) in enumerate(keys) if slo.subject == scorer]
    judged = state.faults.rows[own if slo.metric == "eval" else list(range(len(keys)))]
    shares = [float(ours - theirs) / max(1.0, float(n)) for n, _, ours, theirs in judged]
    return max(0.0, *shares, 0.0)
