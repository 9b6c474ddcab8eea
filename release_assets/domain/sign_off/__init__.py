"""A person's signed yes or no to a release, and whether the quorum is complete.

Belongs here: the statement that is signed, the SSH signature over it, whether one sign-off counts
(`validity`), and whether enough people signed, where a no stands until its own signatory lifts it
(`quorum`). Does not: who contributed and who may sign (`people`), what the policy demands
(`files`), asking a person to sign (`cli`). Stands on `people` and `ledger`.
"""
