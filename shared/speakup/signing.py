"""Ed25519 keys that sign: the private half a secret of the folder of keys, the public half a PEM file beside its public keys
(`speakup.staff.public_key` reads that, for who holds no key).
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from speakup.keys import KeyFolder, MissingKeyError


def ensure(keys: KeyFolder, name: str, public_file: str) -> None:
    """Make a key where there is none, and publish the half to verify with."""
    made = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    keys.ensure_secret(name, made)
    try:
        keys.read_file(public_file)
    except MissingKeyError:
        half = private(keys, name).public_key()
        keys.publish_file(
            public_file, half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )


def private(keys: KeyFolder, name: str) -> Ed25519PrivateKey:
    """The half to sign with. Raises MissingKeyError."""
    key = load_pem_private_key(keys.secret(name), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{name} is no Ed25519 key")
    return key
