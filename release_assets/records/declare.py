"""How an evidence asset and the claim about it are declared, alike in every phase.

`evidence(NAME, ...)` and `claim(PHASE, ...)` give the keys, groups, partitions and the blocking
flag; what `pipeline.py` does not list cannot be declared. Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from release_assets.partitions import RELEASES
from release_assets.pipeline import PHASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_assets.pipeline import Phase


def evidence(
    name: str,
    *deps: str,
    partitions_def: dg.PartitionsDefinition[str] = RELEASES,
    kinds: tuple[str, ...] = (),
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare the asset of a name in `pipeline.py`, made from the evidence of other names."""
    (phase,) = [phase for phase in PHASES if name in phase.evidence]
    return dg.asset(
        key=key(name),
        group_name=phase.name,
        partitions_def=partitions_def,
        deps=[key(d) for d in deps],
        kinds=set(kinds) or None,
        output_required=True,
        pool=pool,
    )


def claim(
    phase: Phase, *, partitions_def: dg.PartitionsDefinition[str] = RELEASES
) -> Callable[[Callable[..., dg.AssetCheckResult]], dg.AssetChecksDefinition]:
    """Declare the blocking check for the claim of that function's name."""

    def declare(function: Callable[..., dg.AssetCheckResult]) -> dg.AssetChecksDefinition:
        name = function.__name__
        evidence_name = {c.claim: c.evidence for c in phase.claims}[name]
        return dg.asset_check(
            asset=key(evidence_name),
            name=name,
            description=function.__doc__,
            blocking=True,
            partitions_def=partitions_def,
        )(function)

    return declare


def key(name: str) -> dg.AssetKey:
    """Return the asset key of `<phase>/<name>`."""
    return dg.AssetKey(name.split("/"))
