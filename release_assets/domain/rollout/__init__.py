"""The rollout plan and its execution: canary stages, SLOs, the machine, what a stage decides.

Belongs here: reading a plan, which event follows in which state, how long a stage must last, what
a rollback must restore. Does not: judging live traffic (`live`), forecasting what a plan can prove
(`planning`). Stands on `ledger`, whose events move the machine.
"""
