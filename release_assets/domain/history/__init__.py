"""The history of one release as the ledger has it: timeline, sentence, dossier, standing, lineage.

Belongs here: reading entries back into what people ask: where a release is, how it ended
(`ending`), which release of a feature is stable (`production`), which verdict still counts
(`staleness`). Does not: any other decision about a release, drawing pages (`audit`, `cli`). Stands
on `sign_off`, `people`, `rollout` and `ledger`.
"""
