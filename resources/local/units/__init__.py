"""The deployer of the local world: units as processes of this machine.

Belongs here: starting, finding, probing and stopping processes, and their ports. Does not:
traffic (`router`). Stands on the ports.
"""
