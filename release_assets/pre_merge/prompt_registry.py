"""The prompts of this release: are they registered by content, and does nothing dangle?

Publishing is safe before the merge, since the registry is content-addressed and no pointer moves
(DESIGN section 8).
"""

from __future__ import annotations

import dagster as dg

from release_assets.declaring import claim, evidence
from release_assets.domain.prompt_references import judge_prompts
from release_assets.domain.release import digest_of
from release_assets.pipeline import PRE_MERGE
from release_assets.ports import PromptRegistry
from release_assets.records import Records


@evidence("pre_merge", "pre_merge/change", kinds=("yaml",))
def registered_prompts(
    context: dg.AssetExecutionContext,
    records: dg.ResourceParam[Records],
    prompt_registry: dg.ResourceParam[PromptRegistry],
) -> dg.MaterializeResult:
    """The set that the registry holds for this release."""
    release = records.release(context)
    files = records.repository.files(release.key.feature, release.commit)
    manifest = records.repository.manifest(release.key.feature, release.commit)
    present = {name: files[path] for name, path in manifest.prompts.items() if path in files}
    published = prompt_registry.publish(present)
    registered = {n: digest_of(c) for n, c in prompt_registry.read(published).items()}
    summary = {"prompt_set": published, "prompts": registered}
    return records.evidence(context, release, summary=summary, inputs={"commit": release.commit})


@claim(PRE_MERGE)
def prompts_are_registered(
    context: dg.AssetCheckExecutionContext, records: dg.ResourceParam[Records]
) -> dg.AssetCheckResult:
    """Every prompt of the manifest is registered by its content, and none dangles."""
    repository = records.repository
    return records.judge(
        context,
        lambda release, found: judge_prompts(
            repository.manifest(release.key.feature, release.commit),
            repository.files(release.key.feature, release.commit),
            registered=found.body["summary"]["prompts"],
        ),
    )
