"""Numbers in, numbers out: the arithmetic behind every judgement, seeded, numpy only.

Knows nothing of releases or rules; `evals/regression.py` and `live/judge.py` ask and conclude.
"""
