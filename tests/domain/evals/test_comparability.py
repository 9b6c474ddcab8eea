"""Runs are compared only when they were measured alike."""

import pytest

from release_assets.domain.evals.comparability import comparability_key
from release_assets.domain.evals.rows import EvalCase

CASE = EvalCase(id="a", question="How many days?", expected={"facts": ["28"]}, family="f")
SCORERS = {"b": "2", "a": "1"}
HANDBOOK = {"2026.md": b"28 days"}


def key(cases=(CASE,), scorers=SCORERS, handbook=HANDBOOK, engine="http@1"):
    return comparability_key(cases, scorers=scorers, handbook=handbook, engine=engine)


def test_the_order_in_which_scorers_are_written_does_not_matter():
    assert key() == key(scorers={"a": "1", "b": "2"})


@pytest.mark.parametrize(
    "changed",
    [
        {"cases": ()},
        {"scorers": {"a": "2", "b": "2"}},
        {"scorers": {"a": "1"}},
        {"handbook": {"2026.md": b"30 days"}},
        {"engine": "http@2"},
    ],
)
def test_whatever_changes_a_score_changes_the_key(changed):
    assert key(**changed) != key()
