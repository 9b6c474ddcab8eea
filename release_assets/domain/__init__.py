"""Decides, and does nothing else: values in, findings out. No Dagster, no I/O, no clock, no chance.

Each room has one noun. From the bottom: the words (the modules of this folder) and `statistics`;
`ledger`, `contracts`; `rollout`; `live`, `files`; `planning`, `evals`; `backtest`, `people`;
`sign_off`; `history`. `triggers` rests on all of them: which run a sensor requests, and when.
A room imports only rooms below it.
"""
