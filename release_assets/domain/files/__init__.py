"""What people write: the manifest, the policy, the model registry, and the lint of them.

Belongs here: reading one file strictly, and what its words allow. Does not: the roster (`people`),
the rollout plan (`rollout`), suites (`evals`). Stands on `rollout`, since a manifest names a plan.
"""
