"""At most one automatic mail to an address in a day, whoever's turn it is (RFC 3834, 2).

An address is known by an HMAC alone; those that differ in what follows a `+` are one mailbox and share its day,
or a robot that writes under a new one each time would be answered for ever. They are never joined in one mail:
not every mail server reads `+` so, and a PIN goes to the address that wrote. Its first acknowledgement claims it, in the transaction that decides,
and goes out at once; the day begins when the relay has taken the mail. What comes meanwhile waits on disk and is
joined with the one that claims the address next. A claim whose mail has failed holds nobody up.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from speakup import postgres
from speakup.logs import get_logger
from speakup.rest import rest

log = get_logger("intake-email")

DAY = 24 * 3600
"""Seconds."""

FORGET_SECONDS = 600.0

LOOK_AGAIN = 60
"""Seconds after which somebody looks again whether the mail that is on its way has been taken."""


def address_mac(key: bytes, address: str) -> bytes:
    """What an address (in ASCII) is known by; upper and lower case are the same mailbox."""
    return hmac.digest(key, b"automatic/" + address.lower().encode(), hashlib.sha256)


def mailbox_of(address: str) -> str:
    """The address without what follows a `+` in its local part."""
    local, _, domain = address.rpartition("@")
    name = local.partition("+")[0]
    return f"{name}@{domain}" if name else address


async def claim(
    engine: AsyncEngine, reply_id: UUID, address: bytes, mailbox: bytes, *, lease: float
) -> Sequence[Row[Any]] | None:
    """The other acknowledgements that go out in the same mail, leased, oldest first.

    None where the mailbox has had its mail: then this one waits until it may have another.
    """
    async with engine.connect() as connection:
        await postgres.at_once(connection)
        rows = await connection.execute(
            _CLAIM,
            {
                "reply_id": reply_id,
                "address": address,
                "mailbox": mailbox,
                "lease": lease,
                "again": LOOK_AGAIN,
            },
        )
        found = sorted(rows, key=lambda row: (row.accepted_at, row.reply_id))
    if not any(row.reply_id == reply_id for row in found):
        return None
    return [row for row in found if row.reply_id != reply_id]


async def forget(engine: AsyncEngine, stop: asyncio.Event) -> None:
    """Forget those whose day is over, now and then, until told to stop."""
    while not stop.is_set():
        try:
            async with engine.begin() as connection:
                await connection.execute(text("DELETE FROM automatic_mails WHERE until <= now()"))
        except (SQLAlchemyError, OSError) as error:
            log.warning("forgetting_waits", exc_info=error)
        await rest(stop, FORGET_SECONDS)


# An address may be claimed that nobody has taken, or whose day is over; one's own, after a failure of
# whatever kind; or that of a mail that isn't sent any more. One statement, so that it is one transaction.
_CLAIM = text(
    """
    WITH claimed AS (
        INSERT INTO automatic_mails (address, reply_id) VALUES (:mailbox, :reply_id)
        ON CONFLICT (address) DO UPDATE SET reply_id = excluded.reply_id, until = NULL
        WHERE automatic_mails.until <= now()
           OR automatic_mails.until IS NULL
              AND (automatic_mails.reply_id = excluded.reply_id
                   OR NOT EXISTS (SELECT FROM replies
                                  WHERE replies.reply_id = automatic_mails.reply_id
                                    AND replies.state = 'waiting'))
        RETURNING reply_id
    ), waits AS (
        UPDATE replies SET address = :address, attempts = attempts - 1,
               due_at = coalesce((SELECT until FROM automatic_mails WHERE address = :mailbox),
                                 now() + make_interval(secs => :again))
        WHERE reply_id = :reply_id AND state = 'waiting' AND NOT EXISTS (SELECT FROM claimed)
    )
    UPDATE replies SET due_at = now() + make_interval(secs => :lease)
    WHERE (reply_id = :reply_id OR address = :address)
      AND state = 'waiting' AND EXISTS (SELECT FROM claimed)
    RETURNING *
    """
)
