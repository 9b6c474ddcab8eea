"""The local world: real, embedded adapters on one machine; git, processes, Caddy, SQLite."""
