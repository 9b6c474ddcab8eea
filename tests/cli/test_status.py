"""`countersign status`: every release in one table, one release with its gates and timeline."""

import json

from release_assets.domain.rollout.machine import RolloutState


def test_every_release_has_its_line(world, run):
    ran = run("status")

    assert ran.code == 0
    lines = ran.out.splitlines()
    rows = [line.split()[0] for line in lines if line.startswith("policy-search")]
    assert rows == [f"policy-search-{n}" for n in (0, 101, 102, 103, 104, 105)]
    refused = next(line for line in lines if line.startswith("policy-search-104"))
    assert "a sign-off by another person" in refused


def test_every_release_stands_in_one_document(world, run):
    found = {r["release"]: r for r in json.loads(run("status", "--json").out)["releases"]}

    assert found["policy-search-101"]["ended"] == RolloutState.COMPLETE
    assert found["policy-search-101"]["traffic_pct"] == 100
    assert found["policy-search-105"] == {
        "release": "policy-search-105",
        "title": "Not judged yet",
        "phase": "pre_merge",
        "ended": "open",
        "verdict": None,
        "outcome": None,
        "stage": None,
        "traffic_pct": 0.0,
        "since": None,
        "awaited": "the pipeline",
        "because": "",
    }


def test_one_release_is_told_with_its_gates_and_timeline(world, run):
    ran = run("status", "policy-search-102")

    assert ran.code == 0
    assert "canary/live_quality_holds@2-at-10pct" in ran.out
    assert "rolled back to the stable release" in ran.out


def test_one_release_as_a_document_holds_gates_and_timeline(world, run):
    document = json.loads(run("status", "policy-search-103", "--json").out)

    gates = {g["gate"]: g["verdict"]["outcome"] for g in document["gates"]}
    assert gates["staging/quality_holds_against_main"] == "failed"
    assert document["timeline"][0]["text"] == "change 103 by Ada Okafor: Rebuild the index"


def test_an_unknown_release_is_wrong_input(world, run):
    ran = run("status", "policy-search-999")

    assert ran.code == 2
    assert "there is no release 'policy-search-999'" in ran.err


def test_a_damaged_ledger_ends_with_one_and_says_which_entry(world, run, monkeypatch):
    from release_assets.domain.errors import LedgerError

    def entries():
        raise LedgerError("entry 7: its content does not match its hash")

    monkeypatch.setattr(world, "ledger", type("L", (), {"entries": staticmethod(entries)}))

    ran = run("status", "--json")

    assert ran.code == 1
    assert json.loads(ran.out)["error"]["kind"] == "ledger"
