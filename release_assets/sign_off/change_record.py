"""Who made this release, and who reviewed it: are they different people?

Everything since what production runs counts, not only the last change (law 6; SOC 2 CC8.1). The
record holds the reviews of every change, counted by the roster and the policy that it names; the
claim is judged from the record alone, so that anybody can judge it again.
"""

from collections.abc import Iterator

import dagster as dg

from release_assets.domain.finding import Finding
from release_assets.domain.ledger.entries import Entry
from release_assets.domain.people.reviews import judge_review
from release_assets.domain.release import Release
from release_assets.pipeline import CHANGE_RECORD, SIGN_OFF, STAGING_GATE
from release_assets.records.declare import claim, evidence
from release_assets.records.recorder import Recorder
from release_assets.sign_off.promotion import changes_of, contributors_to, reviewers_of


@evidence(CHANGE_RECORD, STAGING_GATE, kinds=("git",))
def change_record(
    context: dg.AssetExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.MaterializeResult[None]:
    """Record the changes of this release, their contributors, reviewers and reviews."""
    release, repository = recorder.release(context), recorder.repository
    control, changes = repository.control_files(), changes_of(recorder.book, release)
    roster = control.roster
    people = contributors_to(changes, repository, roster)
    tier = repository.manifest(release.key.feature, release.commit).risk_tier
    needed = control.policy.tier(tier).sign_off.independent_reviewers
    reviews = [f for c in changes for f in judge_review(c, people, roster, needed=needed)]
    summary = {
        "changes": [c.number for c in changes],
        "authored_by": list(people.people),
        "deeds": {person: people.sentence(person) for person in people.people},
        "reviewed_by": list(reviewers_of(changes, people, roster)),
        "unknown": list(people.unknown),
        "reviews": [finding.document() for finding in reviews],
    }
    inputs = {"roster": roster.digest, "policy": control.policy.digest}
    return recorder.evidence(context, release, summary=summary, inputs=inputs)


@claim(SIGN_OFF)
def reviewers_are_independent(
    context: dg.AssetCheckExecutionContext, recorder: dg.ResourceParam[Recorder]
) -> dg.AssetCheckResult:
    """Every change was reviewed, as it landed, by people who are none of its contributors."""
    return recorder.judge(context, _reviews)


def _reviews(_: Release, found: Entry) -> Iterator[Finding]:
    return map(Finding.read, found.body["summary"]["reviews"])
