"""Becomes another program, after setting limits on its memory, processor time and files.

Run by path with the interpreter's `-I -S`, so that it starts in milliseconds and imports nothing
of a scanned tree. A limit set here, between fork and exec, is safe where threads are; a function
given to fork is not. Usage: limited_program.py <processor seconds> <program> [argument ...]
"""

import os
import resource
import sys

MEMORY_BYTES = 4 << 30
FILE_BYTES = 256 << 20
CANNOT_START = 127


def _limit(kind: int, wanted: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (value, value))


def main(arguments: list[str]) -> None:
    """Limit ourselves, then become the program."""
    _limit(resource.RLIMIT_CPU, int(arguments[0]))
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    _limit(resource.RLIMIT_FSIZE, FILE_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    try:
        os.execv(arguments[1], arguments[1:])  # noqa: S606 - no shell is wanted
    except OSError as exc:
        sys.stderr.write(f"{arguments[1]}: {exc.strerror}\n")
        sys.exit(CANNOT_START)


if __name__ == "__main__":
    main(sys.argv[1:])
