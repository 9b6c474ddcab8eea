"""`countersign plan lint`: a sentence, a table for each stage, one document, an exit code."""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE_PLAN = ROOT / "examples/policy-search/rollouts/policy-search-v1.yaml"
TRAFFIC = ("--traffic-rps", "20", "--scores-per-hour", "600")


@pytest.fixture
def lint(run, tmp_path):
    """Lint the example's plan with words replaced; the error of a test names `plan.yaml`."""

    def on(*options, **changed):
        text = EXAMPLE_PLAN.read_text()
        for old, new in changed.items():
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "plan.yaml").write_text(text)
        return run("plan", "lint", str(tmp_path / "plan.yaml"), *options)

    return on


def test_the_example_plan_has_teeth_as_it_is(lint):
    found = lint(*TRAFFIC)

    assert found.code == 0
    first, *rest = found.out.splitlines()
    assert first.startswith("passed: a groundedness drop of .08 that begins with canary stage 1")
    assert [line for line in rest if line.startswith(("canary stage", "the watch"))] == [
        "canary stage 1: 1 % for 30 min, 60 at most; guard",
        "canary stage 2: 10 % for 240 min, 480 at most; guard",
        "canary stage 3: 50 % for 1440 min, 2880 at most; proof",
        "the watch: 100 % for 60 min, 120 at most; guard",
    ]
    assert "^ error_rate_max" in found.out
    assert (
        "to be excluded, stage by stage, of eval_groundedness_drift_max: 0.12, then 0.06"
        in found.out
    )
    assert "warning: canary stage 1 (1 %) only guards" in found.out


def test_no_figure_of_the_table_is_cut_off(lint):
    assert "…" not in lint(*TRAFFIC).out


def test_a_plan_without_teeth_exits_with_one_and_names_the_cheapest_change(lint):
    found = lint("--traffic-rps", "20", "--scores-per-hour", "100")

    assert found.code == 1
    assert found.out.startswith("failed: canary stage 1 (1 %)")
    assert "cheapest change: max_duration_min: " in found.out


def test_without_traffic_the_answer_is_unknown_and_exits_with_three(lint):
    found = lint()

    assert found.code == 3
    assert "unknown without --traffic-rps and --scores-per-hour" in found.out.splitlines()[0]


def test_the_document_is_one_line_with_its_keys(lint):
    found = lint(*TRAFFIC, "--json")

    document = json.loads(found.out)
    assert len(found.out.splitlines()) == 1
    assert document["plan_digest"].startswith("sha256:")
    assert document["outcome"] == "passed"
    drift = document["stages"][1]["slos"][2]
    assert (drift["name"], drift["limit"]) == ("eval_groundedness_drift_max", 0.03)
    assert drift["inherited"] is False
    assert document["stages"][1]["slos"][0]["inherited"] is True


