"""Who made this release, and who reviewed it: are they different people?

Everything since what production runs counts, not only the last change (law 6; SOC 2 CC8.1).
"""

import dagster as dg

from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.people.reviews import judge_review
from release_assets.domain.release import Release
from release_assets.pipeline import SIGN_OFF
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Records
from release_assets.sign_off.promotion import changes_of, contributors_of, reviewers_of


@evidence("sign_off", "staging/gate", kinds=("git",))
def change_record(
    context: dg.AssetExecutionContext, records: dg.ResourceParam[Records]
) -> dg.MaterializeResult:
    """The changes of this release, their contributors and their reviewers."""
    release = records.release(context)
    roster = records.repository.roster()
    people = contributors_of(records, release, roster)
    summary = {
        "changes": [c.number for c in changes_of(records, release)],
        "authored_by": list(people.people),
        "deeds": {person: people.sentence(person) for person in people.people},
        "reviewed_by": list(reviewers_of(records, release, people, roster)),
        "unknown": list(people.unknown),
    }
    return records.evidence(context, release, summary=summary, inputs={"roster": roster.digest})


@claim(SIGN_OFF)
def reviewers_are_independent(
    context: dg.AssetCheckExecutionContext, records: dg.ResourceParam[Records]
) -> dg.AssetCheckResult:
    """Every change was reviewed, as it landed, by people who are none of its contributors."""

    def rule(release: Release, _: Entry) -> tuple[Finding, ...]:
        roster = records.repository.roster()
        people = contributors_of(records, release, roster)
        needed = records.tier(release).sign_off.independent_reviewers
        return tuple(
            finding
            for change in changes_of(records, release)
            for finding in judge_review(change, people, roster, needed=needed)
        )

    return records.judge(context, rule)
