"""Offline judgement: two sides of a suite in, findings out.

Belongs here: what a row is, how rows of two sides are paired, and each rule over the pairs
(regression, flips, smoke, fairness, adversarial, budgets). Does not: running a suite
(`records/suites`, `resources/evals`), live traffic (`live`). Stands on `files` and `statistics`.
"""
