"""What holds for all letters on the desk, so that it is typed once a pile."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from intake_mail.register import Entry, Line, one_line
from intake_mail.tables import pile
from speakup.events import Language
from speakup.staff import Role, Staff

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(one_line)
]


class Defaults(BaseModel):
    """The register's facts for the next letters; empty where nobody has said."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    received_on: date | None = None
    opened_by: Name = ""
    witnessed_by: Name = ""
    storage_place: Line = ""
    envelope: bool = True
    seal_intact: bool = True
    language: Language | None = None

    def entry(self) -> Entry | None:
        """For a letter; None where something that an entry needs is missing, or doesn't fit."""
        try:
            return Entry.model_validate(self.model_dump(exclude={"language"}))
        except ValueError:
            return None


async def get(connection: AsyncConnection) -> tuple[Defaults, Staff | None]:
    """The defaults, and who has set them."""
    row = (await connection.execute(select(pile))).one_or_none()
    if row is None:
        return Defaults(), None
    values = {name: row._mapping[name] for name in Defaults.model_fields}
    staff = Staff(str(row.account_id), row.account_name, Role.mailroom, narratives=False)
    return Defaults.model_validate(values), staff


async def put(connection: AsyncConnection, defaults: Defaults, staff: Staff) -> None:
    """Set them."""
    values = defaults.model_dump() | {
        "account_id": UUID(staff.account_id),
        "account_name": staff.name,
    }
    await connection.execute(
        insert(pile)
        .values(one_row=True, **values)
        .on_conflict_do_update(index_elements=["one_row"], set_=values)
    )
