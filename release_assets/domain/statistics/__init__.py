"""Numbers in, numbers out: the arithmetic behind every judgement, seeded, numpy only.

Knows nothing of releases or rules; `regression.py` and `live_analysis.py` ask and conclude.
"""
