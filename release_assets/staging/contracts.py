"""Event contracts: can consumers of the old schema read what this release publishes?

The events that the release published in staging are compared with the new schema, and the new
schema with main's.
"""

import json
from pathlib import PurePosixPath
from typing import Any

import dagster as dg

from release_assets.domain.contracts.events import judge_contract
from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.release import Release
from release_assets.pipeline import BENCHMARK_RESULTS, PUBLISHED_EVENTS, STAGING
from release_assets.ports import Deployer, Environment
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder

MOST_ERRORS = 10


@evidence(PUBLISHED_EVENTS, BENCHMARK_RESULTS, kinds=("json",))
def published_events(
    context: dg.AssetExecutionContext,
    recorder: dg.ResourceParam[Recorder],
    deployer: dg.ResourceParam[Deployer],
) -> dg.MaterializeResult[None]:
    """Record the events that the release published in staging, and what is wrong with them."""
    release = recorder.release(context)
    events = deployer.published_events(release.digest, Environment.STAGING)
    found = {
        PurePosixPath(path).stem: _complaints(events, PurePosixPath(path).stem, schema)
        for path, schema in _schemas(recorder, release).items()
    }
    return recorder.evidence(
        context, release, summary={"events": found}, inputs={"commit": release.commit}
    )


@claim(STAGING)
def events_keep_their_contract(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Every published event fits its schema, and every schema fits main's."""

    def rule(release: Release, found: Entry) -> tuple[Finding, ...]:
        new = _schemas(recorder, release)
        old = _schemas(recorder, recorder.repository.baseline(release.key))
        events = found.body["summary"]["events"]
        return tuple(
            finding
            for path in sorted(new.keys() | old.keys())
            for finding in _judge(PurePosixPath(path).stem, old.get(path), new.get(path), events)
        )

    return recorder.judge(context, rule)


def _judge(
    name: str, old: dict[str, Any] | None, new: dict[str, Any] | None, events: dict[str, Any]
) -> tuple[Finding, ...]:
    seen = events.get(name, {"errors": [], "count": 0})
    return judge_contract(old, new, seen["errors"], name=name, events=seen["count"])


def _schemas(recorder: Recorder, release: Release) -> dict[str, dict[str, Any]]:
    feature, commit = release.key.feature, release.commit
    files = recorder.repository.files(feature, commit)
    named = recorder.repository.manifest(feature, commit).contracts
    return {path: json.loads(files[path]) for path in named}


def _complaints(
    events: list[dict[str, Any]], name: str, schema: dict[str, Any]
) -> dict[str, object]:
    """Count the events of that name, and say where they break the schema; never quote them."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  waits until events are there

    mine = [e for e in events if e.get("event") == name]
    validator = Draft202012Validator(schema)
    errors = [
        f"{'/'.join(map(str, error.absolute_path)) or 'the event'} breaks '{error.validator}'"
        for event in mine
        for error in validator.iter_errors(event)
    ]
    return {"count": len(mine), "errors": errors[:MOST_ERRORS]}
