"""Loopback ports: which are free, and a clear error when one is not."""

from __future__ import annotations

import secrets
import socket

from release_assets.domain.errors import InputError, UnavailableError

# Below the ports that systems hand to outgoing connections: one of those could take ours between
# the stop of a program and its next start.
_FIRST, _LAST = 15_000, 30_000


def free_port() -> int:
    """Return a loopback port that was free a moment ago; raises `UnavailableError`."""
    for _ in range(_LAST - _FIRST):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        if is_free_port(port):
            return port
    raise UnavailableError("no loopback port is free; stop programs that use them and try again")


def require_free_port(port: int, purpose: str) -> None:
    """Raise `InputError` when a loopback port is in use."""
    if not is_free_port(port):
        raise InputError(
            f"port {port} for {purpose} is in use",
            hint="stop the program that listens there, or choose another port",
        )


def is_free_port(port: int) -> bool:
    """Whether a loopback port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
