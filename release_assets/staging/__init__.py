"""As good as main, at full length?

The merged unit runs in staging beside main's, and both are asked the same things.
"""
