"""The audit log: who read or changed what, written in the transaction that does it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.tables import audit


async def note(
    connection: AsyncConnection,
    account_id: UUID | str | None,
    action: str,
    *,
    case_number: str | None = None,
    object: object = None,  # noqa: A002 - the column's name
) -> None:
    """Add an entry; `account_id` None is the service itself, `object` an identifier, never a word."""
    await connection.execute(
        insert(audit).values(
            account_id=UUID(str(account_id)) if account_id is not None else None,
            action=action,
            case_number=case_number,
            object=str(object) if object is not None else None,
        )
    )
