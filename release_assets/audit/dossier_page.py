"""The dossier as one HTML file: no script, nothing fetched, readable on paper and in the dark.

Words and order are the template's (`dossier.html.j2`); facts are the dossier's. All text of people
(titles, reasons, ids) is escaped, and the page forbids itself any script, so that a change cannot
alter what the auditor reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from release_assets.audit.ramp_picture import lasted, picture_of
from release_assets.domain.finding import Outcome
from release_assets.domain.history.reading import moment_in_words, role_in_words, share_in_words
from release_assets.domain.history.timeline import act_in_words
from release_assets.pipeline import PHASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Template

    from release_assets.domain.finding import Finding
    from release_assets.domain.history.dossier import Dossier
    from release_assets.domain.history.gates import GateHistory
    from release_assets.domain.history.reading import Names

SHOWN_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseView:
    """A phase on the page: its own gate, and the claims it rests on."""

    name: str
    question: str
    gate: GateHistory | None
    claims: tuple[GateHistory, ...]

    @property
    def was_reached(self) -> bool:
        """Whether anything was ever judged in it."""
        gates = (*self.claims, self.gate) if self.gate else self.claims
        return any(gate.verdict or gate.earlier for gate in gates)


def render(dossier: Dossier, names: Names) -> str:
    """Return the whole page of a dossier."""
    return _template().render(
        d=dossier,
        names=names,
        phases=tuple(_phase(dossier, phase.name, phase.question) for phase in PHASES if phase.gate),
        picture=picture_of(dossier),
        last=dossier.timeline[-1],
    )


def _phase(dossier: Dossier, name: str, question: str) -> PhaseView:
    gates = [gate for gate in dossier.gates if gate.phase == name]
    return PhaseView(
        name=name,
        question=question,
        gate=next((gate for gate in gates if gate.claim == "gate"), None),
        claims=tuple(gate for gate in gates if gate.claim != "gate"),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "act": act_in_words,
        "figure": figure,
        "lasted": lasted,
        "moment": moment_in_words,
        "role": role_in_words,
        "share": share_in_words,
        "short": short,
        "words": words,
        "worst_first": worst_first,
    }
    return environment.get_template("dossier.html.j2")


def short(digest: str | None) -> str:
    """Return the beginning of a digest, enough to distinguish two on a page."""
    algorithm, _, value = (digest or "").partition(":")
    return f"{algorithm}:{value[:SHOWN_DIGITS]}" if value else "none"


def words(name: str) -> str:
    """Return `quality_holds_against_main` as words."""
    return name.replace("_", " ")


def figure(value: float | None) -> str:
    """Return a number with a few digits, or whole thousands; empty where it was not measured."""
    if value is None:
        return ""
    if 1_000 <= abs(value) < 1_000_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 1 else f"{value:.4g}"


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in reading order: what failed, what is undecided, what holds."""
    order = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.PASSED)
    return sorted(findings, key=lambda finding: order.index(finding.outcome))
