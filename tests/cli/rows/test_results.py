"""Result rows: every kind of bad line names file, line and key, and what would be right."""

import json

import pytest

from release_assets.cli.rows.results import read_results
from release_assets.domain.errors import InputError
from release_assets.domain.evals.rows import RowStatus

ROW: dict[str, object] = {"case": "c1", "scorer": "correctness", "score": 1.0}


def read(tmp_path, *rows, cluster=None, slice_key=None):
    path = tmp_path / "results.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return read_results(str(path), cluster=cluster, slice_key=slice_key)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "case missing": ({"case": None}, "'case' must be text, not nothing"),
    "case of another type": ({"case": ["c"]}, "'case' must be text, not a list"),
    "case empty": ({"case": ""}, "'case' must be printable text, not an empty text"),
    "scorer too long": ({"scorer": "s" * 501}, "'scorer' must be shorter text"),
    "score too high": ({"score": 87}, "'score' must be at most 1, not 87"),
    "score as text": ({"score": ".5"}, "'score' must be a number, not the text '.5' (write 0.5"),
    "score null": ({"score": None}, "'score' is null or missing"),
    "score null, wrong": ({"score": None, "status": "wrong"}, "'score' is null or missing"),
    "status": ({"status": "eror"}, "unknown word 'eror' (did you mean 'error'?)"),
    "status null": ({"status": None}, "'status' must be one of 'ok', 'wrong'"),
    "cluster": ({"cluster": 3}, "'cluster' must be text, not 3"),
    "slice list": ({"slice": ["de"]}, "'slice' must be a mapping of keys to values, not a list"),
    "slice value": ({"slice": {"locale": 1}}, "'slice.locale' must be text, not 1"),
    "slice text": ({"slice": "\t"}, "'slice' must be printable text, not the text"),
    "repeat": ({"repeat": -1}, "'repeat' must be at least 0, not -1"),
    "half a repeat": ({"repeat": 1.5}, "'repeat' must be a whole number, not 1.5"),
    "critical": ({"critical": 1}, "'critical' must be true or false, not 1"),
    "latency": ({"latency_ms": -1}, "'latency_ms' must be at least 0, not -1"),
    "cost": ({"cost_usd": 1e13}, "'cost_usd' must be at most 1e+12"),
    "scorer_version": ({"scorer_version": 2}, "'scorer_version' must be text, not 2"),
    "misspelt": ({"scorers": "x"}, "unknown word 'scorers' (did you mean 'scorer'?)"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_refused_with_its_place_and_its_key(tmp_path, name):
    changed, message = BAD[name]

    with pytest.raises(InputError) as caught:
        read(tmp_path, ROW, ROW | {"case": "c2"} | changed)

    assert message in str(caught.value)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "results.jsonl"), 2)


@pytest.mark.parametrize("status", sorted(set(RowStatus) - {"ok", "wrong"}))
def test_a_case_that_was_not_scored_needs_no_score(tmp_path, status):
    (row,) = read(tmp_path, {"case": "c1", "scorer": "s", "status": status}).rows

    assert (row.status, row.score) == (RowStatus(status), None)


@pytest.mark.parametrize(
    ("tenant", "message"),
    [
        (7, "'tenant' must be printable text, not '7'"),
        (None, "'tenant' must be printable text, not 'None'"),
        ("", "'tenant' must be printable text, not ''"),
    ],
)
def test_a_chosen_key_holds_a_name(tmp_path, tenant, message):
    for option in ("cluster", "slice_key"):
        with pytest.raises(InputError) as caught:
            read(tmp_path, ROW | {"tenant": tenant}, **{option: "tenant"})
        assert message in str(caught.value)
        assert caught.value.line == 1


def test_a_chosen_key_may_be_any_key_of_the_row_or_of_its_slices(tmp_path):
    row = ROW | {"tenant": "a", "slice": {"locale": "de-DE"}}

    (found,) = read(tmp_path, row, cluster="locale", slice_key="tenant").rows

    assert (found.family, found.slices) == ("de-DE", {"tenant": "a"})


def test_a_chosen_key_that_is_not_there_is_named_beside_those_that_are(tmp_path):
    with pytest.raises(InputError, match="no key 'flow'; this row has case, score, scorer"):
        read(tmp_path, ROW, slice_key="flow")


def test_a_case_by_itself_is_its_own_cluster_and_a_plain_slice_is_named_slice(tmp_path):
    (row,) = read(tmp_path, ROW | {"slice": "de-DE"}).rows

    assert (row.family, row.slices) == ("case:c1", {"slice": "de-DE"})


@pytest.mark.parametrize("optional", [{}, {"slice": "x"}, {"slice": {"locale": "en"}}])
@pytest.mark.parametrize("twice", ["case", "scorer", "score", "status", "critical", "slice"])
def test_a_key_that_comes_twice_is_found_in_every_form_of_a_row(tmp_path, optional, twice):
    """Also where a slice is a text, which holds no key of its own."""
    row = ROW | {"status": "ok", "critical": False} | optional
    if twice not in row:
        return
    line = json.dumps(row)[:-1] + f', "{twice}": {json.dumps(row[twice])}}}'
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{line}\n")

    with pytest.raises(InputError, match=f"duplicate key '{twice}'"):
        read_results(str(path), cluster=None, slice_key=None)
