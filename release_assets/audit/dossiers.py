"""Compiles dossiers from the ports, and writes their pages.

Takes the whole ledger and the names of people at main. The gates that a promotion needs are always
listed, judged or not. Decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.audit.dossier_page import render
from release_assets.domain.errors import InputError
from release_assets.domain.history.dossier import compile_dossier
from release_assets.domain.history.reading import Names
from release_assets.pipeline import BEFORE_PROMOTION
from release_assets.records.repository import FeatureRepository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from release_assets.domain.history.dossier import Dossier
    from release_assets.ports import Ledger, Ports


def dossier_of(release: str, ledger: Ledger, names: Names) -> Dossier:
    """Return the dossier of a release; raises `NotFoundError` when no entry is about it."""
    return compile_dossier(release, ledger.entries(), names, BEFORE_PROMOTION)


def names_at_main(ports: Ports) -> Names:
    """Return names and keys of the people in the roster at main."""
    return Names.from_roster(FeatureRepository(ports.git_host, ports.settings).roster())


def write_page(dossier: Dossier, names: Names, path: Path) -> None:
    """Write one page; raises `InputError` when it cannot be written there."""
    try:
        path.write_text(render(dossier, names), encoding="utf-8")
    except OSError as exc:
        message = f"the dossier cannot be written: {exc.strerror}"
        raise InputError(message, file=str(path), hint="name another file with --output") from exc


def write_pages(ports: Ports, releases: Sequence[str], folder: Path) -> tuple[Path, ...]:
    """Write `<release>.html` for each release into a folder; returns the paths."""
    names, ledger = names_at_main(ports), ports.ledger.entries()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for release in releases:
        paths.append(folder / f"{release}.html")
        write_page(compile_dossier(release, ledger, names, BEFORE_PROMOTION), names, paths[-1])
    return tuple(paths)
