"""The model registry `models.yaml` and the price table: which AI models a release may name.

Decides what an entry contains and when a model has ended. Whether a release may use a model is a
finding of policy lint (`manifest_lint.py`); what a call costs is counted by the running feature.
"""

from __future__ import annotations

from datetime import date  # noqa: TC003 (pydantic reads it at run time)
from typing import Annotated

from pydantic import Field

from release_assets.domain.documents import FileRecord, read_document, read_located
from release_assets.domain.release import (
    RiskTier,
    digest_of_document,
)

Text = Annotated[str, Field(min_length=1)]
Usd = Annotated[float, Field(gt=0)]


class ModelEntry(FileRecord):
    """One revision of one model: the tiers it is approved for, and the last day it may be used."""

    model: Text
    revision: Text
    tiers: Annotated[tuple[RiskTier, ...], Field(min_length=1)]
    price: Text | None = None
    end_of_life: date | None = None

    def has_ended(self, today: date) -> bool:
        """Whether its last day is over."""
        return self.end_of_life is not None and today > self.end_of_life


class ModelRegistry(FileRecord):
    """All registered models."""

    models: Annotated[tuple[ModelEntry, ...], Field(min_length=1)]

    @property
    def names(self) -> set[str]:
        """The names of all models."""
        return {entry.model for entry in self.models}

    def revisions(self, model: str) -> dict[str, ModelEntry]:
        """Return the registered revisions of a model."""
        return {entry.revision: entry for entry in self.models if entry.model == model}

    @property
    def digest(self) -> str:
        """The digest of the registry's content."""
        return digest_of_document(self.model_dump(mode="json"))


class TokenPrices(FileRecord):
    """Prices in USD per million tokens."""

    input: Usd
    output: Usd


class PriceTable(FileRecord):
    """The price table of a feature; it prices the one model that its manifest names."""

    usd_per_million_tokens: TokenPrices


def read_models(text: str, *, file: str) -> ModelRegistry:
    """Read `models.yaml`; raises `InputError` or `UnknownWordError` with file and line."""
    located = read_located(text, ModelRegistry, file=file)
    first: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(located.record.models):
        line = located.lines.line("models", index)
        seen = first.setdefault((entry.model, entry.revision), line)
        if seen != line:
            name = f"'{entry.model}' revision '{entry.revision}'"
            message = f"duplicate entry for {name}, first on line {seen}"
            raise located.lines.error(message, "models", index)
    return located.record


def read_prices(text: str, *, file: str) -> PriceTable:
    """Read a price table; an unpriced model is an `InputError`, never a free one."""
    return read_document(text, PriceTable, file=file)
