"""The live metrics of the local world: the call log of units, and paired replays of its calls.

Belongs here: reading what was logged, and asking sampled calls of both units. Does not: judging
them (`domain/live`). Stands on the ports.
"""
