"""Four releases of policy-search in one ledger, each by the entries that the pipeline would write.

Bodies follow the pipeline's own; times start on a fixed morning and go on by seconds, so that every
sentence a test expects can be written down.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from release_assets.domain.finding import Finding, Outcome
from release_assets.domain.history.reading import Names
from release_assets.domain.release import Unit, digest_of
from release_assets.domain.verdict import conclude
from release_assets.pipeline import PRE_MERGE, SIGN_OFF, STAGING
from resources.ssh_keys import generate_key, load_private_key, sign

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEYS = {person: generate_key() for person in ("ada", "rosa")}
NAMES = Names(
    names={
        key: name
        for person, name in {
            "ada": "Ada Okafor",
            "ben": "Ben Lindqvist",
            "chloe": "Chloe Marchand",
            "dev": "Dev Raman",
            "rosa": "Rosa Delgado",
        }.items()
        for key in (person, f"local:{person}")
    },
    keys={KEYS[person].public_line: person for person in KEYS},
)
STAGES = ((1, "1-at-1pct"), (10, "2-at-10pct"), (50, "3-at-50pct"), (100, "4-at-100pct"))
SLUMP = (
    "groundedness of the candidate fell below the stable release's by more than 0.02: 0.861 "
    "against 0.942 on 61 scored pairs"
)


def unit(name):
    """A unit whose parts have digests made from a name; the stable unit is called `main`."""
    parts = ("code", "prompts", "model", "index", "configuration")
    return Unit(feature="policy-search", **{p: digest_of(f"{p} {name}".encode()) for p in parts})


class EntryWriter:
    """Writes entries about one release, a second apart unless `wait` says otherwise."""

    def __init__(self, ledger, release, *, now=START):
        self.ledger, self.release, self.now = ledger, release, now
        self.unit = unit(release)

    def write(self, kind, body, *, digest=None, wait=1):
        self.now += timedelta(seconds=wait)
        digest = digest or self.unit.digest
        return self.ledger.append(
            kind, body, at=self.now, release=self.release, release_digest=digest
        )

    def seen(self, title, *, author="ada", commits=()):
        commits = commits or [{"sha": "c1", "authors": [f"local:{author}"], "paths": ["a.py"]}]
        number = int(self.release.rpartition("-")[2])
        self.write(
            "change_seen",
            {"number": number, "head": "c1", "title": title, "author": f"local:{author}"},
        )
        summary = {
            "title": title,
            "author": f"local:{author}",
            "unit": self.unit.document(),
            "differs_from_main_in": ["prompts"],
            "commits": list(commits),
        }
        return self.evidence("pre_merge/change", summary)

    def evidence(self, name, summary, *, run_id="run-1", **more):
        body = {
            "name": name,
            "release": self.release,
            "release_digest": self.unit.digest,
            "measured_at": self.now.isoformat(),
            "run_id": run_id,
            "summary": summary,
            "inputs": {"commit": "c1"},
            "table": None,
        }
        return self.write("evidence", body, **more)

    def verdict(self, gate, outcome="passed", because="it holds", *, evidence=(), **more):
        found = Finding(
            rule=gate.partition("/")[2].partition("@")[0],
            outcome=Outcome(outcome),
            because=because,
            observed=0.942,
            limit=0.9,
            n=240,
            interval=(0.91, 0.97),
            scorer="groundedness",
        )
        body = conclude(gate, [found]).document() | {
            "evidence": [e.digest for e in evidence],
            "policy_digest": digest_of(b"policy"),
            "run_id": "run-1",
        }
        return self.write("verdict", body, **more)

    def passed(self, phase):
        """Every claim of a phase on evidence of its own, then its gate."""
        for claim in phase.claims:
            measured = self.evidence(f"{phase.name}/{claim.evidence}", {"cases": 240})
            self.verdict(f"{phase.name}/{claim.claim}", evidence=[measured])
        return self.verdict(f"{phase.name}/gate")

    def staged(self):
        self.write("intent", {"act": "deploy", "environment": "staging"})
        return self.passed(STAGING)

    def reviewed(self, *reviewers):
        summary = {"authored_by": ["ada"], "reviewed_by": list(reviewers)}
        measured = self.evidence("sign_off/change_record", summary)
        return self.verdict("sign_off/reviewers_are_independent", evidence=[measured])

    def signed(self, person="rosa", *, decision="yes", digest=None, key=None, because=""):
        statement = self.statement(person, decision, digest or self.unit.digest, because)
        return self.write("sign_off", signed_body(statement, key or person))

    def statement(self, person, decision, digest, because=""):
        return {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": self.release, "digest": {"sha256": digest.partition(":")[2]}}],
            "predicateType": "urn:countersign:sign-off:v1",
            "predicate": {
                "decision": decision,
                "role": "release_manager",
                "person": person,
                "environment": "production",
                "tier": "medium",
                "path": "standard",
                "evidence_digest": digest_of(b"evidence"),
                "policy_digest": digest_of(b"policy"),
                "roster_digest": digest_of(b"roster"),
                "ledger_head": {"size": 40, "root": digest_of(b"root")},
                "nonce": "n-1",
                "issued_at": "2026-03-02T09:05:00Z",
                "expires_at": "2026-03-02T17:05:00Z",
                "because": because,
            },
        }

    def refused(self, person="ada"):
        because = f"{person} wrote 2 commits of this release and cannot sign it off"
        found = Finding(
            rule="signatory_did_not_contribute", outcome=Outcome.FAILED, because=because
        )
        verdict = conclude("sign_off/signature", [found])
        body = {"act": "sign_off", "person": person, "role": "release_manager"}
        reasons = {"because": verdict.headline, "findings": verdict.document()["findings"]}
        return self.write("refusal", body | reasons)

    def promoted(self, **people):
        self.write("intent", {"act": "deploy", "environment": "production"})
        recorded = {
            "authored_by": ["ada"],
            "reviewed_by": ["ben", "chloe"],
            "signed_by": ["rosa"],
            "executed_by": "dagster run 8f14e45f",
        } | people
        self.write("rollout", {"event": "promoted", "traffic_pct": 0.0, "people": recorded})
        return self.evidence("canary/rollout", {"unit": self.unit.document()})

    def entered(self, pct, stage):
        self.write("intent", {"act": "raise_traffic", "traffic_pct": float(pct)}, wait=2)
        self.write("observation", {"act": "raise_traffic", "traffic": self.traffic(pct)})
        return self.write(
            "rollout", {"event": "stage_entered", "stage": stage, "traffic_pct": float(pct)}
        )

    def traffic(self, pct):
        return {"stable": unit("main").digest, "candidate": self.unit.digest, "candidate_pct": pct}

    def looked(self, stage, *, scored, wait, outcome="passed", because="proven within its limits"):
        summary = {
            "candidate_calls": 12 * scored,
            "stable_calls": 90 * scored,
            "scored": scored,
            "evidence_for": 131.5 if outcome == "passed" else 0.2,
            "needed_for": 100.0,
            "evidence_against": 0.4 if outcome == "passed" else 118.2,
            "needed_against": 100.0,
            "sentence": because,
        }
        measured = self.evidence(f"canary/live_scores@{stage}", summary, wait=wait)
        gate = f"canary/live_quality_holds@{stage}"
        return self.verdict(gate, outcome, because, evidence=[measured])

    def proven(self, pct, stage, *, wait=30):
        self.entered(pct, stage)
        self.looked(stage, scored=40 + pct, wait=wait)
        self.write("rollout", {"event": "stage_proven", "stage": stage, "because": "proven"})

    def braked(self, because=SLUMP, *, wait=14):
        gone = self.traffic(0.0) | {"candidate": None}
        self.write("observation", {"act": "brake", "traffic": gone, "because": because}, wait=wait)
        self.write("rollout", {"event": "breached", "because": because, "reaction_s": 2.25})
        body = {"channel": "slack:@ada", "headline": f"{self.release} was taken off production"}
        self.write("notice", body | {"text": because, "dedup": "brake:ada"})

    def restored(self):
        self.write("intent", {"act": "restore"})
        self.write("observation", {"act": "restore", "unit": unit("main").document()})
        self.verdict("rollback/everything_is_back", because="every part is the stable release's")
        self.write("rollout", {"event": "rolled_back", "because": "every part is back"})


def signed_body(statement, person):
    """The body of a sign-off, signed with that person's key."""
    import rfc8785

    key = load_private_key(KEYS[person].private_openssh_pem.encode())
    return {"statement": statement, "signature": sign(rfc8785.dumps(statement), key)}


