"""What an entry of the ledger can be about: its kind, and for a rollout what happened to it.

The two lists here are the only ones. The states of a rollout (`rollout/machine`), the ends of a
release and of a canary stage (`history`) and the steps of the demo are derived from them. The
strings are written in ledgers: a word may be added, never changed and never used again for
something else.
"""

from __future__ import annotations

from enum import StrEnum


class EntryKind(StrEnum):
    """The kinds of entries."""

    ADOPTION = "adoption"
    CHANGE_SEEN = "change_seen"
    EVIDENCE = "evidence"
    VERDICT = "verdict"
    SIGN_OFF = "sign_off"
    REFUSAL = "refusal"
    INTENT = "intent"
    OBSERVATION = "observation"
    ROLLOUT = "rollout"
    NOTICE = "notice"
    DRIFT = "drift"


class RolloutEvent(StrEnum):
    """What can happen to a rollout: an entry of kind `rollout` holds one as its `event`.

    A look and the two events of 100 % are kept in the working state alone: the ledger holds the
    evidence that a look rests on, and `stage_entered` for every canary stage.
    """

    PROMOTED = "promoted"
    LOOKED = "looked"
    STAGE_PROVEN = "stage_proven"
    STAGE_ENTERED = "stage_entered"
    FULL_TRAFFIC_REACHED = "full_traffic_reached"
    HELD = "held"
    RESUMED = "resumed"
    WATCH_RESUMED = "watch_resumed"
    COMPLETED = "completed"
    BREACHED = "breached"
    ROLLED_BACK = "rolled_back"
    STAGING_ROLLED_BACK = "staging_rolled_back"
