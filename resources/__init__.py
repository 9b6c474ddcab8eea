"""Adapters: each satisfies one port, maps foreign errors once, and decides nothing."""
