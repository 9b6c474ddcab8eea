"""Tickets and notices of the local world: files that a person can open.

Belongs here: writing each message once. Does not: who is notified, and why.
"""
