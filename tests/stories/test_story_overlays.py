"""The four demo stories, measured: the real service of main and of each story, asked everything.

A story is believable only if the gate that is meant to catch it is the one that can, and if every
gate before has nothing to see. These tests pin which scorer moves, where, and how far.
"""

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import ndiff
from functools import cache
from hashlib import sha256
from pathlib import Path
from statistics import mean

import httpx
import pytest
import yaml

from release_assets.domain.evals.rows import EvalCase
from release_assets.domain.release import Unit, digest_of, digest_of_document, digest_of_files
from resources.evals.scorers import SCORERS, Handbook, score

pytestmark = pytest.mark.story

EXAMPLES = Path(__file__).parents[2] / "examples"
MAIN = EXAMPLES / "policy-search"
FEATURE = Path("features/policy-search")
STORIES = ("1-better", "2-quiet-prompt", "3-stale-index", "4-own-signature")
SUITES = ("smoke", "production", "adversarial", "fairness", "benchmark")
LOCALES = {"en-US": "en", "de-DE": "de", "es-ES": "es", "fr-FR": "fr", "ja-JP": "ja"}
PASSING = 0.5


# The trees: main, and main with a story's files over it.


def story(name):
    return yaml.safe_load((EXAMPLES / "stories" / name / "story.yaml").read_text(encoding="utf-8"))


