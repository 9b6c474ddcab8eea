"""The dossier shows what the ledger holds, and only that."""

import json
from datetime import timedelta

import pytest

from release_assets.domain.errors import LedgerError, NotFoundError
from release_assets.domain.finding import Outcome
from release_assets.domain.history.dossier import compile_dossier, prove
from release_assets.domain.history.ending import WithoutRollout
from release_assets.domain.history.reading import Names
from release_assets.domain.ledger.kinds import RolloutEvent
from release_assets.domain.ledger.merkle import includes
from release_assets.domain.people.roster import Key, Person, Robot, Roster, Validity
from release_assets.domain.release import digest_of
from release_assets.domain.rollout.machine import RolloutState
from release_assets.pipeline import BEFORE_PROMOTION, PRE_MERGE, SIGN_OFF
from tests.fabricated.released import (
    KEYS,
    NAMES,
    SLUMP,
    STAGES,
    EntryWriter,
    adopt,
    signed_body,
    unit,
    write_all,
)
from tests.ports.fakes import MemoryLedger

RELEASE = "policy-search-101"


@pytest.fixture(scope="module")
def ledger():
    filled = MemoryLedger()
    write_all(filled)
    return filled.entries()


@pytest.fixture
def writer():
    return EntryWriter(MemoryLedger(), RELEASE)


def dossier_of(writer, expected=()):
    return compile_dossier(writer.release, writer.ledger.entries(), NAMES, expected)


def signed_release(writer):
    """A release up to its signature."""
    writer.seen("Three sentences where two fall short")
    for phase in (PRE_MERGE, SIGN_OFF):
        writer.passed(phase)
    return writer.signed()


def ramping_release(writer):
    """A release at its first canary stage."""
    signed_release(writer)
    writer.promoted()
    writer.entered(*STAGES[0])
    return writer


def test_a_complete_release_has_its_one_sentence(ledger):
    digest = unit("policy-search-101").digest[:19]

    headline = compile_dossier("policy-search-101", ledger, NAMES).headline

    assert headline == (
        "policy-search-101: authored by Ada Okafor; reviewed by Ben Lindqvist, Chloe Marchand; "
        f"signed by Rosa Delgado (release manager) for digest {digest}; "
        "promoted at 2026-03-02 09:00:37 UTC; 1 %, 10 %, 50 %, 100 %; "
        "complete at 2026-03-02 09:03:02 UTC."
    )


def test_a_rolled_back_release_shows_when_and_why(ledger):
    headline = compile_dossier("policy-search-102", ledger, NAMES).headline

    assert "authored by Ada Okafor (+ prompts by Dev Raman); reviewed by" in headline
    assert headline.endswith(f"1 %, 10 %; rolled back at 2026-03-02 10:01:50 UTC because {SLUMP}.")


def test_a_release_that_staging_took_back_was_never_promoted(ledger):
    headline = compile_dossier("policy-search-103", ledger, NAMES).headline

    assert headline == (
        "policy-search-103: authored by Ada Okafor; rolled back from staging at "
        "2026-03-02 11:00:19 UTC because groundedness lost 12 of 240 cases against main."
    )


def test_a_refused_signature_is_in_the_sentence(ledger):
    dossier = compile_dossier("policy-search-104", ledger, NAMES)

    assert dossier.headline == (
        "policy-search-104: authored by Ada Okafor; reviewed by Ben Lindqvist; sign-off by "
        "Ada Okafor (release manager) refused because ada wrote 2 commits of this release and "
        "cannot sign it off; not promoted."
    )
    assert [r.findings[0].rule for r in dossier.refusals] == ["signatory_did_not_contribute"]


def test_the_first_stable_release_is_shown_as_adopted(ledger):
    dossier = compile_dossier("policy-search-0", ledger, NAMES)

    assert dossier.ending.word is WithoutRollout.ADOPTED
    assert dossier.headline.startswith("policy-search-0: adopted as the first stable release at")
    assert dossier.unit == unit("main").document()


