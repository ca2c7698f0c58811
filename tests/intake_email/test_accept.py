"""Accepting: what is said to be accepted is on disk, once, sealed, under a number of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import text

from speakup import case_number, seal
from speakup.blobs import BlobStore
from speakup.events import Channel, SubmissionFollowUp, SubmissionReceived
from speakup.keys import UNSEALING, PrivateKeys, contact_purpose
from speakup.submission import Contact
from tests.intake_email.intake import HOTLINE, Intake

MAIL = (
    b"From: Asel <asel@example.kz>\r\nSubject: Fuel\r\nMessage-ID: <1@example.kz>\r\n\r\n"
    b"The foreman sells our diesel.\r\n"
)


async def test_an_accepted_mail_is_in_the_outbox(intake: Intake) -> None:
    await intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE)
    async with intake.engine.connect() as connection:
        ids = list(await connection.scalars(text("SELECT event_id FROM outbox")))
    assert ids == [payload.submission_id for payload in intake.payloads()]


async def test_the_router_can_read_the_words_and_not_the_address(intake: Intake) -> None:
    await intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    content = intake.content(payload)
    assert content.text.strip() == "The foreman sells our diesel."
    assert "asel" not in content.model_dump_json()
    assert content.raw == b"The foreman sells our diesel.\r\n"


async def test_the_address_is_for_the_reply_worker_and_the_headers_for_unsealing(
    intake: Intake,
) -> None:
    await intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    assert payload.contact is not None
    assert payload.contact.reply is not None
    info = seal.contact_info(payload.submission_id)
    reply_key = PrivateKeys(intake.keys, contact_purpose(Channel.email))
    contact = Contact.model_validate_json(
        reply_key[payload.contact.reply.key_id].open(payload.contact.reply, info)
    )
    assert (contact.address, contact.message_id, contact.headers) == (
        "asel@example.kz",
        "<1@example.kz>",
        None,
    )
    unsealing = PrivateKeys(intake.keys, UNSEALING)[payload.contact.unsealing.key_id]
    whole = Contact.model_validate_json(unsealing.open(payload.contact.unsealing, info))
    assert b"Subject: Fuel" in (whole.headers or b"")


async def test_a_mail_sent_again_is_the_same_submission(intake: Intake) -> None:
    for _ in range(2):
        await intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE)
    assert len(intake.payloads()) == 1


async def test_the_same_mail_twice_at_once_is_one_submission(intake: Intake) -> None:
    await asyncio.gather(
        *(intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE) for _ in range(8))
    )
    assert len(intake.payloads()) == 1


async def test_of_the_same_large_mail_twice_at_once_the_kept_one_keeps_its_blobs(
    intake: Intake,
) -> None:
    large = MAIL + (b"y" * 70 + b"\r\n") * 3000
    await asyncio.gather(
        *(intake.acceptor.accept(large, "asel@example.kz", HOTLINE) for _ in range(4))
    )
    (payload,) = intake.payloads()
    assert {p.name for p in intake.blobs.rglob("*") if p.is_file()} == set(payload.blobs)


async def test_mails_without_message_id_that_differ_in_their_subject_are_two(
    intake: Intake,
) -> None:
    for words in (b"The foreman steals", b"The accountant steals"):
        await intake.acceptor.accept(b"Subject: " + words + b"\r\n\r\n", "", HOTLINE)
    assert len(intake.payloads()) == 2


async def test_a_number_that_is_taken_is_not_given_again(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = case_number.mint(Channel.email), case_number.mint(Channel.email)
    minted: Iterator[str] = iter([first, first, first, second])
    monkeypatch.setattr(case_number, "mint", lambda _channel: next(minted))
    await intake.acceptor.accept(MAIL, "a@example.kz", HOTLINE)
    await intake.acceptor.accept(MAIL, "b@example.kz", HOTLINE)
    assert [payload.case_number for payload in intake.payloads()] == [first, second]


async def test_a_mail_to_a_cases_own_address_is_a_follow_up(intake: Intake) -> None:
    number = case_number.mint(Channel.email)
    await intake.acceptor.accept(MAIL, "asel@example.kz", intake.addresses.for_case(number))
    (payload,) = intake.payloads()
    assert isinstance(payload, SubmissionFollowUp)
    assert payload.case_number == number
    assert intake.content(payload).pin is None


async def test_a_guessed_case_address_opens_a_case_of_its_own(intake: Intake) -> None:
    number = case_number.mint(Channel.email)
    await intake.acceptor.accept(MAIL, "asel@example.kz", f"speakup+{number}.aaaaaaaaaa@localhost")
    (payload,) = intake.payloads()
    assert isinstance(payload, SubmissionReceived)
    assert payload.case_number != number


async def test_a_mail_that_cannot_be_parsed_is_kept_raw_and_marked(intake: Intake) -> None:
    bomb = (
        b"From: asel@example.kz\r\n"
        + b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(3000)
        )
        + b"\r\nwords at the bottom\r\n"
    )
    await intake.acceptor.accept(bomb, "asel@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    if payload.unparsed:
        assert intake.content(payload).text == ""
    kept = intake.content(payload)
    raw = kept.raw
    if raw is None:
        assert kept.raw_blob is not None
        raw = await BlobStore(intake.blobs.as_uri()).get(kept.raw_blob)
    assert b"words at the bottom" in raw


async def test_large_parts_are_sealed_blobs_and_a_repetition_leaves_none_behind(
    intake: Intake,
) -> None:
    large = MAIL + b"x" * 70 + b"\r\n"
    large += (b"y" * 70 + b"\r\n") * 3000
    await intake.acceptor.accept(large, "asel@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    files = {path.name for path in intake.blobs.rglob("*") if path.is_file()}
    assert files == set(payload.blobs)
    await intake.acceptor.accept(large, "asel@example.kz", HOTLINE)
    assert {path.name for path in intake.blobs.rglob("*") if path.is_file()} == files


async def test_with_the_database_away_nothing_is_said_to_be_accepted(intake: Intake) -> None:
    async with intake.engine.begin() as connection:
        await connection.execute(text("DROP TABLE accepted"))
    with pytest.raises(Exception, match="accepted"):
        await intake.acceptor.accept(MAIL, "asel@example.kz", HOTLINE)
    assert intake.payloads() == []


async def test_a_caller_that_goes_away_leaves_the_others_well(intake: Intake) -> None:
    gone = asyncio.create_task(intake.acceptor.accept(MAIL, "a@example.kz", HOTLINE))
    other = asyncio.create_task(intake.acceptor.accept(MAIL, "b@example.kz", HOTLINE))
    await asyncio.sleep(0)
    gone.cancel()
    await other
    with suppress(asyncio.CancelledError):
        await gone
    assert len(intake.payloads()) >= 1
