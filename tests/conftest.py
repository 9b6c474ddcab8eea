"""For all tests: chance is seeded, and no test depends on the speed of the machine."""

from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")
