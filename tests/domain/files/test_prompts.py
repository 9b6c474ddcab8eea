"""The prompt registry check: named, readable, published, filled, and none forgotten."""

from __future__ import annotations

import pytest

from release_assets.domain.files.manifest import Manifest
from release_assets.domain.files.prompts import (
    check_prompts,
    placeholders_filled,
    placeholders_of,
)
from release_assets.domain.finding import Outcome
from release_assets.domain.verdict import conclude

MANIFEST = Manifest.model_construct(  # type: ignore[call-arg] # no other part is read
    code="policy_search", prompts={"guard": "prompts/guard.yaml", "answer": "prompts/answer.yaml"}
)
GUARD = b"patterns: ['\\b(x).{0,40}']\nrefusal: {en-US: no}\n"
ANSWER = b'# {unseen} in a comment\ntemplate: "{answer} [{citation}] {{literal}}"\n'
CODE = b"def word(t):\n    return t.format(answer='a', citation='c')\n"
FILES = {
    "policy_search/prompts.py": CODE,
    "prompts/guard.yaml": GUARD,
    "prompts/answer.yaml": ANSWER,
    "elsewhere/note.yaml": b"a: b",
}
PROMPTS = {"guard": GUARD, "answer": ANSWER}


def check(files=None, published=PROMPTS, before=PROMPTS, **changed):
    at_commit = FILES | (files or {}) | {k.replace("__", "/"): v for k, v in changed.items()}
    there = {path: content for path, content in at_commit.items() if content is not None}
    findings = check_prompts(MANIFEST, there, published=published, before=before)
    return {finding.rule: finding for finding in findings}


def with_answer(content):
    prompts = PROMPTS | {"answer": content}
    return check({"prompts/answer.yaml": content}, published=prompts)


def assert_only_failure(findings, rule, because):
    failed = {name for name, finding in findings.items() if finding.outcome is Outcome.FAILED}
    assert failed == {rule}
    assert findings[rule].because == because


def test_prompts_in_order_pass_every_rule():
    findings = check()
    assert len(findings) == 6
    assert conclude("prompt_registry", findings.values()).is_passed


def test_a_prompt_that_is_named_and_not_there_fails():
    findings = check({"prompts/guard.yaml": None}, published={"answer": ANSWER})
    because = "prompt 'guard' names prompts/guard.yaml, which does not exist"
    assert_only_failure(findings, "every_prompt_exists", because)


@pytest.mark.parametrize(
    ("content", "because"),
    [
        (b"", "prompts/answer.yaml:1: the file is empty"),
        (b"template: [", "prompts/answer.yaml:1: this is not YAML: "),
        (b"template: 'a'\ntemplate: 'b'\n", "duplicate key 'template', first on line 1"),
        (b"template: ''\nn: 3\n", "prompts/answer.yaml: contains no text"),
        (b"\xff", "prompts/answer.yaml:1: is not UTF-8 text"),
    ],
)
def test_a_prompt_that_cannot_be_read_fails_with_its_line(content, because):
    finding = with_answer(content)["every_prompt_can_be_read"]
    assert finding.outcome is Outcome.FAILED
    assert because in finding.because


def test_a_prompt_that_differs_from_the_published_one_names_both_digests():
    findings = check(published=PROMPTS | {"answer": b"template: other"})
    finding = findings["published_prompts_are_these"]
    assert finding.outcome is Outcome.FAILED
    assert finding.because.startswith("prompt 'answer' is sha256:")


def test_an_unpublished_prompt_fails():
    because = "prompt 'guard' is not published"
    assert_only_failure(check(published={"answer": ANSWER}), "published_prompts_are_these", because)


def test_a_published_prompt_that_the_release_has_not_fails():
    because = "the published set has 'tone', which the release does not have"
    findings = check(published=PROMPTS | {"tone": b"x: y"})
    assert_only_failure(findings, "published_prompts_are_these", because)


def test_without_a_published_set_nothing_passes():
    finding = check(published=None)["published_prompts_are_these"]
    assert finding.outcome is Outcome.INCONCLUSIVE


def test_a_placeholder_that_the_code_never_fills_fails():
    findings = with_answer(b'template: "{answer} [{citation}] {mood}"\n')
    because = "prompt 'answer' uses {mood}, which the code never fills"
    assert_only_failure(findings, "placeholders_are_known", because)


def test_a_placeholder_that_main_uses_already_is_known():
    """The code may fill it in a way that is not seen here; what runs at main is no surprise."""
    content = b'template: "{answer} [{citation}] {mood}"\n'
    prompts = PROMPTS | {"answer": content}
    findings = check({"prompts/answer.yaml": content}, published=prompts, before=prompts)
    assert conclude("prompt_registry", findings.values()).is_passed


def test_a_placeholder_that_is_left_out_fails():
    findings = with_answer(b'template: "{answer}"\n')
    because = "prompt 'answer' no longer uses {citation}, which the code still fills"
    assert_only_failure(findings, "no_placeholder_is_left_out", because)


def test_a_placeholder_that_the_code_stopped_filling_may_go():
    code = b"def word(t):\n    return t.format(answer='a')\n"
    content = b'template: "{answer}"\n'
    files = {"prompts/answer.yaml": content, "policy_search/prompts.py": code}
    findings = check(files, published=PROMPTS | {"answer": content})
    assert conclude("prompt_registry", findings.values()).is_passed


def test_a_first_release_has_nothing_to_leave_out():
    assert check(before={})["no_placeholder_is_left_out"].outcome is Outcome.PASSED


def test_a_prompt_file_that_no_prompt_names_fails():
    findings = check({"prompts/forgotten.yaml": b"a: b"})
    because = "prompts/forgotten.yaml is not used by any prompt of the manifest"
    assert_only_failure(findings, "every_prompt_file_is_used", because)


def test_escaped_braces_patterns_and_comments_are_no_placeholders():
    assert placeholders_of(ANSWER) == {"answer", "citation"}
    assert placeholders_of(GUARD) == set()
    assert placeholders_of(b"not: [readable") == set()


def test_code_that_cannot_be_parsed_fills_nothing():
    files = {"policy_search/a.py": b"def (", "other/b.py": CODE, "policy_search/c.py": CODE}
    assert placeholders_filled(files, "policy_search") == {"answer", "citation"}
