"""The `countersign` command, one file a command group; no decisions here.

Exit codes: 0 passed, 1 failed or refused, 2 wrong usage or input, 3 inconclusive. `--json` prints
one document on stdout; everything else goes to stderr (DESIGN section 10).
"""
