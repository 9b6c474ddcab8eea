"""The rooms explain themselves: charters, sizes, and contracts that forget nobody."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from docs import rooms

ROOT = Path(__file__).parents[2]
PACKAGES = ("release_assets", "resources", "sensors")
FOLDERS = sorted(
    {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}, key=str
)
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
MOST_MODULES = 15
MIRRORED = {  # a room of the code: where its tests stand
    **{
        f"release_assets/domain/{room.name}": f"tests/domain/{room.name}"
        for room in FOLDERS
        if room.parent.name == "domain"
    },
    **{f"release_assets/{room}": f"tests/{room}" for room in ("cli", "control", "demo")},
    **{f"resources/{room}": f"tests/resources/{room}" for room in ("evals", "local", "tools")},
    "sensors": "tests/sensors",
}


def contract_of(container):
    (found,) = [c for c in CONTRACTS["contracts"] if c.get("containers") == [container]]
    return found


def names_in(contract):
    return [n.strip() for row in contract["layers"] for n in row.split("|")]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: str(f.relative_to(ROOT)))
def test_no_room_is_too_full(folder):
    modules = [p for p in folder.glob("*.py") if p.stem != "__init__"]

    assert len(modules) <= MOST_MODULES, sorted(p.name for p in modules)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_room_has_a_charter_that_bounds_it_in_three_to_eight_lines(folder):
    charter = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    lines = [line for line in charter.splitlines() if line.strip()]

    if folder.name == "release_assets":  # the first page of the house, not a room
        return
    assert 3 <= len(lines) <= 8
    if folder.name != "domain":  # which lists its rooms in order
        assert re.search(r"Does\s+not|Never", charter)
        assert re.search(r"Stands\s+on", charter)


@pytest.mark.parametrize("container", ["release_assets", "release_assets.domain"])
def test_the_layer_contract_forgets_nobody(container):
    folder = ROOT / container.replace(".", "/")
    there = {p.stem for p in folder.glob("*.py")} | {p.name for p in folder.iterdir() if p.is_dir()}
    there -= {"__init__", "__pycache__"}

    named = names_in(contract_of(container))
    assert sorted(named) == sorted(there), "name each room and module once in pyproject.toml"
    assert contract_of(container)["exhaustive"]


@pytest.mark.parametrize(("room", "place"), sorted(MIRRORED.items()))
def test_the_tests_mirror_the_rooms(room, place):
    assert list((ROOT / place).rglob("test_*.py")), f"the tests of {room} stand in {place}"


def test_the_picture_of_the_rooms_is_drawn_from_the_imports():
    drawn = rooms.draw(rooms.House())

    assert rooms.PICTURE.read_text("utf-8") == drawn, "draw it anew: python -m docs.rooms"


def test_no_module_imports_in_a_circle():
    """Also within a room, and also for types alone."""
    graph = rooms.House().graph
    below = {m: graph.find_modules_directly_imported_by(m) for m in graph.modules}

    in_circle = {m for m in below if m in _reachable(m, below)}
    assert in_circle == set()


def _reachable(start, below):
    found: set[str] = set()
    left = set(below[start])
    while left:
        found |= left
        left = {b for a in left for b in below.get(a, ())} - found
    return found
