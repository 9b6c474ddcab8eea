"""A rollback is done only when all of it was read back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from release_assets.domain.finding import Outcome
from release_assets.domain.release import Release, ReleaseKey, Unit
from release_assets.domain.rollout.restoration import judge_restoration, plan_rollback
from release_assets.domain.verdict import conclude

OLD = Unit(
    feature="policy-search",
    code="sha256:c",
    prompts="sha256:p",
    model="sha256:m",
    index="sha256:i",
    configuration="sha256:f",
)
NEW = replace(OLD, code="sha256:c2", prompts="sha256:p2", index="sha256:i2")

RESTORE = {"index": ("make index-2025",)}


@dataclass(frozen=True)
class Router:
    stable_digest: str = OLD.digest
    candidate_pct: float = 0.0


@dataclass(frozen=True)
class Pointers:
    stable: str = OLD.prompts
    candidate: str | None = None


def judge(observed=OLD, router=None, pointers=None):
    findings = judge_restoration(OLD, observed, router or Router(), pointers or Pointers())
    return {f.rule: f for f in findings}


def test_all_of_it_back_is_back():
    findings = judge()
    assert set(findings) == {"traffic_is_back", "prompt_pointer_is_back", "every_part_is_back"}
    assert conclude("rollback", findings.values()).is_passed


@pytest.mark.parametrize("part", ["code", "prompts", "model", "index", "configuration"])
def test_a_part_that_is_not_back_is_named(part):
    finding = judge(observed=replace(OLD, **{part: "sha256:other"}))["every_part_is_back"]
    assert (finding.outcome, finding.because) == (Outcome.FAILED, f"{part} is not as expected")


def test_several_parts_that_are_not_back_are_all_named():
    assert (
        judge(observed=NEW)["every_part_is_back"].because
        == "code, prompts, index are not as expected"
    )


def test_code_that_is_back_without_its_prompt_pointer_is_not_restored():
    finding = judge(pointers=Pointers(stable=NEW.prompts))["prompt_pointer_is_back"]
    assert finding.outcome is Outcome.FAILED
    assert finding.because == "the stable prompt pointer is at sha256:p2, not sha256:p"


def test_a_candidate_pointer_left_behind_is_not_restored():
    finding = judge(pointers=Pointers(candidate=NEW.prompts))["prompt_pointer_is_back"]
    assert finding.because == "the candidate prompt pointer is still at sha256:p2"


@pytest.mark.parametrize("share", [1.0, 0.01, float("nan")])
def test_traffic_left_with_the_candidate_is_not_restored(share):
    assert judge(router=Router(candidate_pct=share))["traffic_is_back"].outcome is Outcome.FAILED


def test_traffic_on_a_stable_arm_that_is_another_release_is_not_restored():
    finding = judge(router=Router(stable_digest=NEW.digest))["traffic_is_back"]
    assert finding.because == f"the stable arm is {NEW.digest}"


def test_a_unit_that_does_not_answer_is_neither_back_nor_not():
    assert judge(observed=None)["every_part_is_back"].outcome is Outcome.INCONCLUSIVE


def test_the_plan_names_what_goes_back_together():
    key = ReleaseKey("policy-search", 142)
    candidate = Release(key=key, commit="b", unit=NEW)
    stable = Release(key=ReleaseKey("policy-search", 98), commit="a", unit=OLD)
    plan = plan_rollback(candidate, stable, RESTORE)
    assert plan.parts == ("code", "prompts", "index")
    assert plan.acts == (
        "give policy-search-142 no traffic",
        "point the stable prompts at sha256:p and the candidate's at nothing",
        "make index-2025",
        "ask the unit that answers whether it is policy-search-98",
    )


def test_nothing_is_restored_for_a_part_that_did_not_change():
    candidate = Release(key=ReleaseKey("a", 2), commit="b", unit=replace(OLD, code="sha256:c2"))
    stable = Release(key=ReleaseKey("a", 1), commit="a", unit=OLD)
    plan = plan_rollback(candidate, stable, RESTORE)
    assert (plan.parts, plan.restore) == (("code",), ())
