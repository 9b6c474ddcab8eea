"""The unit says what it is, and any change to a part shows in that part alone."""

import hashlib
import json

import pytest
from starlette.testclient import TestClient

from policy_search.handbook import load_handbook
from policy_search.manifest import read_manifest
from policy_search.serve import load_service
from policy_search.text import normalise, sentences, token_count

from .conftest import FEATURE, publish


def release_of(order, root):
    return TestClient(load_service(order, root).app()).get("/release").json()


def canonical(document):
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_the_release_digest_is_that_of_the_parts(order, root):
    reported = release_of(order, root)

    assert reported["release"] == "tiny-1"
    assert list(reported["parts"]) == [
        "feature",
        "code",
        "prompts",
        "model",
        "index",
        "configuration",
    ]
    assert reported["release_digest"] == canonical(reported["parts"])


def test_the_model_is_digested_with_its_parameters_as_written(order, root):
    model = {
        "name": "extractive-bm25",
        "revision": "3",
        "parameters": {"ngram": "3", "top_k": "2", "sentences": "1", "answerable_from": "0.29"},
    }

    assert release_of(order, root)["parts"]["model"] == canonical(model)


@pytest.mark.parametrize(
    ("file", "old", "new", "part"),
    [
        ("code/main.py", "pass", "...", "code"),
        ("handbook/ja.jsonl", "28", "30", "index"),
        ("prices.yaml", "20", "21", "configuration"),
        ("feature.yaml", "0.29", "0.30", "model"),
    ],
)
def test_a_change_shows_in_its_part_and_in_no_other(order, root, file, old, new, part):
    before = release_of(order, root)["parts"]
    text = (root / file).read_text(encoding="utf-8")
    (root / file).write_text(text.replace(old, new), encoding="utf-8")
    after = release_of(order, root)["parts"]

    assert [name for name in before if before[name] != after[name]] == [part]


def test_other_prompts_make_another_unit(order, root, prompts):
    before = release_of(order, root)["parts"]
    fields = json.loads(order.read_text())
    changed = {**prompts, "answer": prompts["answer"] + b"\n# reworded\n"}
    fields["prompt_set"] = publish(order.parent / "registry", changed)
    order.write_text(json.dumps(fields))
    after = release_of(order, root)["parts"]

    assert [name for name in before if before[name] != after[name]] == ["prompts"]


def test_the_handbook_that_is_served_holds_the_same_rules_in_every_locale():
    manifest = read_manifest(FEATURE)
    rules = {
        locale: [(passage.id, passage.topic) for passage in passages]
        for locale, passages in load_handbook(FEATURE / manifest.index).items()
    }

    assert len(set(map(tuple, rules.values()))) == 1


def test_sentences_end_where_they_end_in_each_language():
    assert sentences("Paid on the 25. of May. See 3.5 below. ¿Why? Yes!") == [
        "Paid on the 25. of May.",
        "See 3.5 below.",
        "¿Why?",
        "Yes!",
    ]
    assert sentences("休暇は28日です。申請してください。") == [
        "休暇は28日です。",
        "申請してください。",
    ]


def test_width_and_case_do_not_matter():
    assert normalise("２８ Days\u3000ＬＥＡＶＥ") == "28 days leave"


def test_four_bytes_are_a_token():
    assert [token_count(text) for text in ("", "four", "five5", "休暇")] == [0, 1, 2, 2]
