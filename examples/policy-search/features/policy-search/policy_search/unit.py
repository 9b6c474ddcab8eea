"""What this process runs: the digest of every part that it loaded, as `/release` reports it.

Computed here from files and bytes, not told by whoever started the process: a rollback is proven
by asking the process what it is. The form is that of the release manifest: canonical JSON with
sorted keys, digests as `sha256:<hex>`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policy_search.answering import Assistant
from policy_search.digests import digest, digest_of_document
from policy_search.errors import ConfigurationError
from policy_search.handbook import load_handbook
from policy_search.manifest import Manifest
from policy_search.pricing import parse_prices
from policy_search.prompts import parse_prompts, read_prompt_set


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadedUnit:
    """A unit that can answer: the assistant, and the digests of what it was made from."""

    release: str
    parts: dict[str, str]
    assistant: Assistant

    @property
    def digest(self) -> str:
        """The release digest."""
        return digest_of_document(self.parts)


def load_unit(manifest: Manifest, *, release: str, registry: Path, prompt_set: str) -> LoadedUnit:
    """Load all parts of a unit; raises `ConfigurationError` naming the one that is not there."""
    prompts = read_prompt_set(registry, prompt_set)
    prices = _read(manifest.root / manifest.prices)
    assistant = Assistant(
        load_handbook(manifest.root / manifest.index),
        parse_prompts(prompts),
        manifest.parameters,
        parse_prices(prices),
    )
    parts = {
        "feature": manifest.feature,
        "code": _digest_of_folder(manifest.root, manifest.code, "*.py"),
        "prompts": digest_of_document({name: digest(text) for name, text in prompts.items()}),
        "model": _digest_of_model(manifest.model),
        "index": _digest_of_folder(manifest.root, manifest.index, "*"),
        "configuration": digest_of_document({"prices": digest(prices), "serve": manifest.serve}),
    }
    return LoadedUnit(release=release, parts=parts, assistant=assistant)


def _digest_of_folder(root: Path, folder: str, pattern: str) -> str:
    files = (file for file in (root / folder).rglob(pattern) if file.is_file())
    return digest_of_document(
        {f.relative_to(root).as_posix(): digest(f.read_bytes()) for f in files}
    )


def _digest_of_model(model: dict[str, Any]) -> str:
    parameters = {name: str(value) for name, value in model["parameters"].items()}
    named = {"name": model["name"], "revision": model["revision"]}
    return digest_of_document({**named, "parameters": parameters})


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"{file} cannot be read: {exc}") from exc
