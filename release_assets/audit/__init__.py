"""Can a stranger check it in thirty minutes?

Reads the ledger and writes documents: dossiers, the ramp's picture, lineage, where releases stand.
Decides nothing, and has no gate. Does not belong here: what the entries mean (`domain/history`).
"""
