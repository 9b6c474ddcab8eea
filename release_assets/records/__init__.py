"""Measured, written down, read back: nothing is relied upon that the ledger does not hold (law 1).

Belongs here: the ledger's questions (`book`, `reading`; no Dagster), recording in a run
(`recorder`, `gate`), declaring assets and what Dagster shows of an entry (`declare`, `show`), the
files of a feature at a commit (`repository`), running suites and tools for evidence. Does not: any
rule, also which verdict still counts (`domain/history/staleness`), which evidence a phase needs
(`pipeline`), rollouts (`control`). Stands on `ports` and `domain`.
"""
