"""What a handler should know of a mail before opening it."""

from __future__ import annotations

ENCRYPTED = "encrypted"
"""S/MIME or PGP (RFC 8551, 3156): its words can be read only with the recipient's key."""

SIGNED = "signed"
"""S/MIME or PGP; the signature isn't checked, and the raw message keeps it whole."""

HIDDEN_NAME = "hidden_name"
"""A file's name held characters that can hide what kind of file it is."""

PATH_IN_NAME = "path_in_name"

DOUBLE_ENDING = "double_ending"
"""`invoice.pdf.exe`."""


def of_part(kind: str, smime_type: str) -> set[str]:
    """Marks by a part's `type/subtype` and its `smime-type`."""
    match kind.replace("/x-", "/"):
        case "multipart/encrypted" | "application/pgp-encrypted":
            return {ENCRYPTED}
        case "multipart/signed" | "application/pkcs7-signature" | "application/pgp-signature":
            return {SIGNED}
        case "application/pkcs7-mime":
            is_signed = smime_type.lower() == "signed-data"
            return {SIGNED} if is_signed else {ENCRYPTED}
    return set()


def of_text(text: str) -> set[str]:
    """Marks by PGP's lines within a text (RFC 9580)."""
    if "-----BEGIN PGP " not in text:
        return set()
    marks = set()
    if "-----BEGIN PGP MESSAGE-----" in text:
        marks.add(ENCRYPTED)
    if "-----BEGIN PGP SIGNED MESSAGE-----" in text:
        marks.add(SIGNED)
    return marks
