"""What the ledger says of one release: timeline, sentence, dossier, standing, lineage.

Belongs here: reading entries back into what people ask about a release. Does not: deciding anything
(every gate reads entries through `records`), drawing pages (`audit`, `cli`). Stands on `sign_off`,
`people`, `rollout` and `ledger`.
"""
