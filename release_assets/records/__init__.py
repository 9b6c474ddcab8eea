"""Measured, written down, read back: nothing is relied upon that the ledger does not hold (law 1).

Belongs here: the ledger's questions, recording in a run, what Dagster shows of an entry, the files
of a feature at a commit, running suites and tools for evidence. Does not: rules (`domain`), which
evidence a phase needs (`pipeline`), rollouts (`control`). Stands on `ports` and `domain`.
"""
