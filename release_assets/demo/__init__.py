"""The demo: four stories of a real feature in a local world, and what a person sees of them.

Belongs here: building a local world from the example feature and starting its processes (`world`,
`startup`, `load`), the acts of people by story files (`stories`), following each story in the
ledger (`journey`, `run`), and showing it (`lines`, `screen`, `results`). Does not: any step of the
pipeline. The demo acts only as people would (open, review, merge, sign); whatever moves a release
is a sensor or a run of the Dagster that was started. Stands on the ports and their local adapters.
"""
