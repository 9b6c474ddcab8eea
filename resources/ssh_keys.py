"""Signs with SSH keys from files, and makes new ones, for any person and any statement.

Verification needs no adapter: `release_assets/domain/sign_off/ssh_signature.py`. Keys in hardware,
and keys locked with a passphrase, sign with `ssh-keygen -Y sign`; the signature is handed in.
"""

from __future__ import annotations

import base64
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from release_assets.domain.errors import InputError
from release_assets.domain.sign_off.ssh_signature import (
    BEGIN,
    END,
    MAGIC,
    NAMESPACE,
    require_long_enough,
    signed_bytes,
    wire_mpint,
    wire_string,
)

if TYPE_CHECKING:
    PrivateKey = ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_USABLE = "give a private OpenSSH key without a passphrase: ed25519, RSA or ECDSA"


class KeyPair(NamedTuple):
    """A private key as OpenSSH stores it, and its public line for `people.yaml`."""

    private_openssh_pem: str
    public_line: str


def generate_key(comment: str = "") -> KeyPair:
    """Make a new ed25519 key; needs no ssh-keygen."""
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    return KeyPair(pem.decode(), f"{public_line(private)} {comment}".rstrip())


def read_private_key(path: Path) -> PrivateKey:
    """Read a private key file; raises `InputError` with what to do."""
    try:
        content = Path(path).read_bytes()
    except OSError as exc:
        message = f"the key cannot be read: {exc.strerror}"
        raise InputError(message, file=str(path), hint="name a private SSH key") from exc
    return load_private_key(content, file=str(path))


def load_private_key(content: bytes, *, file: str | None = None) -> PrivateKey:
    """Read a private key from the bytes of an OpenSSH key file; raises `InputError`."""
    try:
        key = load_ssh_private_key(content, None)
    except TypeError as exc:
        message = "the key is locked with a passphrase"
        raise InputError(message, file=file, hint=_USABLE) from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        message = "the file is not a private SSH key that is supported"
        raise InputError(message, file=file, hint=_USABLE) from exc
    if isinstance(key, rsa.RSAPrivateKey):
        require_long_enough(key.key_size)
    if isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return key
    raise InputError("SSH keys of this kind are not supported", file=file, hint="use ed25519")


def sign(message: bytes, key: PrivateKey, *, namespace: str = NAMESPACE) -> str:
    """Return the armoured SSH signature over a message."""
    data = signed_bytes(message, namespace)
    blob = base64.b64decode(public_line(key).split()[1])
    fields = (blob, namespace.encode(), b"", b"sha512", _signature(key, data))
    body = MAGIC + (1).to_bytes(4, "big") + b"".join(wire_string(field) for field in fields)
    return "\n".join([BEGIN, *wrap(base64.b64encode(body).decode(), 70), END, ""])


def public_line(key: PrivateKey) -> str:
    """Return the public line of a private key, without comment."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _signature(key: PrivateKey, data: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return wire_string(b"ssh-ed25519") + wire_string(key.sign(data))
    if isinstance(key, rsa.RSAPrivateKey):
        value = key.sign(data, padding.PKCS1v15(), hashes.SHA512())
        return wire_string(b"rsa-sha2-512") + wire_string(value)
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(_CURVE_HASHES[key.curve.name])))
    return wire_string(public_line(key).split()[0].encode()) + wire_string(
        wire_mpint(r) + wire_mpint(s)
    )
