"""The local world: the real, embedded adapters on one machine; git, processes, Caddy, SQLite, files."""
