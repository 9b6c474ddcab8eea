"""The promise as users read it: every clause once, with an honest state and a place that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/promise.md").read_text("utf-8")
CLAUSES = (
    ["0"]
    + [f"1.{n}" for n in range(1, 13)]
    + [f"2.{n}" for n in range(1, 9)]
    + [f"3.{n}" for n in range(1, 7)]
    + [f"4.{n}" for n in range(1, 9)]
    + ["5.1", "5.2"]
    + [f"6.{n}" for n in range(1, 8)]
    + [f"8.{n}" for n in range(1, 5)]
)
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d", line)
]
CITED = re.compile(r"\bpromise (\d(?:\.\d+)?)")
USERS_OWN = {
    "policy.yaml",
    "ai_risk_partner",
    "auto_rollback: false",
    "on_rollback_notify",
    "shadow",
    "watch_min",
}


def test_every_clause_is_on_the_page_once_and_in_order():
    assert [clause for clause, *_ in ROWS] == CLAUSES


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_clause_has_its_state_and_what_that_state_needs(row):
    _, promise, state, where = row

    assert promise
    assert state in {"kept", "partly", "not yet"}
    assert state == "not yet" or "`" in where  # a place
    assert state != "partly" or ";" in where or "missing" in where  # what is missing


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_named_place_exists(row):
    for name in set(re.findall(r"`([^`]+)`", row[3])) - USERS_OWN:
        assert (ROOT / name).exists() or (ROOT / "release_assets" / name).exists(), name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_linked_page_exists(row):
    for page in re.findall(r"\]\(([\w-]+\.md)\)", row[3]):
        assert (ROOT / "docs" / page).is_file()


def test_code_cites_only_clauses_that_exist():
    folders = ("release_assets", "resources", "sensors", "benchmarks", "tests")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    cited = {clause for path in files for clause in CITED.findall(path.read_text("utf-8"))}

    assert cited - set(CLAUSES) == set()
