"""The pipeline as data: phases in order, each with its question, evidence, claims and gate.

Evidence is what an asset measured, named `<phase>/<asset>`. A claim is a blocking check over one
piece of evidence; its verdict is an entry of the ledger, `<phase>/<claim>`. A gate is the verdict
that opens what comes next:

    pre_merge, staging, sign_off   an asset `gate`: every claim passed, on the newest evidence
    canary                         one for each canary stage: its claim about that stage
    rollback                       its one claim; only then a rollback is called done
    audit                          none: it reads, and opens nothing

What is not listed here is not required, so this file is the place to look. Phases, jobs and records
use these constants; `domain/history/reading.py`, which cannot import this file, repeats five of
them, and a test compares.
"""

from __future__ import annotations

from dataclasses import dataclass

CHANGE = "pre_merge/change"
CODE_HEALTH = "pre_merge/code_health"
SMOKE_RESULTS = "pre_merge/smoke_results"
POLICY_REPORT = "pre_merge/policy_report"
SECURITY_REPORT = "pre_merge/security_report"
REGISTERED_PROMPTS = "pre_merge/registered_prompts"
PRE_MERGE_GATE = "pre_merge/gate"

DEPLOYMENT = "staging/deployment"
EVAL_RESULTS = "staging/eval_results"
ADVERSARIAL_RESULTS = "staging/adversarial_results"
FAIRNESS_RESULTS = "staging/fairness_results"
BENCHMARK_RESULTS = "staging/benchmark_results"
PUBLISHED_EVENTS = "staging/published_events"
STAGING_GATE = "staging/gate"

CHANGE_RECORD = "sign_off/change_record"
SIGN_OFFS = "sign_off/sign_offs"
SIGN_OFF_GATE = "sign_off/gate"

ROLLOUT = "canary/rollout"
STAGE_TRAFFIC = "canary/stage_traffic"  # these three once for each canary stage
LIVE_SCORES = "canary/live_scores"
STAGE_OUTCOMES = "canary/stage_outcomes"
COMPLETION = "canary/completion"

RESTORATION = "rollback/restoration"
INCIDENT = "rollback/incident"
FAILURE_REPORT = "rollback/failure_report"

OF_A_STAGE = (STAGE_TRAFFIC, LIVE_SCORES, STAGE_OUTCOMES)


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that must hold: the evidence, and the claim about it that a check judges."""

    evidence: str
    claim: str


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of the pipeline: the question that its gate answers, and what it answers it from.

    `evidence` lists all that the phase records, in order; `gate` is the ledger name of the verdict
    that opens what comes next, empty where nothing is opened.
    """

    name: str
    question: str
    evidence: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    gate: str = ""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The ledger names of the verdicts that this phase's gate needs."""
        return tuple(f"{self.name}/{claim.claim}" for claim in self.claims)


PRE_MERGE = Phase(
    "pre_merge",
    "May this change merge?",
    (
        CHANGE,
        CODE_HEALTH,
        POLICY_REPORT,
        SECURITY_REPORT,
        REGISTERED_PROMPTS,
        SMOKE_RESULTS,
        PRE_MERGE_GATE,
    ),
    (
        Claim(CODE_HEALTH, "code_is_healthy"),
        Claim(SMOKE_RESULTS, "core_flows_hold"),
        Claim(POLICY_REPORT, "manifest_keeps_the_policy"),
        Claim(SECURITY_REPORT, "no_secret_and_no_dangerous_call"),
        Claim(REGISTERED_PROMPTS, "prompts_are_registered"),
    ),
    PRE_MERGE_GATE,
)

STAGING = Phase(
    "staging",
    "As good as main, at full length?",
    (
        DEPLOYMENT,
        EVAL_RESULTS,
        ADVERSARIAL_RESULTS,
        FAIRNESS_RESULTS,
        BENCHMARK_RESULTS,
        PUBLISHED_EVENTS,
        STAGING_GATE,
    ),
    (
        Claim(DEPLOYMENT, "staging_runs_this_release"),
        Claim(EVAL_RESULTS, "quality_holds_against_main"),
        Claim(ADVERSARIAL_RESULTS, "attacks_are_refused"),
        Claim(FAIRNESS_RESULTS, "no_locale_is_left_behind"),
        Claim(BENCHMARK_RESULTS, "cost_and_latency_keep_the_budget"),
        Claim(PUBLISHED_EVENTS, "events_keep_their_contract"),
    ),
    STAGING_GATE,
)

SIGN_OFF = Phase(
    "sign_off",
    "Who, other than its authors, says yes?",
    (CHANGE_RECORD, SIGN_OFFS, SIGN_OFF_GATE),
    (
        Claim(CHANGE_RECORD, "reviewers_are_independent"),
        Claim(SIGN_OFFS, "quorum_is_complete"),
    ),
    SIGN_OFF_GATE,
)

CANARY = Phase(
    "canary",
    "Still good on live traffic?",
    (ROLLOUT, STAGE_TRAFFIC, LIVE_SCORES, STAGE_OUTCOMES, COMPLETION),
    (Claim(LIVE_SCORES, "live_quality_holds"),),
    "canary/live_quality_holds",
)

ROLLBACK = Phase(
    "rollback",
    "Are we back where we were, all of it?",
    (RESTORATION, INCIDENT, FAILURE_REPORT),
    (Claim(RESTORATION, "everything_is_back"),),
    "rollback/everything_is_back",
)

AUDIT = Phase("audit", "Can a stranger check it in thirty minutes?")

PHASES = (PRE_MERGE, STAGING, SIGN_OFF, CANARY, ROLLBACK, AUDIT)

BEFORE_SIGN_OFF = (PRE_MERGE_GATE, STAGING_GATE)
BEFORE_PROMOTION = PRE_MERGE.verdicts + STAGING.verdicts + SIGN_OFF.verdicts


def of_stage(name: str, stage: str) -> str:
    """Return the ledger name of evidence or of a verdict about a canary stage, if it has one."""
    return f"{name}@{stage}" if stage else name
