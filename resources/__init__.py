"""Doers without opinions: each adapter satisfies one port and maps foreign errors once."""
