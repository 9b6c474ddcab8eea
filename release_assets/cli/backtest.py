"""`countersign backtest`: a rollout plan over recorded calls, without Dagster and without traffic.

When would it have fired, on what, and what would it have promoted? Works on any log of calls of
two arms (`rows/calls.py` has the format).
"""

from __future__ import annotations

import json
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from release_assets.domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from release_assets.domain.backtest.calls import RecordingFacts
    from release_assets.domain.backtest.run import BacktestRun
    from release_assets.domain.backtest.verdict import Backtest
    from release_assets.domain.files.policy import Policy
    from release_assets.domain.rollout.plan import RolloutPlan


@click.command("backtest")
@click.argument("plan", metavar="PLAN")
@click.option("--calls", required=True, metavar="FILE", help="Recorded calls: JSON lines, Parquet.")
@click.option("--against", metavar="PLAN2", help="A second plan over the same calls.")
@click.option(
    "--from-policy",
    metavar="FILE",
    help="The policy.yaml whose freeze windows and rule on auto_rollback hold.",
)
@click.option("--look-every-s", default=30.0, show_default=True, help="Seconds from look to look.")
@click.option(
    "--feedback-matures-min", default=0.0, show_default=True, help="Age at which a rating counts."
)
@click.option(
    "--longest-silence-min",
    default=10.0,
    show_default=True,
    help="A longer hole in the recording holds the rollout; a shorter one stops the clock.",
)
@click.option("--plot", metavar="FILE", help="Draw the evidence over time: .png or .svg.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def backtest(
    ctx: click.Context,
    *,
    plan: str,
    calls: str,
    against: str | None,
    from_policy: str | None,
    look_every_s: float,
    feedback_matures_min: float,
    longest_silence_min: float,
    plot: str | None,
    as_json: bool,
) -> None:
    """Would PLAN have promoted the recorded candidate, and when would it have taken it back?

    The recorded candidate calls stand for the traffic of whatever canary stage the plan is in.
    Exit code 0: promoted; 1: taken back; 2: the input cannot be read; 3: held, or the recording
    ends first or lacks something.
    """
    pace = _pace(look_every_s, feedback_matures_min, longest_silence_min)
    names = [plan] if against is None else [plan, against]
    trace = _trace(plot)
    policy = _policy(from_policy)
    found, facts = _run(names, calls, pace, policy, trace.look if trace else None)
    if trace and plot:
        trace.draw(plot, names)
        click.echo(f"evidence drawn into {plot}", err=True)
    document = _document(names, calls, look_every_s, found, facts)
    document |= {"policy_digest": policy.digest if policy else None}
    if as_json:
        click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
    else:
        from release_assets.cli.tables.backtest import show

        show(names, found, document)
    ctx.exit(found[0].verdict.outcome.exit_code)


def _pace(look_every_s: float, matures_min: float, silence_min: float) -> dict[str, timedelta]:
    from release_assets.domain.rollout.decision import LONGEST_LOOK, SILENCE

    longest, least = LONGEST_LOOK.total_seconds(), SILENCE / timedelta(minutes=1)
    _require("--look-every-s", look_every_s, 0.1, longest, "a look covers a minute at most")
    _require("--feedback-matures-min", matures_min, 0, 43_200, "an hour is usual")
    _require("--longest-silence-min", silence_min, least, 525_600, "live, ten minutes are silence")
    return {
        "every": timedelta(seconds=look_every_s),
        "matures_after": timedelta(minutes=matures_min),
        "patience": timedelta(minutes=silence_min),
    }


def _require(option: str, value: float, low: float, high: float, hint: str) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        message = f"{option} is {value:g}, not between {low:g} and {high:g}"
        raise InputError(message, hint=hint)


def _trace(plot: str | None) -> Any:
    """Return what gathers the picture, or None; refuses a picture before any file is read."""
    if plot is None:
        return None
    from release_assets.cli.plots.backtest import Trace
    from release_assets.cli.plots.figure import require_plot

    require_plot(plot)
    return Trace()


def _run(
    names: Sequence[str],
    calls: str,
    pace: dict[str, timedelta],
    policy: Policy | None,
    watch: Callable[[Sequence[BacktestRun]], None] | None,
) -> tuple[list[Backtest], RecordingFacts]:
    """Run all plans over one reading of the recording."""
    from release_assets.cli.rows.calls import recorded_calls
    from release_assets.domain.backtest.calls import RecordingNeeds
    from release_assets.domain.backtest.run import run_plans
    from release_assets.domain.backtest.verdict import conclude_backtest
    from release_assets.domain.backtest.windows import CallWindows

    plans = [_plan(name, policy) for name in names]
    needs = RecordingNeeds.of(*plans)
    windows = CallWindows(
        needs, every=pace["every"], matures_after=pace["matures_after"], file=calls
    )
    cut = windows.cut(recorded_calls(calls, needs))
    ran = run_plans(plans, cut, policy=policy, patience=pace["patience"], watch=watch)
    runs: list[BacktestRun | None] = [*ran] if ran else [None] * len(plans)
    found = [
        conclude_backtest(run, windows.facts, RecordingNeeds.of(plan), plan_digest=plan.digest)
        for plan, run in zip(plans, runs, strict=True)
    ]
    return found, windows.facts


def _policy(path: str | None) -> Policy | None:
    if path is None:
        return None
    from release_assets.cli.rows.files import read_policy_file

    return read_policy_file(path)


def _plan(path: str, policy: Policy | None) -> RolloutPlan:
    """Return a plan that recorded calls can judge."""
    from release_assets.cli.rows.files import read_plan
    from release_assets.domain.live.judge import start

    plan = read_plan(path, policy)
    try:
        start(plan)
    except InputError as exc:
        raise InputError(exc.message, file=path, hint=exc.hint) from exc
    return plan


def _document(
    names: Sequence[str],
    calls: str,
    look_every_s: float,
    found: Sequence[Backtest],
    facts: RecordingFacts,
) -> dict[str, Any]:
    """Return the JSON document; the second plan's is inside the first's."""
    from release_assets.domain.backtest.verdict import comparison

    document = found[0].document() | {
        "plan": names[0],
        "look_every_s": look_every_s,
        "recording": facts.document() | {"file": calls},
    }
    if len(found) == 1:
        return document
    other = found[1].document() | {"plan": names[1]}
    return document | {"against": other, "earlier": comparison(*found)}
