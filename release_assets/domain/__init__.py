"""Decides, and does nothing else: values in, findings out. No Dagster, no I/O, no clock, no chance.

Each room has one noun. From the bottom: the words (the modules of this folder) and `statistics`;
`rollout`, `ledger`, `contracts`; `live`, `files`; `planning`, `evals`; `backtest`, `people`;
`sign_off`; `history`. `triggers` stands on all of them: what a sensor asks for, and when.
A room imports only rooms below it.
"""
