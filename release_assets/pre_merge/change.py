"""What the change is: its unit by digest, and who did what to it so far.

The root of the lineage of a release; judges nothing. Whether the people are independent, the
sign-off phase decides, from the git host and not from here.
"""

import dagster as dg

from release_assets.pipeline import CHANGE
from release_assets.ports import Clock
from release_assets.records.declare import evidence
from release_assets.records.recorder import Recorder


@evidence(CHANGE, kinds=("git",))
def change(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    clock: dg.ResourceParam[Clock],
) -> dg.MaterializeResult[None]:
    """Record the unit that the head of the change holds, its commits and its pushers."""
    release = recorder.release(context)
    submitted = recorder.repository.change(release.key)
    summary = {
        "title": submitted.title,
        "author": submitted.author,
        "commit": release.commit,
        "unit": release.unit.document(),
        "differs_from_main_in": list(
            release.unit.differences(recorder.repository.baseline(release.key).unit)
        ),
        "commits": [
            {"sha": c.sha, "authors": list(c.authors), "paths": list(c.paths)}
            for c in submitted.commits
        ],
        "pushers": sorted({p.account for p in submitted.pushes}),
        "age_s": round((clock.now() - submitted.opened_at).total_seconds()),
    }
    return recorder.evidence(context, release, summary=summary, inputs={"commit": release.commit})
