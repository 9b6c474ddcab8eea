"""Countersign: the release pipeline for AI features.

    pre_merge   May this change merge?
    staging     As good as main, at full length?
    sign_off    Who, other than its authors, says yes?
    canary      Still good on live traffic?
    rollback    Are we back where we were, all of it?
    audit       Can a stranger check it in thirty minutes?

Each line is a phase that gathers evidence. The first three end in a gate, canary has one for each
canary stage, and rollback one before it is called done; only a passed gate opens what comes next.
Audit has none: it reads. The ledger decides, Dagster shows and executes. Start at `pipeline.py`.
"""
