"""Each mail finds its place: a case that it joins, or one of its own; robots are told from people."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from speakup import case_number, topics
from speakup.events import (
    Automatic,
    Channel,
    Payload,
    ReplyFailed,
    SubmissionFollowUp,
    SubmissionReceived,
)
from tests.intake_email.intake import HOTLINE, Intake

ASEL, BOLAT = "asel@example.kz", "bolat@example.kz"


@dataclass
class Hotline:
    intake: Intake
    mails: int = 0

    async def gets(
        self,
        sender: str = ASEL,
        header: str = "Subject: Fuel",
        body: str = "The foreman sells our diesel.",
        *,
        to: str = HOTLINE,
        envelope: str | None = None,
        message_id: str = "",
    ) -> list[Payload]:
        """A mail comes in; returns what is told to others because of it."""
        self.mails += 1
        before = len(self.intake.published.records)
        message_id = message_id or f"<{self.mails}@example.kz>"
        raw = f"From: {sender}\r\nMessage-ID: {message_id}\r\n{header}\r\n\r\n{body}\r\n"
        sent_by = sender if envelope is None else envelope
        await self.intake.acceptor.accept(raw.encode(), sent_by, to)
        records = self.intake.published.records[before:]
        return [topics.decode(r.value, r.headers, r.topic).payload for r in records]

    async def case_of(self, sender: str = ASEL, header: str = "Subject: Fuel") -> str:
        (opened,) = await self.gets(sender, header)
        assert isinstance(opened, SubmissionReceived)
        return opened.case_number

    async def has_sent(
        self, number: str, purpose: str = "answer", *, mail: UUID | None = None
    ) -> tuple[UUID, str]:
        """A mail of ours about the case, or joined with another; returns its reply's id and Message-ID."""
        reply_id = uuid4()
        async with self.intake.engine.begin() as connection:
            await connection.execute(
                text(
                    "INSERT INTO replies (reply_id, case_number, submission_id, purpose, state, mail) "
                    "VALUES (:reply_id, :number, :reply_id, :purpose, 'delivered', :mail)"
                ),
                {"reply_id": reply_id, "number": number, "purpose": purpose, "mail": mail},
            )
        return reply_id, self.intake.addresses.message_id(reply_id)

    async def gets_bounce(
        self,
        message_id: str,
        *,
        to: str = HOTLINE,
        action: str = "failed",
        status: str = "5.1.1",
    ) -> list[Payload]:
        header = (
            "Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"'
        )
        body = (
            "--b\r\n\r\nI'm sorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; mx.example.kz\r\n\r\nFinal-Recipient: rfc822; asel@example.kz\r\n"
            f"Action: {action}\r\nStatus: {status}\r\n\r\n"
            f"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {message_id}\r\n\r\nx\r\n--b--"
        )
        return await self.gets("MAILER-DAEMON@mx.example.kz", header, body, to=to, envelope="")


@pytest.fixture
def hotline(intake: Intake) -> Hotline:
    return Hotline(intake)


