"""Judgement of live traffic: is there evidence of a breach, is there evidence for an advance?

Belongs here: counts and scored pairs of one look, the streams they feed, the bets on each stream
and their wealth, and the findings. Does not: what follows from a finding (`rollout/decision`),
where the calls come from (`resources`). Stands on `rollout` and `statistics`.
"""
