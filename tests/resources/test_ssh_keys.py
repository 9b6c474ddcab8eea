"""SSH signatures: ours, OpenSSH's, hardware keys', and everything that is not one."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from release_assets.domain.errors import InputError
from release_assets.domain.people.roster import bare_key
from release_assets.domain.sign_off.ssh_signature import (
    BEGIN,
    END,
    HARDWARE_KEY,
    MAGIC,
    NAMESPACE,
    dearmor,
    signed_bytes,
    verify_signature,
    wire_mpint,
    wire_string,
)
from resources.ssh_keys import (
    generate_key,
    load_private_key,
    public_line,
    read_private_key,
    sign,
)

if TYPE_CHECKING:
    from resources.ssh_keys import PrivateKey

MESSAGE = b'{"decision":"yes"}'
KEYS: dict[str, PrivateKey] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa p256": ec.generate_private_key(ec.SECP256R1()),
    "ecdsa p384": ec.generate_private_key(ec.SECP384R1()),
    "ecdsa p521": ec.generate_private_key(ec.SECP521R1()),
    "rsa 3072": rsa.generate_private_key(public_exponent=65537, key_size=3072),
}
needs_ssh_keygen = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed"
)


@pytest.fixture(params=KEYS, ids=lambda name: name.replace(" ", "-"))
def key(request):
    return KEYS[request.param]


def test_a_signature_names_the_key_that_made_it(key):
    proof = verify_signature(MESSAGE, sign(MESSAGE, key))

    assert proof.public_key == public_line(key)
    assert proof.user_present is None


def test_a_signature_does_not_hold_for_other_words(key):
    with pytest.raises(InputError, match="changed after signing"):
        verify_signature(MESSAGE.replace(b"yes", b"no"), sign(MESSAGE, key))


def test_a_signature_made_for_git_is_not_a_sign_off(key):
    with pytest.raises(InputError, match=r"made for 'git'.*namespace 'sign-off@countersign'"):
        verify_signature(MESSAGE, sign(MESSAGE, key, namespace="git"))


def test_a_generated_key_signs_and_its_public_line_fits_the_roster():
    pair = generate_key("ada")

    proof = verify_signature(MESSAGE, sign(MESSAGE, load_private_key(_bytes(pair))))

    assert proof.public_key == bare_key(pair.public_line)
    assert pair.public_line.endswith(" ada")


def test_every_bit_of_a_signature_counts():
    """No single flipped bit leaves a signature valid, and none ends in anything but a sentence."""
    blob = dearmor(sign(MESSAGE, KEYS["ed25519"]))
    for position in range(len(blob)):
        damaged = bytearray(blob)
        damaged[position] ^= 1 << (position % 8)
        with pytest.raises(InputError):
            verify_signature(MESSAGE, _armored(bytes(damaged)))


def test_a_cut_signature_is_refused_at_every_length():
    blob = dearmor(sign(MESSAGE, KEYS["ecdsa p256"]))
    for length in range(len(blob)):
        with pytest.raises(InputError):
            verify_signature(MESSAGE, _armored(blob[:length]))


def test_nothing_may_follow_a_signature():
    blob = dearmor(sign(MESSAGE, KEYS["ed25519"]))
    with pytest.raises(InputError, match="has bytes after its end"):
        verify_signature(MESSAGE, _armored(blob + b"\x00"))


@pytest.mark.parametrize("text", ["", "yes", BEGIN, f"{BEGIN}\n!!!\n{END}", f"{BEGIN}\nAAA\n{END}"])
def test_what_is_not_a_signature_is_refused_in_words(text):
    with pytest.raises(InputError):
        verify_signature(MESSAGE, text)


def test_short_rsa_keys_neither_sign_nor_verify():
    short = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = short.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())

    with pytest.raises(InputError, match="2048 bits; at least 3072 are needed"):
        load_private_key(pem)
    with pytest.raises(InputError, match="2048 bits"):
        verify_signature(MESSAGE, sign(MESSAGE, short))


def test_a_hardware_key_counts_when_it_was_touched():
    line, armored = _hardware_signature(flags=0x05)

    proof = verify_signature(MESSAGE, armored)

    assert (proof.public_key, proof.user_present) == (line, True)


def test_a_hardware_key_that_was_not_touched_does_not_count():
    with pytest.raises(InputError, match="was not touched"):
        verify_signature(MESSAGE, _hardware_signature(flags=0x04)[1])


def test_the_flags_of_a_hardware_key_are_signed():
    blob = dearmor(_hardware_signature(flags=0x00)[1])
    forged = blob[:-5] + b"\x01" + blob[-4:]
    with pytest.raises(InputError, match="changed after signing"):
        verify_signature(MESSAGE, _armored(forged))


@needs_ssh_keygen
def test_a_locked_key_is_refused_with_the_way_round(tmp_path):
    _run(tmp_path, "ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", "key")

    with pytest.raises(InputError, match=r"locked with a passphrase.*without a passphrase"):
        read_private_key(tmp_path / "key")


def test_a_file_that_is_not_a_key_is_refused_with_what_is_accepted(tmp_path):
    path = tmp_path / "key"
    path.write_text("hello")
    with pytest.raises(InputError, match="give a private OpenSSH key"):
        read_private_key(path)
    with pytest.raises(InputError, match="No such file"):
        read_private_key(tmp_path / "missing")


def test_numbers_keep_room_for_their_sign():
    assert [wire_mpint(n)[4:] for n in (0, 127, 128, 256)] == [
        b"",
        b"\x7f",
        b"\x00\x80",
        b"\x01\x00",
    ]


@needs_ssh_keygen
def test_ssh_keygen_accepts_our_signatures(tmp_path, key):
    (tmp_path / "allowed").write_text(f"rosa {public_line(key)}\n")
    (tmp_path / "message.sig").write_text(sign(MESSAGE, key))

    options = ["-f", "allowed", "-I", "rosa", "-n", NAMESPACE, "-s", "message.sig"]
    checked = subprocess.run(
        ["ssh-keygen", "-Y", "verify", *options],
        cwd=tmp_path,
        input=MESSAGE,
        capture_output=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr


@needs_ssh_keygen
@pytest.mark.parametrize("kind", [["ed25519"], ["ecdsa", "-b", "384"], ["rsa", "-b", "3072"]])
def test_we_accept_the_signatures_of_ssh_keygen(tmp_path, kind):
    _run(tmp_path, "ssh-keygen", "-q", "-t", *kind, "-N", "", "-f", "key")
    (tmp_path / "message").write_bytes(MESSAGE)
    _run(tmp_path, "ssh-keygen", "-Y", "sign", "-f", "key", "-n", NAMESPACE, "message")

    proof = verify_signature(MESSAGE, (tmp_path / "message.sig").read_text())

    assert proof.public_key == bare_key((tmp_path / "key.pub").read_text())
    assert public_line(read_private_key(tmp_path / "key")) == proof.public_key


def _run(folder, *command):
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _bytes(pair):
    return pair.private_openssh_pem.encode()


def _armored(blob):
    return f"{BEGIN}\n{base64.b64encode(blob).decode()}\n{END}\n"


def _hardware_signature(*, flags):
    """What a FIDO token makes, from a key in memory."""
    token = ed25519.Ed25519PrivateKey.generate()
    name, application = HARDWARE_KEY.encode(), b"ssh:"
    point = token.public_key().public_bytes_raw()
    key = wire_string(name) + wire_string(point) + wire_string(application)
    counted = bytes([flags]) + (7).to_bytes(4, "big")
    hashed = hashlib.sha256(signed_bytes(MESSAGE, NAMESPACE)).digest()
    value = token.sign(hashlib.sha256(application).digest() + counted + hashed)
    signature = wire_string(name) + wire_string(value) + counted
    fields = (key, NAMESPACE.encode(), b"", b"sha512", signature)
    blob = MAGIC + (1).to_bytes(4, "big") + b"".join(wire_string(field) for field in fields)
    return f"{HARDWARE_KEY} {base64.b64encode(key).decode()}", _armored(blob)
