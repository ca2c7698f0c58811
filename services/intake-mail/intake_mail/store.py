"""The register's rows: numbered without gaps, corrected by new versions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, insert, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail.register import Entry, number
from intake_mail.tables import entries, letters, scans
from speakup.staff import Role, Staff

_COUNT = text(
    """
    INSERT INTO years (year, letters) VALUES (:year, 1)
    ON CONFLICT (year) DO UPDATE SET letters = years.letters + 1 RETURNING letters
    """
)


class ChangedMeanwhileError(Exception):
    """The entry has another version by now."""


@dataclass(frozen=True, slots=True)
class Line:
    """A letter in the register, as its newest version says."""

    letter_id: UUID
    number: str
    state: str
    version: int
    entry: Entry
    created_at: datetime
    touched_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    void_reason: str | None
    sha256: tuple[str, ...]
    """Of its scans, in their order."""


@dataclass(frozen=True, slots=True)
class Version:
    """What the register said from some moment on."""

    version: int
    at: datetime
    by: str
    reason: str | None
    entry: Entry


async def add(
    connection: AsyncConnection, letter_id: UUID, entry: Entry, staff: Staff, **columns: object
) -> str:
    """Enter a letter; the caller's transaction must follow soon, since others wait for the next number.

    `columns` are further ones of its row. Returns its number. A transaction that is rolled back leaves no gap.
    """
    year = entry.received_on.year
    place = (await connection.execute(_COUNT, {"year": year})).scalar_one()
    await connection.execute(
        insert(letters).values(
            letter_id=letter_id,
            year=year,
            place=place,
            account_id=UUID(staff.account_id),
            **columns,
        )
    )
    await _write(connection, letter_id, 1, entry, staff, reason=None)
    return number(year, place)


async def correct(
    connection: AsyncConnection,
    letter_id: UUID,
    entry: Entry,
    staff: Staff,
    *,
    after: int,
    reason: str,
) -> int:
    """A new version, which follows version `after`; the number stays, whatever the day. Returns the version.

    Raises ChangedMeanwhileError; KeyError where there is no such letter.
    """
    row = (
        await connection.execute(
            select(letters.c.version).where(letters.c.letter_id == letter_id).with_for_update()
        )
    ).one_or_none()
    if row is None:
        raise KeyError(letter_id)
    if row.version != after:
        raise ChangedMeanwhileError
    await connection.execute(
        letters.update().where(letters.c.letter_id == letter_id).values(version=after + 1)
    )
    await _write(connection, letter_id, after + 1, entry, staff, reason=reason)
    return after + 1


async def add_scan(
    connection: AsyncConnection, letter_id: UUID, position: int, sha256: bytes, size: int
) -> None:
    """Note a file that the letter came as."""
    await connection.execute(
        insert(scans).values(letter_id=letter_id, position=position, sha256=sha256, bytes=size)
    )


async def scan_count(connection: AsyncConnection, letter_id: UUID) -> int:
    """How many files are noted for the letter."""
    query = select(func.count()).select_from(scans).where(scans.c.letter_id == letter_id)
    return (await connection.execute(query)).scalar_one()


async def keep_original(
    connection: AsyncConnection, letter_id: UUID, sha256: bytes, packed: bytes
) -> bool:
    """Keep the sealed reference to a file beside its hash; False where there is one."""
    kept = await connection.execute(
        update(scans)
        .where(scans.c.letter_id == letter_id, scans.c.sha256 == sha256, scans.c.original.is_(None))
        .values(original=packed)
    )
    return kept.rowcount > 0


async def entered(connection: AsyncConnection, letter_id: UUID) -> tuple[Entry, Staff]:
    """What the register says of a letter, and who entered it."""
    row = (
        await connection.execute(
            select(entries)
            .join(letters, letters.c.letter_id == entries.c.letter_id)
            .where(letters.c.letter_id == letter_id, _IS_NEWEST)
        )
    ).one()
    staff = Staff(str(row.account_id), row.account_name, Role.mailroom, narratives=False)
    return _entry(row._mapping), staff


async def lines(
    connection: AsyncConnection,
    *,
    year: int | None = None,
    states: Collection[str] = (),
    letter_id: UUID | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 50,
) -> Sequence[Line]:
    """The register, newest number first; those before a (year, place). Empty `states` are all."""
    query = (
        select(letters, *_ENTRY)
        .join(entries, and_(entries.c.letter_id == letters.c.letter_id, _IS_NEWEST))
        .order_by(letters.c.year.desc(), letters.c.place.desc())
        .limit(limit)
    )
    if year is not None:
        query = query.where(letters.c.year == year)
    if states:
        query = query.where(letters.c.state.in_(states))
    if letter_id is not None:
        query = query.where(letters.c.letter_id == letter_id)
    if before is not None:
        query = query.where(tuple_(letters.c.year, letters.c.place) < tuple_(*before))
    rows = (await connection.execute(query)).all()
    hashes = await _hashes(connection, [row.letter_id for row in rows])
    return [
        Line(
            row.letter_id,
            number(row.year, row.place),
            row.state,
            row.version,
            _entry(row._mapping),
            row.created_at,
            row.touched_at,
            row.sent_at,
            row.opened_at,
            row.void_reason,
            tuple(hashes.get(row.letter_id, ())),
        )
        for row in rows
    ]


async def versions(connection: AsyncConnection, letter_id: UUID) -> Sequence[Version]:
    """All that the register has said of a letter, oldest first."""
    rows = await connection.execute(
        select(entries).where(entries.c.letter_id == letter_id).order_by(entries.c.version)
    )
    return [
        Version(row.version, row.at, row.account_name, row.reason, _entry(row._mapping))
        for row in rows
    ]


_ENTRY = [entries.c[name] for name in Entry.model_fields]
_IS_NEWEST = entries.c.version == letters.c.version


async def _write(
    connection: AsyncConnection,
    letter_id: UUID,
    version: int,
    entry: Entry,
    staff: Staff,
    *,
    reason: str | None,
) -> None:
    await connection.execute(
        insert(entries).values(
            letter_id=letter_id,
            version=version,
            account_id=UUID(staff.account_id),
            account_name=staff.name,
            reason=reason,
            **entry.model_dump(),
        )
    )


async def _hashes(connection: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    rows = await connection.execute(
        select(scans.c.letter_id, scans.c.sha256)
        .where(scans.c.letter_id.in_(ids))
        .order_by(scans.c.letter_id, scans.c.position)
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(row.letter_id, []).append(row.sha256.hex())
    return found


def _entry(row: object) -> Entry:
    values = dict(row)  # type: ignore[call-overload]
    return Entry.model_construct(**{name: values[name] for name in Entry.model_fields})
