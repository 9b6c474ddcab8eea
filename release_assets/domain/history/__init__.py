"""The history of one release as the ledger has it: timeline, sentence, dossier, standing, lineage.

Belongs here: reading entries back into what people ask about a release, where it is and how it
ended (`ending`). Does not: deciding about a release (gates read entries through `records`), drawing
pages (`audit`, `cli`). Stands on `sign_off`, `people`, `rollout` and `ledger`.
"""
