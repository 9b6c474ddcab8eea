"""Countersign: the release pipeline for AI features.

    pre_merge   May this change merge?
    staging     As good as main, at full length?
    sign_off    Who, other than its authors, says yes?
    canary      Still good on live traffic?
    rollback    Are we back where we were, all of it?
    audit       Can a stranger check it in thirty minutes?

Each line is a phase; each phase gathers evidence and ends in a gate; only a passed gate opens
the next. The ledger decides, Dagster shows and executes. Start reading at `pipeline.py`.
"""
