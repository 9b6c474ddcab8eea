"""What tool evidence has in common: the tree that the tools read, and how reports are kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import dagster as dg

    from release_assets.domain.evals.tool_reports import ToolReport
    from release_assets.records.recorder import Recorder


def record_reports(
    context: dg.AssetExecutionContext,
    recorder: Recorder,
    look: Callable[[Path, str], Sequence[ToolReport]],
) -> dg.MaterializeResult[None]:
    """Give the tree of this release to some tools, and record their reports."""
    release = recorder.release(context)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        recorder.repository.git_host.export(release.commit, tree)
        reports = look(tree, release.key.feature)
    return recorder.evidence(
        context,
        release,
        summary={"reports": [r.document() for r in reports]},
        inputs={r.tool: r.version for r in reports},
    )
