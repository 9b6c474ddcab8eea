"""The stations of a good release, as the phases have them."""

from tests.phases.conftest import braked, promoted, ramping, watching
from tests.phases.worlds import world_at

__all__ = ["braked", "promoted", "ramping", "watching", "world_at"]
