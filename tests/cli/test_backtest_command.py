"""`countersign backtest`: one sentence, tables, one document, an exit code, and no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from release_assets.cli.backtest import backtest
from release_assets.cli.rows import lines as json_lines
from release_assets.domain.errors import InputError, UnknownWordError
from tests.domain.backtest.recorded_world import PLAN, replays, row

SHIPPED_POLICY = Path(__file__).parents[2] / "examples/policy-search/policy.yaml"
TOP = {"outcome", "headline", "findings", "promoted", "breach", "stages"}
FINDING = {"rule", "outcome", "observed", "limit", "n", "interval", "slice", "scorer", "because"}
TIMEOUT_PLAN = PLAN.replace("error_rate_max", "timeout_rate_max")
LOOSE = PLAN.replace("drift_max: 0.04", "drift_max: 0.1")


@pytest.fixture(scope="module")
def healthy():
    return "".join(f"{json.dumps(r)}\n" for r in replays(430))


@pytest.fixture
def invoke(tmp_path):
    """Run the command on a recording (rows, text or bytes); returns the result."""

    def run(calls, *options, plan=PLAN, name="calls.jsonl"):
        (tmp_path / "plan.yaml").write_text(plan)
        if not isinstance(calls, str | bytes):
            calls = "".join(f"{json.dumps(r)}\n" for r in calls)
        content = calls if isinstance(calls, bytes) else calls.encode()
        (tmp_path / name).write_bytes(content)
        paths = [str(tmp_path / "plan.yaml"), "--calls", str(tmp_path / name)]
        command = [*paths, "--look-every-s", "10", *options]
        return CliRunner().invoke(backtest, command, standalone_mode=False)

    return run


def document(result):
    assert result.exception is None, result.exception
    lines = result.stdout.splitlines()
    assert len(lines) == 1, result.stdout
    return json.loads(lines[0])


def code(result):
    assert result.exception is None, result.exception
    return result.return_value


def test_a_healthy_recording_is_promoted_and_exits_with_nought(invoke, healthy):
    result = invoke(healthy)

    assert code(result) == 0
    first, header, *rest = result.stdout.splitlines()
    assert first.startswith("passed: promoted to 100 % after 6 min: 3 canary stages on 3600 cand")
    assert header.split()[:3] == ["stage", "outcome", "entered"]
    assert any("advance at 10 %" in line for line in rest)


def test_a_drop_is_taken_back_and_exits_with_one(invoke):
    result = invoke(replays(200, drop=0.15), "--json")

    found = document(result)
    assert code(result) == 1
    assert set(found) >= TOP
    assert all(set(finding) == FINDING for finding in found["findings"])
    assert (found["outcome"], found["promoted"]) == ("failed", False)
    assert found["breach"]["slo"] == "eval_groundedness_drift_max"
    assert found["headline"].startswith("failed: taken back ")
    assert found["recording"]["pairs"] == 2000


def test_a_recording_that_ends_first_exits_with_three(invoke):
    result = invoke(replays(100), "--json")

    assert code(result) == 3
    assert document(result)["outcome"] == "inconclusive"


def test_the_document_is_the_same_twice(invoke):
    rows = replays(200, drop=0.1)

    assert invoke(rows, "--json").stdout == invoke(rows, "--json").stdout


def test_line_ends_of_windows_change_nothing(invoke):
    rows = replays(100)
    text = "".join(f"{json.dumps(r)}\r\n" for r in rows)

    assert invoke(text, "--json").stdout == invoke(rows, "--json").stdout


def test_two_plans_stand_side_by_side(invoke, tmp_path):
    (tmp_path / "loose.yaml").write_text(LOOSE)
    against = ("--against", str(tmp_path / "loose.yaml"))
    rows = replays(600, drop=0.15)

    found = document(invoke(rows, *against, "--json"))
    output = invoke(rows, *against).stdout

    assert found["earlier"]["candidate_calls"] > 0
    assert found["against"]["breach"]["candidate_calls"] > found["breach"]["candidate_calls"]
    assert f"plan.yaml fires {found['earlier']['candidate_calls']} candidate calls" in output
    assert "loose.yaml: failed: taken back" in output


def test_a_plan_that_never_fires_is_shown_beside_one_that_does(invoke, tmp_path):
    (tmp_path / "loose.yaml").write_text(PLAN.replace("drift_max: 0.04", "drift_max: 0.9"))

    result = invoke(replays(100, drop=0.3), "--against", str(tmp_path / "loose.yaml"))

    assert code(result) == 1
    assert "plan.yaml fires" in result.stdout
    assert "never" in result.stdout


CALL = json.dumps(row(0, "candidate", "u1", 1.0)) + "\n"
LATER = json.dumps(row(5, "stable", "u2", 1.0)) + "\n"
PAIR = json.dumps(row(0, "candidate", "u1", 1.0, pair="p")) + "\n"


def without(field):
    fields = json.loads(CALL)
    del fields[field]
    return json.dumps(fields) + "\n"


def having(**fields):
    return json.dumps(json.loads(CALL) | fields) + "\n"


NO_TIME = "'at' must be a time with its zone like 2026-01-31T09:00:00Z, not '"
BAD = {
    "empty": ("", "no recorded call"),
    "blank": ("\n \n", "no recorded call"),
    "no json": (CALL + "{oops\n", "calls.jsonl:2: is not JSON: Expecting property name"),
    "half a line": (CALL + CALL[:50], "calls.jsonl:2: is not JSON"),
    "two objects": (CALL + CALL.strip() + CALL, "calls.jsonl:2: is not JSON: Extra data"),
    "a list": (CALL + "[1]\n", "calls.jsonl:2: a line must be one JSON object"),
    "a number": (CALL + "7\n", "calls.jsonl:2: a line must be one JSON object"),
    "deep": ("[" * 100_000 + "\n", "calls.jsonl:1: is nested too deep"),
    "noise": (b"\xff\xfe\x00", "calls.jsonl:1: is not UTF-8 text"),
    "zeros": (bytes(100), "calls.jsonl:1: is not JSON"),
    "no at": (without("at"), "the key 'at' is missing"),
    "no arm": (without("arm"), "the key 'arm' is missing"),
    "no unit": (without("unit"), "the key 'unit' is missing"),
    "no latency": (without("latency_ms"), "the key 'latency_ms' is missing"),
    "no error": (without("error"), "the key 'error' is missing"),
    "no cost": (without("cost_usd"), "the key 'cost_usd' is missing"),
    "naive time": (having(at="2026-03-02T10:00:00"), NO_TIME + "2026-03-02T10:00:00"),
    "no time": (having(at="yesterday"), NO_TIME + "yesterday"),
    "a day": (having(at="2026-02-30T10:00:00Z"), NO_TIME + "2026-02-30T10"),
    "epoch": (having(at=1767225600), NO_TIME + "1767225600"),
    "digits": (having(at="1767225600"), NO_TIME + "1767225600"),
    "year one": (having(at="0001-01-01T00:00:00Z"), NO_TIME + "0001-01-01"),
    "last year": (having(at="9999-12-31T23:59:59Z"), NO_TIME + "9999-12-31"),
    "arm": (having(arm="canditate"), "unknown word 'canditate' (did you mean 'candidate'?)"),
    "arm in capitals": (having(arm="Stable"), "did you mean 'stable'?"),
    "arm list": (
        having(arm=["stable"]),
        "'arm' must be one of 'candidate' or 'stable', not a list",
    ),
    "empty unit": (having(unit=""), "'unit' must be printable text, not an empty text"),
    "blank unit": (having(unit=" "), "'unit' must be printable text, not the text ' '"),
    "unit number": (having(unit=7), "'unit' must be text, not 7"),
    "long unit": (having(unit="u" * 501), "'unit' must be shorter text, not the text 'uuu"),
    "escape": (having(unit="u\x1b[31m"), "'unit' must be printable text, not the text 'u"),
    "negative latency": (having(latency_ms=-1), "'latency_ms' must be at least 0, not -1"),
    "latency text": (
        having(latency_ms="800"),
        "'latency_ms' must be a number, not the text '800' (write 800, without quotes)",
    ),
    "latency true": (having(latency_ms=True), "'latency_ms' must be a number, not true"),
    "null latency": (
        having(latency_ms=None),
        "'latency_ms' is null or missing, and 'p95_latency_ms_max' needs it",
    ),
    "null cost": (
        having(cost_usd=None),
        "'cost_usd' is null or missing, and 'cost_per_call_usd_max' needs",
    ),
    "infinite": (CALL.replace("800.0", "1e999"), "'latency_ms' must be a finite number, not inf"),
    "NaN": (CALL.replace("800.0", "NaN"), "'NaN' is not a finite number"),
    "huge": (CALL.replace("800.0", "9" * 5000), "Exceeds the limit (4300 digits)"),
    "error text": (having(error="no"), "'error' must be true or false, not the text 'no'"),
    "error number": (having(error=0), "'error' must be true or false, not 0"),
    "rating": (having(feedback="negativ"), "unknown word 'negativ' (did you mean 'negative'?)"),
    "rating number": (
        having(feedback=1),
        "'feedback' must be one of 'positive' or 'negative', not 1",
    ),
    "score over one": (
        having(scores={"groundedness": 1.01}),
        "'scores.groundedness' must be at most 1, not 1.01",
    ),
    "score below": (
        having(scores={"groundedness": -0.1}),
        "'scores.groundedness' must be at least 0, not -0.1",
    ),
    "score NaN": (CALL.replace('ness": 1.0', 'ness": NaN'), "'NaN' is not a finite number"),
    "score true": (
        having(scores={"groundedness": True}),
        "'scores.groundedness' must be a number, not true",
    ),
    "score text": (
        having(scores={"groundedness": "1"}),
        "'scores.groundedness' must be a number, not the text '1'",
    ),
    "scores list": (having(scores=[1]), "'scores' must be a mapping of keys to values, not a list"),
    "scorer": (having(scores={"": 1}), "must be printable text, not an empty text"),
    "slices text": (
        having(slices="en-US"),
        "'slices' must be a mapping of keys to values, not the text 'en-US'",
    ),
    "slice number": (having(slices={"locale": 7}), "'slices.locale' must be text, not 7"),
    "pair number": (having(pair=7), "'pair' must be text, not 7"),
    "empty pair": (having(pair=""), "'pair' must be printable text, not an empty text"),
    "version": (
        having(scorer_version=1),
        "'scorer_version' must be a mapping of keys to values, not 1",
    ),
    "timeout": (having(timeout="no"), "'timeout' must be true or false, not the text 'no'"),
    "misspelt": (having(feedbak="positive"), "unknown word 'feedbak' (did you mean 'feedback'?)"),
    "misspelt too": (having(slice={}), "unknown word 'slice' (did you mean 'slices'?)"),
    "twice": (CALL.replace('"unit"', '"unit": "a", "unit"'), "duplicate key 'unit'"),
    "backwards": (LATER + CALL, "calls.jsonl:2: 'at' goes back in time"),
    "pair twice": (PAIR + PAIR, "calls.jsonl:2: duplicate pair 'p' on one arm, first on line 1"),
    "no timeouts": (CALL, "'timeout' is null or missing, and 'timeout_rate_max' needs it"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_read_is_refused_with_its_place(invoke, name):
    calls, message = BAD[name]

    result = invoke(calls, plan=TIMEOUT_PLAN if name == "no timeouts" else PLAN)

    assert isinstance(result.exception, InputError)
    assert message in str(result.exception)
    assert result.exception.hint
    assert result.exception.file.endswith("calls.jsonl")
    assert result.stdout == ""


def test_a_fault_on_the_last_line_is_found_although_the_plan_has_fired(invoke):
    rows = "".join(f"{json.dumps(r)}\n" for r in replays(200, drop=0.3))

    assert "calls.jsonl:4001: is not JSON" in str(invoke(rows + "{oops").exception)


LACKING = {
    "no stable": lambda r: None if r["arm"] == "stable" else r | {"pair": None},
    "no candidate": lambda r: None if r["arm"] == "candidate" else r | {"pair": None},
    "no scores": lambda r: r | {"scores": {}},
    "null scores": lambda r: r | {"scores": {"groundedness": None}},
    "versions": lambda r: r | {"scorer_version": r["arm"]},
}


@pytest.mark.parametrize("name", LACKING)
def test_what_is_missing_exits_with_three_and_is_named(invoke, name):
    rows = [changed for r in replays(430) if (changed := LACKING[name](r))]

    result = invoke(rows, "--json")

    assert code(result) == 3
    assert document(result)["promoted"] is False


def test_a_missing_slice_key_exits_with_three(invoke):
    fair = "duration_min: 2\n    slos:\n      fairness_tenant_delta_max: 0.2"
    plan = PLAN.replace("duration_min: 2", fair)

    result = invoke(replays(430), "--json", plan=plan)

    assert code(result) == 3
    assert "no slice 'tenant', which 'fairness_tenant_delta_max'" in document(result)["headline"]


def test_a_line_is_never_read_beyond_its_limit(invoke, tmp_path):
    invoke(CALL)
    with (tmp_path / "calls.jsonl").open("ab") as file:
        file.truncate(1 << 30)  # one gigabyte without a line end, and without a disk to hold it
    command = [str(tmp_path / "plan.yaml"), "--calls", str(tmp_path / "calls.jsonl")]

    error = CliRunner().invoke(backtest, command, standalone_mode=False).exception

    assert f"calls.jsonl:2: a line of more than {json_lines.LONGEST_LINE} bytes" in str(error)


@pytest.mark.parametrize("name", ["gone.jsonl", ".", "gone.parquet"])
def test_a_file_that_is_not_there_is_refused(invoke, tmp_path, name):
    invoke(CALL)
    command = [str(tmp_path / "plan.yaml"), "--calls", str(tmp_path / name)]

    error = CliRunner().invoke(backtest, command, standalone_mode=False).exception

    assert "cannot be read" in str(error)


def test_the_plan_is_read_with_the_line_of_its_fault(invoke):
    error = invoke(CALL, plan=PLAN.replace("error_rate_max", "eror_rate_max")).exception

    assert isinstance(error, UnknownWordError)
    assert (Path(str(error.file)).name, error.line) == ("plan.yaml", 6)


@pytest.mark.parametrize("aggregate", ["p50", "mean"])
def test_medians_and_means_of_latency_are_read_from_the_calls(invoke, healthy, aggregate):
    plan = PLAN.replace("p95_latency_ms_max: 4500", f"{aggregate}_latency_ms_max: 300")
    breach = json.loads(invoke(healthy, "--json", plan=plan).output)["breach"]

    assert breach["slo"] == f"{aggregate}_latency_ms_max"


@pytest.mark.parametrize(
    "options",
    [
        ("--look-every-s", "0"),
        ("--look-every-s", "61"),
        ("--look-every-s", "nan"),
        ("--feedback-matures-min", "-1"),
        ("--longest-silence-min", "5"),
    ],
)
def test_options_have_their_bounds(invoke, options):
    assert "not between" in str(invoke(CALL, *options).exception)


def test_figures_may_be_null_where_no_slo_asks_for_them(invoke, healthy):
    slos = ("p95_latency_ms_max: 4500", "cost_per_call_usd_max: 0.014")
    plan = PLAN
    for slo in slos:
        plan = plan.replace(f"      {slo}\n", "")
    rows = [
        json.loads(line) | {"latency_ms": None, "cost_usd": None}
        for line in healthy.split("\n")
        if line
    ]

    assert code(invoke(rows, plan=plan)) == 0


def test_fields_of_the_users_own_any_alphabet_and_a_byte_order_mark_are_read(invoke):
    rows = [r | {"unit": f"質問 {r['unit']}", "model": "m-1"} for r in replays(430)]
    text = "\ufeff" + "".join(f"{json.dumps(r, ensure_ascii=False)}\n" for r in rows)

    assert code(invoke(text)) == 0


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_evidence_is_drawn(invoke, tmp_path, suffix):
    path = tmp_path / f"evidence.{suffix}"

    result = invoke(replays(200, drop=0.15), "--plot", str(path), "--json")

    assert document(result)["outcome"] == "failed"
    assert "evidence drawn into" in result.stderr
    assert path.stat().st_size > 5_000


def test_the_same_backtest_draws_the_same_svg(invoke, tmp_path):
    drawn = []
    for name in ("one.svg", "two.svg"):
        invoke(replays(100), "--plot", str(tmp_path / name))
        drawn.append((tmp_path / name).read_bytes())

    assert drawn[0] == drawn[1]


def test_two_plans_are_drawn_under_each_other_and_none_without_a_candidate(invoke, tmp_path):
    plan = ("--against", str(tmp_path / "plan.yaml"))
    path = tmp_path / "two.svg"
    invoke(replays(100), *plan, "--plot", str(path))
    both = path.read_text()

    result = invoke([row(0, "stable", "u1")], *plan, "--plot", str(path))

    assert both.count("plan.yaml") == 2
    assert code(result) == 3


def test_a_plot_that_cannot_be_written_is_refused(invoke, tmp_path, monkeypatch):
    assert "a .png or .svg file" in str(invoke(CALL, "--plot", "x.pdf").exception)
    gone = str(tmp_path / "no/such.svg")
    assert "cannot be written" in str(invoke(CALL, "--plot", gone).exception)
    monkeypatch.setattr("release_assets.cli.plots.figure.find_spec", lambda _: None)
    assert "pip install 'countersign[plot]'" in str(invoke(CALL, "--plot", "x.svg").exception)


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


@pytest.mark.parametrize(("calls", "expected"), [(replays(200, drop=0.3), 1), (CALL + "{", 2)])
def test_through_the_door_stdout_is_one_document_and_the_exit_code_decides(
    invoke, tmp_path, calls, expected
):
    invoke(calls)
    paths = [str(tmp_path / "plan.yaml"), "--calls", str(tmp_path / "calls.jsonl")]

    found = shell("backtest", *paths, "--json")

    assert found.returncode == expected
    assert len(found.stdout.splitlines()) == 1
    assert set(json.loads(found.stdout)) >= ({"error"} if expected == 2 else TOP)
    assert "Traceback" not in found.stderr


def test_backtesting_loads_neither_dagster_nor_scipy_nor_pandas(invoke, tmp_path):
    invoke(CALL)
    run = (
        "import sys; from release_assets.cli.backtest import backtest; "
        f"backtest([{str(tmp_path / 'plan.yaml')!r}, '--calls', "
        f"{str(tmp_path / 'calls.jsonl')!r}], standalone_mode=False); "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'dagster', 'scipy', 'pandas', 'pyarrow', 'matplotlib', 'great_expectations'}))"
    )

    assert shell(code=run).stdout.splitlines()[-1] == "[]"


@pytest.fixture
def policy(tmp_path):
    """A policy file: the shipped one with words replaced."""

    def write(old="", new=""):
        text = SHIPPED_POLICY.read_text()
        assert old in text
        path = tmp_path / "policy.yaml"
        path.write_text(text.replace(old, new, 1))
        return str(path)

    return write


FREEZE = (
    "freeze_windows: []",
    "freeze_windows: [{starts: 2026-03-02T00:00:30Z, ends: 2026-03-02T00:02:30Z, because: audit}]",
)


def test_a_policys_freeze_window_is_kept_and_reported(invoke, healthy, policy):
    found = invoke(healthy, "--from-policy", policy(*FREEZE))
    assert "canary stage 1 was proven and waited, frozen: until 2026-03-02 00:02 UTC: audit" in (
        found.output
    )
    document = json.loads(invoke(healthy, "--from-policy", policy(*FREEZE), "--json").output)
    assert document["stages"][0]["left_at"] == "2026-03-02T00:02:30+00:00"
    assert document["policy_digest"].startswith("sha256:")


def test_a_policy_that_cannot_be_read_is_named_with_its_line(invoke, policy):
    error = invoke(CALL, "--from-policy", policy("repeats_max", "repeats_most")).exception
    assert isinstance(error, UnknownWordError)
    assert (Path(str(error.file)).name, error.line) == ("policy.yaml", 7)
    assert "cannot be read" in str(invoke(CALL, "--from-policy", "no-such.yaml").exception)


def test_a_plan_without_automatic_rollback_runs_where_the_policy_allows_it(invoke, policy):
    by_hand = PLAN.replace("auto_rollback: true", "auto_rollback: false")
    harmful = replays(430, drop=0.2)
    assert "'auto_rollback: false' is not allowed" in str(invoke(CALL, plan=by_hand).exception)

    age = "drill_age_days_max: 180"
    allowing = policy(age, f"{age}\n    allow_manual_rollback: {{because: no users}}")
    found = invoke(harmful, "--from-policy", allowing, "--json", plan=by_hand)
    assert json.loads(found.output)["outcome"] == "inconclusive"
    assert "the plan leaves the rollback to a person" in found.output
