"""Draws the rooms of the house from its imports: `python -m docs.rooms` writes images/rooms.svg.

Rows are the layers of the import contracts in pyproject.toml, boxes are packages and modules with
the first sentence of their charter, lines are imports that no other line implies. Nothing is placed
by hand, so the picture cannot say what the code does not do.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import wrap
from xml.sax.saxutils import escape

import grimp

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs/images/rooms.svg"
PACKAGES = ("release_assets", "resources", "sensors")
DOMAIN, WORDS = "release_assets.domain", "the words"
WIDTH, ROW, GAP, MARGIN = 1500, 84, 22, 24
BOX = 66
SHIFTS = (-180, 180)  # rows of one or two rooms step aside, so that lines pass beside them
STYLE = """
  text { font-family: Helvetica, Arial, sans-serif; fill: #1b2733 }
  .name { font-size: 17px; font-weight: bold } .charter { font-size: 13px; fill: #4a5866 }
  .box { fill: #ffffff; stroke: #8797a6 } .domain { fill: #eef5ee; stroke: #6b9a6b }
  .line { fill: none; stroke: #7d93a8; stroke-width: 1.2 }
"""
ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"'
    ' orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#7d93a8"/></marker>'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """One package or module of the picture: its dotted name, what it is called, and its charter."""

    name: str
    label: str
    charter: str
    modules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """Where a room is drawn."""

    room: Room
    x: float
    y: float
    width: float

    def svg(self) -> str:
        """Return the box with its name and as much of its charter as fits."""
        kind = "domain" if self.room.name.startswith(DOMAIN) else "box"
        size = f" ({self.room.modules})" if self.room.modules > 1 else ""
        lines = wrap(self.room.charter, max(12, int(self.width / 6.5)))
        shown = lines[:2] if len(lines) <= 2 else [lines[0], f"{lines[1].rstrip(' ,.;:')} …"]
        place = f'x="{self.x:.0f}" y="{self.y:.0f}" width="{self.width:.0f}" height="{BOX}"'
        parts = [
            f'<rect class="{kind}" {place} rx="6"/>',
            self._text("name", 20, self.room.label + size),
        ]
        parts += [self._text("charter", 38 + 16 * n, line) for n, line in enumerate(shown)]
        return "\n".join(parts)

    def _text(self, kind: str, down: int, text: str) -> str:
        place = f'x="{self.x + 9:.0f}" y="{self.y + down:.0f}"'
        return f'<text class="{kind}" {place}>{escape(text)}</text>'


class House:
    """The rooms in the order of the contracts, and which of them imports which."""

    def __init__(self) -> None:
        self.graph = grimp.build_graph(*PACKAGES)

    @cached_property
    def rows(self) -> list[list[Room]]:
        """Return the rooms, top row first."""
        outer = [name for name in _layers("release_assets") if name != ["domain"]]
        placed = [[_room(f"release_assets.{name}") for name in names] for names in outer]
        at = outer.index(["jobs"])
        placed.insert(at, [_room("sensors"), _room("resources")])
        inner = [[_room(f"{DOMAIN}.{name}") for name in names] for names in _layers(DOMAIN)]
        folders = [[room for room in row if _is_folder(room.name)] for row in inner]
        top = [row for row, rooms in zip(inner, folders, strict=True) if not rooms][:1]
        return [*placed, *top, *(row for row in folders if row), [_words(inner)]]

    @cached_property
    def imports(self) -> set[tuple[str, str]]:
        """Return the pairs of rooms (who imports whom), without what others imply."""
        rooms = [room.name for row in self.rows for room in row]
        direct = {
            (a, b)
            for module in self.graph.modules
            for target in self.graph.find_modules_directly_imported_by(module)
            if (a := _owner(module, rooms)) != (b := _owner(target, rooms)) and a and b
        }
        below = {a: {b for one, b in direct if one == a} for a in rooms}
        reach = {a: _reachable(a, below) for a in rooms}
        return {(a, b) for a, b in direct if not any(b in reach[c] for c in below[a] if c != b)}


def _layers(container: str) -> list[list[str]]:
    """Return the rows of a layer contract, top first, each with its names."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (found,) = [c for c in contracts["contracts"] if c.get("containers") == [container]]
    return [[name.strip() for name in row.split("|")] for row in found["layers"]]


def _is_folder(name: str) -> bool:
    return (ROOT / name.replace(".", "/")).is_dir()


def _room(name: str) -> Room:
    place = ROOT / name.replace(".", "/")
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    modules = len([p for p in place.rglob("*.py") if p.stem != "__init__"]) or 1
    label = name.removeprefix(f"{DOMAIN}.").removeprefix("release_assets.")
    return Room(name=name, label=label, charter=_charter(file), modules=modules)


def _words(inner: list[list[Room]]) -> Room:
    """Return one room for the lowest modules of the domain, which stand in its own folder."""
    flat = [room.name for row in inner for room in row if not _is_folder(room.name)][1:]
    names = ", ".join(sorted(name.rpartition(".")[2] for name in flat))
    return Room(name=DOMAIN, label=WORDS, charter=names, modules=len(flat))


def _charter(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].replace("`", "").split())


def _owner(module: str, rooms: list[str]) -> str:
    """Return the room that a module belongs to: the longest name that it begins with."""
    found = [room for room in rooms if module == room or module.startswith(f"{room}.")]
    return max(found, key=len, default="")


def _reachable(start: str, below: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = {start}
    while left:
        left = {b for a in left for b in below.get(a, ())} - found
        found |= left
    return found


def boxes(rows: list[list[Room]]) -> dict[str, Box]:
    """Place each row over the whole width."""
    placed = {}
    for at, row in enumerate(rows):
        width = (WIDTH - 2 * MARGIN - GAP * (len(row) - 1)) / len(row)
        narrow = min(width, 470)
        shift = SHIFTS[at % len(SHIFTS)] if len(row) < 3 else 0
        left = (WIDTH - narrow * len(row) - GAP * (len(row) - 1)) / 2 + shift
        for n, room in enumerate(row):
            x, y = left + n * (narrow + GAP), MARGIN + at * (ROW + GAP)
            placed[room.name] = Box(room=room, x=x, y=y, width=narrow)
    return placed


def _line(upper: Box, lower: Box) -> str:
    """Draw an import as a curve from below one box to above the other."""
    x1, y1 = upper.x + upper.width / 2, upper.y + BOX
    x2, y2 = lower.x + lower.width / 2, lower.y
    bend = (y2 - y1) / 2
    path = (
        f"M{x1:.0f} {y1:.0f} C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2:.0f}"
    )
    return f'<path class="line" d="{path}" marker-end="url(#arrow)"/>'


def draw(house: House) -> str:
    """Return the picture as SVG, the same for the same imports."""
    placed = boxes(house.rows)
    height = 2 * MARGIN + len(house.rows) * (ROW + GAP)
    lines = [_line(placed[a], placed[b]) for a, b in sorted(house.imports)]
    drawn = [box.svg() for box in placed.values()]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">'
    return "\n".join([head, f"<style>{STYLE}</style>", ARROW, *lines, *drawn, "</svg>"]) + "\n"


if __name__ == "__main__":
    PICTURE.write_text(draw(House()), "utf-8")
