"""Adapters that ask a running unit the cases of a suite and rate its answers.

Belongs here: engines and scorers; every row is kept, errors too. Does not: judging rows
(`domain/evals`). Stands on the ports.
"""
