"""Still good on live traffic?

Raises exposure stage by stage, each through its own run and gate; never lowers it: the brake does
that from the sensor's tick, before any run starts (law 3).
"""
