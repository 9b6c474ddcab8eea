"""How long the commands take on large files, and how much memory: each in a process of its own.

    .venv/bin/python -m benchmarks.commands [--calls 1000000] [--rows 20000]

Writes a recording of so many fully scored calls in 29 hours (one candidate call in ten, replayed
pairs among them) and two result files of so many rows, then runs the commands on them. Prints a
Markdown table with the bars; the exit code is 1 where one is missed. The bar of time holds for the
seconds of CPU, which are those of the clock on a machine that does nothing else.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

PLAN = "examples/policy-search/rollouts/policy-search-v1.yaml"
COUNTERSIGN = str(Path(sys.executable).with_name("countersign"))
LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")
T0, HOURS = datetime(2026, 3, 2, tzinfo=UTC), 29


def record(path: Path, calls: int) -> None:
    """Calls of both arms, as the product records them; nothing is wrong with the candidate."""
    rng = np.random.default_rng(20260302)
    scores, costs = rng.random(calls) < 0.93, rng.lognormal(-4.8, 0.3, calls)
    latencies, step = rng.lognormal(7.2, 0.4, calls), timedelta(hours=HOURS) / calls
    with path.open("w") as file:
        for at in range(calls):
            arm = "candidate" if at % 10 == 0 else "stable"
            row: dict[str, object] = {"at": (T0 + at * step).isoformat(), "arm": arm}
            row |= {"unit": f"session-{at // 2}"}
            row |= {"latency_ms": round(float(latencies[at]), 1), "error": False}
            row |= {"cost_usd": round(float(costs[at]), 6), "feedback": "positive"}
            row |= {"scores": {"groundedness": float(scores[at])}}
            row |= {"slices": {"locale": LOCALES[at // 10 % 5]}}
            row |= {"pair": f"pair-{at // 10}"} if at % 10 < 2 else {}
            file.write(json.dumps(row) + "\n")


def results(path: Path, rows: int, seed: int) -> None:
    """One suite's rows: each case four times."""
    passed = np.random.default_rng(seed).random(rows) < 0.93
    text = (
        json.dumps({"case": f"case-{n // 4}", "repeat": n % 4 + 1, "scorer": "groundedness"}
                   | {"score": float(passed[n]), "slice": {"locale": LOCALES[n // 4 % 5]}})
        for n in range(rows)
    )  # fmt: skip
    path.write_text("\n".join(text) + "\n")


def measured(*words: str) -> tuple[float, float, float, int]:
    """Return seconds, seconds of CPU, peak MiB and exit code of one command."""
    began = time.monotonic()
    process = subprocess.Popen([COUNTERSIGN, *words], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    return took, cpu, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def main() -> int:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--calls", type=int, default=1_000_000)
    reader.add_argument("--rows", type=int, default=20_000)
    asked, missed = reader.parse_args(), 0
    with tempfile.TemporaryDirectory() as folder:
        calls, old, new = (Path(folder, name) for name in ("calls.jsonl", "a.jsonl", "b.jsonl"))
        record(calls, asked.calls)
        results(old, asked.rows, 1)
        results(new, asked.rows, 2)
        print(
            "| command | s | CPU s | bar | MiB | bar | exit code |\n|---|---|---|---|---|---|---|"
        )
        for words, seconds, mib in (
            (("--help",), 1, 1024),
            (("plan", "lint", PLAN, "--traffic-rps", "20", "--scores-per-hour", "600"), 1, 1024),
            (("compare", "--baseline", str(old), "--candidate", str(new)), 0.9, 1024),
            (("backtest", PLAN, "--calls", str(calls)), 17, 1024),
        ):
            took, cpu, peak, code = measured(*words)
            missed += cpu > seconds or peak > mib
            name = " ".join(Path(word).name for word in words)
            print(
                f"| {name} | {took:.2f} | {cpu:.2f} | {seconds} | {peak:.0f} | {mib} | {code} |",
                flush=True,
            )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
