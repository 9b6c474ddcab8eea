"""The feature's lint, types and tests by the real tools, over small trees."""

import os
import shutil
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from release_assets.domain.evals.tool_reports import judge_reports
from release_assets.domain.finding import Outcome
from resources.tools.code_health import ToolCodeHealth
from tests.resources.tools.small_tree import (
    CODE,
    CONFIGURATION,
    FEATURE,
    TEST,
    by_tool,
    small_tree,
    write,
)

TOOLS = {"ruff", "mypy", "pytest"}
EXAMPLE = Path(__file__).parents[3] / "examples" / "policy-search"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def check(cache, tmp_path):
    def checked(**spoiled):
        tree = small_tree(tmp_path / "tree", **spoiled)
        return by_tool(ToolCodeHealth(cache).check(tree, "small"))

    return checked


def outcomes(reports):
    return {f.rule: f.outcome for f in judge_reports(reports.values())}


def clean_but(reports, tool):
    return all(not r.results and not r.crashed for name, r in reports.items() if name != tool)


def test_a_clean_tree_passes_with_the_versions_of_its_tools(check):
    reports = check()

    assert set(outcomes(reports).values()) == {Outcome.PASSED}
    assert {tool: r.version for tool, r in reports.items()} == {t: version(t) for t in TOOLS}


def test_a_lint_error_is_named_with_its_place(check):
    reports = check(leave=CODE + "\n\nimport os\n")

    assert [(r["rule"], r["line"]) for r in reports["ruff"].results] == [("E402", 8), ("F401", 8)]
    assert {r["file"] for r in reports["ruff"].results} == {f"{FEATURE}/answers/leave.py"}
    assert clean_but(reports, "ruff")


def test_a_type_error_is_named_with_its_place(check):
    reports = check(leave=CODE.replace("-> int", "-> str"))

    (found,) = reports["mypy"].results
    assert (found["rule"], found["file"]) == ("return-value", f"{FEATURE}/answers/leave.py")
    assert found["line"] == 5
    assert clean_but(reports, "mypy")


def test_a_failing_test_is_named_with_its_place_and_reason(check):
    reports = check(test=TEST.replace("28", "30"))

    (found,) = reports["pytest"].results
    assert (found["rule"], found["file"]) == (
        "tests.test_leave::test_days",
        f"{FEATURE}/tests/test_leave.py",
    )
    assert found["line"] == 4
    assert "28 == 30" in found["message"]
    assert clean_but(reports, "pytest")


def test_a_file_that_does_not_parse_fails_lint_and_types_and_tests(check):
    reports = check(leave="def days(:\n")

    assert set(outcomes(reports).values()) == {Outcome.FAILED}
    assert "SyntaxError" in reports["pytest"].results[0]["message"]


def test_a_test_that_cannot_be_imported_is_a_failure_with_the_reason(check):
    reports = check(test="import nowhere_to_be_found\n")

    (found,) = reports["pytest"].results
    assert "No module named 'nowhere_to_be_found'" in found["message"]
    assert found["file"] == f"{FEATURE}/tests/test_leave.py"


@pytest.mark.parametrize(
    "test",
    [
        pytest.param("", id="no test"),
        pytest.param(f"import pytest\n\n\n@pytest.mark.skip\n{TEST[31:].strip()}\n", id="skipped"),
    ],
)
def test_tests_that_did_not_run_are_no_pass(check, test):
    reports = check(test=test)

    assert outcomes(reports)["pytest_is_clean"] is Outcome.INCONCLUSIVE
    assert "none was run" in reports["pytest"].crashed or "exit code 5" in reports["pytest"].crashed


def test_a_configuration_that_looks_at_nothing_does_not_pass(check):
    looks_away = CONFIGURATION.replace(
        "[tool.ruff.lint]", '[tool.ruff]\nexclude = ["*"]\n[tool.ruff.lint]'
    )
    reports = check(configuration=looks_away.replace('files = ["answers"]\n', ""))

    assert "no Python file" in reports["ruff"].crashed
    assert "exit code 2 with no result" in reports["mypy"].crashed


def test_a_feature_without_code_does_not_pass(cache, tmp_path):
    tree = write(tmp_path, {"feature.yaml": "feature: small\n"})

    reports = ToolCodeHealth(cache).check(tree, "small")

    assert {r.crashed for r in reports} == {f"there is no Python file below {FEATURE}"}


