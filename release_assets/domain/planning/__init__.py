"""What a plan can prove with its traffic, before it runs: forecasts, and the lint of a plan.

Belongs here: how many calls a stage needs, which drop it catches when. Does not: judging what was
measured (`live`). Stands on `live`, whose bets it simulates, and on `rollout`.
"""
