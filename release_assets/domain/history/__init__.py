"""What the ledger entries of one release tell: gates, people, the ramp, acts, and each moment.

Reads entries into records that a page or a table can show; judges nothing anew and looks nowhere
else, so that a dossier says what was recorded and not what somebody remembers. Bodies are read as
they were written: decimal text becomes a number again, and a field that is absent stays absent.
"""
