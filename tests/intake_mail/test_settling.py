"""What the router says of letters, and what becomes of one that quotes a case which isn't there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from intake_mail.misquoted import Misquoted
from intake_mail.settling import settling
from speakup.events import (
    CaseFollowedUp,
    CaseOpened,
    Channel,
    Event,
    SubmissionFollowUp,
    SubmissionReceived,
)
from tests.intake_mail.letters_desk import Mailroom

NUMBER = "3941080232"
NOW = datetime.now(UTC)


async def sent(mailroom: Mailroom, *, quotes: str = "") -> Event:
    letter = await mailroom.letter("One.")
    await mailroom.patch(f"/{letter}/draft", {"quotes": quotes})
    await mailroom.post(f"/{letter}/send")
    await mailroom.work()
    return mailroom.sent()[-1]


async def test_the_register_knows_when_the_case_is_open(mailroom: Mailroom) -> None:
    event = await sent(mailroom)
    opened = CaseOpened(
        case_number=event.subject,
        sequence=1,
        occurred_at=NOW,
        submission_id=event.id,
        channel=Channel.mail,
        received_at=NOW,
    )
    assert (await mailroom.register())[0]["opened_at"] is None
    await settling(mailroom.engine)([Event(uuid4(), "/case-router", NOW, event.subject, opened)])
    assert (await mailroom.register())[0]["opened_at"] is not None
    assert await mailroom.rows("SELECT 1 FROM outbox") == []


async def test_a_letter_to_a_case_that_nobody_knows_becomes_one_of_its_own(
    mailroom: Mailroom,
) -> None:
    followed = await sent(mailroom, quotes=NUMBER)
    assert isinstance(followed.payload, SubmissionFollowUp)
    misquoted = Misquoted(mailroom.parts, patience=timedelta())
    assert await misquoted.look() == 0, "it was published once only"
    await mailroom.execute("UPDATE outbox SET attempts = 2")
    assert await misquoted.look() == 1
    anew = mailroom.sent()[-1]
    assert isinstance(anew.payload, SubmissionReceived)
    assert (anew.id, anew.payload.suggested_case) == (followed.id, NUMBER)
    assert anew.payload.case_number != NUMBER
    assert mailroom.content(anew).pin is not None
    await mailroom.execute("UPDATE outbox SET attempts = 2")
    assert await misquoted.look() == 0


async def test_a_letter_that_found_its_case_stays_there(mailroom: Mailroom) -> None:
    event = await sent(mailroom, quotes=NUMBER)
    joined = CaseFollowedUp(case_number=NUMBER, sequence=2, occurred_at=NOW, submission_id=event.id)
    await settling(mailroom.engine)([Event(uuid4(), "/case-router", NOW, NUMBER, joined)])
    assert await Misquoted(mailroom.parts, patience=timedelta()).look() == 0
