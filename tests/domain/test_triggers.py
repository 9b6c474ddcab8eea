"""What a sensor requests, and how often it attempts the same."""

from release_assets.domain.triggers import MOST_ATTEMPTS, Request, next_attempt

WANTED = Request(action="enter_stage", release="policy-search-101", stage=0, run_key="enter:0")


def test_each_attempt_has_a_run_key_of_its_own():
    keys = [attempt.run_key for n in range(MOST_ATTEMPTS) if (attempt := next_attempt(WANTED, n))]

    assert keys == [f"enter:0:{n}" for n in range(MOST_ATTEMPTS)]


def test_after_the_most_attempts_nothing_is_requested():
    assert next_attempt(WANTED, MOST_ATTEMPTS) is None
    assert next_attempt(WANTED, MOST_ATTEMPTS + 1) is None
