"""The append-only log of decisions: what an entry is, and whether the log is whole.

Belongs here: the kinds of entries and the events of rollouts (`kinds`), entries and their hashes,
the Merkle tree, verification, and the index of what was verified. Does not: storing entries
(`resources/ledger_store`), questions about one release (`records`), its history (`history`).
Stands on the words.
"""