def test_the_same_ledger_makes_the_same_dossier(ledger):
    first, again = (compile_dossier(RELEASE, ledger, NAMES) for _ in range(2))

    assert json.dumps(first.document()) == json.dumps(again.document())


def test_a_release_without_an_entry_has_no_dossier(ledger):
    with pytest.raises(NotFoundError, match="no entry about 'policy-search-999'"):
        compile_dossier("policy-search-999", ledger, NAMES)


def test_a_release_that_nobody_signed_has_no_signed_by(writer):
    writer.seen("Tidy")

    assert "signed by" not in dossier_of(writer).headline
    assert "reviewed by" not in dossier_of(writer).headline


def test_a_signature_for_another_digest_does_not_count(writer):
    writer.seen("Tidy")
    writer.signed(digest=digest_of(b"another unit"))

    dossier = dossier_of(writer)

    assert "signed by" not in dossier.headline
    assert [s.counts for s in dossier.sign_offs] == [False]
    assert dossier.sign_offs[0].problem == ""


def test_a_signature_by_the_key_of_another_person_does_not_count(writer):
    writer.seen("Tidy")
    writer.signed("rosa", key="ada")

    (sign_off,) = dossier_of(writer).sign_offs

    assert (sign_off.counts, sign_off.problem) == (False, "the key that signed is Ada Okafor's")


def test_a_statement_changed_after_it_was_signed_does_not_count(writer):
    writer.seen("Tidy")
    statement = writer.statement("rosa", "no", writer.unit.digest, "not yet")
    body = signed_body(statement, "rosa")
    forged = {**statement, "predicate": statement["predicate"] | {"decision": "yes"}}
    writer.write("sign_off", body | {"statement": forged})

    (sign_off,) = dossier_of(writer).sign_offs

    assert not sign_off.counts
    assert sign_off.problem


def test_a_key_that_is_not_in_the_roster_does_not_count(writer):
    writer.seen("Tidy")
    writer.signed()

    dossier = compile_dossier(RELEASE, writer.ledger.entries(), Names(names=NAMES.names))

    assert dossier.sign_offs[0].problem == "no one in people.yaml has the key that signed"
    assert not dossier.sign_offs[0].counts


def test_words_beside_the_statement_are_not_read(writer):
    """Person, role and decision of a sign-off are those that were signed."""
    writer.seen("Tidy")
    statement = writer.statement("rosa", "no", writer.unit.digest, "not yet")
    writer.write("sign_off", signed_body(statement, "rosa") | {"person": "ada", "decision": "yes"})

    dossier = dossier_of(writer)

    assert "rejected by Rosa Delgado (release manager)" in dossier.headline
    assert dossier.ending.word is WithoutRollout.REFUSED


def test_a_pass_of_an_earlier_push_is_not_the_releases_own(writer):
    writer.verdict("pre_merge/code_is_healthy", digest=digest_of(b"an earlier push"))
    writer.seen("Tidy")

    (gate,) = dossier_of(writer).gates

    assert gate.verdict is None
    assert [v.outcome for v in gate.earlier] == [Outcome.PASSED]


def test_failed_attempts_stay_in_the_dossier(writer):
    writer.seen("Tidy")
    writer.verdict("pre_merge/core_flows_hold", "failed", "leave is not covered")
    writer.verdict("pre_merge/core_flows_hold")

    (gate,) = dossier_of(writer).gates

    assert gate.verdict.outcome is Outcome.PASSED
    assert [v.headline for v in gate.earlier] == ["failed: leave is not covered"]


def test_an_expected_gate_is_listed_before_it_was_judged(writer):
    writer.seen("Tidy")
    writer.verdict("pre_merge/code_is_healthy")

    gates = dossier_of(writer, BEFORE_PROMOTION).gates

    assert [g.gate for g in gates] == list(BEFORE_PROMOTION)
    assert [g.gate for g in gates if g.verdict] == ["pre_merge/code_is_healthy"]


def test_findings_read_back_as_numbers(writer):
    writer.verdict("staging/quality_holds_against_main")

    finding = dossier_of(writer).gates[0].verdict.findings[0]

    assert (finding.observed, finding.limit, finding.n) == (0.942, 0.9, 240)
    assert finding.interval == (0.91, 0.97)


