"""Whether an SSH signature was made over these bytes, for sign-offs, and by which key.

The format is OpenSSH's SSHSIG (its PROTOCOL.sshsig), so `ssh-keygen -Y sign` and hardware keys
work. Decides only whether the signature is valid; whose key it is, and whether the key was valid on
that day, `rules` decides from the roster. The namespace keeps a signature that was made for git or
mail from being taken for a sign-off. Pure, so that any sign-off can be verified again from the
ledger, years later.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

from release_assets.domain.errors import InputError

NAMESPACE = "sign-off@countersign"
MAGIC = b"SSHSIG"
BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
RSA_BITS_MIN = 3072
HARDWARE_KEY = "sk-ssh-ed25519@openssh.com"
_DIGESTS = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}
_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "rsa-sha2-256": hashes.SHA256(),
    "rsa-sha2-512": hashes.SHA512(),
}
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}
_PRESENT = 0x01


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedSignature:
    """A valid signature: the key that made it, and what a hardware key attests of its user.

    `user_present` (touch) is None for keys in a file.
    """

    public_key: str
    user_present: bool | None = None


def verify_signature(
    message: bytes, armored: str, *, namespace: str = NAMESPACE
) -> VerifiedSignature:
    """Verify a signature; raises `InputError` with the reason why it is not valid."""
    blob = WireReader(dearmor(armored))
    if blob.take(len(MAGIC)) != MAGIC or blob.number() != 1:
        raise InputError("this is not an SSH signature of version 1", hint="sign with ssh-keygen")
    key, signed_for = blob.string(), blob.text()
    reserved, digest_name, signature = blob.string(), blob.text(), blob.string()
    blob.end()
    if signed_for != namespace:
        hint = f"sign in the namespace '{namespace}'"
        raise InputError(f"the signature was made for '{signed_for}'", hint=hint)
    if digest_name not in _DIGESTS:
        raise InputError(f"the digest '{digest_name}' is not accepted", hint="use sha512")
    return _verify(key, signature, signed_bytes(message, namespace, digest_name, reserved))


def signed_bytes(
    message: bytes, namespace: str, digest_name: str = "sha512", reserved: bytes = b""
) -> bytes:
    """Return what the key signs instead of the message."""
    digest = _DIGESTS[digest_name](message).digest()
    fields = (namespace.encode(), reserved, digest_name.encode(), digest)
    return MAGIC + b"".join(wire_string(field) for field in fields)


def dearmor(armored: str) -> bytes:
    """Return the bytes between the BEGIN and END lines; raises `InputError`."""
    text = armored.strip()
    if not (text.startswith(BEGIN) and text.endswith(END)):
        hint = f"it begins with {BEGIN} and ends with {END}"
        raise InputError("this is not an SSH signature", hint=hint)
    try:
        return base64.b64decode("".join(text[len(BEGIN) : -len(END)].split()), validate=True)
    except binascii.Error as exc:
        raise InputError("the signature is damaged: it is not base64", hint="sign again") from exc


def key_line(blob: bytes) -> str:
    """Return the line `ssh-ed25519 AAAA...` for the wire form of a public key."""
    return f"{WireReader(blob).text()} {base64.b64encode(blob).decode()}"


def _verify(key: bytes, signature: bytes, data: bytes) -> VerifiedSignature:
    line = key_line(key)
    try:
        if line.startswith(HARDWARE_KEY):
            return _verify_hardware(key, signature, data)
        _verify_file_key(line, signature, data)
    except InvalidSignature as exc:
        message = "the signature is not over this statement, which was changed after signing"
        raise InputError(message, hint="sign again") from exc
    return VerifiedSignature(public_key=line)


def _verify_file_key(line: str, signature: bytes, data: bytes) -> None:
    public = _load(line)
    fields = WireReader(signature)
    algorithm, value = fields.text(), fields.string()
    fields.end()
    if isinstance(public, ed25519.Ed25519PublicKey) and algorithm == "ssh-ed25519":
        public.verify(value, data)
    elif isinstance(public, rsa.RSAPublicKey) and algorithm in _RSA_HASHES:
        require_long_enough(public.key_size)
        public.verify(value, data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
    elif isinstance(public, ec.EllipticCurvePublicKey) and algorithm == line.split(maxsplit=1)[0]:
        r_and_s = _numbers(value)
        public.verify(r_and_s, data, ec.ECDSA(_CURVE_HASHES[public.curve.name]))
    else:
        raise InputError(f"signatures of kind '{algorithm}' are not accepted", hint="use ed25519")


def _verify_hardware(key: bytes, signature: bytes, data: bytes) -> VerifiedSignature:
    """Verify the signature of a FIDO token.

    The token signs a hash of our bytes with its own flags and counter (OpenSSH's PROTOCOL.u2f).
    """
    fields = WireReader(key)
    _, point, application = fields.text(), fields.string(), fields.string()
    fields.end()
    parts = WireReader(signature)
    algorithm, value, flags, counter = parts.text(), parts.string(), parts.take(1), parts.take(4)
    parts.end()
    if algorithm != HARDWARE_KEY:
        raise InputError(f"signatures of kind '{algorithm}' are not accepted", hint="use ed25519")
    hashed = (hashlib.sha256(application).digest(), flags, counter, hashlib.sha256(data).digest())
    _ed25519(point).verify(value, b"".join(hashed))
    if not flags[0] & _PRESENT:
        raise InputError("the hardware key was not touched", hint="sign again and touch it")
    return VerifiedSignature(public_key=key_line(key), user_present=True)


def require_long_enough(bits: int) -> None:
    """Refuse short RSA keys; raises `InputError`."""
    if bits < RSA_BITS_MIN:
        message = f"the RSA key has {bits} bits; at least {RSA_BITS_MIN} are needed"
        raise InputError(message, hint="make a new key with ssh-keygen -t ed25519")


def _load(line: str) -> object:
    try:
        return load_ssh_public_key(line.encode())
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise InputError(
            "the public key in the signature cannot be read", hint="sign again"
        ) from exc


def _ed25519(point: bytes) -> ed25519.Ed25519PublicKey:
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(point)
    except ValueError as exc:
        raise InputError(
            "the public key in the signature cannot be read", hint="sign again"
        ) from exc


def _numbers(value: bytes) -> bytes:
    fields = WireReader(value)
    r, s = (int.from_bytes(fields.string(), "big") for _ in range(2))
    fields.end()
    return encode_dss_signature(r, s)


class WireReader:
    """Reads the fields of SSH's wire format one after the other (RFC 4251 section 5).

    Every method raises `InputError` where the bytes end too early.
    """

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise InputError("the signature is cut off", hint="copy all of it, BEGIN to END")
        self._at += count
        return taken

    def number(self) -> int:
        """Return the next 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return the next bytes that have their length before them."""
        return self.take(self.number())

    def text(self) -> str:
        """Return the next string, as ASCII text."""
        return self.string().decode("ascii", errors="replace")

    def end(self) -> None:
        """Refuse bytes after the last field: a second meaning could hide there."""
        if self._at != len(self._data):
            raise InputError("the signature has bytes after its end", hint="sign again")


def wire_string(data: bytes) -> bytes:
    """Return bytes with their length before them."""
    return len(data).to_bytes(4, "big") + data


def wire_mpint(number: int) -> bytes:
    """Return a positive number as SSH writes it, with room for the sign."""
    if not number:
        return wire_string(b"")
    return wire_string(number.to_bytes(number.bit_length() // 8 + 1, "big"))
