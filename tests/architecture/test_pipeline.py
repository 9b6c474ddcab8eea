"""The pipeline as data and the pipeline in Dagster are one."""

import ast
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest

from release_assets.definitions import PHASE_MODULES, SENSORS, defs
from release_assets.domain.history import reading
from release_assets.jobs import JOBS
from release_assets.partitions import CANARY_STAGES, RELEASES
from release_assets.pipeline import BEFORE_PROMOTION, PHASES
from release_assets.ports import Ports
from sensors.requesting import UNFINISHED

ROOT = Path(__file__).parents[2]
CLAIMS = [(phase, claim) for phase in PHASES for claim in phase.claims]


def checks():
    """Every check of the definitions, by its key."""
    graph = defs.resolve_asset_graph()
    return {key: graph.get_check_spec(key) for key in graph.asset_check_keys}


def test_every_claim_has_exactly_one_check_and_every_check_is_a_claim():
    claimed = sorted((c.evidence, c.claim) for _, c in CLAIMS)

    assert sorted((k.asset_key.to_user_string(), k.name) for k in checks()) == claimed


def test_every_asset_is_evidence_of_the_pipeline_and_every_evidence_an_asset():
    listed = sorted(name for phase in PHASES for name in phase.evidence)

    keys = defs.resolve_asset_graph().get_all_asset_keys()
    assert sorted(key.to_user_string() for key in keys) == listed


def test_every_evidence_name_is_written_once():
    """Only the pipeline, and below it the history, write a name of evidence out."""
    names = {name for phase in PHASES for name in phase.evidence}
    writers = {
        path.relative_to(ROOT).as_posix()
        for package in ("release_assets", "resources", "sensors")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }

    assert writers == {"release_assets/pipeline.py", "release_assets/domain/history/reading.py"}


def test_the_history_reads_evidence_that_the_pipeline_lists():
    names = {name for phase in PHASES for name in phase.evidence}
    read = {value for value in vars(reading).values() if isinstance(value, str) and "/" in value}

    assert {value for value in read if value.count("/") == 1 and " " not in value} <= names


def test_the_first_file_shows_which_phases_have_a_gate():
    assert {phase.name for phase in PHASES if not phase.gate} == {"audit"}
    assert {phase.gate for phase in PHASES if phase.gate in phase.evidence} == {
        "pre_merge/gate",
        "staging/gate",
        "sign_off/gate",
    }


def test_every_check_blocks():
    assert {key.name: spec.blocking for key, spec in checks().items()} == {
        c.claim: True for _, c in CLAIMS
    }


@pytest.mark.parametrize(("phase", "claim"), CLAIMS, ids=[c.claim for _, c in CLAIMS])
def test_every_claim_is_judged_for_each_release(phase, claim):
    (spec,) = [s for k, s in checks().items() if k.name == claim.claim]
    graph = defs.resolve_asset_graph()
    asset = graph.get(dg.AssetKey(claim.evidence.split("/")))

    expected = CANARY_STAGES if phase.name == "canary" else RELEASES
    assert spec.partitions_def == asset.partitions_def == expected


def test_every_check_describes_its_claim():
    assert all(spec.description for spec in checks().values())


def test_every_asset_has_a_description_and_a_phase():
    graph = defs.resolve_asset_graph()
    names = {phase.name for phase in PHASES}
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name == key.path[0]
        assert key.path[0] in names


def test_what_a_promotion_needs_ends_with_the_quorum():
    assert len(BEFORE_PROMOTION) == len(set(BEFORE_PROMOTION)) == 13
    assert BEFORE_PROMOTION[-1] == "sign_off/quorum_is_complete"


def test_no_job_is_tried_again_by_the_engine():
    """Resuming is a person's decision."""
    assert {job.tags["dagster/max_retries"] for job in JOBS.values()} == {"0"}


def test_every_asset_is_made_by_exactly_one_job():
    made = [
        key for name in JOBS for key in defs.resolve_job_def(name).asset_layer.selected_asset_keys
    ]

    assert sorted(made) == sorted(defs.resolve_asset_graph().get_all_asset_keys())


def test_every_sensor_runs_without_being_switched_on():
    assert {s.default_status for s in SENSORS} == {dg.DefaultSensorStatus.RUNNING}


def test_every_sensor_ticks_as_fast_as_the_engine_can():
    assert {s.minimum_interval_seconds for s in SENSORS} == {3}
    assert UNFINISHED


def declares_something(module):
    """Whether a module of a phase has an asset or a check."""
    declared = dg.AssetsDefinition | dg.AssetChecksDefinition
    return any(isinstance(value, declared) for value in vars(module).values())


def test_every_phase_module_that_declares_something_is_loaded():
    root = Path(str(PHASE_MODULES[0].__file__)).parents[1]
    modules = [
        import_module(f"release_assets.{phase.name}.{path.stem}")
        for phase in PHASES
        for path in (root / phase.name).glob("*.py")
    ]

    assert set(PHASE_MODULES) == {module for module in modules if declares_something(module)}


def test_every_port_is_a_resource():
    from dataclasses import fields

    names = {f.name for f in fields(Ports)} - {"settings"}

    assert names <= set(defs.resources or {})


def test_what_touches_production_is_one_at_a_time():
    graph = defs.resolve_asset_graph()
    pools = {key.to_user_string(): graph.get(key).pools for key in graph.get_all_asset_keys()}

    assert {name for name, pool in pools.items() if pool} == {
        "canary/rollout",
        "canary/stage_traffic",
        "canary/completion",
        "rollback/restoration",
    }
    assert {p for pool in pools.values() for p in pool or ()} == {"production"}
