"""The envelope of a mail from a mailbox, out of what the delivering server noted in its headers."""

from __future__ import annotations

import re

from intake_email.addresses import Addresses
from intake_email.headers import fields_of, first, split
from intake_email.sender import mailboxes, usable

_NOTED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to")
_WRITTEN = ("to", "cc")
_VALUES = 20
"""Of each field, looked at."""
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"\\@]{1,64}@[^\s<>()\[\],;:\"\\@]{1,255}")


def envelope_of(raw: bytes, addresses: Addresses) -> tuple[str, str]:
    """Sender ("" for a bounce's `<>`) and recipient; the same for the same mail, whenever it is read.

    Any of it may be forged, as in SMTP: a case is joined by its address's token only. A mail in the hotline's
    mailbox that names none of its addresses (a blind copy, an alias) is taken as sent to it.
    """
    fields = fields_of(split(raw)[0])
    if "return-path" in fields:
        # The delivering server's is the uppermost one (RFC 5321, 4.4).
        sender = usable(first(fields, "return-path").strip().strip("<>"))
    else:
        authors = mailboxes({"from": fields.get("from", [])[:1]}, "from")
        sender = next((address for address, _ in authors if address), "")
    found = [
        address
        for name in (*_NOTED, *_WRITTEN)
        for value in fields.get(name, [])[:_VALUES]
        for address in _ADDRESS.findall(value)
        if addresses.accepts(address)
    ]
    to_case = (address for address in found if addresses.case_of(address))
    return sender, next(to_case, found[0] if found else addresses.address)
