"""What makes a sign-off count, and when the quorum is complete."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.finding import Outcome
from release_assets.domain.ledger.entries import Entry, Head
from release_assets.domain.ledger.kinds import EntryKind
from release_assets.domain.people.contributors import contributors
from release_assets.domain.people.roster import Key, Role, Validity
from release_assets.domain.release import RiskTier
from release_assets.domain.sign_off.quorum import (
    digest_of_evidence,
    heads_seen,
    judge_sign_offs,
    read_sign_off,
    read_sign_offs,
    sign_off_body,
)
from release_assets.domain.sign_off.statement import (
    ReleasePath,
    SignOffDecision,
    Statement,
    Subject,
    read_statement,
)
from release_assets.domain.sign_off.validity import SIGNING_ROLES, Promotion, quorum_of
from resources.ssh_keys import public_line, sign
from tests.domain.people.cast import KEYS, NOW, ROSTER, change, commit, person

HEAD_SEEN = Head(size=7, root=f"sha256:{'7' * 64}")
SUBJECT = Subject(
    release="policy-search-101",
    release_digest=f"sha256:{'a' * 64}",
    environment="production",
    tier=RiskTier.MEDIUM,
    path=ReleasePath.STANDARD,
    evidence_digest=f"sha256:{'b' * 64}",
    policy_digest=f"sha256:{'c' * 64}",
    roster_digest=f"sha256:{'d' * 64}",
)
PROMOTION = Promotion(
    subject=SUBJECT,
    quorum=quorum_of(RiskTier.MEDIUM, [Role.RELEASE_MANAGER]),
    roster=ROSTER,
    contributors=contributors(change(), ROSTER, case_authors={}),
    reviewers=("ben",),
)


def statement(who="rosa", role=Role.RELEASE_MANAGER, **more):
    given = {
        "subject": SUBJECT,
        "decision": SignOffDecision.YES,
        "role": role,
        "person": who,
        "ledger_head": HEAD_SEEN,
        "nonce": f"nonce-{who}-{role}",
        "issued_at": NOW,
        "expires_at": NOW + timedelta(hours=8),
    }
    return Statement(**(given | more))


def signed(made, *, key=None, seq=1, at=NOW):
    body = sign_off_body(made, sign(made.payload(), KEYS[key or made.person]))
    return read_sign_off(body, at=at, seq=seq)


def judged(*sign_offs, promotion=PROMOTION, now=NOW + timedelta(hours=1)):
    return judge_sign_offs(sign_offs, promotion, now=now)


def rules(result):
    return {f.rule for f in result.discounted}


def test_one_yes_of_a_release_manager_completes_the_quorum_of_a_medium_release():
    result = judged(signed(statement()))

    assert result.verified
    assert [f.outcome for f in result.findings] == [Outcome.PASSED, Outcome.PASSED]
    assert result.findings[0].because == "rosa signed off as release manager"


def test_without_a_sign_off_the_release_waits():
    result = judged()

    assert not result.verified
    assert result.missing == (Role.RELEASE_MANAGER,)
    assert result.findings[0].outcome is Outcome.INCONCLUSIVE
    assert result.findings[0].because == "needs the sign-off of a release manager"


def test_the_author_cannot_sign_off_their_own_release():
    result = judged(signed(statement("ada")))

    assert not result.verified
    assert (
        "ada wrote 2 commits of this release and cannot sign it off" in result.findings[0].because
    )


def test_a_writer_of_an_eval_case_cannot_sign_off_the_release():
    """Who writes the exam does not grade the release."""
    who = contributors(change(), ROSTER, case_authors={"prod-231": ["local:rosa-2"]})

    result = judged(signed(statement()), promotion=replace(PROMOTION, contributors=who))

    because = "rosa wrote the eval case prod-231 of this release and cannot sign it off"
    assert because in result.findings[0].because


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("release", "policy-search-102"),
        ("release_digest", f"sha256:{'f' * 64}"),
        ("environment", "staging"),
        ("tier", RiskTier.LOW),
        ("path", ReleasePath.EMERGENCY),
        ("evidence_digest", f"sha256:{'f' * 64}"),
        ("policy_digest", f"sha256:{'f' * 64}"),
        ("roster_digest", f"sha256:{'f' * 64}"),
    ],
)
def test_a_sign_off_for_anything_else_does_not_count(field, other):
    made = statement(subject=replace(SUBJECT, **{field: other}))

    result = judged(signed(made))

    assert not result.verified
    assert rules(result) == {f"sign_off_names_this_{field.removesuffix('_digest')}"}


def test_every_wrong_binding_is_named():
    made = statement(subject=replace(SUBJECT, environment="staging", tier=RiskTier.LOW))

    result = judged(signed(made))

    assert rules(result) == {"sign_off_names_this_environment", "sign_off_names_this_tier"}


def test_a_sign_off_expires():
    result = judged(signed(statement()), now=NOW + timedelta(hours=8, seconds=1))

    assert rules(result) == {"sign_off_is_in_time"}
    assert "expired at 2026-06-01 20:00 UTC" in result.findings[0].because


def test_a_sign_off_dated_after_its_own_entry_does_not_count():
    result = judged(signed(statement(), at=NOW - timedelta(minutes=6)))

    assert rules(result) == {"sign_off_is_in_time"}


@pytest.mark.parametrize("hours", [0, -1, 8.1, 24 * 3650])
def test_no_sign_off_is_made_for_longer_than_a_working_day(hours):
    with pytest.raises(InputError, match="at most 8 hours"):
        statement(expires_at=NOW + timedelta(hours=hours))


def test_no_one_signs_for_another_person():
    result = judged(signed(statement(), key="ada"))

    assert rules(result) == {"signature_is_the_signatorys"}
    assert "signed as rosa, with the key of ada" in result.findings[0].because


def test_a_key_that_is_not_in_the_roster_signs_nothing():
    result = judged(signed(statement(), key="stranger"))

    assert rules(result) == {"signature_is_the_signatorys"}
    assert "signed as rosa; no one in people.yaml has this key" in result.findings[0].because


def test_a_key_counts_only_on_its_days():
    old = Key(public_key=public_line(KEYS["rosa"]), valid=Validity(until=date(2026, 5, 31)))
    people = (*ROSTER.people[:3], person("rosa", Role.RELEASE_MANAGER, keys=(old,)))
    promotion = replace(PROMOTION, roster=replace(ROSTER, people=people))

    result = judged(signed(statement()), promotion=promotion)

    assert "the key of rosa was not valid on 2026-06-01" in result.findings[0].because


def test_the_role_must_be_held():
    result = judged(signed(statement("iris", Role.RELEASE_MANAGER)))

    assert rules(result) == {"signatory_holds_the_role"}
    assert "iris does not hold the role release manager" in result.findings[0].because


def test_a_reviewer_of_the_release_cannot_sign_it_off():
    result = judged(signed(statement()), promotion=replace(PROMOTION, reviewers=("rosa",)))

    assert rules(result) == {"signatory_did_not_review"}


def test_an_unknown_contributor_blocks_everybody():
    who = contributors(change(commits=(commit("local:zed"),)), ROSTER, case_authors={})

    result = judged(signed(statement()), promotion=replace(PROMOTION, contributors=who))

    assert rules(result) == {"every_identity_is_known"}
    assert "local:zed, who wrote 1 commit of this release" in result.findings[0].because


def test_a_copy_of_a_sign_off_does_not_count_twice():
    first, copy = signed(statement(), seq=1), signed(statement(), seq=2)

    result = judged(first, copy)

    assert rules(result) == {"nonce_is_used_once"}


def test_a_no_blocks_whatever_others_say():
    reject = signed(
        statement("iris", Role.AI_RISK_PARTNER, decision=SignOffDecision.NO, because="biased")
    )

    result = judged(reject, signed(statement(), seq=2))

    assert not result.verified
    assert result.findings[-1].outcome is Outcome.FAILED
    assert result.findings[-1].because == "iris signed a no: biased"


def test_a_no_does_not_lapse():
    """Neither eight hours nor another run of an eval take a no away."""
    made = statement(
        subject=replace(SUBJECT, evidence_digest=f"sha256:{'0' * 64}"),
        decision=SignOffDecision.NO,
        because="wait for legal",
    )

    result = judged(signed(made), now=NOW + timedelta(days=3))

    assert [s.statement.person for s in result.rejected] == ["rosa"]


def test_a_no_is_withdrawn_by_the_same_person():
    no = signed(statement(decision=SignOffDecision.NO, because="not today", nonce="n"), seq=1)

    result = judged(no, signed(statement(), seq=2))

    assert result.verified


def test_a_yes_is_taken_back_by_a_later_no():
    no = signed(statement(decision=SignOffDecision.NO, because="found a bug", nonce="n"), seq=2)

    result = judged(signed(statement(), seq=1), no)

    assert result.missing == (Role.RELEASE_MANAGER,)
    assert result.rejected


def test_a_no_of_somebody_without_a_signing_role_does_not_block():
    people = (*ROSTER.people, person("stranger"))
    promotion = replace(PROMOTION, roster=replace(ROSTER, people=people))
    no = signed(
        statement("stranger", decision=SignOffDecision.NO, because="I do not like it"), seq=1
    )

    assert judged(no, signed(statement(), seq=2), promotion=promotion).verified


def test_a_no_needs_its_reason():
    with pytest.raises(InputError, match="reason"):
        statement(decision=SignOffDecision.NO)


HIGH = replace(SUBJECT, tier=RiskTier.HIGH)


def touched(made, seq):
    """As if signed by a hardware key."""
    sign_off = signed(made, seq=seq)
    return replace(sign_off, signature=replace(sign_off.signature, user_present=True))


def test_a_high_release_needs_the_ai_risk_partner_too():
    promotion = replace(PROMOTION, subject=HIGH, quorum=quorum_of(RiskTier.HIGH, SIGNING_ROLES))
    manager = touched(statement(subject=HIGH), 1)
    partner = touched(statement("iris", Role.AI_RISK_PARTNER, subject=HIGH), 2)

    assert judged(manager, promotion=promotion).missing == (Role.AI_RISK_PARTNER,)
    assert judged(manager, partner, promotion=promotion).verified


def test_one_person_does_not_fill_two_roles():
    both = person("rosa", Role.RELEASE_MANAGER, Role.AI_RISK_PARTNER)
    people = (*ROSTER.people[:3], both)
    promotion = replace(
        PROMOTION,
        subject=HIGH,
        quorum=quorum_of(RiskTier.HIGH, SIGNING_ROLES),
        roster=replace(ROSTER, people=people),
    )

    result = judged(
        touched(statement(subject=HIGH), 1),
        touched(statement(role=Role.AI_RISK_PARTNER, subject=HIGH), 2),
        promotion=promotion,
    )

    assert len(result.missing) == 1


def test_a_high_release_is_not_signed_with_a_key_in_a_file():
    promotion = replace(PROMOTION, subject=HIGH, quorum=quorum_of(RiskTier.HIGH, SIGNING_ROLES))

    result = judged(signed(statement(subject=HIGH)), promotion=promotion)

    assert rules(result) == {"signature_comes_from_hardware"}


def test_a_statement_reads_back_as_it_was_written():
    made = statement(because="measured twice", issued_at=NOW.replace(microsecond=12))

    assert read_statement(made.document()) == made


@pytest.mark.parametrize(
    "damage",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"subject": []},
        {"extra": 1},
        {"predicate": {}},
    ],
)
def test_a_statement_of_another_kind_is_refused(damage):
    with pytest.raises(InputError):
        read_statement(statement().document() | damage)


def test_an_unknown_decision_is_refused_with_the_nearest_word():
    document = statement().document()
    document["predicate"]["decision"] = "yess"

    with pytest.raises(UnknownWordError, match="yes"):
        read_statement(document)


def test_a_statement_has_one_form_only():
    """Two spellings of one moment would be two payloads for one meaning."""
    document = statement().document()
    document["predicate"]["issued_at"] = "2026-06-01T14:00:00+02:00"

    with pytest.raises(InputError, match="not in canonical form"):
        read_statement(document)


def test_entries_that_are_not_sign_offs_become_findings():
    body = sign_off_body(statement(), sign(b"something else", KEYS["rosa"]))

    sign_offs, findings = read_sign_offs([_entry(1, body), _entry(2, {})])

    assert sign_offs == ()
    assert [f.outcome for f in findings] == [Outcome.FAILED, Outcome.FAILED]
    assert findings[0].because.startswith(
        "entry 1 is not a valid sign-off: the signature is not over"
    )


def test_the_heads_that_signatories_saw_are_anchors():
    body = sign_off_body(statement(), sign(statement().payload(), KEYS["rosa"]))

    assert heads_seen([_entry(8, body)]) == (HEAD_SEEN,)


def test_the_order_of_evidence_does_not_matter():
    assert digest_of_evidence(["b", "a", "a"]) == digest_of_evidence(["a", "b"])
    assert digest_of_evidence(["a"]) != digest_of_evidence(["a", "b"])


def _entry(seq, body):
    return Entry(
        seq=seq,
        at=NOW,
        kind=EntryKind.SIGN_OFF,
        release="policy-search-101",
        release_digest=None,
        body=body,
        leaf=b"",
    )
