"""Recorded calls: one row declared once, read alike from JSON lines and from Parquet."""

import json
import math
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from release_assets.cli.rows.calls import recorded_calls
from release_assets.domain.backtest.calls import RecordingNeeds
from release_assets.domain.errors import InputError
from tests.domain.backtest.recorded_world import plan, replays, row

NEEDS = RecordingNeeds.of(plan())
NOTHING = RecordingNeeds(scorers={}, slices={}, metrics={})


def read(path, needs=NEEDS):
    return list(recorded_calls(str(path), needs))


def as_lines(path, rows):
    path.write_text("".join(f"{json.dumps(r)}\n" for r in rows))
    return path


def as_parquet(path, rows, **columns):
    table = pa.Table.from_pylist(rows)
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    pq.write_table(table, path, row_group_size=700)
    return path


def test_parquet_reads_as_json_lines_do(tmp_path):
    rows = [r | {"slices": {"locale": "de-DE"}} for r in replays(100)]

    lines = read(as_lines(tmp_path / "calls.jsonl", rows))

    assert read(as_parquet(tmp_path / "calls.parquet", rows)) == lines
    assert read(as_parquet(tmp_path / "calls.data", rows)) == lines


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parquet_times_are_read_in_any_unit(tmp_path, unit):
    rows = replays(1)
    times = [datetime.fromisoformat(r["at"]).replace(microsecond=0) for r in rows]
    column = pa.array(times, pa.timestamp("us", tz="UTC")).cast(pa.timestamp(unit, tz="UTC"))

    found = read(as_parquet(tmp_path / "calls.parquet", rows, at=column))

    assert [call.at for call in found] == times


def test_parquet_maps_keep_missing_scores_apart_from_absent_ones(tmp_path):
    kinds = pa.map_(pa.string(), pa.float64())
    scores = pa.array([[("groundedness", None)], [], [("groundedness", 0.5)]], kinds)
    rows = [row(n, "candidate", f"u{n}") for n in range(3)]

    found = read(as_parquet(tmp_path / "calls.parquet", rows, scores=scores))

    assert [call.scores for call in found] == [{"groundedness": None}, {}, {"groundedness": 0.5}]


def test_a_null_in_a_struct_is_a_score_that_nobody_made(tmp_path):
    rows = [row(0, "candidate", "a", 1.0), row(1, "candidate", "b"), row(2, "stable", "c", 0.5)]

    found = read(as_parquet(tmp_path / "calls.parquet", rows))

    assert [call.scores for call in found] == [{"groundedness": 1.0}, {}, {"groundedness": 0.5}]


def test_parquet_faults_name_the_row(tmp_path):
    rows = [row(n, "candidate", f"u{n}", 1.0) for n in range(3)]
    naive = pa.array([datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)] * 3)
    wrong = pa.array([{"groundedness": s} for s in (1.0, math.nan, 1.0)])
    bad = {"at": naive, "scores": wrong, "arm": pa.array(["candidate", "stable", "other"])}
    for name, line in (("at", 1), ("scores", 2), ("arm", 3)):
        with pytest.raises(InputError) as caught:
            read(as_parquet(tmp_path / "calls.parquet", rows, **{name: bad[name]}))
        assert (caught.value.line, caught.value.file) == (line, str(tmp_path / "calls.parquet"))


def test_parquet_that_is_something_else_or_misspelt_or_damaged_is_refused(tmp_path):
    path = tmp_path / "calls.parquet"
    path.write_text("{}")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        read(path)
    as_parquet(path, [row(0, "candidate", "a", 1.0) | {"feedbak": 1}])
    with pytest.raises(InputError, match="unknown word 'feedbak'"):
        read(path)
    as_parquet(path, replays(10))
    whole = path.read_bytes()
    path.write_bytes(whole[:2000] + bytes(500) + whole[2500:])
    with pytest.raises(InputError):
        read(path)


def test_parquet_of_something_else_names_the_columns_that_are_not_there(tmp_path):
    pq.write_table(pa.table({"unit": ["a"], "x": [1]}), tmp_path / "calls.parquet")

    with pytest.raises(InputError, match="no column 'at', 'arm', 'latency_ms', 'error'") as caught:
        read(tmp_path / "calls.parquet")

    assert caught.value.file == str(tmp_path / "calls.parquet")


def test_parquet_without_rows_is_no_recording(tmp_path):
    empty = pa.Table.from_pylist([row(0, "candidate", "a", 1.0)]).slice(0, 0)
    pq.write_table(empty, tmp_path / "calls.parquet")

    with pytest.raises(InputError, match="no recorded call"):
        read(tmp_path / "calls.parquet")


def test_a_call_that_failed_may_lack_its_latency_and_cost(tmp_path):
    dead = row(0, "candidate", "a", error=True, latency_ms=None, cost_usd=None)

    (call,) = read(as_lines(tmp_path / "calls.jsonl", [dead]))

    assert (call.latency_ms, call.cost_usd) == (math.inf, None)


def test_scorer_versions_are_read_for_all_scorers_or_for_each(tmp_path):
    one = row(0, "candidate", "a", 1.0, scorer_version="2")
    each = row(1, "candidate", "b", 1.0, scorer_version={"groundedness": "3", "tone": None})

    found = read(as_lines(tmp_path / "calls.jsonl", [one, each]), NOTHING)

    assert [call.versions for call in found] == [{"groundedness": "2"}, {"groundedness": "3"}]


@pytest.mark.parametrize(
    "at",
    ["2026-03-02 10:00+01:00", "20260302T090000Z", "2026-W10-1T09:00Z", "2026-03-02T09:00:00Z"],
)
def test_every_iso_time_with_a_zone_is_read(tmp_path, at):
    (call,) = read(as_lines(tmp_path / "calls.jsonl", [row(0, "stable", "u", at=at)]))

    assert call.at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_what_is_null_or_absent_is_unknown(tmp_path):
    bare = {"at": "2026-03-02T09:00:00Z", "arm": "stable", "unit": "u", "error": False}
    bare |= {"latency_ms": 1, "cost_usd": 0}
    nulls = dict.fromkeys(("feedback", "scores", "slices", "pair", "timeout", "scorer_version"))

    absent, null = read(as_lines(tmp_path / "calls.jsonl", [bare, bare | nulls]))

    assert absent._replace(line=2) == null
    assert (null.scores, null.slices, null.pair, null.is_negative) == ({}, {}, None, None)


def test_a_slice_that_is_null_is_no_slice(tmp_path):
    sliced = row(0, "stable", "u", slices={"locale": "de-DE", "tenant": None})

    (call,) = read(as_lines(tmp_path / "calls.jsonl", [sliced]))

    assert call.slices == {"locale": "de-DE"}