def test_a_verdict_names_the_entries_it_rests_on(writer):
    measured = writer.evidence("staging/eval_results", {"cases": 240})
    writer.verdict("staging/quality_holds_against_main", evidence=[measured])

    assert dossier_of(writer).gates[0].verdict.rests_on == (measured.seq,)


def test_an_intent_that_nothing_observed_is_shown_as_such(writer):
    writer.write("intent", {"act": "deploy", "environment": "staging"})

    (act,) = dossier_of(writer).acts

    assert (act.observation, act.is_whole, act.meant_again_as) == (None, False, None)


def test_an_act_that_was_started_over_names_its_second_intent(writer):
    """`kill -9` between intent and observation, then the same run again."""
    writer.write("intent", {"act": "raise_traffic", "traffic_pct": 10.0})
    again = writer.write("intent", {"act": "raise_traffic", "traffic_pct": 10.0})
    writer.write("observation", {"act": "raise_traffic", "traffic": writer.traffic(10)})

    lost, done = dossier_of(writer).acts

    assert (lost.is_whole, lost.meant_again_as) == (False, again.seq)
    assert done.is_whole


def test_an_observation_closes_the_intent_of_its_own_share(writer):
    writer.write("intent", {"act": "raise_traffic", "traffic_pct": 1.0})
    writer.write("intent", {"act": "raise_traffic", "traffic_pct": 10.0})
    writer.write("observation", {"act": "raise_traffic", "traffic": writer.traffic(1.0)})

    assert [act.is_whole for act in dossier_of(writer).acts] == [True, False]


def test_a_deploy_is_observed_by_what_was_read_back(writer):
    writer.write("intent", {"act": "deploy", "environment": "staging"})
    writer.evidence("staging/deployment", {"observed": writer.unit.document()})

    assert [act.is_whole for act in dossier_of(writer).acts] == [True]


def test_only_the_brake_may_act_before_it_writes(writer):
    writer.write("observation", {"act": "brake", "traffic": writer.traffic(0)})
    writer.write("observation", {"act": "retire"})

    assert [(a.act, a.is_whole) for a in dossier_of(writer).acts] == [
        ("brake", True),
        ("retire", False),
    ]


def test_traffic_is_what_the_router_reported(ledger):
    complete = compile_dossier("policy-search-101", ledger, NAMES)
    braked = compile_dossier("policy-search-102", ledger, NAMES)

    assert [p.traffic_pct for p in complete.traffic] == [1, 10, 50, 100, 100]
    assert [p.traffic_pct for p in braked.traffic] == [1, 10, 0]


def test_traffic_of_another_candidate_is_not_ours(writer):
    writer.write("observation", {"act": "restore", "traffic": writer.traffic(50)})
    other = writer.traffic(50) | {"candidate": digest_of(b"somebody else's")}
    writer.write("observation", {"act": "restore", "traffic": other})

    assert [p.traffic_pct for p in dossier_of(writer).traffic] == [50, 0]


def test_each_stage_shows_its_time_and_evidence(ledger):
    first, second = compile_dossier("policy-search-102", ledger, NAMES).stages

    assert (first.stage, first.end) == ("1-at-1pct", RolloutEvent.STAGE_PROVEN)
    assert first.left_at == first.entered_at + timedelta(seconds=36)
    assert (second.end, second.because) == (RolloutEvent.BREACHED, SLUMP)
    assert (second.live.candidate_calls, second.live.scored) == (732, 61)
    assert second.live.evidence_against == 118.2
    assert second.verdict.outcome is Outcome.FAILED


def test_a_stage_ends_with_the_brake_and_not_with_its_paperwork(ledger):
    dossier = compile_dossier("policy-search-102", ledger, NAMES)
    brake = next(p for p in dossier.traffic if p.act == "brake")

    assert dossier.stages[-1].left_at == brake.at


