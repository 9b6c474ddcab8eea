"""Reads a suite as people wrote it: JSON lines, one case each, every id once.

`topic`, `attack` and the declared slices become slices of the case, which is all that a gate
needs of them: locale for fairness, attack for the worst family, topic for core flows.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from release_assets.domain.documents import read_json_lines
from release_assets.domain.evals.rows import EvalCase


class _Expected(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    behaviour: Literal["answer", "refuse", "say_unknown"]
    facts: list[str] = Field(default_factory=list)
    passage: str | None = None


class _Case(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    family: str = Field(min_length=1)
    topic: str = ""
    attack: str | None = None
    slices: dict[str, str] = Field(default_factory=dict)
    critical: bool = False
    authors: list[str] = Field(default_factory=list)
    expected: _Expected


def read_suite(text: str, *, file: str) -> tuple[EvalCase, ...]:
    """Return the cases of a suite; raises `InputError` with the line of what cannot be read."""
    return tuple(_case(c) for c in read_json_lines(text, _Case, file=file))


def _case(read: _Case) -> EvalCase:
    labels = {"topic": read.topic, "attack": read.attack}
    return EvalCase(
        id=read.id,
        question=read.question,
        expected=_expected(read.expected),
        family=read.family,
        slices=read.slices | {k: v for k, v in labels.items() if v},
        critical=read.critical,
        authors=tuple(read.authors),
    )


def _expected(read: _Expected) -> dict[str, Any]:
    return read.model_dump()
