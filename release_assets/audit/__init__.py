"""Can a stranger check it in thirty minutes?

Belongs here: reading the ledger and Dagster's store for `domain/history`, and the pages made of its
answers. Does not: judging or deciding anything (`domain/history` does), commands (`cli/audit`).
Has no gate. Stands on `records` and the ports.
"""
