"""As good as main, at full length?

The merged unit runs in staging beside main's, and both are asked the same cases. One file for each
piece of evidence, with the check that judges it; `gate` reads the verdicts. Does not belong here:
running a suite (`records/suite_runner`), the rules (`domain/evals`). Stands on `records`.
"""
