"""The `countersign` command, one file a command group.

Belongs here: reading arguments and files, printing. Does not: deciding anything (`domain`), or what
a phase does. Exit codes: 0 passed, 1 failed or refused, 2 wrong usage or input, 3 inconclusive.
`--json` prints one document on stdout; everything else goes to stderr. Stands on everything.
"""