async def test_the_number_in_the_subject_from_the_same_sender_is_a_follow_up(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    (more,) = await hotline.gets("Asel <ASEL@EXAMPLE.KZ>", f"Subject: Re: case {number}")
    assert isinstance(more, SubmissionFollowUp)
    assert (more.case_number, more.automatic) == (number, None)


async def test_another_persons_mail_opens_its_own_case_and_suggests_the_link(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    (other,) = await hotline.gets(BOLAT, f"Subject: Re: case {number}")
    assert isinstance(other, SubmissionReceived)
    assert other.case_number != number
    assert other.suggested_case == number


async def test_a_number_that_is_no_case_suggests_nothing(hotline: Hotline) -> None:
    (other,) = await hotline.gets(header=f"Subject: {case_number.mint(Channel.email)}")
    assert isinstance(other, SubmissionReceived)
    assert other.suggested_case is None


async def test_who_writes_in_anothers_name_and_wants_the_answer_opens_a_case(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    (spoofed,) = await hotline.gets(header=f"Subject: {number}\r\nReply-To: {BOLAT}")
    assert isinstance(spoofed, SubmissionReceived)
    assert spoofed.suggested_case == number


async def test_two_who_write_by_one_form_are_not_one(hotline: Hotline) -> None:
    form = "noreply@forms.example.kz"
    number = await hotline.case_of(form)
    (other,) = await hotline.gets(form, f"Subject: {number}")
    assert isinstance(other, SubmissionReceived)


async def test_an_answer_in_our_thread_from_the_same_sender_is_a_follow_up(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    _, ours = await hotline.has_sent(number)
    (more,) = await hotline.gets(header=f"Subject: I forgot\r\nIn-Reply-To: {ours}")
    assert isinstance(more, SubmissionFollowUp)
    assert more.case_number == number


async def test_an_answer_in_our_thread_from_another_is_a_case_with_a_link(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    _, ours = await hotline.has_sent(number)
    (other,) = await hotline.gets(BOLAT, f"Subject: Fwd\r\nReferences: {ours}")
    assert isinstance(other, SubmissionReceived)
    assert other.suggested_case == number


async def test_who_goes_on_in_their_own_thread_follows_up(hotline: Hotline) -> None:
    (opened,) = await hotline.gets(message_id="<first@example.kz>")
    (more,) = await hotline.gets(header="Subject: Re: Fuel\r\nReferences: <first@example.kz>")
    (other,) = await hotline.gets(BOLAT, "Subject: Re\r\nReferences: <first@example.kz>")
    assert isinstance(opened, SubmissionReceived)
    assert isinstance(more, SubmissionFollowUp)
    assert more.case_number == opened.case_number
    assert isinstance(other, SubmissionReceived)


async def test_a_follow_up_found_by_its_subject_is_taken_once(hotline: Hotline) -> None:
    number = await hotline.case_of()
    for _ in range(2):
        said = await hotline.gets(header=f"Subject: {number}", message_id="<again@example.kz>")
    assert said == []
    assert len(hotline.intake.published.records) == 2


async def test_nothing_of_sender_and_thread_is_stored_in_clear(hotline: Hotline) -> None:
    await hotline.case_of()
    async with hotline.intake.engine.connect() as connection:
        rows = await connection.execute(text("SELECT accepted::text FROM accepted"))
        stored = "".join(row[0] for row in rows)
    assert b"asel".hex() not in stored
    assert "asel" not in stored
    assert b"@example".hex() not in stored


async def test_a_permanent_bounce_marks_our_mail_and_opens_no_case(hotline: Hotline) -> None:
    number = await hotline.case_of()
    reply_id, ours = await hotline.has_sent(number)
    joined, failed = await hotline.gets_bounce(ours)
    assert isinstance(joined, SubmissionFollowUp)
    assert (joined.case_number, joined.automatic) == (number, Automatic.bounce)
    assert not joined.answerable
    assert isinstance(failed, ReplyFailed)
    assert (failed.reply_id, failed.case_number, failed.returned) == (reply_id, number, True)
    assert failed.reason == (
        "The mail came back undelivered. The address doesn't exist. (code 5.1.1)"
    )


async def test_a_bounce_of_joined_acknowledgements_marks_each_of_them(hotline: Hotline) -> None:
    first, other = [await hotline.case_of(header=f"Subject: {n}") for n in range(2)]
    head, ours = await hotline.has_sent(first, "acknowledgement")
    joined, _ = await hotline.has_sent(other, "acknowledgement", mail=head)
    await hotline.has_sent(other)
    _, *failed = await hotline.gets_bounce(ours)
    assert {(f.reply_id, f.case_number) for f in failed if isinstance(f, ReplyFailed)} == {
        (head, first),
        (joined, other),
    }


async def test_a_second_bounce_of_one_mail_says_the_same_event(hotline: Hotline) -> None:
    number = await hotline.case_of()
    _, ours = await hotline.has_sent(number)
    await hotline.gets_bounce(ours)
    await hotline.gets_bounce(ours)
    failures = {
        r.event_id for r in hotline.intake.published.records if r.topic == topics.DELIVERIES
    }
    assert len(failures) == 1


async def test_a_temporary_bounce_is_noted_only(hotline: Hotline) -> None:
    number = await hotline.case_of()
    _, ours = await hotline.has_sent(number)
    (noted,) = await hotline.gets_bounce(ours, action="delayed", status="4.4.1")
    assert isinstance(noted, SubmissionFollowUp)
    assert (noted.case_number, noted.automatic) == (number, Automatic.delay)


async def test_a_bounce_without_our_message_id_to_the_cases_address_marks_the_last_mail(
    hotline: Hotline,
) -> None:
    number = await hotline.case_of()
    await hotline.has_sent(number, "acknowledgement")
    reply_id, _ = await hotline.has_sent(number)
    _, failed = await hotline.gets(
        "MAILER-DAEMON@mx.example.kz",
        "Subject: failure notice",
        "Hi. This is the qmail-send program at mx.example.kz.\r\n550 no such user",
        to=hotline.intake.addresses.for_case(number),
        envelope="",
    )
    assert isinstance(failed, ReplyFailed)
    assert failed.reply_id == reply_id


async def test_a_forged_bounce_marks_nothing(hotline: Hotline) -> None:
    number = await hotline.case_of()
    reply_id, ours = await hotline.has_sent(number)
    guessed = f"<{reply_id.hex}.{'a' * 16}@localhost>"
    forged = [
        await hotline.gets_bounce(guessed),
        await hotline.gets_bounce(ours.replace("@localhost", "@example.kz")),
        await hotline.gets_bounce("<x@x>", to=f"speakup+{number}.aaaaaaaaaa@localhost"),
        await hotline.gets_bounce(hotline.intake.addresses.message_id(uuid4())),
    ]
    for (said,) in forged:
        assert isinstance(said, SubmissionReceived)
        assert (said.automatic, said.answerable) == (Automatic.bounce, False)
    async with hotline.intake.engine.connect() as connection:
        states = list(await connection.scalars(text("SELECT state FROM replies")))
    assert states == ["delivered"]


async def test_a_bounce_to_one_cases_address_does_not_mark_another_cases_mail(
    hotline: Hotline,
) -> None:
    mine, other = await hotline.case_of(), await hotline.case_of(BOLAT)
    await hotline.has_sent(mine)
    _, theirs = await hotline.has_sent(other)
    (joined,) = await hotline.gets_bounce(theirs, to=hotline.intake.addresses.for_case(mine))
    assert isinstance(joined, SubmissionFollowUp)
    assert joined.case_number == mine


@pytest.mark.parametrize(
    ("header", "automatic"),
    [
        ("Subject: Away\r\nAuto-Submitted: auto-replied", Automatic.autoreply),
        ("Subject: Automatic reply: Fuel", Automatic.autoreply),
        ("Subject: Fuel\r\nX-Loop: speakup", Automatic.loop),
        ("Subject: News\r\nList-Id: <news.example.kz>", Automatic.mailing_list),
        ("Subject: Round\r\n" + "Received: x\r\n" * 100 + "X: y", Automatic.loop),
    ],
)
async def test_what_a_machine_sent_is_kept_as_such_and_unanswered(
    hotline: Hotline, header: str, automatic: Automatic
) -> None:
    (said,) = await hotline.gets(header=header)
    assert isinstance(said, SubmissionReceived)
    assert (said.automatic, said.answerable) == (automatic, False)


async def test_an_autoreply_to_a_cases_address_joins_the_case_as_such(hotline: Hotline) -> None:
    number = await hotline.case_of()
    (joined,) = await hotline.gets(
        header="Subject: Automatic reply: your message",
        to=hotline.intake.addresses.for_case(number),
    )
    assert isinstance(joined, SubmissionFollowUp)
    assert (joined.case_number, joined.automatic) == (number, Automatic.autoreply)


@pytest.mark.parametrize("header", ["Auto-Submitted: auto-generated", "Subject: Re: Out of office"])
async def test_what_a_person_may_have_sent_by_a_machine_is_a_submission(
    hotline: Hotline, header: str
) -> None:
    (said,) = await hotline.gets(header=header)
    assert isinstance(said, SubmissionReceived)
    assert said.automatic is None


async def test_a_person_who_sends_on_a_bounce_is_a_person(hotline: Hotline) -> None:
    (said,) = await hotline.gets(
        header="Subject: Fwd: Undelivered Mail Returned to Sender\r\n"
        "Content-Type: multipart/mixed; boundary=b",
        body="--b\r\n\r\nLook at this\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "x: y\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n--b--",
    )
    assert isinstance(said, SubmissionReceived)
    assert said.automatic is None


async def test_in_the_hotlines_own_name_nobody_is_answered_or_joins_a_case(
    hotline: Hotline,
) -> None:
    (first,) = await hotline.gets(HOTLINE, envelope=BOLAT)
    assert isinstance(first, SubmissionReceived)
    assert (first.automatic, first.answerable) == (None, False)
    (second,) = await hotline.gets(HOTLINE, f"Subject: {first.case_number}", envelope=BOLAT)
    assert isinstance(second, SubmissionReceived)


async def test_our_own_mail_come_back_joins_its_case_as_a_loop(hotline: Hotline) -> None:
    number = await hotline.case_of()
    _, ours = await hotline.has_sent(number)
    (joined,) = await hotline.gets(HOTLINE, message_id=ours)
    assert isinstance(joined, SubmissionFollowUp)
    assert (joined.case_number, joined.automatic) == (number, Automatic.loop)


async def test_two_robots_answering_each_other_get_one_answer_in_fifty_rounds(
    hotline: Hotline,
) -> None:
    robot, answers, ours = "tickets@example.kz", 0, ""
    number = ""
    for turn in range(50):
        # It marks none of its mails as automatic.
        header = f"Subject: [Ticket {turn}] {number}\r\nIn-Reply-To: {ours or '<x@x>'}"
        (said,) = await hotline.gets(robot, header, "We have received your request.")
        if isinstance(said, SubmissionReceived) and said.answerable:
            answers += 1
            number = said.case_number
            _, ours = await hotline.has_sent(number, "acknowledgement")
    assert answers == 1


async def test_bounces_of_bounces_end_in_one_case_each_without_an_answer(
    hotline: Hotline,
) -> None:
    for _ in range(20):
        (said,) = await hotline.gets_bounce("<nobody@example.kz>")
        assert isinstance(said, SubmissionReceived)
        assert not said.answerable
