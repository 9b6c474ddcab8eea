"""Who, other than its authors, says yes?

Reads signatures and histories again from the ledger and the git host; trusts no earlier reading.
"""
