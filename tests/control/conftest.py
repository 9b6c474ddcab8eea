"""The stations of a good release, as the tests of phases have them."""

from tests.phases.conftest import adopted, braked, merged, promoted, ramping, staged, watching
from tests.phases.worlds import world_at

__all__ = ["adopted", "braked", "merged", "promoted", "ramping", "staged", "watching", "world_at"]
