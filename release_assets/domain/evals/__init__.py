"""Offline judgement: two sides of a suite in, findings out.

Belongs here: what a row is, when runs are comparable, how rows of two sides are paired, each rule
over the pairs (regression, flips, smoke, fairness, adversarial, budgets), and reports of tools.
Does not: the sizes that the policy demands of a suite (`files/manifest_lint`), running one
(`records/suite_runner`), live traffic (`live`). Stands on `files` and `statistics`.
"""
