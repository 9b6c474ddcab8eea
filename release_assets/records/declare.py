"""How an evidence asset and the claim about it are declared, alike in every phase.

`evidence(PHASE, ...)` and `claim(PHASE, ...)` give the keys, groups, partitions and the blocking
flag; a claim that `pipeline.py` does not list cannot be declared. Nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg

from release_assets.partitions import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from release_assets.pipeline import Phase


def evidence(
    phase: str,
    *deps: str,
    partitions_def: dg.PartitionsDefinition[str] = RELEASES,
    kinds: tuple[str, ...] = (),
    pool: str | None = None,
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Declare an asset `<phase>/<function name>` that depends on assets named `<phase>/<name>`."""
    return dg.asset(
        key_prefix=phase,
        group_name=phase,
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
            asset=key(f"{phase.name}/{evidence_name}"),
            name=name,
            description=function.__doc__,
            blocking=True,
            partitions_def=partitions_def,
        )(function)

    return declare


def key(name: str) -> dg.AssetKey:
    """Return the asset key of `<phase>/<name>`."""
    return dg.AssetKey(name.split("/"))
