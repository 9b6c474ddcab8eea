"""Walks the pins of a release through Dagster's materialisations; `history/lineage` judges them.

Reads only: the newest materialisation of every asset in the release's partitions, then upstream
from pin to pin. Dagster's own pointer to upstream data is not followed: it names the newest event
of any partition, which is another release's as soon as two are in progress.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from release_assets.domain.errors import InputError
from release_assets.domain.history.lineage import Materialisation, Pin, Walk
from release_assets.partitions import STAGES, canary_stage_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from release_assets.domain.ledger.entries import Entry

PIN_PREFIX = "lineage/"


def open_instance() -> dg.DagsterInstance:
    """Return the instance that DAGSTER_HOME names; raises `InputError` when it names none."""
    try:
        return dg.DagsterInstance.get()
    except dg.DagsterError as exc:
        hint = "set DAGSTER_HOME to the folder of the running Dagster"
        raise InputError("there is no Dagster instance to read lineage from", hint=hint) from exc


def walk_lineage(instance: dg.DagsterInstance, release: str, ledger: tuple[Entry, ...]) -> Walk:
    """Return the newest materialisations of a release and all that they were made from."""
    newest = sorted(_newest(instance, release), key=lambda m: m.storage_id)
    return Walk.of(release, newest, _upstream(instance, newest), ledger)


def _newest(instance: dg.DagsterInstance, release: str) -> Iterator[Materialisation]:
    stages = instance.get_dynamic_partitions(str(STAGES.name))
    partitions = [release, *(canary_stage_key(release, stage) for stage in stages)]
    for key in instance.get_asset_keys():
        for partition in partitions:
            wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition])
            yield from _read(instance, wanted)


def _upstream(
    instance: dg.DagsterInstance, newest: list[Materialisation]
) -> dict[int, Materialisation]:
    """Return everything that pins lead to, each once."""
    found = {m.storage_id: m for m in newest}
    waiting = list(newest)
    while waiting:
        for asset, pin in waiting.pop().pins.items():
            if pin.storage_id not in found:
                key = dg.AssetKey(asset.split("/"))
                wanted = dg.AssetRecordsFilter(asset_key=key, storage_ids=[pin.storage_id])
                for m in _read(instance, wanted):
                    found[m.storage_id] = m
                    waiting.append(m)
    return found


def _read(instance: dg.DagsterInstance, wanted: dg.AssetRecordsFilter) -> Iterator[Materialisation]:
    for record in instance.fetch_materializations(wanted, limit=1).records:
        yield _materialisation(record)


def _materialisation(record: dg.EventLogRecord) -> Materialisation:
    event = record.asset_materialization
    if event is None:
        raise InputError(f"event {record.storage_id} of Dagster is not a materialisation")
    tags, partition = event.tags or {}, event.partition or ""
    release, _, stage = partition.partition("|")
    digest = event.metadata.get("ledger_digest")
    entry = tags.get("ledger/entry", "")
    return Materialisation(
        storage_id=record.storage_id,
        run_id=record.run_id or "",
        asset="/".join(event.asset_key.path),
        partition=partition,
        release=release,
        stage=stage or None,
        at=datetime.fromtimestamp(record.timestamp, UTC),
        ledger_entry=int(entry) if entry.isdigit() else None,
        ledger_digest=str(digest.value) if digest is not None else None,
        pins=dict(_pins(tags)),
    )


def _pins(tags: Mapping[str, str]) -> Iterator[tuple[str, Pin]]:
    """Yield the pins of an event; one that cannot be read leads to event 0, which never exists."""
    for name, value in tags.items():
        if name.startswith(PIN_PREFIX):
            storage_id, _, run_id = value.partition(".")
            asset = name.removeprefix(PIN_PREFIX).replace(".", "/")
            number = int(storage_id) if storage_id.isdigit() else 0
            yield asset, Pin(storage_id=number, run_id=run_id)
