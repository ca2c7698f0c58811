"""Opening cases: each submission once, in its case, under the case's key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from case_router.consume import CaseNumberTakenError
from case_router.opened import opened_id
from case_router.store.vault import content_context, pin_context
from speakup import case_number, seal
from speakup.events import CaseOpened, Channel, ReplyRequested
from speakup.keys import KeyFolder, PrivateKeys, contact_purpose
from speakup.submission import Content, Reply
from tests.building import make_keys, submission_event
from tests.case_router.router import Router


async def test_a_submission_becomes_a_case_and_its_adapter_is_told(router: Router) -> None:
    event = submission_event(router.keys)
    await router.opening.handle([event])
    opened = [e.payload for e in router.said() if isinstance(e.payload, CaseOpened)]
    assert [o.submission_id for o in opened] == [event.id]
    assert await router.count("cases") == 1
    assert await router.count("audit") == 1


async def test_the_narrative_lies_under_the_case_key_without_the_pin(router: Router) -> None:
    event = submission_event(router.keys, text="The foreman sells our diesel.")
    await router.opening.handle([event])
    async with router.engine.connect() as connection:
        row = (
            await connection.execute(
                text(
                    "SELECT content_locked, pin_locked FROM submissions JOIN cases USING (case_number)"
                )
            )
        ).one()
    key = (await router.vault.keys_of([event.subject]))[event.subject]
    content = Content.model_validate_json(
        seal.unlock(key, row.content_locked, content_context(event.subject, event.id))
    )
    assert (content.text, content.pin) == ("The foreman sells our diesel.", None)
    assert seal.unlock(key, row.pin_locked, pin_context(event.subject)) == b"042917"


async def test_a_submission_seen_twice_is_one_case_and_is_confirmed_again(router: Router) -> None:
    event = submission_event(router.keys)
    await router.opening.handle([event, event])
    async with router.engine.begin() as connection:
        await connection.execute(text("UPDATE outbox SET settled_at = now()"))
    await router.opening.handle([event])
    assert await router.count("cases") == 1
    async with router.engine.connect() as connection:
        due = await connection.scalars(
            text("SELECT event_id FROM outbox WHERE settled_at IS NULL AND due_at <= now()")
        )
        assert list(due) == [opened_id(event.id)]


async def test_two_routers_that_get_the_same_batch_open_it_once(router: Router) -> None:
    batch = [submission_event(router.keys) for _ in range(20)]
    await asyncio.gather(*(router.opening.handle(batch) for _ in range(3)))
    assert await router.count("cases") == 20
    assert await router.count("submissions") == 20
    async with router.engine.connect() as connection:
        rows = list(
            await connection.execute(
                text("SELECT case_number, submission_id, content_locked FROM submissions")
            )
        )
    keys = await router.vault.keys_of([row.case_number for row in rows])
    for row in rows:
        seal.unlock(
            keys[row.case_number],
            row.content_locked,
            content_context(row.case_number, row.submission_id),
        )


async def test_a_number_that_another_submission_has_is_refused_and_nothing_is_half_done(
    router: Router,
) -> None:
    first = submission_event(router.keys)
    await router.opening.handle([first])
    with pytest.raises(CaseNumberTakenError):
        await router.opening.handle([submission_event(router.keys, number=first.subject)])
    assert await router.count("submissions") == 1


async def test_a_follow_up_joins_its_case(router: Router) -> None:
    event = submission_event(router.keys)
    await router.opening.handle([event])
    await router.opening.handle(
        [submission_event(router.keys, number=event.subject, follow_up=True)]
    )
    assert (await router.count("cases"), await router.count("submissions")) == (1, 2)


async def test_a_follow_up_that_comes_before_its_case_waits_for_it(router: Router) -> None:
    number = case_number.mint(Channel.email)
    early = submission_event(router.keys, number=number, follow_up=True)
    await router.opening.handle([early])
    await router.opening.handle([early])
    assert (await router.count("waiting_follow_ups"), await router.count("cases")) == (1, 0)
    await router.opening.handle([submission_event(router.keys, number=number)])
    assert (await router.count("waiting_follow_ups"), await router.count("submissions")) == (0, 2)


async def test_the_acknowledgement_carries_the_pin_for_the_channel_alone(router: Router) -> None:
    event = submission_event(router.keys)
    await router.opening.handle([event])
    (request,) = [e.payload for e in router.said() if isinstance(e.payload, ReplyRequested)]
    private = PrivateKeys(router.keys, contact_purpose("email"))
    opened = private[request.content.key_id].open(
        request.content, seal.reply_info(request.reply_id)
    )
    assert Reply.model_validate_json(opened).pin == "042917"


@pytest.mark.parametrize("choice", [{"answerable": False}, {"address": None}])
async def test_nobody_is_acknowledged_who_may_not_or_cannot_be(
    router: Router, choice: dict[str, bool | None]
) -> None:
    await router.opening.handle([submission_event(router.keys, **choice)])  # type: ignore[arg-type]
    assert not [e for e in router.said() if isinstance(e.payload, ReplyRequested)]
    assert await router.count("cases") == 1


async def test_a_seal_for_another_key_is_refused(router: Router, tmp_path: Path) -> None:
    elsewhere = make_keys(KeyFolder(tmp_path / "elsewhere"))
    with pytest.raises(seal.CannotOpenError):
        await router.opening.handle([submission_event(elsewhere)])
    assert await router.count("cases") == 0
