"""The append-only log of decisions: what an entry is, the tree over entries, what they index.

Belongs here: hashing, proofs, and the words of entries. Does not: storing them
(`resources/ledger_store`), asking questions of one release (`records`), telling its history
(`history`). Stands on the words.
"""
