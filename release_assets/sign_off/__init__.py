"""Who, other than its authors, says yes?

The people of a release and their signatures, read again from the ledger and the git host: no
earlier reading is trusted. Does not belong here: which roles must sign (the policy), and the rules
of a quorum (`domain/sign_off`). Stands on `records`.
"""
