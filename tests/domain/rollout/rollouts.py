"""The one builder of rollouts for tests: in the first stage of the example's plan, or changed."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from release_assets.domain.rollout.machine import begin
from release_assets.domain.rollout.plan import read_rollout_plan

SEED = Path(__file__).parents[3] / "examples/policy-search/rollouts/policy-search-v1.yaml"
PLAN = read_rollout_plan(SEED.read_text(), file="plan.yaml")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def rollout(**changed):
    """A rollout that has just begun, with fields replaced."""
    fresh = begin(
        release="policy-search-142",
        release_digest="sha256:new",
        stable_release="policy-search-98",
        stable_digest="sha256:old",
        plan=PLAN,
        now=NOW,
        because="signed off by rosa",
    )
    return replace(fresh, **changed)
