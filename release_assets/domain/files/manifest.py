"""The manifest `feature.yaml`: what a feature's release consists of, and what it is measured by.

Decides how the parts of a unit are digested from the files at a commit; the running process
digests the files that it loaded by the same rules, so that what runs can be read back. Whether a
manifest may be released is decided in `manifest_lint.py`.
"""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003 (pydantic reads it at run time)
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from release_assets.domain.documents import FileRecord, Located, read_located
from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.release import (
    RiskTier,
    Unit,
    digest_of,
    digest_of_document,
    digest_of_files,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SUITES = ("smoke", "production", "adversarial", "fairness", "benchmark")
_PATHS = "paths are relative to the feature's folder"
UNIT_PARTS = ("code", "prompts", "model", "index", "configuration")


def _inside(path: str) -> str:
    if path.startswith("/") or "\\" in path or {"..", ".", ""} & set(path.rstrip("/").split("/")):
        raise ValueError("must be a path inside the repository")
    return path.rstrip("/")


def _module(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name, re.ASCII):
        raise ValueError("must be a Python module like 'policy_search.serve'")
    return name


def _feature(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,50}", name):
        raise ValueError("must be lower-case letters, digits and dashes, like 'policy-search'")
    return name


def _scalars(parameters: dict[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        if not isinstance(value, str | int | float):
            raise ValueError(f"must hold text and numbers; '{name}' is neither")  # noqa: TRY004
    return parameters


RepositoryPath = Annotated[str, AfterValidator(_inside)]
Text = Annotated[str, Field(min_length=1)]
Positive = Annotated[float, Field(gt=0)]


class ModelPin(FileRecord):
    """The AI model of a release: name, revision and every parameter that changes an answer."""

    name: Text
    revision: Text
    parameters: Annotated[dict[str, Any], AfterValidator(_scalars)] = Field(default_factory=dict)


class DeclaredTraffic(FileRecord):
    """What the planner may count on in production."""

    calls_per_second: Positive
    scores_per_hour: Positive


class Budgets(FileRecord):
    """What the cost and latency benchmark may not exceed."""

    latency_p50_ms_max: Positive
    latency_p95_ms_max: Positive
    cost_per_call_usd_max: Positive


class RestorePlan(FileRecord):
    """How an irreversible part is put back, and when that was last tried for real."""

    restore: Annotated[tuple[Text, ...], Field(min_length=1)]
    drilled_at: date


class Reversal(FileRecord):
    """One irreversible part; without a `rollback_plan` policy lint fails."""

    rollback_plan: RestorePlan | None = None


class Manifest(FileRecord):
    """A feature's manifest; paths are relative to the feature's folder, except the plan's."""

    feature: Annotated[str, AfterValidator(_feature)]
    owner: Text
    risk_tier: RiskTier
    serve: Annotated[str, AfterValidator(_module)]
    code: RepositoryPath
    model: ModelPin
    prompts: Annotated[dict[str, RepositoryPath], Field(min_length=1)]
    index: RepositoryPath
    approved_handbook: RepositoryPath
    prices: RepositoryPath
    traffic: DeclaredTraffic
    suites: dict[str, RepositoryPath]
    scorers: Annotated[dict[str, Text], Field(min_length=1)]
    core_flows: tuple[Text, ...] = ()
    budgets: Budgets
    contracts: tuple[RepositoryPath, ...] = ()
    rollout_plan: RepositoryPath
    reversibility: dict[str, Reversal] = Field(default_factory=dict)


def read_manifest(text: str, *, file: str) -> Manifest:
    """Read `feature.yaml`; raises `InputError` or `UnknownWordError` with file and line."""
    located = read_located(text, Manifest, file=file)
    _require_known(located, "suites", SUITES)
    _require_known(located, "reversibility", UNIT_PARTS)
    return located.record


def _require_known(located: Located[Manifest], key: str, known: tuple[str, ...]) -> None:
    lines = located.lines
    for word in getattr(located.record, key):
        if word not in known:
            raise UnknownWordError(word, known, file=lines.file, line=lines.line(key, word))


def unit_of(manifest: Manifest, files: Mapping[str, bytes]) -> Unit:
    """Return the unit that a manifest and the files at a commit make.

    Args:
        manifest: Read at the same commit.
        files: Content by path relative to the feature's folder; more than needed does not matter.

    Raises `InputError` when the manifest names a file or folder that is not there: a part without
    content has no digest that means anything.
    """
    prompts = {name: digest_of(_file(path, files)) for name, path in manifest.prompts.items()}
    return Unit(
        feature=manifest.feature,
        code=digest_of_files(_folder(manifest.code, files, suffix=".py")),
        prompts=digest_of_document(prompts),
        model=digest_of_document(_model_document(manifest.model)),
        index=digest_of_files(_folder(manifest.index, files)),
        configuration=digest_of_document(
            {"prices": digest_of(_file(manifest.prices, files)), "serve": manifest.serve}
        ),
    )


def _model_document(model: ModelPin) -> dict[str, Any]:
    # Parameters as text: 0.29 has one spelling in YAML, and many as a binary number.
    parameters = {name: str(value) for name, value in model.parameters.items()}
    return {"name": model.name, "revision": model.revision, "parameters": parameters}


def _file(path: str, files: Mapping[str, bytes]) -> bytes:
    if path not in files:
        raise InputError(f"the manifest names the file '{path}', which does not exist", hint=_PATHS)
    return files[path]


def _folder(path: str, files: Mapping[str, bytes], suffix: str = "") -> dict[str, bytes]:
    found = {p: c for p, c in files.items() if p.startswith(f"{path}/") and p.endswith(suffix)}
    if not found:
        what = f"no '*{suffix}' file" if suffix else "no file"
        raise InputError(f"the manifest names the folder '{path}', which has {what}", hint=_PATHS)
    return found
