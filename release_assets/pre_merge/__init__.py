"""May this change merge?

Fast, honest evidence about the head of a change: its own lint, types and tests, the core flows,
the policy, the prompts, secrets. Does not claim "as good as main": staging does. One file for each
piece of evidence, with the check that judges it; `gate` reads the verdicts. Stands on `records`.
"""
