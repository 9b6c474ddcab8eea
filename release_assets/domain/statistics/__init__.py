"""The mathematics of judgement: exact at every look, seeded or without chance, numpy only.

Knows numbers in arrays; refuses to know releases, plans, scorers or sentences. Formulas (E1) to
(E12) are named where they are used, with the paper that proves them.
"""
