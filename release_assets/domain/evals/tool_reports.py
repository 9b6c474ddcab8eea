"""What lint, types, tests and scanners found in a tree, and whether a gate may rest on it.

The tool's own rules decide what a result is; this file decides only that a clean report passes,
a result fails, and a tool that did not do its work is inconclusive (law 2: a missing tool, a
timeout and an unknown exit code are never a pass).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from release_assets.domain.finding import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolReport:
    """What one tool found: results with `rule`, `message`, `file` and `line`, never matched text.

    `crashed` is a sentence when the tool did not do its work.
    """

    tool: str
    version: str
    results: tuple[Mapping[str, Any], ...]
    seconds: float
    crashed: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the JSON form that evidence keeps."""
        return asdict(self) | {"results": [dict(r) for r in self.results]}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> ToolReport:
        """Read back what `document` wrote; the ledger keeps seconds as a decimal string."""
        results = tuple(document["results"])
        return cls(**{**document, "results": results, "seconds": float(document["seconds"])})


def reports_in(evidence: Mapping[str, Any]) -> tuple[ToolReport, ...]:
    """Return the reports that a piece of evidence keeps in its summary."""
    return tuple(ToolReport.read(r) for r in evidence["summary"]["reports"])


def judge_reports(reports: Iterable[ToolReport]) -> tuple[Finding, ...]:
    """Judge each tool in one finding, `<tool>_is_clean`."""
    return tuple(_judge(report) for report in reports)


def _judge(report: ToolReport) -> Finding:
    outcome, because = _conclusion(report)
    return Finding(
        rule=f"{report.tool.replace('-', '_')}_is_clean",
        outcome=outcome,
        because=because,
        observed=float(len(report.results)),
        limit=0.0,
    )


def _conclusion(report: ToolReport) -> tuple[Outcome, str]:
    if report.crashed:
        return Outcome.INCONCLUSIVE, f"{report.tool} did not do its work: {report.crashed}"
    if report.results:
        return Outcome.FAILED, f"{report.tool} found {_first_of(report.results)}"
    return Outcome.PASSED, f"{report.tool} {report.version} found nothing"


def _first_of(results: tuple[Mapping[str, Any], ...]) -> str:
    first = results[0]
    where = f"{first.get('file', '?')}:{first.get('line', '?')}"
    more = f", and {len(results) - 1} more" if len(results) > 1 else ""
    return f"{first.get('rule', 'a result')} at {where}: {first.get('message', '')}{more}"