def test_a_held_release_shows_since_when(writer):
    ramping_release(writer)
    writer.write("rollout", {"event": "held", "because": "undecided after 10 min"})

    dossier = dossier_of(writer)

    assert dossier.ending.word is RolloutState.HELD
    assert dossier.stages[-1].end is RolloutEvent.HELD
    assert dossier.headline.endswith("UTC because undecided after 10 min.")


def test_a_braked_release_is_shown_as_not_yet_restored(writer):
    ramping_release(writer)
    writer.braked()

    dossier = dossier_of(writer)

    assert dossier.ending.reaction_s == "2.25"
    assert dossier.headline.endswith(f"because {SLUMP}; not yet rolled back.")


def test_a_refusal_does_not_unpromote_a_release(writer):
    ramping_release(writer)
    writer.refused()

    dossier = dossier_of(writer)

    assert dossier.ending.word is RolloutState.RAMPING
    assert dossier.headline.endswith("1 %; still ramping.")


def test_a_later_signature_outweighs_a_refusal(writer):
    writer.seen("Tidy")
    writer.refused("ada")
    writer.signed("rosa")

    assert dossier_of(writer).ending.word is WithoutRollout.OPEN


def test_an_open_release_names_the_gate_that_keeps_it(writer):
    writer.seen("Tidy")
    writer.verdict("pre_merge/core_flows_hold", "failed", "leave is not covered")

    assert dossier_of(writer).headline.endswith(
        "not promoted: pre_merge/core_flows_hold failed: leave is not covered."
    )


def test_every_entry_has_its_line(ledger):
    for release in ("policy-search-0", "policy-search-101", "policy-search-104"):
        entries = [e for e in ledger if e.release == release]

        moments = compile_dossier(release, ledger, NAMES).timeline

        assert [m.entry for m in moments] == [e.seq for e in entries]
        assert all(m.text for m in moments)


def test_a_notice_about_the_release_belongs_to_it_without_a_digest(writer):
    writer.seen("Tidy")
    body = {"channel": "slack:@ada", "headline": "held", "text": "", "dedup": "x"}
    writer.ledger.append("notice", body, at=writer.now, release=RELEASE)

    dossier = dossier_of(writer)

    assert [n.channel for n in dossier.notices] == ["slack:@ada"]
    assert dossier.release_digest == writer.unit.digest


def test_the_proof_leads_from_the_last_entry_to_the_root(ledger):
    proof = compile_dossier("policy-search-102", ledger, NAMES).proof
    last, digest = proof.entries[-1]

    assert includes(
        leaf=bytes.fromhex(digest.removeprefix("sha256:")),
        index=last - 1,
        size=proof.head.size,
        root=bytes.fromhex(proof.head.root.removeprefix("sha256:")),
        proof=[bytes.fromhex(node.removeprefix("sha256:")) for node in proof.inclusion],
    )
    assert proof.head.size == len(ledger)


def test_an_entry_that_is_not_in_the_tree_has_no_proof(ledger):
    with pytest.raises(LedgerError, match="lies beyond"):
        prove(ledger, ledger[:-1])
    with pytest.raises(LedgerError, match="is not in the tree"):
        prove(ledger[:3], (*ledger[:2], ledger[4], ledger[3], *ledger[5:]))


def test_a_ledger_of_one_entry_proves_itself():
    alone = MemoryLedger()
    adopt(alone)

    assert compile_dossier("policy-search-0", alone.entries(), NAMES).proof.inclusion == ()


def test_names_and_keys_come_from_the_roster():
    key = Key(public_key=KEYS["rosa"].public_line, valid=Validity())
    rosa = Person(id="rosa", name="Rosa Delgado", accounts=("local:rosa",), keys=(key,))
    names = Names.from_roster(
        Roster(people=(rosa,), robots=(Robot(id="release-bot", accounts=("local:bot",)),))
    )

    assert names.list(["rosa", "local:rosa", "local:bot", "local:nobody"]) == (
        "Rosa Delgado, release-bot (robot), local:nobody"
    )
    assert names.keys == {KEYS["rosa"].public_line: "rosa"}
