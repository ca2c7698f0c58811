"""Reminders: to whom, when, once, and nothing in them but the number."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from case_router.store import reminders
from speakup.events import Language
from speakup.i18n import texts
from tests.case_router.telling import NOW, Telling, give_addresses, open_telling
from tests.case_router.world import PUBLIC, START, World
from tests.mailbox import text_of

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
DUE = NOW + 10 * DAY


@pytest.fixture
async def telling(world: World) -> AsyncIterator[Telling]:
    await give_addresses(world)
    with open_telling(world) as opened:
        yield opened


async def owed(world: World, due: datetime = DUE, **facts: object) -> str:
    """A triaged report whose answer is due."""
    values = {
        "kind": "breach_report",
        "status": "in_progress",
        "acknowledged_at": START,
        "triaged_at": START,
        "feedback_by": due,
        "handler": "handler",
    } | facts
    return await world.add_case(None, **values)


async def test_the_handler_is_reminded_three_days_before_and_officers_one(telling: Telling) -> None:
    await owed(telling.world)
    assert await telling.look(DUE - 3 * DAY - SECOND) == []
    assert await telling.look(DUE - 3 * DAY + DAY / 24) == [["handler"]]
    assert await telling.look(DUE - DAY - SECOND) == []
    assert await telling.look(DUE - DAY + DAY / 24) == [["officer", "officer2"]]
    assert await telling.look(DUE + DAY) == []


async def test_a_reminder_says_the_number_and_where_to_look(telling: Telling) -> None:
    number = await owed(telling.world)
    await telling.look(DUE - 2 * DAY)
    ((_, mail),) = telling.mailbox.mails
    for language in Language:
        link = f"{PUBLIC}/cases/{number}"
        text = texts()(language, "staff.feedback.text", number=number, link=link)
        assert text in text_of(mail)
    assert "diesel" not in mail.as_string()
    assert (mail["From"], mail["To"]) == ("noreply@company.kz", "undisclosed-recipients:;")
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_it_is_in_the_handlers_language_where_that_is_known(telling: Telling) -> None:
    await telling.world.execute("UPDATE accounts SET language = 'kk'")
    number = await owed(telling.world)
    await telling.look(DUE - 2 * DAY)
    subject = texts()(Language.kk, "staff.feedback.subject", number=number)
    assert telling.subjects() == [subject]


async def test_an_acknowledgement_that_is_due_is_called_so(telling: Telling) -> None:
    number = await owed(telling.world, acknowledged_at=None, acknowledge_by=DUE, feedback_by=None)
    await telling.world.execute("UPDATE accounts SET language = 'en'")
    await telling.look(DUE - 2 * DAY)
    assert telling.subjects() == [f"Case {number}: the acknowledgement is due"]


async def test_without_a_handler_the_officers_are_reminded_at_once(telling: Telling) -> None:
    await owed(telling.world, handler=None)
    assert await telling.look(DUE - 2 * DAY) == [["officer", "officer2"]]


async def test_a_restricted_case_is_the_chairs(telling: Telling) -> None:
    await owed(telling.world, restricted=True, handler=None)
    assert await telling.look(DUE - 2 * DAY) == [["chair"]]
    assert await telling.look(DUE) == [["chair"]]


async def test_who_is_kept_out_of_a_case_isnt_reminded_of_it(telling: Telling) -> None:
    number = await owed(telling.world)
    for name in ("handler", "officer"):
        await telling.world.execute(
            "INSERT INTO exclusions (case_number, account_id) VALUES (:number, :account)",
            number=number,
            account=telling.world.accounts[name],
        )
    assert await telling.look(DUE - 2 * DAY) == [["officer2"]]
    assert await telling.look(DUE) == [["officer2"]]


async def test_what_has_been_answered_is_not_reminded_of(telling: Telling) -> None:
    number = await owed(telling.world)
    telling.mailbox.answers.append("451 try later")
    assert await telling.look(DUE - 2 * DAY) == []
    await telling.world.execute(
        "UPDATE cases SET status = 'answered' WHERE case_number = :n", n=number
    )
    assert await telling.look(DUE) == []
    assert await telling.world.rows("SELECT * FROM reminders") == []


async def test_a_server_that_puts_it_off_gets_it_again_later(telling: Telling) -> None:
    await owed(telling.world)
    telling.mailbox.answers.append("451 try later")
    at = DUE - 2 * DAY
    assert await telling.look(at) == []
    notice = await telling.clockwork.notice()
    assert notice is not None
    assert "reminders" in notice
    assert await telling.look(at + timedelta(minutes=2)) == [["handler"]]
    assert await telling.clockwork.notice() is None


async def test_two_instances_send_one_reminder(telling: Telling) -> None:
    for _ in range(4):
        await owed(telling.world)
    telling.now = DUE - 2 * DAY
    await asyncio.gather(*(telling.instance().remind() for _ in range(3)))
    assert len(telling.mailbox.envelopes) == 4


async def test_one_that_was_made_before_a_kill_is_sent_after_it(telling: Telling) -> None:
    world = telling.world
    await owed(world)
    at = DUE - 2 * DAY
    async with world.engine.begin() as connection:
        await reminders.plan(connection, await world.parts.clocks.sla(connection), at)
    telling.clockwork = telling.instance()
    assert await telling.look(at) == [["handler"]]
    telling.clockwork = telling.instance()
    assert await telling.look(at) == []


async def test_one_whose_sending_was_cut_off_is_sent_once_more(telling: Telling) -> None:
    await owed(telling.world)
    telling.now = DUE - 2 * DAY
    cut = asyncio.create_task(telling.instance().remind())
    loop = asyncio.get_running_loop()

    async def kill(_mail: EmailMessage) -> None:
        # The mail is taken, but its sender doesn't live to hear that.
        telling.mailbox.robot = None
        loop.call_soon_threadsafe(cut.cancel)
        await asyncio.to_thread(ended.wait)

    ended = threading.Event()
    cut.add_done_callback(lambda _task: ended.set())
    telling.mailbox.robot = kill
    with pytest.raises(asyncio.CancelledError):
        await cut
    assert await telling.look() == [["handler"]]
    assert await telling.look(DUE - 2 * DAY + timedelta(hours=1)) == []
    assert len(telling.mailbox.mails) == 2


async def test_an_installation_new_to_clocks_isnt_flooded(telling: Telling) -> None:
    await owed(telling.world, NOW - 31 * DAY)
    assert await telling.look(NOW) == []


async def test_cases_without_a_clock_get_theirs(telling: Telling) -> None:
    number = await owed(telling.world, feedback_by=None)
    await telling.look()
    read = (await telling.world.get(f"/cases/{number}")).json()
    assert read["feedback_by"] == "2026-06-01T18:59:59Z"


async def test_without_a_mail_server_an_admin_is_told(telling: Telling) -> None:
    clockwork = telling.instance(staff_smtp_host=None)
    await clockwork.remind()
    assert "SPEAKUP_STAFF_SMTP_HOST" in str(await clockwork.notice())


async def test_what_was_sent_is_audited(telling: Telling) -> None:
    number = await owed(telling.world)
    await telling.look(DUE - 2 * DAY)
    assert (await telling.world.audit())[-1] == ("reminder.sent", None, number)
