"""The wire format of SSH: strings with a length before them (RFC 4251 section 5)."""

from __future__ import annotations

from release_assets.domain.errors import InputError


class Reader:
    """Reads fields one after the other; raises `InputError` where the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise InputError("the signature is cut off", hint="hand in the whole of it")
        self._at += count
        return taken

    def number(self) -> int:
        """A 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Bytes with their length before them."""
        return self.take(self.number())

    def text(self) -> str:
        """A string of ASCII text."""
        return self.string().decode("ascii", errors="replace")

    def end(self) -> None:
        """Refuse what follows: a second meaning could hide there."""
        if self._at != len(self._data):
            raise InputError("the signature goes on after its end", hint="sign again")


def string(data: bytes) -> bytes:
    """Bytes with their length before them."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive number as SSH writes it, with room for the sign."""
    return string(number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b"")
