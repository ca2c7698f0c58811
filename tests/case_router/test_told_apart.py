"""The router heeds what the adapter told apart: machines' mails, suggested cases, mails that came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from case_router.deliveries import Deliveries
from case_router.opinion import UNREADABLE
from case_router.worker import Worker
from speakup import case_number
from speakup.events import (
    Automatic,
    Channel,
    Event,
    Payload,
    Purpose,
    ReplyDelivered,
    ReplyFailed,
    ReplyRequested,
    SubmissionReceived,
)
from speakup.relay import Relay
from speakup.sandbox import Sandbox
from tests.building import submission_event
from tests.case_router.router import CLOCKS, Router
from tests.case_router.world import World


class NobodyAsks(Sandbox):
    """A classifier that isn't to be asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def run(self, _job: bytes) -> bytes:
        """Counts."""
        self.asked += 1
        return UNREADABLE.model_dump_json().encode()


def with_facts(event: Event, **facts: object) -> Event:
    return event._replace(payload=event.payload.model_copy(update=facts))


@pytest.mark.parametrize("automatic", list(Automatic))
async def test_a_machines_mail_is_out_of_scope_without_the_model_and_unanswered(
    router: Router, automatic: Automatic
) -> None:
    await router.opening.handle([with_facts(submission_event(router.keys), automatic=automatic)])
    child = NobodyAsks()
    relay = cast("Relay", router.published)
    await Worker(
        engine=router.engine, vault=router.vault, relay=relay, clocks=CLOCKS, retry=300
    )._classify_some(child)
    async with router.engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT kind, kind_by, needs_triage FROM cases"))
        ).one()
    is_lists = automatic is Automatic.mailing_list
    assert tuple(row) == ("out_of_scope", f"automatic/{automatic}", is_lists)
    assert child.asked == 0
    assert not [e for e in router.said() if isinstance(e.payload, ReplyRequested)]


async def test_a_suggested_case_is_shown_and_not_joined(router: Router) -> None:
    suggested = case_number.mint(Channel.email)
    event = with_facts(submission_event(router.keys), suggested_case=suggested)
    await router.opening.handle([event])
    async with router.engine.connect() as connection:
        row = (
            await connection.execute(text("SELECT case_number, suggested_case FROM cases"))
        ).one()
    assert isinstance(event.payload, SubmissionReceived)
    assert tuple(row) == (event.payload.case_number, suggested)


async def test_the_case_api_shows_what_was_told_apart(world: World) -> None:
    suggested = case_number.mint(Channel.email)
    number = await world.add_case(suggested_case=suggested, automatic="autoreply")
    read = (await world.get(f"/cases/{number}")).json()
    assert (read["suggested_case"], read["automatic"]) == (suggested, "autoreply")
    assert read["submissions"][0]["automatic"] is None


def deliveries(world: World) -> Deliveries:
    def say(_events: Sequence[Event]) -> None:
        pass

    return Deliveries(
        engine=world.engine,
        vault=world.vault,
        relay=world.parts.relay,
        say=say,
        pin_key=b"key",
        clocks=CLOCKS,
        retry=300,
    )


async def requested(world: World) -> tuple[str, UUID]:
    number, reply_id = await world.add_case(), uuid4()
    await world.execute(
        "INSERT INTO replies (reply_id, case_number, purpose, content_locked) "
        "VALUES (:reply_id, :number, 'answer', '')",
        reply_id=reply_id,
        number=number,
    )
    return number, reply_id


def delivered(number: str, reply_id: UUID) -> Event:
    now = datetime.now(UTC)
    return _event(
        number,
        ReplyDelivered(
            reply_id=reply_id, case_number=number, purpose=Purpose.answer, delivered_at=now
        ),
    )


def failed(number: str, reply_id: UUID, *, returned: bool) -> Event:
    now = datetime.now(UTC)
    return _event(
        number,
        ReplyFailed(
            reply_id=reply_id,
            case_number=number,
            purpose=Purpose.answer,
            failed_at=now,
            reason="The mailbox is full.",
            returned=returned,
        ),
    )


def _event(number: str, payload: Payload) -> Event:
    return Event(uuid4(), "/intake-email", datetime.now(UTC), number, payload)


async def state(world: World) -> tuple[str, str | None]:
    ((found, failure),) = await world.rows("SELECT state, failure FROM replies")
    return found, failure


async def test_a_reply_that_came_back_is_failed_whatever_comes_first(world: World) -> None:
    number, reply_id = await requested(world)
    came_back = failed(number, reply_id, returned=True)
    for events in ([delivered(number, reply_id), came_back], [delivered(number, reply_id)]):
        await deliveries(world).handle(events)
        assert await state(world) == ("failed", "The mailbox is full.")


async def test_a_reply_that_failed_and_was_delivered_after_all_is_delivered(world: World) -> None:
    number, reply_id = await requested(world)
    await deliveries(world).handle(
        [failed(number, reply_id, returned=False), delivered(number, reply_id)]
    )
    assert await state(world) == ("delivered", None)


async def test_that_a_reply_came_back_is_a_new_version_of_the_case(world: World) -> None:
    number, reply_id = await requested(world)
    await deliveries(world).handle([delivered(number, reply_id)])
    before = (await world.get(f"/cases/{number}")).headers["etag"]
    await deliveries(world).handle([failed(number, reply_id, returned=True)])
    assert (await world.get(f"/cases/{number}")).headers["etag"] != before


async def test_an_answer_that_a_caller_has_heard_is_delivered_at_once_and_once(
    world: World,
) -> None:
    number = await world.add_case(None, contact=False, channel="phone", pin_hmac=b"x")
    said = {"purpose": "answer", "text": "Yes, one worth less than 2 MCI."}
    answer = await world.change(number, "replies", said)
    heard = delivered(number, UUID(answer.json()["reply_id"]))
    for _ in range(2):
        await deliveries(world).handle([heard._replace(source="/intake-phone")])
    (reply,) = (await world.get(f"/cases/{number}")).json()["replies"]
    assert (reply["state"], reply["text"]) == ("delivered", said["text"])
    assert [action for action, *_ in await world.audit()].count("reply.delivered") == 1
