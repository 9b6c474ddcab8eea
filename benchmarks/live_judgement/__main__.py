"""Live judgement against its peers and its limits: `python -m benchmarks.live_judgement --quick`.

Writes results.json and results.md beside this file (or to --out). Fails when harmless releases
are rolled back more often than promised by three standard errors, or when the fast engine and
the product disagree.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.live_judgement import checks
from benchmarks.live_judgement.counted import counts_table
from benchmarks.live_judgement.engine import LOOK
from benchmarks.live_judgement.measures import Share, markdown
from benchmarks.live_judgement.peers import contestants_table
from benchmarks.live_judgement.promotions import (
    fairness_table,
    forecasts_table,
    missing_table,
    promotions_table,
)
from benchmarks.live_judgement.run import Run
from benchmarks.live_judgement.scores import (
    baselines_table,
    looks_table,
    nuisances_table,
    scores_table,
    shapes_table,
)

HERE = Path(__file__).parent
FULL, QUICK = 2_000, 400

TABLES = (
    scores_table,
    shapes_table,
    looks_table,
    nuisances_table,
    baselines_table,
    contestants_table,
    counts_table,
    promotions_table,
    missing_table,
    fairness_table,
    forecasts_table,
)


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--quick", action="store_true", help=f"{QUICK} ramps instead of {FULL}")
    reader.add_argument("--ramps", type=int)
    reader.add_argument("--seed", type=int, default=20260302)
    reader.add_argument("--out", type=Path, default=HERE)
    reader.add_argument("--only", help="one table, by the start of its name")
    asked = reader.parse_args()
    ramps = asked.ramps or (QUICK if asked.quick else FULL)
    run, began = Run(ramps, asked.seed), time.monotonic()
    for table in TABLES:
        if asked.only and not table.__name__.startswith(asked.only):
            continue
        at = time.monotonic()
        table(run)
        print(f"{table.__name__}: {time.monotonic() - at:.0f} s", file=sys.stderr)
    facts = checks.all_checks(run)
    seconds = time.monotonic() - began
    write(run, facts, asked, ramps, seconds)
    broken = [bar.name for bar in run.bars if bar.name.startswith("false") and not bar.is_met]
    sys.exit(1 if broken or not facts["agrees with the product"] else 0)


_HEAD = """{ramps} ramps a row, seed {seed}. A share is followed by Wilson's 95 % interval; `error`
is the standard error of a median. Bars on false rollbacks and on promotions of harmful releases
allow three standard errors of the promised share; others allow nothing, so read them with their
error. Samples are scored candidate answers, looks come every {look}. `limit` is
log(1/alpha)/KL_inf, what any exact method needs on average, and `limit_with_half` the same with the
half of the wealth that starts with the ramp; `of_limit` is the median over `limit`, `of_oracle`
over the median of the one bet that is best for exactly this drop. `one_bet` is that bet's median
and 90 % with the wealth as it is released to us (half at the start): what it would be worth to
know the drop beforehand. `harmed` counts calls made worse:
traffic share times drop until the alarm. "naive" judges calls, or a plugged-in baseline, as if they
were exact."""


def write(
    run: Run, facts: dict[str, Any], asked: argparse.Namespace, ramps: int, seconds: float
) -> None:
    missed = [bar for bar in run.bars if not bar.is_met]
    parts = [
        "# Live judgement: measured",
        _HEAD.format(ramps=ramps, seed=asked.seed, look=LOOK),
        f"{len(run.bars) - len(missed)} of {len(run.bars)} bars are met.",
    ]
    bars = [bar.document() for bar in run.bars]
    tables = (
        run.tables
        | {"bars": bars}
        | {"checks": [{"check": k, "value": v} for k, v in facts.items()]}
    )
    for name, rows in tables.items():
        columns = list(dict.fromkeys(key for row in rows for key in row))
        parts += [f"## {name.capitalize()}", markdown(rows, columns)]
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "results.md").write_text("\n\n".join(parts) + "\n")
    document = {"ramps": ramps, "seed": asked.seed, "seconds": round(seconds), **tables}
    text = json.dumps(document, default=_plain, indent=1)
    (asked.out / "results.json").write_text(text + "\n")
    for bar in missed:
        print(f"missed: {bar.name}: {bar.measured} against {bar.promised:.4g}")
    print(f"{len(run.bars) - len(missed)} of {len(run.bars)} bars met in {seconds:.0f} s")


def _plain(value: Any) -> Any:
    if isinstance(value, Share):
        return asdict(value)
    return value.item() if hasattr(value, "item") else str(value)


if __name__ == "__main__":
    main()
