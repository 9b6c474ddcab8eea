"""The git host of the local world: a bare repository with changes, signed reviews and merges.

Belongs here: every call of git. Does not: who may review (`domain/people`).
"""
