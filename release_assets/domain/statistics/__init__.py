"""Numbers in, numbers out: the arithmetic behind every judgement, seeded, numpy only.

Belongs here: betting, intervals, paired tests, resampling; `docs/methods.md` lists formulas with
their sources. Does not: releases, rules and sentences (`evals`, `live`). Stands on nothing.
"""
