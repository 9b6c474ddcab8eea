"""The manifest: read strictly, and turned into a unit by digest."""

from __future__ import annotations

import hashlib
import json
from datetime import date

import pytest

from release_assets.domain.errors import InputError, UnknownWordError
from release_assets.domain.files.manifest import read_manifest, unit_of
from release_assets.domain.release import RiskTier

MANIFEST = """\
feature: policy-search
owner: team-people-platform
risk_tier: medium
serve: policy_search.serve
code: policy_search
model: {name: extractive-bm25, revision: "3", parameters: {top_k: 3, answerable_from: 0.29}}
prompts: {guard: prompts/guard.yaml, answer: prompts/answer.yaml}
index: handbook/2026
approved_handbook: handbook/2026
prices: prices.yaml
traffic: {calls_per_second: 30, scores_per_hour: 90000}
suites: {smoke: evals/smoke.jsonl, production: evals/production.jsonl}
scorers: {groundedness: "1"}
core_flows: [leave]
budgets: {latency_p50_ms_max: 200, latency_p95_ms_max: 800, cost_per_call_usd_max: 0.014}
contracts: [contracts/answer_given.json]
rollout_plan: rollouts/policy-search-demo.yaml
reversibility:
  index: {rollback_plan: {restore: [make index-2025], drilled_at: 2026-10-01}}
"""
FILES = {
    "policy_search/__init__.py": b"",
    "policy_search/sub/serve.py": b"print('hi')",
    "policy_search/readme.md": b"not code",
    "prompts/guard.yaml": b"refuse: x",
    "prompts/answer.yaml": b"template: y",
    "handbook/2026/en.jsonl": b"{}",
    "handbook/2025/en.jsonl": b"{}",
    "handbook/2026-draft/en.jsonl": b"{}",
    "policy_search_old/serve.py": b"print('old')",
    "prices.yaml": b"usd",
}


def read(text=MANIFEST):
    return read_manifest(text, file="feature.yaml")


def with_file(path, content):
    return unit_of(read(), FILES | {path: content})


def sha(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_manifest_is_read():
    manifest = read()
    assert (manifest.risk_tier, manifest.traffic.calls_per_second) == (RiskTier.MEDIUM, 30)
    assert manifest.reversibility["index"].rollback_plan.drilled_at == date(2026, 10, 1)
    assert manifest.suites["smoke"] == "evals/smoke.jsonl"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "feature: policy-search",
            "feature: Policy Search",
            "'feature' must be lower-case letters",
        ),
        ("risk_tier: medium", "risk_tier: 2", "feature.yaml:3: 'risk_tier' must be one of 'low'"),
        (
            "serve: policy_search.serve",
            "serve: x; rm -rf /",
            "'serve' must be a Python module like",
        ),
        ("serve: policy_search.serve", "serve: -c", "'serve' must be a Python module like"),
        ("code: policy_search", "code: ../other", "'code' must be a path inside the repository"),
        ("code: policy_search", "code: /etc", "'code' must be a path inside the repository"),
        ("code: policy_search", "code: a//b", "'code' must be a path inside the repository"),
        ("index: handbook/2026", "index: ''", "'index' must be a path inside the repository"),
        ('revision: "3"', "revision: 3", "'model.revision' must be text, not 3"),
        ("top_k: 3", "top_k: [3]", "must hold text and numbers; 'top_k' is neither"),
        ("top_k: 3", "top_k: null", "must hold text and numbers; 'top_k' is neither"),
        ("calls_per_second: 30", "calls_per_second: 0", "must be more than 0, not 0"),
        (
            "prompts: {guard: prompts/guard.yaml, answer: prompts/answer.yaml}",
            "prompts: {}",
            "filled in",
        ),
        ('scorers: {groundedness: "1"}', "scorers: {groundedness: 1}", "must be text, not 1"),
        (
            "core_flows: [leave]",
            "core_flows: leave",
            "feature.yaml:14: 'core_flows' must be a list",
        ),
        ("restore: [make index-2025]", "restore: []", "must be filled in, not an empty list"),
        ("drilled_at: 2026-10-01", "drilled_at: lately", "must be a date like 2026-01-31"),
        ("prices: prices.yaml\n", "", "feature.yaml:1: the key 'prices' is missing"),
    ],
)
def test_an_impossible_manifest_is_refused(old, new, sentence):
    assert MANIFEST.count(old) >= 1
    with pytest.raises(InputError) as caught:
        read(MANIFEST.replace(old, new, 1))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "near"),
    [
        ("owner:", "onwer:", 2, "owner"),
        ("medium", "mediun", 3, "medium"),
        ("{smoke:", "{smok:", 12, "smoke"),
        ("latency_p95_ms_max", "p95_latency_ms_max", 15, "latency_p95_ms_max"),
        ("  index: {", "  indx: {", 19, "index"),
    ],
)
def test_an_unknown_word_in_a_manifest_is_refused_with_the_nearest(old, new, line, near):
    with pytest.raises(UnknownWordError) as caught:
        read(MANIFEST.replace(old, new, 1))
    assert (caught.value.line, caught.value.hint) == (line, f"did you mean '{near}'?")


