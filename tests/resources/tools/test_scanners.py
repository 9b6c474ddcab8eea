"""Secrets and dangerous calls by the real scanners, over small trees."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from release_assets.domain.errors import UnavailableError
from release_assets.domain.evals.tool_reports import judge_reports
from release_assets.domain.finding import Outcome
from resources.tools.outputs import kingfisher_results
from resources.tools.scanners import LocalScanners
from tests.resources.tools.small_tree import CODE, FEATURE, TEST, by_tool, small_tree, write

EXAMPLE = Path(__file__).parents[3] / "examples" / "policy-search"
# Put together here, so that no scanner finds them in this file.
KEY_ID, KEY = "AKIA" + "Q3XW7ZK5LTPM2RVN", "kX9vQ2mZ7tLb4RwY" + "8nHc5PdS1jGf6UaE3oTi0KqW"
SECRET = f'aws_access_key_id = "{KEY_ID}"\naws_secret_access_key = "{KEY}"\n'
SHELL = "import subprocess\n\n\ndef run(name: str) -> None:\n    subprocess.run(name, shell=True)\n"


@pytest.fixture(scope="module")
def scanners(tmp_path_factory):
    return LocalScanners(cache=str(tmp_path_factory.mktemp("cache")))


def test_a_clean_tree_passes(scanners, tmp_path):
    reports = scanners.scan(small_tree(tmp_path), "small")

    assert [r.tool for r in reports] == ["kingfisher", "ruff-security"]
    assert {f.outcome for f in judge_reports(reports)} == {Outcome.PASSED}


def test_a_planted_secret_is_found_wherever_it_is_and_never_repeated(scanners, tmp_path):
    small_tree(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "setup.md").write_text(f"Do this:\n\n{SECRET}")

    report = by_tool(scanners.scan(tmp_path, "small"))["kingfisher"]

    (found,) = report.results
    assert (found["file"], found["line"]) == ("notes/setup.md", 3)
    assert "aws" in found["rule"]
    kept = json.dumps(report.document())
    assert KEY_ID not in kept
    assert KEY not in kept


@pytest.mark.parametrize(
    "hiding",
    [
        pytest.param({"config.py": SECRET, ".gitignore": "*\n"}, id="ignored by git"),
        pytest.param({"config.py": SECRET.replace("\n", "  # kingfisher:ignore\n")}, id="comment"),
        pytest.param({".hidden/config": SECRET}, id="hidden"),
    ],
)
def test_a_tree_cannot_hide_its_secret(scanners, tmp_path, hiding):
    tree = write(small_tree(tmp_path), hiding)

    assert by_tool(scanners.scan(tree, "small"))["kingfisher"].results


def test_a_shell_is_found_with_its_place(scanners, tmp_path):
    tree = small_tree(tmp_path, leave=SHELL)

    (found,) = by_tool(scanners.scan(tree, "small"))["ruff-security"].results

    assert (found["rule"], found["line"]) == ("S602", 5)
    assert found["file"] == f"{FEATURE}/answers/leave.py"


@pytest.mark.parametrize(
    "hiding",
    [
        pytest.param({"pyproject.toml": "[tool.ruff]\nexclude = ['*']\n"}, id="configuration"),
        pytest.param({".gitignore": "*\n"}, id="ignored by git"),
        pytest.param({"build/more.py": SHELL}, id="a folder that ruff leaves out"),
    ],
)
def test_a_tree_cannot_hide_its_shell(scanners, tmp_path, hiding):
    tree = write(small_tree(tmp_path, leave=CODE if "build/more.py" in hiding else SHELL), hiding)

    assert by_tool(scanners.scan(tree, "small"))["ruff-security"].results


def test_tests_may_assert_and_code_may_not(scanners, tmp_path):
    tree = small_tree(tmp_path, leave=f"{CODE}\n\nassert days()\n", test=TEST)

    (found,) = by_tool(scanners.scan(tree, "small"))["ruff-security"].results

    assert (found["rule"], found["file"]) == ("S101", f"{FEATURE}/answers/leave.py")


def test_a_scanner_out_of_time_does_not_pass(scanners, tmp_path):
    reports = LocalScanners(timeout_s=0.001).scan(small_tree(tmp_path), "small")

    assert {r.crashed for r in reports} == {"it had not ended after 0.001 s, and was killed"}


def test_a_missing_scanner_does_not_pass(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))

    reports = by_tool(LocalScanners().scan(small_tree(tmp_path / "tree"), "small"))

    assert "No such file" in reports["kingfisher"].crashed
    assert "No module named ruff" in reports["ruff-security"].crashed


def test_an_empty_tree_does_not_pass(scanners, tmp_path):
    reports = by_tool(scanners.scan(tmp_path, "small"))

    assert reports["kingfisher"].crashed == "the tree is empty"
    assert "no Python file" in reports["ruff-security"].crashed


@pytest.mark.parametrize(
    "output",
    ["", "{}", "[]", "not JSON", json.dumps({"audit": {"summary": {"scan_failed": 1}}})],
)
def test_a_report_of_another_shape_is_refused(tmp_path, output):
    with pytest.raises(UnavailableError):
        kingfisher_results(output, tmp_path)


def test_a_scan_that_lost_a_part_is_refused(tmp_path):
    summary = {"scan_failed": 0, "scan_partial": 1, "scan_succeeded": 1}
    output = json.dumps({"findings": [], "audit": {"summary": summary}})

    with pytest.raises(UnavailableError, match="did not scan the whole tree"):
        kingfisher_results(output, tmp_path)


def test_the_example_feature_is_clean(scanners, tmp_path):
    tree = shutil.copytree(EXAMPLE, tmp_path / "tree")

    reports = scanners.scan(tree, "policy-search")

    assert {f.outcome for f in judge_reports(reports)} == {Outcome.PASSED}
