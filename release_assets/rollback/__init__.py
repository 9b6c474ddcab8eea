"""Are we back where we were, all of it?

What follows the brake: every part is read back, people are notified, the rollout is closed.
"""
