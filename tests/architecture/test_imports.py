"""Who may import whom, and what waits until it is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    "great_expectations",
    "inspect_ai",
    "kubernetes",
    "presidio_analyzer",
    "presidio_anonymizer",
    "sklearn",
}


def imported_by(statement):
    """The top-level packages that a fresh interpreter holds after a statement."""
    program = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_loading_the_definitions_imports_nothing_heavy():
    held = imported_by("import release_assets.definitions")

    assert "dagster" in held
    assert not held & HEAVY


def test_the_command_line_starts_without_dagster():
    held = imported_by("import release_assets.cli.main")

    assert "release_assets" in held
    assert not held & (HEAVY | {"dagster", "pandas", "pyarrow"})


@pytest.mark.parametrize(
    "modules",
    [
        "release_assets.records.book, release_assets.sign_off.promotion",
        # what `countersign sign-off` loads, and what `countersign status` loads
        "release_assets.cli.sign_off, release_assets.cli.world, release_assets.sign_off.submission",
        "release_assets.cli.status, release_assets.audit.dossiers, release_assets.audit.standings",
    ],
)
def test_who_asks_or_signs_does_not_wait_for_dagster(modules):
    held = imported_by(f"import {modules}")

    assert "release_assets" in held
    assert not held & (HEAVY | {"dagster"})


def test_the_domain_runs_without_dagster():
    modules = sorted((ROOT / "release_assets/domain").rglob("*.py"))
    names = [".".join(m.relative_to(ROOT).with_suffix("").parts) for m in modules]
    held = imported_by(f"import {', '.join(n.removesuffix('.__init__') for n in names)}")

    assert not held & (HEAVY | {"dagster", "sqlalchemy", "httpx"})


def test_the_import_law_is_kept():
    """The contracts in pyproject.toml; `make check` asks the same."""
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("import-linter is not installed")
    command = [str(linter), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
