"""The local world: real, embedded adapters on one machine.

Rooms: `git` is the git host, `units` the deployer, `router` the traffic router, `traffic` the live
metrics, `notes` tickets and notices. Here stand the prompt registry and what all of them need to
write files that survive a crash. Does not belong here: anything that a feature needs. Stands on
the ports.
"""
