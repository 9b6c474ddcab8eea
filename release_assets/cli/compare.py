"""`countersign compare`: two result files, one sentence with numbers, and an exit code.

Works on any JSON lines of scored cases, without Dagster and without the rest of Countersign.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from release_assets.cli.rows.results import ResultFile
    from release_assets.domain.evals.comparison import Comparison


@click.command("compare")
@click.option("--baseline", required=True, metavar="FILE", help="Results of main, JSON lines.")
@click.option("--candidate", required=True, metavar="FILE", help="Results of the candidate.")
@click.option("--margin", default=0.05, show_default=True, help="The drop that must be excluded.")
@click.option("--cluster", metavar="KEY", help="What groups parallel cases (default: 'cluster').")
@click.option("--slice", "slice_key", metavar="KEY", help="Judge each value of this attribute.")
@click.option("--plot", metavar="FILE", help="Draw the intervals into a .png or .svg file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def compare(
    ctx: click.Context,
    *,
    baseline: str,
    candidate: str,
    margin: float,
    cluster: str | None,
    slice_key: str | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """Is CANDIDATE worse than BASELINE, case by case?

    Both files hold one JSON object a line: {"case": "c-1", "scorer": "correctness", "score": 0..1}
    and, where known, "repeat", "status", "cluster", "slice", "scorer_version". Exit code 0: a drop
    of the margin is excluded; 1: worse; 2: the input cannot be read; 3: undecided.
    """
    _require(margin, plot)
    sides = _read(candidate, baseline, cluster, slice_key)
    found = _judge(*sides, margin)
    if plot:
        from release_assets.cli.plots.compare import draw

        draw(found, plot)
        click.echo(f"intervals drawn into {plot}", err=True)
    if as_json:
        click.echo(json.dumps(found.document(), ensure_ascii=False, allow_nan=False))
    else:
        from release_assets.cli.tables.compare import show

        show(found)
    ctx.exit(found.verdict.outcome.exit_code)


def _require(margin: float, plot: str | None) -> None:
    """Refuse what can be refused before any file is read."""
    if not 0 < margin < 1:
        raise InputError(f"the margin {margin:g} is not between 0 and 1", hint="write .05")
    if plot:
        from release_assets.cli.plots.figure import require_plot

        require_plot(plot)


def _read(
    candidate: str, baseline: str, cluster: str | None, slice_key: str | None
) -> tuple[ResultFile, ResultFile]:
    from release_assets.cli.rows.results import read_results, require_same_places

    theirs = read_results(baseline, cluster=cluster, slice_key=slice_key)
    ours = read_results(candidate, cluster=cluster, slice_key=slice_key)
    if Path(candidate).samefile(baseline):
        hint = "name the results of main and those of the candidate"
        raise InputError("both sides are the same file", file=candidate, hint=hint)
    require_same_places(ours, theirs)
    return ours, theirs


def _judge(candidate: ResultFile, baseline: ResultFile, margin: float) -> Comparison:
    from release_assets.domain.evals.comparison import compare as judge
    from release_assets.domain.evals.differences import RegressionRules

    return judge(candidate.rows, baseline.rows, RegressionRules(margin=margin))
