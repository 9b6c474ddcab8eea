"""May this change merge?

Fast, honest evidence about the head of a change: its own lint, types and tests, the core flows,
the policy, the prompts, secrets. It never claims "as good as main"; staging does.
"""
