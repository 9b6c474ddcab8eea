"""Decides, and does nothing else.

No Dagster, no input or output, no clock, no environment, no unseeded chance: `now`, random
generators and policies are arguments, so any verdict can be recomputed next year from the ledger.
"""
