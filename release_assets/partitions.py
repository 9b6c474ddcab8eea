"""The keys that Dagster files everything under.

RELEASES has one row per release, from the first pull request event to 100 %. CANARY_STAGES crosses
releases with canary stages, so that the UI shows a matrix of the two. Keys never move: a release
keeps its partition whatever its digest was on the way.
"""

from __future__ import annotations

import dagster as dg

RELEASES = dg.DynamicPartitionsDefinition(name="releases")
STAGES = dg.DynamicPartitionsDefinition(name="canary_stages")
CANARY_STAGES = dg.MultiPartitionsDefinition({"release": RELEASES, "stage": STAGES})


def stage_key(index: int, traffic_pct: float) -> str:
    """The key of a canary stage, which sorts by order: `1-at-10pct`."""
    return f"{index + 1}-at-{traffic_pct:g}pct"


def canary_stage_key(release: str, stage: str) -> dg.MultiPartitionKey:
    """The key of one stage of one release in CANARY_STAGES."""
    return dg.MultiPartitionKey({"release": release, "stage": stage})
