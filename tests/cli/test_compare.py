"""`countersign compare`: one sentence with numbers, a table, one document, and an exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from release_assets.cli.compare import compare
from release_assets.cli.rows import lines as json_lines
from release_assets.domain.errors import InputError, UnknownWordError

LOCALES = ("en-US", "de-DE", "es-ES", "fr-FR", "ja-JP")
TOP = {"outcome", "headline", "findings", "cases", "lost", "gained", "delta", "interval"}
TOP |= {"p_regressed", "needed_n", "slices"}
FINDING = {"rule", "outcome", "observed", "limit", "n", "interval", "slice", "scorer", "because"}


def results(count=200, lost=0, **more):
    return [
        {"case": f"c{at:03}", "scorer": "correctness", "score": float(at >= lost), **more}
        for at in range(count)
    ]


def localised(count=200, lost=()):
    return [
        row | {"slice": {"locale": LOCALES[at % 5]}, "score": float(at not in lost)}
        for at, row in enumerate(results(count))
    ]


@pytest.fixture
def say(tmp_path):
    """Run the command on two lists of rows (or raw text); returns the result with its document."""

    def write(name, rows):
        path = tmp_path / name
        text = rows if isinstance(rows, str) else "".join(f"{json.dumps(r)}\n" for r in rows)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run(candidate, baseline=None, *options):
        theirs = results() if baseline is None else baseline
        sides = write("baseline.jsonl", theirs), write("candidate.jsonl", candidate)
        command = ["--baseline", sides[0], "--candidate", sides[1], *options]
        return CliRunner().invoke(compare, command, standalone_mode=False)

    return run


def document(result):
    lines = result.stdout.splitlines()
    assert len(lines) == 1, result.stdout
    return json.loads(lines[0])


def code(result):
    assert result.exception is None, result.exception
    return result.return_value


def test_an_unchanged_run_passes_and_its_first_line_holds_the_numbers(say):
    result = say(results())

    assert code(result) == 0
    assert result.stdout.splitlines()[0].startswith(
        "passed: correctness: 0 of 200 cases lost, 0 gained; difference 0, interval -.013 to .013"
    )


def test_a_regression_fails_with_the_cases_named(say):
    result = say(results(lost=16))

    assert code(result) == 1
    first, header, *_ = result.stdout.splitlines()
    assert first.startswith("failed: correctness: 16 of 200 cases lost (c000, c001")
    assert "drop .08" in first
    assert header.split()[:3] == ["scorer", "slice", "outcome"]


def test_the_document_keeps_its_keys(say):
    found = document(say(results(lost=16), None, "--json"))

    assert set(found) >= TOP
    assert all(set(finding) == FINDING for finding in found["findings"])
    assert (found["cases"], found["lost"], found["gained"]) == (200, 16, 0)
    assert found["delta"] == pytest.approx(-0.08)
    assert found["interval"][0] < -0.08 < found["interval"][1] < 0
    assert found["p_regressed"] == pytest.approx(2**-16)
    assert found["slices"] == []


def test_whatever_decided_the_first_line_holds_the_numbers(say):
    marked = [r | {"critical": True} for r in results(60, 1)]
    cases = (
        (results(60, 1), results(60), "inconclusive: correctness: 1 of 60 cases lost"),
        (results(60), results(61), "inconclusive: 60 cases on both sides; 1 only in baseline"),
        (marked, results(60), "failed: 1 of 60 critical cases fail: c000; correctness: 1 of 60"),
    )
    for ours, theirs, begins in cases:
        first = say(ours, theirs).stdout.splitlines()[0]
        assert first.startswith(begins)
        for part in (" lost", " gained; ", ", interval ", "one-sided exact p "):
            assert part in first


def test_an_open_margin_is_told_with_the_cases_it_would_take(say):
    first = say(results(60, 1), results(60)).stdout.splitlines()[0]

    assert "a drop of .05 is not excluded; about " in first
    assert first.endswith(" such cases would exclude it")


def test_a_failure_over_rows_that_lack_says_so_in_the_first_line(say):
    ours = [r | {"repeat": k} for k in (1, 2) for r in results()]

    first = say([*ours, results()[0] | {"repeat": 3}]).stdout.splitlines()[0]

    assert first.startswith("failed: correctness: 0 of 200 cases lost")
    assert "candidate: fewer than 3 repeats of c001" in first


def test_undecided_ends_with_three_and_says_how_many_cases_it_would_take(say):
    result = say(results(60, 1), results(60), "--json")

    assert code(result) == 3
    assert document(result)["outcome"] == "inconclusive"
    assert document(result)["needed_n"] > 60


def test_the_margin_is_the_users(say):
    assert code(say(results(60, 1), results(60), "--margin", ".15")) == 0


def test_a_slice_that_fell_is_named(say):
    fallen = set(range(4, 90, 5))

    result = say(localised(lost=fallen), localised(lost=set(range(0, 90, 5))), "--json")

    slices = {s["slice"]: s["outcome"] for s in document(result)["slices"]}
    assert slices["ja-JP"] == "failed"
    assert set(slices) == set(LOCALES)
    assert code(result) == 1


def test_a_slice_may_be_a_plain_word_or_any_field(say):
    plain = [r | {"slice": LOCALES[at % 2]} for at, r in enumerate(results())]
    field = [r | {"tenant": LOCALES[at % 2]} for at, r in enumerate(results())]

    for rows, options in ((plain, ()), (field, ("--slice", "tenant"))):
        found = document(say(rows, rows, *options, "--json"))
        assert {s["slice"] for s in found["slices"]} == {"en-US", "de-DE"}
        assert all(set(s) >= {"slice", "outcome", "delta", "n"} for s in found["slices"])


def test_clusters_widen_the_interval(say):
    def spread(options):
        grouped = [r | {"family": r["case"][:3]} for r in results(lost=12)]
        whole = [r | {"score": 1.0} for r in grouped]
        low, high = document(say(grouped, whole, *options, "--json"))["interval"]
        return high - low

    assert spread(("--cluster", "family")) > 1.5 * spread(())


def test_repeats_are_averaged(say):
    ours = [r | {"repeat": k} for k in (1, 2, 3) for r in results()]

    found = document(say(ours, results(), "--json"))

    assert (found["outcome"], found["cases"]) == ("passed", 200)


def test_the_scorer_that_is_worst_off_decides(say):
    ours = [*results(), *({**r, "scorer": "tone"} for r in results(lost=20))]
    theirs = [*results(), *({**r, "scorer": "tone"} for r in results())]

    found = document(say(ours, theirs, "--json"))

    assert (found["outcome"], found["scorer"], found["lost"]) == ("failed", "tone", 20)
    assert [s["scorer"] for s in found["scorers"]] == ["correctness", "tone"]


def test_unequal_cases_are_inconclusive_and_named_and_nothing_in_the_table_passes(say):
    result = say(results(198), results(200), "--json")

    assert code(result) == 3
    assert "2 only in baseline: c198, c199" in document(result)["headline"]
    assert document(result)["scorers"][0]["outcome"] == "inconclusive"


def test_an_unanswered_case_is_lost_and_holds_the_verdict(say):
    silent = [*results(199), {"case": "c199", "scorer": "correctness", "status": "timeout"}]

    result = say(silent, None, "--json")

    assert code(result) == 3
    assert document(result)["lost_cases"] == ["c199"]
    assert "1 timeout: c199" in document(result)["headline"]


def test_mixed_scorer_versions_are_inconclusive(say):
    ours, theirs = (results(scorer_version=version) for version in "12")

    found = document(say(ours, theirs, "--json"))

    assert (found["outcome"], found["delta"]) == ("inconclusive", None)
    assert "correctness 1, 2" in found["headline"]


ROW = '{"case": "c000", "scorer": "correctness", "score": 1}\n'
BAD = {
    "": "no result row",
    "\n\n": "no result row",
    ROW + "{oops\n": "candidate.jsonl:2: not JSON: Expecting property name",
    ROW + "[1]\n": "candidate.jsonl:2: not a JSON object",
    ROW + ROW: "candidate.jsonl:2: case 'c000' repeat 1 stands on line 1 already",
    ROW.replace("1}", "1.2}"): "the score is 1.2, not a number from 0 to 1",
    ROW.replace("1}", "-1}"): "the score is -1",
    ROW.replace("1}", "NaN}"): "NaN is not a number",
    ROW.replace("1}", "1e999}"): "the score is Infinity",
    ROW.replace("1}", "true}"): "the score is true",
    ROW.replace("1}", '"1"}'): 'the score is "1"',
    ROW.replace("1}", "null}"): "the score is null",
    ROW.replace("1}", "9" * 5000 + "}"): "not JSON",
    ROW.replace("c000", ""): 'case is "", not a name',
    ROW.replace('"c000"', "7"): "case is 7, not a name",
    ROW.replace("c000", "c\\u001b[31m"): "not a name",
    ROW.replace("c000", "c" * 600): "not a name",
    ROW.replace('"score"', '"scroe"'): "unknown word 'scroe' (did you mean 'score'?)",
    ROW.replace("1}", '1, "repaet": 2}'): "unknown word 'repaet' (did you mean 'repeat'?)",
    ROW.replace("1}", '1, "status": "okay"}'): "unknown word 'okay' (did you mean 'ok'?)",
    ROW.replace("1}", '1, "status": ["ok"]}'): "unknown word",
    ROW.replace("1}", '1, "repeat": "x"}'): 'the repeat is "x"',
    ROW.replace("1}", '1, "repeat": true}'): "the repeat is true",
    ROW.replace("1}", '1, "cost_usd": -1}'): "cost_usd is -1",
    ROW.replace("1}", '1, "slice": 7}'): "slice 'slice' is 7",
    ROW.replace("1}", '1, "slice": {"locale": null}}'): "slice 'locale' is null",
    ROW.replace("1}", '1, "score": 0}'): "a field stands twice",
    ROW.replace(', "score": 1', ""): "the score is null",
    ROW.replace('"scorer": "correctness", ', ""): "no field 'scorer'",
    "[" * 100_000 + "\n": "candidate.jsonl:1: not",
}


@pytest.mark.parametrize("text", BAD, ids=lambda text: BAD[text][-40:])
def test_what_cannot_be_read_is_refused_with_its_place(say, text):
    with pytest.raises(InputError) as caught:
        raise say(text).exception

    assert BAD[text] in str(caught.value)
    assert caught.value.file.endswith("candidate.jsonl")
    assert caught.value.hint


def test_a_misspelt_field_is_an_unknown_word_and_a_field_of_the_users_is_welcome(say):
    assert isinstance(say(results(sloce="x")).exception, UnknownWordError)
    assert code(say(results(answer="14 days", tokens=12))) == 0


def test_a_missing_slice_or_cluster_key_names_file_and_line(say):
    for option in ("--slice", "--cluster"):
        error = say(localised(), localised(), option, "tenant").exception
        assert "baseline.jsonl:1: no" in str(error)
        assert "'tenant'" in str(error)


def test_a_case_that_changes_its_slice_or_cluster_is_refused(say):
    moved = [r | {"slice": {"locale": "xx"}} for r in localised()]
    grouped = [r | {"cluster": "one"} for r in results()]

    assert "has slice {'locale': 'xx'} here" in str(say(moved, localised()).exception)
    assert "has cluster 'one' here" in str(say(grouped).exception)


def test_a_line_is_never_read_beyond_its_limit(say, monkeypatch):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 1_000)

    error = say(ROW + "x" * 5_000).exception

    assert "candidate.jsonl:2: a line of more than 1000 bytes" in str(error)


def test_a_byte_order_mark_and_any_alphabet_are_read(say):
    rows = [r | {"case": f"質問-{at}"} for at, r in enumerate(results(80))]
    text = "\ufeff" + "".join(f"{json.dumps(r, ensure_ascii=False)}\n" for r in rows)

    assert code(say(text, rows)) == 0


def test_line_ends_of_windows_are_line_ends(say):
    text = "".join(f"{json.dumps(r)}\r\n" for r in results())

    assert document(say(text, None, "--json")) == document(say(results(), None, "--json"))


def test_a_list_of_rows_is_not_a_file_of_rows(say):
    assert "candidate.jsonl:1: not a JSON object" in str(say(json.dumps(results())).exception)


@pytest.mark.parametrize(
    ("path", "told"), [("/dev/null", "no result row"), ("-", "-: cannot be read")]
)
def test_nothing_and_standard_input_are_no_results(say, tmp_path, path, told):
    say(results())
    sides = ["--baseline", str(tmp_path / "baseline.jsonl"), "--candidate", path]

    assert told in str(CliRunner().invoke(compare, sides, standalone_mode=False).exception)


def test_a_file_that_is_no_text_is_refused(say, tmp_path):
    (tmp_path / "noise.jsonl").write_bytes(b"\xff\xfe\x00")
    say(results())
    command = ["--baseline", str(tmp_path / "baseline.jsonl")]
    command += ["--candidate", str(tmp_path / "noise.jsonl")]

    found = CliRunner().invoke(compare, command, standalone_mode=False)

    assert "noise.jsonl:1: not UTF-8 text" in str(found.exception)


@pytest.mark.parametrize("name", ["gone.jsonl", "."])
def test_a_file_that_is_not_there_is_refused(tmp_path, name):
    command = ["--baseline", str(tmp_path / name), "--candidate", str(tmp_path / name)]

    found = CliRunner().invoke(compare, command, standalone_mode=False)

    assert "cannot be read" in str(found.exception)


def test_a_file_is_not_compared_with_itself(say, tmp_path):
    say(results())
    path = str(tmp_path / "baseline.jsonl")

    found = CliRunner().invoke(
        compare, ["--baseline", path, "--candidate", path], standalone_mode=False
    )

    assert "both sides are the same file" in str(found.exception)


@pytest.mark.parametrize("margin", ["0", "1", "-.1", "nan"])
def test_a_margin_is_between_nought_and_one(say, margin):
    assert "is not between 0 and 1" in str(say(results(), None, "--margin", margin).exception)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_intervals_are_drawn(say, tmp_path, suffix):
    path = tmp_path / f"delta.{suffix}"

    result = say(localised(), localised(), "--plot", str(path), "--json")

    assert document(result)["outcome"] == "passed"
    assert "intervals drawn into" in result.stderr
    assert path.stat().st_size > 1_000


def test_the_same_comparison_draws_the_same_svg(say, tmp_path):
    drawn = []
    for name in ("one.svg", "two.svg"):
        say(localised(lost={3}), localised(), "--plot", str(tmp_path / name))
        drawn.append((tmp_path / name).read_bytes())

    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("path", "told"),
    [("delta.pdf", "a .png or .svg file"), ("no/such/delta.svg", "cannot be written")],
)
def test_a_plot_that_cannot_be_written_is_refused(say, tmp_path, path, told):
    assert told in str(say(results(), None, "--plot", str(tmp_path / path)).exception)


def test_a_plot_without_matplotlib_says_what_to_install(say, monkeypatch):
    monkeypatch.setattr("release_assets.cli.plots.figure.find_spec", lambda _: None)

    assert "pip install 'countersign[plot]'" in str(
        say(results(), None, "--plot", "a.svg").exception
    )


ROOT = Path(__file__).parents[2]
DOOR = "from release_assets.cli.main import main; main()"


def shell(*arguments, code=DOOR):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
    )


def test_through_the_door_stdout_is_one_document_and_the_exit_code_tells(say, tmp_path):
    say(results(lost=16))
    sides = ["--baseline", str(tmp_path / "baseline.jsonl")]
    sides += ["--candidate", str(tmp_path / "candidate.jsonl")]

    found = shell("compare", *sides, "--json")

    assert found.returncode == 1
    assert json.loads(found.stdout)["outcome"] == "failed"
    assert found.stderr == ""


def test_through_the_door_bad_input_is_one_error_document(say, tmp_path):
    say(ROW + "{oops")
    sides = ["--baseline", str(tmp_path / "baseline.jsonl")]
    sides += ["--candidate", str(tmp_path / "candidate.jsonl")]

    found = shell("compare", *sides, "--json")

    error = json.loads(found.stdout)["error"]
    assert found.returncode == 2
    assert set(error) == {"kind", "message", "file", "line", "hint"}
    assert (error["kind"], error["line"]) == ("input", 2)


def test_comparing_loads_neither_dagster_nor_scipy(say, tmp_path):
    say(results())
    run = (
        "import sys; from release_assets.cli.compare import compare; "
        f"compare(['--baseline', {str(tmp_path / 'baseline.jsonl')!r}, '--candidate', "
        f"{str(tmp_path / 'candidate.jsonl')!r}], standalone_mode=False); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'dagster', 'scipy', 'pandas', 'matplotlib', 'great_expectations'}))"
    )

    assert shell(code=run).stdout.splitlines()[-1] == "[]"
