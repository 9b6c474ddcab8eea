"""Lineage read from a real Dagster instance, whole, forged and deleted."""

import dagster as dg
import pytest

from release_assets.audit.lineage import open_instance, walk_lineage
from release_assets.domain.errors import InputError
from release_assets.domain.finding import Outcome
from release_assets.domain.history.lineage import judge_lineage
from release_assets.partitions import CANARY_STAGES, RELEASES, STAGES, canary_stage_key
from tests.fabricated.released import EntryWriter, unit
from tests.ports.fakes import MemoryLedger

RELEASE, OTHER, STAGE = "policy-search-101", "policy-search-102", "1-at-1pct"


class Pipeline:
    """Three assets of two releases, materialised as the phases do it: entry first, then pins."""

    def __init__(self, instance):
        self.instance, self.ledger = instance, MemoryLedger()
        instance.add_dynamic_partitions(RELEASES.name, [RELEASE, OTHER])
        instance.add_dynamic_partitions(STAGES.name, [STAGE])
        self.assets = {
            "change": self._asset("pre_merge/change"),
            "gate": self._asset("pre_merge/gate", "pre_merge/change"),
            "traffic": self._asset("canary/traffic", "pre_merge/gate", CANARY_STAGES),
        }

    def _asset(self, name, upstream=None, partitions_def=RELEASES):
        phase, short = name.split("/")

        @dg.asset(
            name=short,
            key_prefix=phase,
            partitions_def=partitions_def,
            deps=[dg.AssetKey(upstream.split("/"))] if upstream else [],
        )
        def made(context):
            return self._record(context)

        return made

    def _record(self, context):
        from release_assets.records.show import evidence_name, materialisation

        key = context.partition_key
        staged = isinstance(key, dg.MultiPartitionKey)
        release = key.keys_by_dimension["release"] if staged else key
        writer = EntryWriter(self.ledger, release)
        named = evidence_name(context.asset_key, key)
        entry = writer.evidence(named, {}, run_id=context.run.run_id)
        return materialisation(context, entry, unit(release), {})

    def run(self, name, partition):
        result = dg.materialize(
            [self.assets[name]], partition_key=partition, instance=self.instance
        )
        return result.run_id

    def release(self, release):
        self.run("change", release)
        self.run("gate", release)
        return self.run("traffic", canary_stage_key(release, STAGE))

    def walk(self):
        return walk_lineage(self.instance, RELEASE, self.ledger.entries())


@pytest.fixture
def pipeline():
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(instance)


def test_two_releases_in_flight_keep_their_own_lineage(pipeline):
    """The engine's own pointer errs here: it names the newest event of any partition."""
    for name in ("change", "gate"):
        pipeline.run(name, RELEASE)
        pipeline.run(name, OTHER)
    pipeline.run("traffic", canary_stage_key(RELEASE, STAGE))

    walk = pipeline.walk()

    assert judge_lineage(walk).outcome is Outcome.PASSED
    assert [m.evidence_name for m in walk.tips()] == [f"canary/traffic@{STAGE}"]
    assert {m.release for m in walk.found.values()} == {RELEASE}


def test_a_materialisation_reported_by_hand_fails(pipeline):
    pipeline.release(RELEASE)
    pipeline.instance.report_runless_asset_event(
        dg.AssetMaterialization(
            ["pre_merge", "gate"], partition=RELEASE, tags={"ledger/entry": "2"}
        )
    )

    verdict = judge_lineage(pipeline.walk())

    assert verdict.outcome is Outcome.FAILED
    assert "a person reported it by hand" in verdict.headline


def test_a_deleted_run_is_inconclusive(pipeline):
    pipeline.release(RELEASE)
    pipeline.instance.delete_run(pipeline.walk().tips()[0].run_id)

    verdict = judge_lineage(pipeline.walk())

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert f"the newest 'canary/traffic@{STAGE}'" in verdict.headline


def test_a_deleted_upstream_is_inconclusive(pipeline):
    pipeline.release(RELEASE)
    (pin,) = pipeline.walk().tips()[0].pins.values()
    pipeline.instance.delete_run(pin.run_id)

    verdict = judge_lineage(pipeline.walk())

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "is gone from Dagster" in verdict.headline


def test_an_older_upstream_that_was_pinned_is_found_and_compared(pipeline):
    """A gate that ran again does not change what the traffic was raised on."""
    pipeline.release(RELEASE)
    pipeline.run("gate", RELEASE)

    walk = pipeline.walk()

    assert len(walk.found) == 4
    assert judge_lineage(walk).outcome is Outcome.PASSED


def test_without_a_dagster_home_there_is_nothing_to_read(monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    with pytest.raises(InputError, match="set DAGSTER_HOME"):
        open_instance()