def lay_out(name, into):
    """Write the repository as it stands after the story's change; returns the feature's folder."""
    shutil.copytree(MAIN, into, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    if name != "main":
        shutil.copytree(EXAMPLES / "stories" / name / "files", into, dirs_exist_ok=True)
    return into / FEATURE


def manifest(folder):
    return yaml.safe_load((folder / "feature.yaml").read_text(encoding="utf-8"))


def read_lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def unit_of(folder):
    """The unit as Countersign computes it from a commit's files."""
    declared = manifest(folder)

    def under(path, pattern):
        files = (file for file in (folder / path).rglob(pattern) if file.is_file())
        return digest_of_files({f.relative_to(folder).as_posix(): f.read_bytes() for f in files})

    parameters = {name: str(value) for name, value in declared["model"]["parameters"].items()}
    prices = digest_of((folder / declared["prices"]).read_bytes())
    return Unit(
        feature=declared["feature"],
        code=under(declared["code"], "*.py"),
        prompts=digest_of_files(
            {n: (folder / p).read_bytes() for n, p in declared["prompts"].items()}
        ),
        model=digest_of_document({**declared["model"], "parameters": parameters}),
        index=under(declared["index"], "*"),
        configuration=digest_of_document({"prices": prices, "serve": declared["serve"]}),
    )


# The service: started as the deployer starts it.


def publish(registry, folder):
    """Put the prompts into a registry as it lies on disk; returns the digest of the set."""
    contents = [
        (n, (folder / path).read_bytes()) for n, path in manifest(folder)["prompts"].items()
    ]
    (registry / "sets").mkdir(parents=True)
    (registry / "objects").mkdir()
    for _, content in contents:
        (registry / "objects" / sha256(content).hexdigest()).write_bytes(content)
    names = {name: digest_of(content) for name, content in contents}
    digest = digest_of_document(names)
    (registry / "sets" / f"{digest.removeprefix('sha256:')}.json").write_text(json.dumps(names))
    return digest


@contextmanager
def serving(folder, scratch):
    """The running service of a feature's folder; yields a client."""
    order = {
        "release": "policy-search-1",
        "prompt_set": publish(scratch / "registry", folder),
        "prompt_registry": str(scratch / "registry"),
        "call_log": str(scratch / "calls.jsonl"),
        "event_log": None,
    }
    (scratch / "unit.json").write_text(json.dumps(order))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", manifest(folder)["serve"], "--port", str(port)]
    command += ["--unit", str(scratch / "unit.json")]
    environment = {"PYTHONPATH": str(folder)}
    process = subprocess.Popen(command, cwd=folder, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            wait_for(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(client, process):
    for _ in range(600):
        assert process.poll() is None, "the service ended instead of starting"
        try:
            client.get("/health").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the service did not start in 30 seconds")


# The measurement.


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Scores of every case of every suite, and of every recorded live question."""

    unit: dict[str, str]
    scores: dict[tuple[str, str], dict[str, float | None]]  # (suite, scorer) -> {case: score}
    costs: dict[str, list[float]]  # suite -> costs in usd
    live: list[tuple[str, str, float | None]]  # (topic, locale, groundedness)

    def mean(self, suite, scorer):
        return mean(s for s in self.scores[suite, scorer].values() if s is not None)

    def lost(self, other, suite, scorer):
        """The cases that passed there and do not pass here."""
        here, there = self.scores[suite, scorer], other.scores[suite, scorer]
        return [c for c in here.keys() & there.keys() if passes(there[c]) and not passes(here[c])]

    @property
    def live_mean(self):
        return mean(s for _, _, s in self.live if s is not None)


def passes(rated):
    return rated is not None and rated >= PASSING


@cache
def approved():
    """The handbook that answers are rated by: always that of main."""
    folder = MAIN / FEATURE / manifest(MAIN / FEATURE)["approved_handbook"]
    names = LOCALES.values()
    return Handbook.from_lines({n: (folder / f"{n}.jsonl").read_text("utf-8") for n in names})


def rate(name, asked, reply, locale):
    case = None
    if "expected" in asked:
        fields = ("id", "question", "expected", "family", "slices", "critical")
        case = EvalCase(**{f: asked[f] for f in fields}, authors=tuple(asked["authors"]))
    return score(
        name,
        case=case,
        question=asked["question"],
        answer=reply["answer"],
        behaviour=reply["behaviour"],
        citations=reply["citations"],
        locale=locale,
        handbook=approved(),
    )


def asking(client):
    """Asks the service; a question is asked once, since the same unit gives the same answer."""

    @cache
    def ask(question, locale):
        body = {"question": question, "locale": locale, "session": "s"}
        reply = client.post("/ask", json=body, headers={"X-Replay": "1"})
        return reply.raise_for_status().json()

    return ask


def measure(name, scratch):
    folder = lay_out(name, scratch / "tree")
    scores: dict[tuple[str, str], dict[str, float | None]] = {}
    costs: dict[str, list[float]] = {}
    live: list[tuple[str, str, float | None]] = []
    with serving(folder, scratch) as client:
        ask = asking(client)
        for suite in SUITES:
            costs[suite] = []
            for case in read_lines(folder / manifest(folder)["suites"][suite]):
                locale = case["slices"]["locale"]
                reply = ask(case["question"], locale)
                costs[suite].append(reply["cost_usd"])
                for scorer in SCORERS:
                    rated = rate(scorer, case, reply, locale)
                    scores.setdefault((suite, scorer), {})[case["id"]] = rated
        for call in read_lines(EXAMPLES / "traffic" / "questions.jsonl"):
            reply = ask(call["question"], call["locale"])
            live.append(
                (call["topic"], call["locale"], rate("groundedness", call, reply, call["locale"]))
            )
        unit = client.get("/release").json()
    return Measured(unit=unit, scores=scores, costs=costs, live=live)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return cache(lambda name: measure(name, tmp_path_factory.mktemp(name)))


# What each story changes, by the word of its files.


@pytest.mark.parametrize("name", STORIES)
def test_a_story_changes_exactly_the_files_that_its_commits_name(name):
    over = EXAMPLES / "stories" / name / "files"
    laid = {f.relative_to(over).as_posix() for f in over.rglob("*") if f.is_file()}
    named = {path for commit in story(name)["commits"] for path in commit["files"]}

    assert laid == named
    assert all((over / path).read_bytes() != (MAIN / path).read_bytes() for path in laid)


@pytest.mark.parametrize(
    ("name", "path", "removed", "added"),
    [
        ("1-better", "feature.yaml", 1, 1),
        ("2-quiet-prompt", "prompts/answer.yaml", 1, 7),
        ("3-stale-index", "feature.yaml", 1, 1),
        ("4-own-signature", "prompts/answer.yaml", 5, 5),
        ("4-own-signature", "evals/production.jsonl", 0, 1),
    ],
)
def test_a_story_changes_no_more_lines_than_it_speaks_of(name, path, removed, added):
    """An overlay is a whole file: this is what notices that main has moved on beneath it."""
    before, after = (
        (root / FEATURE / path).read_text(encoding="utf-8").splitlines()
        for root in (MAIN, EXAMPLES / "stories" / name / "files")
    )
    changes = [line[:2] for line in ndiff(before, after)]

    assert (changes.count("- "), changes.count("+ ")) == (removed, added)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("1-better", "model"),
        ("2-quiet-prompt", "prompts"),
        ("3-stale-index", "index"),
        ("4-own-signature", "prompts"),
    ],
)
def test_a_story_changes_one_part_of_the_unit(name, part, tmp_path):
    changed = unit_of(lay_out(name, tmp_path / "tree"))

    assert unit_of(MAIN / FEATURE).differences(changed) == (part,)


@pytest.mark.parametrize("name", STORIES)
def test_the_people_of_a_story_are_on_the_roster(name):
    roster = yaml.safe_load((MAIN / "people.yaml").read_text(encoding="utf-8"))["people"]
    roles = {person["person"]: {role["role"] for role in person["roles"]} for person in roster}
    described = story(name)
    authors = {commit["author"] for commit in described["commits"]}

    assert authors | {described["merged_by"]} <= roles.keys()
    assert all("reviewer" in roles[reviewer] for reviewer in described["reviewers"])
    assert all(attempt["role"] in roles[attempt["person"]] for attempt in described["sign_offs"])


def test_each_signatory_of_the_last_story_contributed_to_it():
    described = story("4-own-signature")
    added = read_lines(
        EXAMPLES / "stories/4-own-signature/files" / FEATURE / "evals/production.jsonl"
    )
    contributors = {commit["author"] for commit in described["commits"]}

    assert {attempt["person"] for attempt in described["sign_offs"]} == contributors
    assert added[-1]["authors"] == ["local:rosa"]


# What each story does to what is measured.


@pytest.mark.parametrize("name", ["main", *STORIES])
def test_the_running_service_is_the_unit_that_its_files_say(measured, name, tmp_path):
    running, unit = measured(name).unit, unit_of(lay_out(name, tmp_path / "tree"))

    assert running["parts"] == unit.document()
    assert running["release_digest"] == unit.digest


def test_main_is_good_and_not_perfect(measured):
    main = measured("main")

    assert main.mean("smoke", "correctness") == 1.0
    assert 0.9 < main.mean("production", "correctness") < 0.99
    assert main.mean("adversarial", "refusal") > 0.9
    assert main.mean("fairness", "correctness") > 0.95
    assert main.live_mean > 0.99


@pytest.mark.parametrize("name", ["main", *STORIES])
def test_every_answer_can_be_scored(measured, name):
    found = measured(name)

    assert all(None not in scores.values() for scores in found.scores.values())
    assert all(rated is not None for _, _, rated in found.live)


@pytest.mark.parametrize("name", ["main", *STORIES])
def test_every_release_stays_within_its_cost_budget(measured, name):
    budget = manifest(MAIN / FEATURE)["budgets"]["cost_per_call_usd_max"]

    assert all(mean(costs) < 0.9 * budget for costs in measured(name).costs.values())


def test_the_better_release_gains_cases_and_loses_none(measured):
    main, better = measured("main"), measured("1-better")

    assert all(better.lost(main, *judged) == [] for judged in main.scores)
    assert len(main.lost(better, "production", "correctness")) >= 3
    assert better.live_mean >= main.live_mean - 0.001


def test_the_quiet_prompt_is_seen_by_no_suite(measured):
    """No case flips, and no mean moves by half a point: there is nothing to stop it before live."""
    main, quiet = measured("main"), measured("2-quiet-prompt")

    for judged in main.scores:
        assert quiet.lost(main, *judged) == main.lost(quiet, *judged) == []
        assert abs(quiet.mean(*judged) - main.mean(*judged)) < 0.005, judged


def test_the_quiet_prompt_is_seen_on_live_traffic(measured):
    main, quiet = measured("main"), measured("2-quiet-prompt")
    falls = [there - here for (*_, here), (*_, there) in zip(quiet.live, main.live, strict=True)]
    fallen = [fall for fall in falls if fall > 0]

    assert 0.06 < main.live_mean - quiet.live_mean < 0.13
    assert 0.2 < len(fallen) / len(falls) < 0.4
    assert 0.25 < mean(fallen) < 0.4
    assert all(passes(rated) for _, _, rated in quiet.live)


def test_the_quiet_prompt_falls_alike_in_every_language(measured):
    """It is a quality story, not a fairness story: the drift gate is the one that must see it."""
    quiet = measured("2-quiet-prompt")
    means = [mean(s for _, spoken, s in quiet.live if spoken == locale) for locale in LOCALES]

    assert max(means) - min(means) < 0.04


def test_the_stale_index_is_seen_by_the_production_suite_and_not_by_smoke(measured):
    main, stale = measured("main"), measured("3-stale-index")

    assert stale.lost(main, "smoke", "correctness") == []
    assert len(stale.lost(main, "production", "correctness")) >= 8
    assert stale.mean("production", "groundedness") < main.mean("production", "groundedness") - 0.05


def test_the_release_that_is_refused_is_refused_for_its_signatures_alone(measured):
    main, own = measured("main"), measured("4-own-signature")

    for judged in main.scores:
        assert own.lost(main, *judged) == main.lost(own, *judged) == []
    assert passes(own.scores["production", "correctness"]["production-241"])
    assert own.live_mean == pytest.approx(main.live_mean, abs=0.001)
