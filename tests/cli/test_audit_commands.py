"""`countersign audit`: a page, a document, an exit code."""

import json
from pathlib import Path

import dagster as dg
import pytest


def test_a_dossier_is_written_and_its_sentence_printed(world, run):
    ran = run("audit", "dossier", "policy-search-101")

    assert ran.code == 0
    assert ran.out.startswith(
        "policy-search-101: authored by Ada Okafor; reviewed by Ben Lindqvist"
    )
    assert "written to dossier-policy-search-101.html" in ran.err
    assert "signed by Rosa Delgado" in Path("dossier-policy-search-101.html").read_text("utf-8")


def test_a_dossier_as_json_is_one_document_on_stdout(world, run):
    ran = run("audit", "dossier", "policy-search-102", "--json", "--output", "here.html")

    document = json.loads(ran.out)

    assert document["ended"] == "rolled_back"
    assert document["page"] == "here.html"
    assert document["proof"]["head"]["size"] == world.ledger.head().size
    assert document["proof"]["head"]["root"] == world.ledger.head().root


def test_a_dossier_of_an_unknown_release_is_wrong_input(world, run):
    ran = run("audit", "dossier", "policy-search-999", "--json")

    assert ran.code == 2
    assert json.loads(ran.out)["error"]["kind"] == "not_found"


def test_a_dossier_that_cannot_be_written_says_what_to_do(world, run):
    ran = run("audit", "dossier", "policy-search-101", "--output", "nowhere/dossier.html")

    assert ran.code == 2
    assert "nowhere/dossier.html: the dossier cannot be written" in ran.err
    assert "name another file with --output" in ran.err


def test_a_word_that_is_no_release_is_wrong_input(world, run):
    ran = run("audit", "dossier", "policy-search")

    assert (ran.code, ran.out) == (2, "")
    assert "write it like 'policy-search-142'" in ran.err


def test_all_pages_of_a_demo_are_written_at_once(world, tmp_path):
    from release_assets.audit.dossiers import write_pages

    paths = write_pages(world, ["policy-search-101", "policy-search-104"], tmp_path / "dossiers")

    assert [p.name for p in paths] == [
        "policy-search-101.html",
        "policy-search-104.html",
    ]
    assert "refused" in paths[1].read_text("utf-8")


def test_lineage_needs_a_dagster_home(world, run, monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    ran = run("audit", "lineage", "policy-search-101")

    assert ran.code == 2
    assert "set DAGSTER_HOME" in ran.err


@pytest.fixture
def dagster_home(monkeypatch, tmp_path):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        yield instance


def test_lineage_of_what_dagster_does_not_show_is_inconclusive(world, run, dagster_home):
    ran = run("audit", "lineage", "policy-search-101", "--json")

    assert ran.code == 3
    assert json.loads(ran.out)["headline"] == (
        "inconclusive: Dagster shows no materialisation of policy-search-101"
    )


def test_lineage_of_a_forged_materialisation_fails_and_shows_its_tree(world, run, dagster_home):
    dagster_home.report_runless_asset_event(
        dg.AssetMaterialization(["staging", "gate"], partition="policy-search-101")
    )

    ran = run("audit", "lineage", "policy-search-101")

    assert ran.code == 1
    assert "staging/gate entry None, run" in ran.out
    assert "a_run_made_it: staging/gate (event 1): no run made it" in ran.out
