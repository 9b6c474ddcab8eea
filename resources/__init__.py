"""Adapters to other systems: each satisfies one port, maps foreign errors once, decides nothing.

Belongs here: the stores (ledger, releases, evidence), keys, the clock, and `wiring`, which reads
which adapter serves which port. Rooms: `evals` asks units, `tools` checks and scans trees, `local`
is the local world. Does not: any decision (`domain`). Stands on `release_assets/ports`.
"""
