"""Adapters that send the cases of a suite to a running unit and rate its answers.

Belongs here: engines and scorers; every row is kept, errors too. Does not: judging rows
(`domain/evals`). Stands on the ports.
"""
