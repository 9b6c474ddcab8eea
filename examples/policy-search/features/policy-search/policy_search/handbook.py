"""The handbook edition that is searched: passages per locale, read from JSON lines."""

import json
from dataclasses import dataclass
from pathlib import Path

from policy_search.errors import ConfigurationError
from policy_search.text import sentences

LOCALES = {"en-US": "en", "de-DE": "de", "es-ES": "es", "fr-FR": "fr", "ja-JP": "ja"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """One rule of the handbook, in one language; ids are the same in every locale."""

    id: str
    topic: str
    title: str
    text: str
    sentences: tuple[str, ...]


def load_handbook(folder: Path) -> dict[str, list[Passage]]:
    """The passages of all locales; raises `ConfigurationError` when one is missing or empty."""
    return {locale: _load(folder / f"{name}.jsonl") for locale, name in LOCALES.items()}


def _load(file: Path) -> list[Passage]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
        passages = [_passage(line) for line in lines if line.strip()]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ConfigurationError(f"{file} cannot be read: {exc!r}") from exc
    if not passages:
        raise ConfigurationError(f"{file} holds no passage")
    return passages


def _passage(line: str) -> Passage:
    fields = json.loads(line)
    return Passage(
        id=fields["id"],
        topic=fields["topic"],
        title=fields["title"],
        text=fields["text"],
        sentences=tuple(sentences(fields["text"])),
    )
