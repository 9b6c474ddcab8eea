"""Judgement of live traffic: is there evidence of a breach, is there evidence for an advance?

`streams` decides which series an SLO is judged by and how alpha is shared; `observations` and
`scores` what one look adds; `bets`, `gap_bets` and `wealth` what is bet and kept; `levels` and
`drops` what a stage has shown, and which slices are judged (one that is rare or never seen is not);
`silence` when nothing was seen; `findings` and `judge` conclude. Does not belong here: what follows
(`rollout/decision`), where calls come from (`resources`). Stands on `rollout` and `statistics`.
"""
