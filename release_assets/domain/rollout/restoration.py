"""What must be restored together, and whether it was: only then a release is "rolled back".

Decides from what was read back (the router, the prompt registry, the running unit by its own
word), never from what was ordered. Law 4: code that is back while the prompt pointer is not is a
state that must not be called restored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from release_assets.domain.finding import Finding, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from release_assets.domain.release import Release, Unit

_TRAFFIC_PCT_TOLERANCE = 1e-3


class RouterTruth(Protocol):
    """What the router does: who is stable, and what the candidate still gets."""

    @property
    def stable_digest(self) -> str:
        """The release digest of the stable arm."""

    @property
    def candidate_pct(self) -> float:
        """The candidate's share of traffic."""


class PointerTruth(Protocol):
    """Where the prompt registry's pointers are."""

    @property
    def stable(self) -> str:
        """The prompt set that is served as stable."""

    @property
    def candidate(self) -> str | None:
        """The prompt set that is served as candidate, if any."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RollbackPlan:
    """What goes back, and to what; `parts` are those in which the two units differ.

    `restore` holds the commands for parts that do not come back with the traffic, as the manifest
    declares them.
    """

    release: str
    release_digest: str
    stable_release: str
    stable_digest: str
    prompt_set: str
    parts: tuple[str, ...]
    restore: tuple[str, ...]

    @property
    def acts(self) -> tuple[str, ...]:
        """What is done, in this order: first what helps people, then what tidies up."""
        return (
            f"give {self.release} no traffic",
            f"point the stable prompts at {self.prompt_set} and the candidate's at nothing",
            *self.restore,
            f"ask the unit that answers whether it is {self.stable_release}",
        )


def plan_rollback(
    candidate: Release, stable: Release, restore: Mapping[str, Sequence[str]]
) -> RollbackPlan:
    """Plan what takes `candidate` back to `stable`.

    `restore` holds, by part, the commands that the candidate's manifest declares.
    """
    parts = candidate.unit.differences(stable.unit)
    return RollbackPlan(
        release=str(candidate.key),
        release_digest=candidate.digest,
        stable_release=str(stable.key),
        stable_digest=stable.digest,
        prompt_set=stable.unit.prompts,
        parts=parts,
        restore=tuple(command for part in parts for command in restore.get(part, ())),
    )


def judge_restoration(
    expected: Unit, observed: Unit | None, traffic: RouterTruth, pointers: PointerTruth
) -> tuple[Finding, ...]:
    """Judge whether all of it is back.

    Args:
        expected: The stable unit.
        observed: The unit that answers on the stable address; None when nothing answered.
        traffic: Read from the router after the brake.
        pointers: Read from the prompt registry after the brake.
    """
    return (
        _traffic_is_back(expected, traffic),
        _prompt_pointer_is_back(expected, pointers),
        judge_parts(expected, observed, rule="every_part_is_back"),
    )


def judge_parts(expected: Unit, observed: Unit | None, *, rule: str) -> Finding:
    """Judge whether the unit that answers is the expected one, part by part."""
    if observed is None:
        because = "no unit answered, so what runs is not known"
        return Finding(rule=rule, outcome=Outcome.INCONCLUSIVE, because=because)
    wrong = expected.differences(observed)
    verb = "is" if len(wrong) == 1 else "are"
    because = f"{', '.join(wrong)} {verb} not as expected" if wrong else "the expected unit answers"
    return Finding(rule=rule, outcome=_failed_if(wrong), because=because, n=len(wrong))


def _traffic_is_back(expected: Unit, traffic: RouterTruth) -> Finding:
    share = traffic.candidate_pct
    wrong = []
    if not share <= _TRAFFIC_PCT_TOLERANCE:  # a NaN is not zero either
        wrong.append(f"the candidate still gets {share:g} %")
    if traffic.stable_digest != expected.digest:
        wrong.append(f"the stable arm is {traffic.stable_digest}")
    because = "; ".join(wrong) or "the stable release gets all traffic"
    return Finding(
        rule="traffic_is_back", outcome=_failed_if(wrong), because=because, observed=share, limit=0
    )


def _prompt_pointer_is_back(expected: Unit, pointers: PointerTruth) -> Finding:
    wrong = []
    if pointers.stable != expected.prompts:
        wrong.append(f"the stable prompt pointer is at {pointers.stable}, not {expected.prompts}")
    if pointers.candidate is not None:
        wrong.append(f"the candidate prompt pointer is still at {pointers.candidate}")
    because = "; ".join(wrong) or "the prompt pointers are where they were"
    return Finding(rule="prompt_pointer_is_back", outcome=_failed_if(wrong), because=because)


def _failed_if(wrong: object) -> Outcome:
    return Outcome.FAILED if wrong else Outcome.PASSED
