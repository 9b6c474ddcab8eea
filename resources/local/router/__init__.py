"""The traffic router of the local world: a Caddy process that splits traffic by weight.

Belongs here: its configuration, its process and its socket. Does not: which share is right, and
what runs behind it (`units`). Stands on the ports and `units`.
"""
