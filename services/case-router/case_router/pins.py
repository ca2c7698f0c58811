"""PINs: under the case's key until the reporter has been told theirs, then recognised only."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.store import history
from case_router.store.vault import Vault, pin_context
from speakup import seal, topics
from speakup.events import CaseAcknowledged

_ACKNOWLEDGE = text(
    """
    UPDATE cases SET sequence = sequence + 1, acknowledged_at = least(acknowledged_at, time)
    FROM unnest(CAST(:numbers AS text[]), CAST(:times AS timestamptz[])) AS said (number, time)
    WHERE case_number = number
    RETURNING case_number, sequence, pin_locked
    """
)
_CLOSE_PINS = text(
    """
    UPDATE cases SET pin_locked = NULL, pin_hmac = coalesce(mac, pin_hmac)
    FROM unnest(CAST(:numbers AS text[]), CAST(:macs AS bytea[])) AS closed (number, mac)
    WHERE case_number = number
    """
)


def pin_mac(key: bytes, case_number: str, pin: bytes) -> bytes:
    """What is left of a PIN: HMAC-SHA256 under a key that isn't in the database."""
    return hmac.digest(key, f"{case_number}/".encode() + pin, hashlib.sha256)


async def acknowledge(
    connection: AsyncConnection,
    vault: Vault,
    pin_key: bytes,
    told: Mapping[str, tuple[datetime, str | None]],
) -> list[topics.Record]:
    """The reporters of these cases have their PIN since then, by an event with that traceparent."""
    if not told:
        return []
    rows = await connection.execute(
        _ACKNOWLEDGE, {"numbers": list(told), "times": [time for time, _ in told.values()]}
    )
    cases = {row.case_number: row for row in rows}
    locked = {number: row.pin_locked for number, row in cases.items() if row.pin_locked}
    keys = await vault.keys_of(locked) if locked else {}
    macs = {
        number: pin_mac(pin_key, number, seal.unlock(key, locked[number], pin_context(number)))
        for number, key in keys.items()
    }
    if locked:
        await connection.execute(
            _CLOSE_PINS,
            {"numbers": list(locked), "macs": [macs.get(number) for number in locked]},
        )
    return [
        history.record(
            CaseAcknowledged(
                case_number=number, sequence=row.sequence, occurred_at=told[number][0]
            ),
            number,
            cause=told[number][1],
        )
        for number, row in cases.items()
    ]