def adopt(ledger):
    """The stable release that was there before the pipeline."""
    writer = EntryWriter(ledger, "policy-search-0")
    writer.unit = unit("main")
    body = {
        "unit": writer.unit.document(),
        "commit": "c0",
        "because": "it served before the pipeline did",
    }
    return writer.write("adoption", body)


def better(ledger):
    """A good release, all the way to complete."""
    writer = EntryWriter(ledger, "policy-search-101")
    writer.seen("Three sentences where two fall short")
    writer.passed(PRE_MERGE)
    writer.staged()
    writer.reviewed("ben", "chloe")
    writer.signed()
    writer.passed(SIGN_OFF)
    writer.promoted()
    for pct, stage in STAGES[:3]:
        writer.proven(pct, stage)
    writer.entered(*STAGES[3])
    full = {"stable": writer.unit.digest, "candidate": None, "candidate_pct": 0.0}
    writer.write("intent", {"act": "complete"}, wait=30)
    writer.write("observation", {"act": "complete", "traffic": full})
    writer.write("rollout", {"event": "completed", "because": "watched for 30 s without a breach"})
    return writer


def quiet_prompt(ledger):
    """A prompt that loses groundedness quietly, caught at 10 %."""
    writer = EntryWriter(ledger, "policy-search-102", now=START + timedelta(hours=1))
    commits = [
        {"sha": "c1", "authors": ["local:ada"], "paths": ["features/policy-search/feature.yaml"]},
        {"sha": "c2", "authors": ["local:dev"], "paths": ["features/policy-search/prompts/a.yaml"]},
    ]
    writer.seen("A friendlier answer", commits=commits)
    writer.passed(PRE_MERGE)
    writer.staged()
    writer.reviewed("ben", "chloe")
    writer.signed()
    writer.passed(SIGN_OFF)
    writer.promoted(authored_by=["ada", "dev"])
    writer.proven(*STAGES[0])
    writer.entered(*STAGES[1])
    writer.looked(STAGES[1][1], scored=61, wait=11, outcome="failed", because=SLUMP)
    writer.braked()
    writer.restored()
    return writer


