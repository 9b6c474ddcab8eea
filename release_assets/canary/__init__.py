"""Still good on live traffic?

Raises exposure stage by stage, each through its own run and gate. Never lowers it: the brake does
that in the sensor's tick, before any run starts (law 3, `control/brake`). Does not belong here:
judging live traffic (`domain/live`). Stands on `control` and `records`.
"""
