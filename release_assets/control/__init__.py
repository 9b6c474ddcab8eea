"""One rollout under control: look, decide, act downwards, notify.

Belongs here: the look at live traffic, the brake, and moving a stored rollout. Does not: raising
traffic, which needs a run with its own gate (`canary`, law 3). Stands on `records`.
"""
