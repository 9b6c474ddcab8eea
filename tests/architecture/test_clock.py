"""One reader of the clock: everything else takes `now` as an argument."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLOCK = ROOT / "resources/clock.py"
FILES = sorted(
    path
    for package in ("release_assets", "resources", "sensors")
    for path in (ROOT / package).rglob("*.py")
)
READS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "gmtime"),
    ("time", "localtime"),
}  # time.monotonic measures a wait, and says no time


def clock_reads(source):
    """Lines that ask a module or class of the standard library for the time."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = getattr(owner, "attr", None) or getattr(owner, "id", None)
            if (name, node.attr) in READS:
                found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [node.lineno for alias in node.names if ("time", alias.name) in READS]
    return found


def test_only_the_clock_reads_the_time():
    read = {path: len(clock_reads(path.read_text("utf-8"))) for path in FILES}

    assert {path: count for path, count in read.items() if count} == {CLOCK: 1}


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "datetime.datetime.utcnow()",
        "import time\ntime.time()",
        "from time import time",
        "date.today()",
        "clock = datetime.now",
    ],
)
def test_every_way_to_read_the_clock_is_seen(source):
    assert clock_reads(source)


@pytest.mark.parametrize("source", ["time.monotonic()", "clock.now()", "self.clock.now()"])
def test_an_argument_and_a_stop_watch_are_no_clock(source):
    assert not clock_reads(source)
