"""How long the demo takes, and how much memory: the figures that README states.

    .venv/bin/python benchmarks/demo_figures.py [--from-nothing]

Runs the demo once in a folder of its own; before it, where asked, makes the environment of a fresh
clone with empty caches. Samples the memory of all processes (proportional set size, so that shared
pages count once) and prints a Markdown table. Wants a quiet machine and says how loaded it was.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

EVERY_S = 2.0


def pss_mib(folder: str) -> float:
    """MiB of all processes that name the folder, their own share of shared pages."""
    total = 0
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            about = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if folder.encode() in about:
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


def environment_s() -> float:
    """Seconds until a fresh clone has its environment, with nothing in any cache."""
    with tempfile.TemporaryDirectory() as room:
        top = Path(__file__).parents[1]
        clone = ["git", "clone", "-q", str(top), f"{room}/clone"]
        subprocess.run(clone, check=True)
        caches = {"UV_CACHE_DIR": f"{room}/uv", "PIP_CACHE_DIR": f"{room}/pip"}
        began = time.monotonic()
        make = ["make", "-C", f"{room}/clone", ".venv/ready"]
        subprocess.run(make, env=os.environ | caches, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began


def main() -> None:
    made_s = environment_s() if "--from-nothing" in sys.argv else None
    with tempfile.TemporaryDirectory() as room:
        folder = str(Path(room) / "demo")
        command = [sys.executable, "-m", "release_assets.cli", "demo", "--folder", folder, "--json"]
        peak, over = [0.0], threading.Event()

        def sample() -> None:
            while not over.wait(EVERY_S):
                peak[0] = max(peak[0], pss_mib(folder))

        sampler = threading.Thread(target=sample)
        sampler.start()
        before = os.getloadavg()[0]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        over.set()
        sampler.join()
    document = json.loads(done.stdout)
    print(table(document, peak[0], before, made_s))
    sys.exit(done.returncode)


def table(
    document: dict[str, Any], peak_mib: float, load_before: float, made_s: float | None
) -> str:
    rows = [("the environment, made from nothing", f"{made_s:.0f} s")] if made_s else []
    rows += [("all four stories", f"{document['seconds']:.0f} s")]
    rows += [(s["name"], f"{s['ended']}, {s['seconds']:.0f} s") for s in document["stories"]]
    reactions = [s["reaction_s"] for s in document["stories"] if s["reaction_s"] is not None]
    rows += [("from decidable breach to last candidate call", f"{x:.1f} s") for x in reactions]
    rows += [("peak memory, all processes", f"{peak_mib:.0f} MiB")]
    rows += [("load average before", f"{load_before:.2f} on {os.cpu_count()} cores")]
    return "\n".join(["| what | figure |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


if __name__ == "__main__":
    main()
