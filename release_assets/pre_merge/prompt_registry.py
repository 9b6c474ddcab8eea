"""The prompts of this release: are they registered by content, and does every reference exist?

Publishing is safe before the merge, since the registry is content-addressed and no pointer moves.
"""

import dagster as dg

from release_assets.domain.files.prompts import check_prompts
from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.release import Release, digest_of
from release_assets.pipeline import CHANGE, PRE_MERGE, REGISTERED_PROMPTS
from release_assets.ports import PromptRegistry
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder


@evidence(REGISTERED_PROMPTS, CHANGE, kinds=("yaml",))
def registered_prompts(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    prompt_registry: dg.ResourceParam[PromptRegistry],
) -> dg.MaterializeResult[None]:
    """Publish the prompts, and record the set that the registry holds for this release."""
    release = recorder.release(context)
    published = prompt_registry.publish(_prompts(recorder, release))
    registered = {n: digest_of(c) for n, c in prompt_registry.read(published).items()}
    summary = {"prompt_set": published, "prompts": registered}
    return recorder.evidence(context, release, summary=summary, inputs={"commit": release.commit})


@claim(PRE_MERGE)
def prompts_are_registered(
    context: dg.AssetCheckExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    prompt_registry: dg.ResourceParam[PromptRegistry],
) -> dg.AssetCheckResult:
    """Every prompt of the manifest is registered by its content, and every reference exists."""

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        feature, repository = release.key.feature, recorder.repository
        return check_prompts(
            repository.manifest(feature, release.commit),
            repository.files(feature, release.commit),
            published=prompt_registry.read(found.body["summary"]["prompt_set"]),
            before=_prompts(recorder, repository.baseline(release.key)),
        )

    return recorder.judge(context, rule)


def _prompts(recorder: Recorder, release: Release) -> dict[str, bytes]:
    """Return the prompts of a release that are there, by name."""
    files = recorder.repository.files(release.key.feature, release.commit)
    manifest = recorder.repository.manifest(release.key.feature, release.commit)
    return {name: files[path] for name, path in manifest.prompts.items() if path in files}
