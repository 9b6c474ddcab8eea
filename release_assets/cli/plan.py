"""`countersign plan`: what a rollout plan can catch and prove, before anyone signs it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import click

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from release_assets.domain.planning.lint import PlanLint
    from release_assets.domain.planning.traffic import PlanTraffic


@click.group("plan")
def plan() -> None:
    """Rollout plans: what they can catch and prove."""


@plan.command("lint")
@click.argument("file", metavar="FILE")
@click.option("--traffic-rps", type=float, metavar="N", help="Calls of the feature in a second.")
@click.option("--scores-per-hour", type=float, metavar="N", help="Replayed calls that are scored.")
@click.option("--plot", metavar="FILE", help="Draw what it catches and proves: .png or .svg.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def lint(
    ctx: click.Context,
    *,
    file: str,
    traffic_rps: float | None,
    scores_per_hour: float | None,
    plot: str | None,
    as_json: bool,
) -> None:
    """What can each canary stage of FILE catch, and what can it prove?

    Exit code 0: every stage can prove its margins; 1: one cannot, and the cheapest change is named;
    2: the file cannot be read or is not a valid plan; 3: unknown, since the traffic is. Without
    --scores-per-hour the plan's own 'scoring_budget_per_hour' counts.
    """
    if plot:
        from release_assets.cli.plots.figure import require_plot

        require_plot(plot)
    found = _lint(file, _traffic(traffic_rps, scores_per_hour))
    if plot:
        from release_assets.cli.plots.plan import draw

        draw(found, plot)
        click.echo(f"what the plan catches and proves drawn into {plot}", err=True)
    if as_json:
        document = found.document() | {"file": file}
        click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        from release_assets.cli.tables.plan import show

        show(found)
    ctx.exit(found.verdict.outcome.exit_code)


def _traffic(traffic_rps: float | None, scores_per_hour: float | None) -> PlanTraffic:
    from release_assets.domain.planning.traffic import PlanTraffic

    figures = {"--traffic-rps": traffic_rps, "--scores-per-hour": scores_per_hour}
    for option, figure in figures.items():
        if figure is not None and not (math.isfinite(figure) and 0 <= figure <= 1e9):
            raise InputError(f"{option} is {figure:g}", hint="write a number from 0 to 1e9")
    return PlanTraffic(calls_per_second=traffic_rps, scores_per_hour=scores_per_hour)


def _lint(file: str, traffic: PlanTraffic) -> PlanLint:
    from release_assets.cli.rows.files import read_plan
    from release_assets.domain.planning.lint import lint_plan

    return lint_plan(read_plan(file), traffic)
