"""Offline judgement: two sides of a suite in, findings out.

Belongs here: what a row is, how rows of two sides are paired, and each rule over the pairs
(regression, flips, smoke, fairness, adversarial, budgets). Does not: the sizes that the policy
demands of a suite (`files/manifest_lint`), running one (`records/suite_runner`,
`resources/evals`), live traffic (`live`). Stands on `files` and `statistics`.
"""
