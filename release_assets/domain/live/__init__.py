"""Judgement of live traffic: is there evidence of a breach, is there evidence for an advance?

`streams` decides which series an SLO is judged by and how alpha is shared; `observations`, `scores`
what one look adds; `bets`, `gap_bets`, `wealth` what is bet and kept; `levels` whether absolute
limits hold (a percentile is the share of calls over it); `drops` whether drops and gaps are proven
small, and for which slices; `silence` when nothing was seen; `findings`, `judge` conclude. Does not
belong here: what follows (`rollout/decision`). Stands on `rollout` and `statistics`.
"""
