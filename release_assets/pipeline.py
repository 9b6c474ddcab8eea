"""The pipeline as data: phases in order, each with its question and the claims its gate rests on.

A claim is the name of a blocking asset check; its verdict stands in the ledger as
`<phase>/<claim>`. A gate opens when every claim of its phase passed for this release digest, on
the newest evidence. What is not listed here is not required, so this file is the place to look.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that must hold: the evidence asset, and the claim about it that a check judges."""

    evidence: str
    claim: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the pipeline, with the question that its gate answers."""

    name: str
    question: str
    claims: tuple[Claim, ...]

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The ledger names of the verdicts that this phase's gate needs."""
        return tuple(f"{self.name}/{claim.claim}" for claim in self.claims)


PRE_MERGE = Phase(
    "pre_merge",
    "May this change merge?",
    (
        Claim("code_health", "code_is_healthy"),
        Claim("smoke_results", "core_flows_hold"),
        Claim("policy_report", "manifest_keeps_the_policy"),
        Claim("security_report", "no_secret_and_no_dangerous_call"),
        Claim("registered_prompts", "prompts_are_registered"),
    ),
)

STAGING = Phase(
    "staging",
    "As good as main, at full length?",
    (
        Claim("deployment", "staging_runs_this_release"),
        Claim("eval_results", "quality_holds_against_main"),
        Claim("adversarial_results", "attacks_are_refused"),
        Claim("fairness_results", "no_locale_is_left_behind"),
        Claim("benchmark_results", "cost_and_latency_keep_the_budget"),
        Claim("published_events", "events_keep_their_contract"),
    ),
)

SIGN_OFF = Phase(
    "sign_off",
    "Who, other than its authors, says yes?",
    (
        Claim("change_record", "reviewers_are_independent"),
        Claim("sign_offs", "quorum_is_complete"),
    ),
)

CANARY = Phase(
    "canary", "Still good on live traffic?", (Claim("live_scores", "live_quality_holds"),)
)

ROLLBACK = Phase(
    "rollback",
    "Are we back where we were, all of it?",
    (Claim("restoration", "everything_is_back"),),
)

PHASES = (PRE_MERGE, STAGING, SIGN_OFF, CANARY, ROLLBACK)

BEFORE_PROMOTION = PRE_MERGE.verdicts + STAGING.verdicts + SIGN_OFF.verdicts
