"""`countersign ledger`, as a person and as a program reads it."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from release_assets.cli.ledger import ledger as command
from release_assets.domain.errors import InputError, LedgerError
from release_assets.domain.people.roster import Role
from release_assets.domain.release import RiskTier
from release_assets.domain.sign_off.quorum import sign_off_body
from release_assets.domain.sign_off.statement import (
    ReleasePath,
    SignOffDecision,
    Statement,
    Subject,
)
from resources.ledger_store import SqlLedger
from resources.ssh_keys import generate_key, load_private_key, sign

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KEY = load_private_key(generate_key().private_openssh_pem.encode())


@pytest.fixture
def ledger(tmp_path):
    made = SqlLedger(f"sqlite:///{tmp_path}/ledger.db")
    body = {"gate": "staging", "outcome": "passed", "headline": "passed: 9 of 9 rules hold"}
    made.append("change_seen", {"number": 101}, at=NOW, release="policy-search-101")
    made.append("verdict", body, at=NOW, release="policy-search-101")
    made.append("notice", {"headline": "hello"}, at=NOW, release="policy-search-102")
    return made


def run(*arguments):
    return CliRunner().invoke(command, arguments)


def document(*arguments):
    result = run(*arguments, "--json")
    return result.exit_code, json.loads(result.stdout)


def tamper(ledger, *statements):
    connection = sqlite3.connect(ledger.url.removeprefix("sqlite:///"))
    for name in ("update", "delete", "gaps_and_replacement"):
        connection.execute(f"DROP TRIGGER ledger_refuses_{name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_head_is_size_and_root(ledger):
    assert document("head", "--ledger", ledger.url) == (0, ledger.head().document())
    assert run("head", "--ledger", ledger.url).stdout == f"3:{ledger.head().root}\n"


def test_a_whole_ledger_passes(ledger):
    code, found = document("verify", "--ledger", ledger.url)

    assert code == 0
    assert (found["outcome"], found["size"], found["root"]) == ("passed", 3, ledger.head().root)
    assert found["first_bad_entry"] is None


def test_a_tampered_ledger_fails_and_names_the_first_bad_entry(ledger):
    tamper(ledger, "UPDATE ledger SET body = x'7b7d' WHERE seq >= 2")

    code, found = document("verify", "--ledger", ledger.url)

    assert code == 1
    assert (found["outcome"], found["first_bad_entry"]) == ("failed", 2)
    assert found["findings"][0]["because"].startswith("entry 2: its content does not match")
    assert "entry 2" in run("verify", "--ledger", ledger.url).stdout


def test_a_cut_ledger_fails_against_a_head_kept_elsewhere(ledger):
    head = run("head", "--ledger", ledger.url).stdout.strip()
    tamper(ledger, "DELETE FROM ledger WHERE seq = 3")

    assert document("verify", "--ledger", ledger.url)[0] == 0
    code, found = document("verify", "--ledger", ledger.url, "--seen", head)
    assert (code, found["first_bad_entry"]) == (1, 3)


def test_a_head_kept_elsewhere_that_agrees_is_told(ledger):
    head = run("head", "--ledger", ledger.url).stdout.strip()
    ledger.append("drift", {}, at=NOW)

    code, found = document("verify", "--ledger", ledger.url, "--seen", head)

    assert code == 0
    assert found["findings"][1]["because"] == "1 heads kept elsewhere agree"


def test_an_empty_ledger_is_nothing_to_verify(tmp_path):
    """It is also what is left when somebody deletes it all."""
    empty = SqlLedger(f"sqlite:///{tmp_path}/empty.db")
    empty.head()

    assert document("verify", "--ledger", empty.url)[0] == 3


def signed(ledger, head):
    subject = Subject(
        release="policy-search-101",
        release_digest=f"sha256:{'a' * 64}",
        environment="production",
        tier=RiskTier.MEDIUM,
        path=ReleasePath.STANDARD,
        evidence_digest=f"sha256:{'b' * 64}",
        policy_digest=f"sha256:{'c' * 64}",
        roster_digest=f"sha256:{'d' * 64}",
    )
    said = Statement(
        subject=subject,
        decision=SignOffDecision.YES,
        role=Role.RELEASE_MANAGER,
        person="rosa",
        ledger_head=head,
        nonce="n",
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
    )
    ledger.append("sign_off", sign_off_body(said, sign(said.payload(), KEY)), at=NOW)


def test_the_head_that_a_signatory_saw_anchors_the_ledger(ledger, tmp_path):
    head = ledger.head()
    signed(ledger, head)
    assert document("verify", "--ledger", ledger.url)[1]["findings"][1]["n"] == 1

    forged = SqlLedger(f"sqlite:///{tmp_path}/forged.db")
    for _ in range(3):
        forged.append("notice", {"headline": "nothing to see"}, at=NOW)
    signed(forged, head)

    code, found = document("verify", "--ledger", forged.url)
    assert (code, found["first_bad_entry"]) == (1, 3)


def test_a_sign_off_that_nobody_signed_fails_the_ledger(ledger):
    ledger.append("sign_off", {"statement": {}, "signature": ""}, at=NOW)

    code, found = document("verify", "--ledger", ledger.url)

    assert code == 1
    assert found["findings"][-1]["rule"] == "signature_is_the_signatorys"


def test_entries_are_shown_by_release_and_kind(ledger):
    _, found = document("show", "--ledger", ledger.url, "--release", "policy-search-101")
    assert [entry["seq"] for entry in found["entries"]] == [1, 2]

    _, found = document("show", "--ledger", ledger.url, "--kind", "notice", "--after", "2")
    assert [entry["kind"] for entry in found["entries"]] == ["notice"]

    told = run("show", "--ledger", ledger.url, "--kind", "verdict").stdout
    assert "policy-search-101" in told
    assert "staging passed: 9 of 9 rules hold" in told


def test_nothing_is_shown_of_a_tampered_ledger(ledger):
    tamper(ledger, "UPDATE ledger SET body = x'7b7d' WHERE seq = 2")

    assert isinstance(run("show", "--ledger", ledger.url).exception, LedgerError)


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--ledger", "sqlite:///nowhere.db"),
        ("head", "--ledger", "lunch"),
        ("verify", "--ledger", "{url}", "--seen", "three"),
    ],
)
def test_wrong_usage_is_an_input_error(ledger, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run(*(text.format(url=ledger.url) for text in arguments))

    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "nowhere.db").exists()