BAD = {
    "unknown word": ({"error_rate_max": "eror_rate_max"}, 6, "did you mean 'error_rate_max'?"),
    "falling traffic": ({"traffic_pct: 50": "traffic_pct: 5"}, 17, "traffic must rise"),
    "no full traffic": ({"traffic_pct: 100": "traffic_pct: 99"}, 19, "no stage reaches 100 %"),
    "looser later": ({"drift_max: 0.03": "drift_max: 0.05"}, 14, "may only tighten"),
    "manual": ({"auto_rollback: true": "auto_rollback: false"}, 20, "is not allowed"),
    "no drift": (
        {
            "      eval_groundedness_drift_max: 0.04\n": "",
            "eval_groundedness_drift": "refusal_rate",
        },
        1,
        "no stage below 100 % has an eval-drift SLO",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_plan_that_cannot_be_read_exits_with_two_and_names_the_line(lint, name):
    changed, line, message = BAD[name]

    found = lint(*TRAFFIC, "--json", **changed)

    error = json.loads(found.out)["error"]
    assert found.code == 2
    assert Path(error["file"]).name == "plan.yaml"
    assert message in error["message"] + error["hint"]
    assert error["line"] in range(line - 2, line + 3)


@pytest.mark.parametrize("name", ["gone.yaml", "."])
def test_a_file_that_is_not_there_exits_with_two(run, tmp_path, name):
    found = run("plan", "lint", str(tmp_path / name))

    assert found.code == 2
    assert "cannot be read" in found.err


def test_a_file_too_large_to_be_a_plan_is_not_read(run, tmp_path):
    with (tmp_path / "plan.yaml").open("wb") as file:
        file.truncate(1 << 30)

    found = run("plan", "lint", str(tmp_path / "plan.yaml"))

    assert found.code == 2
    assert "more than 262144 bytes" in found.err


@pytest.mark.parametrize("figure", ["-1", "nan", "inf", "many"])
def test_traffic_is_a_number_from_nought_up(lint, figure):
    assert lint("--traffic-rps", figure).code == 2


def test_the_demos_plan_is_provable_with_its_own_budget(run):
    plan = ROOT / "examples/policy-search/rollouts/policy-search-demo.yaml"

    assert run("plan", "lint", str(plan), "--traffic-rps", "30").code == 0


@pytest.mark.parametrize("traffic", [TRAFFIC, ("--traffic-rps", "0", "--scores-per-hour", "0")])
def test_the_picture_names_every_stage_and_slo(lint, tmp_path, traffic):
    path = tmp_path / "plan.svg"
    lint(*traffic, "--plot", str(path))
    text = path.read_text()

    for word in ("canary stage 1: 1 %, 30 min", "the watch: 100 %, 60 min", "error_rate_max, 0.02"):
        assert word in text
    assert "eval_groundedness_drift_max: must" in text


def test_the_picture_shows_units_and_samples(lint, tmp_path):
    path = tmp_path / "plan.svg"
    lint(*TRAFFIC, "--plot", str(path))
    text = path.read_text()

    units = (
        "p95_latency_ms_max, 0.1 of calls",
        "feedback_negative_rate_max, 0.1 of ratings",
        "eval_groundedness_drift_max, 0.08 of score",
        "cost_per_call_usd_max, 0.021 usd",
    )
    for word in (*units, "samples: half / 9 in 10", "461 / 811"):
        assert word in text


def test_what_comes_after_its_stage_is_shown_in_the_picture(lint, tmp_path):
    path = tmp_path / "plan.svg"
    lint("--traffic-rps", "1", "--scores-per-hour", "60", "--plot", str(path))
    assert "after the stage" in path.read_text()


def test_the_same_plan_gives_the_same_picture(lint, tmp_path):
    first, second = tmp_path / "one.svg", tmp_path / "two.svg"
    for path in (first, second):
        lint(*TRAFFIC, "--plot", str(path))
    assert first.read_bytes() == second.read_bytes()


def test_unknown_traffic_cannot_be_drawn(lint, tmp_path):
    found = lint("--plot", str(tmp_path / "plan.png"))
    assert found.code == 2
    assert "nothing can be drawn of unknown traffic" in found.err
    assert not (tmp_path / "plan.png").exists()


@pytest.mark.parametrize(("name", "message"), [("x.pdf", "a .png or .svg"), ("no/x.svg", "folder")])
def test_a_picture_that_cannot_be_written_is_refused(lint, tmp_path, name, message):
    found = lint(*TRAFFIC, "--plot", str(tmp_path / name))
    assert (found.code, message in found.err) == (2, True)


@pytest.mark.parametrize(("old", "new"), [("\n", "\r\n"), ("canary_stages", "\ufeffcanary_stages")])
def test_what_editors_add_to_a_plan_changes_nothing(run, tmp_path, old, new):
    path = tmp_path / "plan.yaml"
    path.write_bytes(EXAMPLE_PLAN.read_text().replace(old, new).encode())

    assert run("plan", "lint", str(path), *TRAFFIC).out == (
        run("plan", "lint", str(EXAMPLE_PLAN), *TRAFFIC).out
    )
