"""A verdict counts while it passed on the newest evidence of each name, and no longer."""

from types import SimpleNamespace

from release_assets.domain.finding import Outcome
from release_assets.domain.history.staleness import judge_verdicts, newest_verdicts
from release_assets.domain.ledger.kinds import EntryKind

GATE = "staging/quality_holds_against_main"


def evidence(digest, name="staging/eval_results"):
    return SimpleNamespace(kind=EntryKind.EVIDENCE, digest=digest, body={"name": name})


def verdict(*rests_on, outcome="passed", gate=GATE):
    body = {"gate": gate, "outcome": outcome, "headline": outcome, "evidence": list(rests_on)}
    return SimpleNamespace(kind=EntryKind.VERDICT, digest=f"v{rests_on}", body=body)


def judged(*entries):
    (finding,) = judge_verdicts([GATE], entries)
    return finding.outcome, finding.because


def test_a_passed_verdict_on_the_newest_evidence_counts():
    assert judged(evidence("a"), verdict("a")) == (Outcome.PASSED, f"{GATE} holds")


def test_evidence_that_is_measured_anew_closes_the_gate_again():
    outcome, because = judged(evidence("a"), verdict("a"), evidence("b"))

    assert outcome is Outcome.FAILED
    assert because.endswith("was judged on evidence that has been replaced since")


def test_newer_evidence_of_another_name_changes_nothing():
    found = judged(evidence("a"), verdict("a"), evidence("b", name="staging/deployment"))

    assert found[0] is Outcome.PASSED


def test_evidence_of_another_digest_is_not_current():
    """Entries are those of one release digest: what is not among them was not measured on it."""
    assert judged(verdict("elsewhere"))[0] is Outcome.FAILED


def test_the_newest_verdict_of_a_gate_decides():
    entries = (evidence("a"), verdict("a"), verdict("a", outcome="failed"))

    assert judged(*entries) == (Outcome.FAILED, f"{GATE}: failed")
    assert newest_verdicts(entries)[GATE].body["outcome"] == "failed"


def test_a_gate_that_was_never_judged_is_lacking():
    assert judged(evidence("a"))[1] == f"{GATE} was never judged for this release digest"
