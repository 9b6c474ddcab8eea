"""Tickets and notices of the local world: files that a person can open.

Belongs here: writing each message once, even when the disk is full halfway. Does not: who is
notified, and why (`release_assets/control/notices`). Stands on the ports.
"""
