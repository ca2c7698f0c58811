"""At most one automatic mail to an address in a day, whoever's turn it is (RFC 3834, 2).

An address is known by an HMAC alone; those that differ in what follows a `+` are one mailbox and share its day,
or a robot that writes under a new one each time would be answered for ever. They are never joined in one mail:
not every mail server reads `+` so, and a PIN goes to the address that wrote. Its first acknowledgement claims it, in the transaction that decides,
and goes out at once; the day begins when the relay has taken the mail. What comes meanwhile waits on disk and is
joined with the one that claims the address next. A claim whose mail has failed holds nobody up.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

DAY = 24 * 3600
"""Seconds."""

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
    async with engine.begin() as connection:
        claimed = await connection.scalar(_CLAIM, {"reply_id": reply_id, "mailbox": mailbox})
        if claimed is None:
            values = {"address": address, "mailbox": mailbox, "again": LOOK_AGAIN}
            await connection.execute(_WAIT, {"reply_id": reply_id} | values)
            return None
        await connection.execute(_FORGET)
        rows = await connection.execute(
            _JOIN, {"reply_id": reply_id, "address": address, "lease": lease}
        )
        return sorted(rows, key=lambda row: (row.accepted_at, row.reply_id))


async def begin_day(connection: AsyncConnection, reply_ids: Sequence[UUID]) -> None:
    """The mail with these replies was taken: nothing automatic follows for a day."""
    await connection.execute(
        text(
            "UPDATE automatic_mails SET until = now() + make_interval(secs => :day) "
            "WHERE reply_id = ANY(:ids) AND until IS NULL"
        ),
        {"day": DAY, "ids": list(reply_ids)},
    )


# Taken by nobody; over; one's own, after a failure of whatever kind; or of one that isn't sent any more.
_CLAIM = text(
    """
    INSERT INTO automatic_mails (address, reply_id) VALUES (:mailbox, :reply_id)
    ON CONFLICT (address) DO UPDATE SET reply_id = excluded.reply_id, until = NULL
    WHERE automatic_mails.until <= now()
       OR automatic_mails.until IS NULL
          AND (automatic_mails.reply_id = excluded.reply_id
               OR NOT EXISTS (SELECT FROM replies
                              WHERE replies.reply_id = automatic_mails.reply_id
                                AND replies.state = 'waiting'))
    RETURNING reply_id
    """
)

_WAIT = text(
    """
    UPDATE replies SET address = :address, attempts = attempts - 1,
           due_at = coalesce((SELECT until FROM automatic_mails WHERE address = :mailbox),
                             now() + make_interval(secs => :again))
    WHERE reply_id = :reply_id AND state = 'waiting'
    """
)

_JOIN = text(
    """
    UPDATE replies SET due_at = now() + make_interval(secs => :lease)
    WHERE address = :address AND state = 'waiting' AND reply_id <> :reply_id
    RETURNING *
    """
)

_FORGET = text(
    """
    DELETE FROM automatic_mails
    WHERE address IN (SELECT address FROM automatic_mails WHERE until <= now()
                      LIMIT 100 FOR UPDATE SKIP LOCKED)
    """
)
