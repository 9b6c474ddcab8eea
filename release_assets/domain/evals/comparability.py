"""When the scores of two runs of a suite may be compared: they were measured alike.

Decides the comparability key. Main's recorded rows are used again only under the same key, else
main is run anew.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from release_assets.domain.release import digest_of_document, digest_of_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.evals.rows import EvalCase


def comparability_key(
    cases: Sequence[EvalCase],
    *,
    scorers: Mapping[str, str],
    handbook: Mapping[str, bytes],
    engine: str,
) -> dict[str, str]:
    """Return what must be the same: cases, scorer versions, what scorers read, the engine."""
    return {
        "cases": digest_of_document([asdict(case) for case in cases]),
        "scorers": ",".join(f"{name}@{version}" for name, version in sorted(scorers.items())),
        "handbook": digest_of_files(handbook),
        "engine": engine,
    }
