"""A person's signed yes or no to a release, and whether the quorum is complete.

Belongs here: the statement that is signed, the SSH signature over it, and the rules by which
signatures count. Does not: who contributed (`people`). Stands on `people` and `ledger`.
"""
