"""The shape of evidence: a badly formed table is inconclusive and says what is wrong with it."""

import pytest

from release_assets.domain.finding import Outcome
from resources.expectations import GreatExpectationsShape

SCORERS = ["correctness", "groundedness"]
pytestmark = pytest.mark.filterwarnings("ignore")  # of Great Expectations itself


def rows():
    return [
        {
            "arm": arm,
            "case": case,
            "repeat": 0,
            "scorer": scorer,
            "status": "ok",
            "score": 1.0,
            "latency_ms": 2.0,
        }
        for arm in ("candidate", "baseline")
        for case in ("a", "b", "c")
        for scorer in SCORERS
    ]


def judge(table):
    return GreatExpectationsShape().findings(table, cases=3, repeats=1, scorers=SCORERS)


def test_a_whole_table_is_well_formed():
    (finding,) = judge(rows())

    assert finding.outcome is Outcome.PASSED
    assert finding.n == 12


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda t: t[:-1], "row_count"),
        (lambda t: [*t[:-1], t[0]], "unique"),
        (lambda t: [{**t[0], "score": 1.5}, *t[1:]], "'score'"),
        (lambda t: [{**t[0], "status": "fine"}, *t[1:]], "'status'"),
        (lambda t: [{**t[0], "scorer": "vibes"}, *t[1:]], "'scorer'"),
        (lambda t: [{**t[0], "arm": "control"}, *t[1:]], "'arm'"),
    ],
)
def test_a_badly_formed_table_is_inconclusive_with_the_reason(wrong, named):
    findings = judge(wrong(rows()))

    assert {f.outcome for f in findings} == {Outcome.INCONCLUSIVE}
    assert any(named in f.because for f in findings)
