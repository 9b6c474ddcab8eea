"""Can a stranger check it in thirty minutes?

Reads the ledger, writes documents; decides nothing.
"""
