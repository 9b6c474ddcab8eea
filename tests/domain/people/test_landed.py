"""A population of landed changes: one verdict, each violation, and what every change keeps."""

from release_assets.domain.finding import Outcome
from release_assets.domain.people.landed import judge_landed, read_change_records
from release_assets.domain.people.roster_file import read_people

PEOPLE = """\
people:
- {person: ada, accounts: ["gh:1"], roles: [{role: author, from: 2026-01-01}]}
- {person: ben, accounts: ["gh:2"], roles: [{role: reviewer, from: 2026-01-01}]}
- {person: rosa, accounts: ["gh:3"], roles: [{role: release_manager, from: 2026-01-01}]}
"""
CHANGE = (
    '{"change": "%s", "authors": ["gh:1"], "pushers": ["gh:1"], "tree": "t", "bypassed": %s,'
    ' "landed_at": "2026-06-01T11:00:00Z", "merged_by": "gh:2", "deployed_by": "gh:3",'
    ' "reviews": [{"account": "gh:2", "state": "approved", "tree": "t",'
    ' "at": "2026-06-01T10:00:00Z"}]}'
)


def judge(**bypassed):
    text = "\n".join(CHANGE % pair for pair in bypassed.items())
    records = read_change_records(text, file="changes.jsonl")
    return judge_landed(records, read_people(PEOPLE, file="people.yaml"))


def test_what_every_change_keeps_is_one_finding_with_their_number():
    verdict, violations = judge(a="false", b="false")

    assert (verdict.outcome, violations) == (Outcome.PASSED, ())
    assert {finding.n for finding in verdict.findings} == {2}
    assert len({finding.rule for finding in verdict.findings}) == len(verdict.findings)


def test_one_violation_fails_the_population_and_is_named_with_its_change():
    verdict, violations = judge(a="false", b="true")

    assert verdict.outcome is Outcome.FAILED
    assert [(v.change, v.code) for v in violations] == [("b", "nothing_was_bypassed")]
    rules = [finding.rule for finding in verdict.findings]
    assert rules.count("nothing_was_bypassed") == 1
