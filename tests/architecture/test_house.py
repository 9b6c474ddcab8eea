"""The house rules that a linter does not know: charters, and nothing of anybody's machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("release_assets", "resources", "sensors")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
FOREIGN = re.compile(
    "|".join(
        (
            r"(?<![\w.{}])/(?:home|root|Users)/\w",
            r"[A-Z]:\\\\Users",
            r"\bpypi" + r"\.org",
            r"python" + r"hosted\.org",
            r"npm" + r"js\.org",
            r"\bartifact" + r"ory\b",
            r"--(?:extra-)?index" + r"-url[= ]http",
        )
    )
)


def tracked():
    """The files of the repository; skipped by name where git does not know them."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("git does not know this folder")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


def test_every_module_begins_with_its_charter():
    """What it decides, and what it refuses to know."""
    charters = {p: ast.get_docstring(ast.parse(p.read_text("utf-8"))) or "" for p in MODULES}

    assert [str(p) for p, charter in charters.items() if len(charter.split()) < 5] == []


def test_no_file_names_a_machine_or_a_package_index():
    found = []
    for path in tracked():
        if path.suffix in {".png", ".parquet"} or not path.is_file():
            continue
        text = path.read_text("utf-8", errors="replace")
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for m in FOREIGN.finditer(text)]

    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "see /ho" + "me/ada",
        "in /ro" + "ot/w",
        "/Us" + "ers/ada",
        "pypi" + ".org/simple",
        "npm" + "js.org",
    ],
)
def test_every_such_name_is_seen(text):
    assert FOREIGN.search(text)


@pytest.mark.parametrize("text", ["{here}/home", "release_assets/root", "folder.path / 'home'"])
def test_names_of_our_own_are_not_seen(text):
    assert not FOREIGN.search(text)


def test_there_is_no_drawer_for_everything():
    assert not [p for p in MODULES if p.stem in {"utils", "util", "helpers", "common", "misc"}]


def test_packages_export_nothing():
    """Each name has one import path."""
    for path in (p for p in MODULES if p.name == "__init__.py"):
        body = ast.parse(path.read_text("utf-8")).body
        assert len(body) == 1, path


def test_no_two_classes_share_a_name():
    """One name, one concept; a reader who searches for it finds one place."""
    places: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))

    assert {name: found for name, found in places.items() if len(found) > 1} == {}