def test_each_part_is_digested_by_the_rules_that_the_running_process_uses():
    unit = unit_of(read(), FILES)
    code = {p: sha(FILES[p]) for p in ("policy_search/__init__.py", "policy_search/sub/serve.py")}
    model = {
        "name": "extractive-bm25",
        "revision": "3",
        "parameters": {"top_k": "3", "answerable_from": "0.29"},
    }
    prompts = {n: sha(FILES[f"prompts/{n}.yaml"]) for n in ("guard", "answer")}
    configuration = {"prices": sha(b"usd"), "serve": "policy_search.serve"}
    assert unit.document() == {
        "feature": "policy-search",
        "code": sha(canonical(code)),
        "prompts": sha(canonical(prompts)),
        "model": sha(canonical(model)),
        "index": sha(canonical({"handbook/2026/en.jsonl": sha(b"{}")})),
        "configuration": sha(canonical(configuration)),
    }
    assert unit.digest == sha(canonical(unit.document()))


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("policy_search/__init__.py", "code"),
        ("policy_search/new.py", "code"),
        ("prompts/answer.yaml", "prompts"),
        ("handbook/2026/de.jsonl", "index"),
        ("prices.yaml", "configuration"),
    ],
)
def test_a_changed_file_changes_its_part_and_no_other(path, part):
    assert with_file(path, b"changed").differences(unit_of(read(), FILES)) == (part,)


@pytest.mark.parametrize(
    "path", ["handbook/2025/en.jsonl", "evals/smoke.jsonl", "policy_search/x.md"]
)
def test_a_file_that_no_part_holds_changes_nothing(path):
    assert with_file(path, b"changed") == unit_of(read(), FILES)


def test_a_parameter_changes_the_model_and_nothing_else():
    other = unit_of(read(MANIFEST.replace("0.29", "0.20")), FILES)
    assert other.differences(unit_of(read(), FILES)) == ("model",)


def test_a_trailing_slash_is_the_same_folder():
    with_slash = read(MANIFEST.replace("code: policy_search", "code: policy_search/"))
    assert unit_of(with_slash, FILES).code == unit_of(read(), FILES).code


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        ("prices.yaml", "the manifest names the file 'prices.yaml', which does not exist"),
        ("prompts/guard.yaml", "names the file 'prompts/guard.yaml', which does not exist"),
        ("handbook/2026/en.jsonl", "the folder 'handbook/2026', which has no file"),
        ("policy_search", "the folder 'policy_search', which has no '*.py' file"),
    ],
)
def test_a_part_without_content_has_no_digest(lost, sentence):
    files = {path: content for path, content in FILES.items() if not path.startswith(lost)}
    with pytest.raises(InputError) as caught:
        unit_of(read(), files)
    assert sentence in str(caught.value)
