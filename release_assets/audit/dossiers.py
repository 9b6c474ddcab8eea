"""Compiles a dossier from the ports: the whole ledger, and the names of people at main.

The gates that a promotion needs are always told of, judged or not. Decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from release_assets.domain.dossier import compile_dossier
from release_assets.domain.history.reading import Names
from release_assets.pipeline import BEFORE_PROMOTION
from release_assets.repository import FeatureRepository

if TYPE_CHECKING:
    from release_assets.domain.dossier import Dossier
    from release_assets.ports import Ledger, Ports


def dossier_of(release: str, ledger: Ledger, names: Names) -> Dossier:
    """The dossier of a release; raises `NotFoundError` when the ledger does not know it."""
    return compile_dossier(release, ledger.entries(), names, BEFORE_PROMOTION)


def names_at_main(ports: Ports) -> Names:
    """Names and keys of everybody in the roster at main."""
    return Names.from_roster(FeatureRepository(ports.git_host, ports.settings).roster())
