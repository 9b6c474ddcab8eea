"""Opens the front door's socket and becomes the router: `front_socket HOST:PORT PROGRAM ...`.

Left to itself, Caddy opens a new socket with each change of configuration and closes the old
one, and connections that wait in the old queue are reset. A socket that is handed over as file
descriptor 3 stays the same one for the life of the process. What a change may still hang up on
is a connection whose request nobody has read yet; a client may ask that again.
"""

from __future__ import annotations

import os
import socket
import sys

DESCRIPTOR = 3
_BACKLOG = 1024


def main(arguments: list[str]) -> None:
    """Listen at the first argument and run the rest in place of this process."""
    host, _, port = arguments[0].rpartition(":")
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_DEFER_ACCEPT"):
        # Accept when the request is there: what is accepted but not read yet, a change hangs up.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5)
    listener.bind((host, int(port)))
    listener.listen(_BACKLOG)
    if listener.fileno() != DESCRIPTOR:
        os.dup2(listener.fileno(), DESCRIPTOR)
    os.set_inheritable(DESCRIPTOR, True)  # noqa: FBT003 a C call by position
    os.execv(arguments[1], arguments[1:])  # noqa: S606 our own router, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
