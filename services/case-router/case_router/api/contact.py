"""Where an account's owner is reached: reminders and alerts go there."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from case_router.api.answers import problems
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.store import accounts, history
from speakup.events import Language
from speakup.problems import not_found
from speakup.staff import Role, Staff

# What mail servers take without an extension; whether it is there, only they can say.
_ADDRESS = r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$"


class Contact(BaseModel):
    """Where and in which language somebody is told of cases."""

    model_config = ConfigDict(from_attributes=True, hide_input_in_errors=True, extra="forbid")

    email: Annotated[str, StringConstraints(max_length=254, pattern=_ADDRESS)] | None = Field(
        default=None,
        description="Null: they get neither reminders nor alerts by mail.",
        examples=["officer@company.kz"],
    )
    language: Language | None = Field(default=None, description="Null: all three.")


def router(parts: Parts) -> APIRouter:
    """`GET` and `PUT /account/contact`."""
    routes = APIRouter(prefix=PREFIX, tags=["account"], dependencies=[IN_THE_DOCS])
    anybody = Depends(parts.caller(frozenset(Role)))

    @routes.get("/account/contact", summary="Read where you are reached", responses=problems(401))
    async def read_contact(staff: Staff = anybody) -> Contact:
        """One's own alone."""
        async with parts.engine.begin() as connection:
            account = await accounts.by_id(connection, staff.account_id)
        if account is None:
            raise not_found()
        return Contact.model_validate(account)

    @routes.put(
        "/account/contact", summary="Say where you are reached", responses=problems(401, 422)
    )
    async def set_contact(contact: Contact, staff: Staff = anybody) -> Contact:
        """Reminders and alerts go there, which tell a case's number and a link, nothing else."""
        account_id = UUID(staff.account_id)
        async with parts.engine.begin() as connection:
            await accounts.change(connection, account_id, **contact.model_dump())
            await history.note(connection, "account.contact_changed", [None], account_id=account_id)
        return contact

    return routes