def stale_index(ledger):
    """Last year's handbook, caught in staging."""
    writer = EntryWriter(ledger, "policy-search-103", now=START + timedelta(hours=2))
    writer.seen("Rebuild the index")
    writer.passed(PRE_MERGE)
    writer.write("intent", {"act": "deploy", "environment": "staging"})
    measured = writer.evidence("staging/deployment", {"observed": writer.unit.document()})
    writer.verdict("staging/staging_runs_this_release", evidence=[measured])
    because = "groundedness lost 12 of 240 cases against main"
    writer.verdict("staging/quality_holds_against_main", "failed", because)
    writer.verdict("staging/gate", "failed", because)
    taken_back = {"event": "staging_rolled_back", "because": f"failed: {because}"}
    writer.write("rollout", taken_back)
    return writer


def own_signature(ledger):
    """An author who tries to sign their own release."""
    writer = EntryWriter(ledger, "policy-search-104", now=START + timedelta(hours=3))
    writer.seen("Tidy the guard")
    writer.passed(PRE_MERGE)
    writer.staged()
    writer.reviewed("ben")
    writer.refused()
    return writer


STORIES = {
    "policy-search-101": better,
    "policy-search-102": quiet_prompt,
    "policy-search-103": stale_index,
    "policy-search-104": own_signature,
}


def write_all(ledger):
    """All four, in one ledger."""
    adopt(ledger)
    return {release: story(ledger) for release, story in STORIES.items()}
