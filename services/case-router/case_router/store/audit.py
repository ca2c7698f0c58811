"""The audit log's rows as its chain sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.audit_chain import Anchor, Entry, Head, Line, Link
from case_router.store.rows import AnyRow
from case_router.tables import audit
from case_router.work_tables import audit_chain, audit_heads

_ONE_CHAINER = 7_325_881
"""Of advisory locks: any constant that nothing else takes."""
NEAR = 10_000
"""Entries: so far behind the newest link is looked for such as were written before, and committed after it."""


async def is_chainer(connection: AsyncConnection) -> bool:
    """Whether nobody else chains, until the transaction ends."""
    return bool(await connection.scalar(select(func.pg_try_advisory_xact_lock(_ONE_CHAINER))))


async def end(connection: AsyncConnection) -> Link | None:
    """The newest link."""
    query = select(audit_chain).order_by(audit_chain.c.position.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Link(row.position, row.entry, row.hash)


async def unchained(connection: AsyncConnection, after: int, limit: int) -> list[Entry]:
    """Entries without a link, with numbers beyond `after`, oldest number first."""
    query = (
        select(audit)
        .outerjoin(audit_chain, audit_chain.c.entry == audit.c.entry)
        .where(audit.c.entry > after, audit_chain.c.entry.is_(None))
        .order_by(audit.c.entry)
        .limit(limit)
    )
    return [_entry(row) for row in await connection.execute(query)]


async def add_links(connection: AsyncConnection, links: Sequence[Link]) -> None:
    """Append to the chain."""
    await connection.execute(
        text(
            "INSERT INTO audit_chain (position, entry, hash) SELECT * FROM unnest("
            "CAST(:positions AS bigint[]), CAST(:entries AS bigint[]), CAST(:hashes AS bytea[]))"
        ),
        {
            "positions": [link.position for link in links],
            "entries": [link.entry for link in links],
            "hashes": [link.hash for link in links],
        },
    )


async def add_head(connection: AsyncConnection, head: Head) -> None:
    """Keep a signed head."""
    await connection.execute(
        insert(audit_heads).values(
            position=head.position, signed_at=head.signed_at, signature=head.signature
        )
    )


async def newest_head(
    connection: AsyncConnection, *, before: datetime | None = None
) -> Anchor | None:
    """The newest signed head, of those before a moment, with the chain's hash there."""
    query = (
        select(audit_heads, audit_chain.c.hash)
        .join(audit_chain, audit_chain.c.position == audit_heads.c.position)
        .order_by(audit_heads.c.position.desc())
        .limit(1)
    )
    if before is not None:
        query = query.where(audit_heads.c.signed_at < before)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return Anchor(Head(row.position, row.signed_at, row.signature), row.hash)


async def oldest_waiting(connection: AsyncConnection) -> datetime | None:
    """Since when an entry waits for its link."""
    last = await end(connection)
    query = (
        select(func.min(audit.c.at))
        .outerjoin(audit_chain, audit_chain.c.entry == audit.c.entry)
        .where(audit.c.entry > (last.entry - NEAR if last else 0), audit_chain.c.entry.is_(None))
    )
    found: datetime | None = await connection.scalar(query)
    return found


async def lines(connection: AsyncConnection) -> AsyncIterator[Line]:
    """The whole log for `audit_chain.Verification`, a little at a time."""
    query = text(
        "SELECT c.position, c.entry AS linked, c.hash, a.*, h.signed_at, h.signature "
        "FROM audit_chain c FULL JOIN audit a ON a.entry = c.entry "
        "LEFT JOIN audit_heads h ON h.position = c.position "
        "ORDER BY c.position NULLS LAST, a.entry"
    )
    async with connection.stream(query) as rows:
        async for row in rows:
            yield Line(
                None if row.position is None else Link(row.position, row.linked, row.hash),
                None if row.entry is None else _entry(row),
                None if row.signature is None else Head(row.position, row.signed_at, row.signature),
            )


async def head_beyond(connection: AsyncConnection) -> Head | None:
    """The first signed head whose position has no link."""
    query = (
        select(audit_heads)
        .outerjoin(audit_chain, audit_chain.c.position == audit_heads.c.position)
        .where(audit_chain.c.position.is_(None))
        .order_by(audit_heads.c.position)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Head(row.position, row.signed_at, row.signature)


async def prune_heads(connection: AsyncConnection, older: datetime) -> None:
    """Of each day before a moment only the last head stays."""
    await connection.execute(
        text(
            "DELETE FROM audit_heads WHERE signed_at < :older AND position NOT IN ("
            "SELECT max(position) FROM audit_heads GROUP BY date_trunc('day', signed_at))"
        ),
        {"older": older},
    )


def _entry(row: AnyRow) -> Entry:
    return Entry(
        row.entry, row.at, row.account_id, row.action, row.case_number, row.object, row.address
    )