def test_a_file_named_like_a_tool_is_not_the_tool(check, tmp_path):
    write(tmp_path / "tree", {"mypy.py": "", "ruff.py": "", "json.py": "raise SystemExit(0)\n"})

    reports = check(leave=CODE.replace("-> int", "-> str") + "\n\nimport os\n")

    assert outcomes(reports)["ruff_is_clean"] is Outcome.FAILED
    assert outcomes(reports)["mypy_is_clean"] is Outcome.FAILED


def test_two_trees_of_one_size_and_one_second_are_distinguished(cache, tmp_path):
    """mypy alone would take the second for the first, by its cache."""
    good, bad = (
        small_tree(tmp_path / name, leave=f"def days() -> int:\n    return {value}\n")
        for name, value in (("good", "2828"), ("bad", '"28"'))
    )
    for path in [*good.rglob("*.py"), *bad.rglob("*.py")]:
        os.utime(path, (1e9, 1e9))

    health = ToolCodeHealth(cache)

    assert by_tool(health.check(good, "small"))["mypy"].results == ()
    assert len(by_tool(health.check(bad, "small"))["mypy"].results) == 1


def test_the_tree_stays_as_it_was_exported(cache, tmp_path):
    writes = TEST + "\n\ndef test_write() -> None:\n    open('answers/leave.py', 'w').close()\n"
    tree = small_tree(tmp_path / "tree", test=writes)
    before = sorted((p, p.stat().st_mtime_ns) for p in tree.rglob("*"))

    reports = by_tool(ToolCodeHealth(cache).check(tree, "small"))

    assert reports["pytest"].results == ()
    assert sorted((p, p.stat().st_mtime_ns) for p in tree.rglob("*")) == before


def test_no_credential_of_ours_reaches_the_tests(check, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    home = str(Path.home())
    looks = f"""import os\n\n\ndef test_environment() -> None:
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ
    assert os.path.expanduser("~") != {home!r}
    assert os.path.isdir(os.path.expanduser("~"))
"""
    assert check(test=looks)["pytest"].results == ()


def test_a_test_that_takes_all_memory_fails_and_stops_nothing_else(check):
    hungry = "def test_hungry() -> None:\n    assert bytearray(8 << 30)\n"

    (found,) = check(test=hungry)["pytest"].results

    assert "MemoryError" in found["message"]


def test_a_tool_that_does_not_end_is_killed_with_its_children_and_does_not_pass(cache, tmp_path):
    child = tmp_path / "child"
    hangs = f"""import subprocess, time\n\n\ndef test_hangs() -> None:
    child = subprocess.Popen(["/bin/sleep", "600"])
    open({str(child)!r}, "w").write(str(child.pid))
    time.sleep(600)
"""
    tree = small_tree(tmp_path / "tree", test=hangs)

    report = by_tool(ToolCodeHealth(cache, timeout_s=6.0).check(tree, "small"))["pytest"]

    assert report.crashed == "it had not ended after 6 s, and was killed"
    if child.exists():  # it does not on a machine that starts pytest in more than the six seconds
        assert is_gone(int(child.read_text()))


def is_gone(pid):
    status = Path(f"/proc/{pid}/stat")
    for _ in range(100):
        # A zombie is dead: its parent, init, has only not yet looked.
        if not status.exists() or ") Z " in status.read_text():
            return True
        time.sleep(0.05)
    return False


def test_a_missing_interpreter_does_not_pass(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))

    reports = ToolCodeHealth(cache).check(small_tree(tmp_path / "tree"), "small")

    assert {r.tool for r in reports} == TOOLS
    assert all(r.crashed.startswith("it cannot be started") for r in reports)


def test_a_missing_tool_does_not_pass(check, monkeypatch):
    import resources.tools.runs

    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(resources.tools.runs, "version", missing)

    assert check()["mypy"].crashed == "mypy is not installed beside this interpreter"


def test_the_example_feature_is_healthy(cache, tmp_path):
    tree = shutil.copytree(EXAMPLE, tmp_path / "tree")

    reports = by_tool(ToolCodeHealth(cache).check(tree, "policy-search"))

    assert set(outcomes(reports).values()) == {Outcome.PASSED}
