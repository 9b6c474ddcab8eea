"""The git host of the local world: a bare repository with changes, signed reviews and merges.

Belongs here: every call of git, and the statements under `refs/countersign/`. Does not: who may
review (`domain/people`), what a file means (`records/repository`). Stands on the ports.
"""
