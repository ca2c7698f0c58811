"""Cases added by hand: a visit, a chat, a note under the door. Opened the way that all others are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from case_router.api.answers import CaseChanged, problems
from case_router.api.change import IdempotencyKey, claim
from case_router.api.parts import IN_THE_DOCS, PREFIX, Parts
from case_router.consume import CaseNumberTakenError, Opening
from case_router.opened import Opened
from case_router.pins import acknowledge
from case_router.store import history
from speakup import case_number, idempotency, outbox, seal, topics
from speakup.events import (
    Anonymity,
    Channel,
    Event,
    Language,
    Person,
    Relation,
    SealedContact,
    Status,
    SubmissionReceived,
)
from speakup.keys import INTAKE, UNSEALING
from speakup.problems import Problem
from speakup.staff import Role, Staff
from speakup.submission import Contact, Content

ADDERS = frozenset({Role.officer, Role.chair})


class HandBody(BaseModel):
    """What somebody told you."""

    model_config = ConfigDict(hide_input_in_errors=True, extra="forbid")

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
    received_at: AwareDatetime = Field(examples=["2026-03-01T09:00:00+05:00"])
    language: Language | None = None
    relation: Relation = Relation.unknown
    person: Person = Person.unknown
    anonymity: Anonymity = Anonymity.anonymous
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        default="",
        description="How to reach the reporter. Sealed at once: read again only by an unsealing.",
    )
    give_pin: bool = Field(
        default=False,
        description="The reporter stands before you: tell them number and PIN, which counts as acknowledged.",
    )


class HandTaken(CaseChanged):
    """The case is open."""

    pin: str | None = Field(description="Told this once; null where it wasn't asked for.")


def router(parts: Parts) -> APIRouter:
    """`POST /cases`."""
    routes = APIRouter(prefix=PREFIX, tags=["cases"], dependencies=[IN_THE_DOCS])
    adder = Depends(parts.caller(ADDERS))
    opening = Opening(
        engine=parts.engine,
        vault=parts.vault,
        # Neither does it open seals nor write to anybody.
        keys={},
        contact_keys=dict,
        relay=parts.relay,
        pin_key=parts.keys.secret("pin-hmac"),
        clocks=parts.clocks,
        retry=parts.settings.outbox_retry_seconds,
    )

    @routes.post(
        "/cases",
        summary="Add a case by hand",
        status_code=201,
        response_model=HandTaken,
        responses=problems(401, 404, 422, 503),
    )
    async def add(
        request: Request,
        body: HandBody,
        idempotency_key: IdempotencyKey = None,
        staff: Staff = adder,
    ) -> Response:
        """It waits for triage like any other: you see it only if you are on duty. A request that is repeated
        with its `Idempotency-Key` gets the same number, without the PIN.
        """
        if body.received_at > datetime.now(UTC):
            raise Problem(422, "`received_at` lies in the future.")
        opened = _opened(parts, body)
        number = opened.submission.case_number
        key = (await parts.vault.make([number]))[number]
        try:
            async with parts.engine.begin() as connection:
                if idempotency_key is not None:
                    before = await claim(parts, connection, request, staff, idempotency_key, body)
                    if before is not None:
                        return JSONResponse(before.body | {"pin": None}, before.status)
                records = await opening.add(connection, opened, key)
                records += await _told(parts, connection, opened)
                account_id = UUID(staff.account_id)
                await history.note(connection, "case.added", [number], account_id=account_id)
                told = {"case_number": number, "status": Status.new, "sequence": len(records)}
                if idempotency_key is not None:
                    kept = idempotency.Kept(201, "", told)
                    await idempotency.keep(connection, staff.account_id, idempotency_key, kept)
        except CaseNumberTakenError:
            raise Problem(503, "The number that was drawn is taken. Send it again.") from None
        parts.relay.publish_soon(records)
        return JSONResponse(told | {"pin": opened.content.pin}, 201)

    return routes


def _opened(parts: Parts, body: HandBody) -> Opened:
    submission_id, number = uuid4(), case_number.mint(Channel.hand)
    content = Content(text=body.text, pin=case_number.mint_pin() if body.give_pin else None)
    contact = None
    if body.contact:
        plain = Contact(address=body.contact).model_dump_json().encode()
        sealed = parts.keys.public(UNSEALING).seal(plain, seal.contact_info(submission_id))
        contact = SealedContact(reply=None, unsealing=sealed)
    submission = SubmissionReceived(
        submission_id=submission_id,
        case_number=number,
        channel=Channel.hand,
        received_at=body.received_at,
        language=body.language,
        relation=body.relation,
        person=body.person,
        anonymity=body.anonymity,
        contact=contact,
        content=parts.keys.public(INTAKE).seal(
            content.model_dump_json().encode(), seal.content_info(submission_id)
        ),
    )
    event = Event(submission_id, history.SOURCE, datetime.now(UTC), number, submission)
    return Opened(event, submission, content)


async def _told(parts: Parts, connection: AsyncConnection, opened: Opened) -> list[topics.Record]:
    """The reporter has number and PIN: what an acknowledgement tells."""
    if opened.content.pin is None:
        return []
    number, pin_key = opened.submission.case_number, parts.keys.secret("pin-hmac")
    told = {number: (datetime.now(UTC), None)}
    records = await acknowledge(connection, parts.vault, pin_key, told)
    await parts.clocks.reckon(connection, [number])
    await outbox.add(connection, records, retry=parts.settings.outbox_retry_seconds)
    return records
