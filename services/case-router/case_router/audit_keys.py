"""The key that signs the audit log's heads, and the one to verify them with."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from speakup.keys import KeyFolder

SIGNING = "audit-signing"
PUBLIC_FILE = "audit.pem"


def signing(keys: KeyFolder) -> Ed25519PrivateKey:
    """Raises MissingKeyError."""
    key = load_pem_private_key(keys.secret(SIGNING), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError("the audit log's signing key is no Ed25519 key")
    return key


def verifying(pem: bytes) -> Ed25519PublicKey:
    """Raises ValueError."""
    key = load_pem_public_key(pem)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not a key of EdDSA")  # noqa: TRY004 - what the file holds, not what we were given
    return key
