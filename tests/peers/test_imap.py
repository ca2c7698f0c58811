"""A mailbox on a real Dovecot: each mail becomes one submission and leaves only when its case is open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake_email.mailbox import Mailbox
from intake_email.settings import Settings
from intake_email.tls import server_context
from speakup.events import SubmissionFollowUp
from tests.intake_email.intake import Intake
from tests.peers.collecting import collecting, counted_looks, mailbox_of, rows, settle_all
from tests.peers.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.waiting import eventually


def mail(number: int, words: str = "The foreman sells our diesel.", extra: str = "") -> bytes:
    return (
        f"Return-Path: <asel@example.kz>\r\nDelivered-To: speakup@localhost\r\n{extra}"
        f"From: Asel <asel@example.kz>\r\nSubject: Fuel\r\n"
        f"Message-ID: <{number}@example.kz>\r\n\r\n{words}\r\n"
    ).encode()


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    with run_dovecot() as server:
        yield server


async def test_mails_are_taken_once_though_the_mailbox_is_read_again_and_again(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1), mail(2))
    with counted_looks() as looks:
        for _ in range(3):
            async with collecting(intake, mailbox_of(dovecot), poll=0.05):
                await eventually(lambda: len(intake.payloads()) == 2)
                await looks.whole(3)
    assert len(intake.payloads()) == 2
    assert dovecot.count() == 2
    assert dovecot.count("UNSEEN") == 2


async def test_a_mail_is_expunged_only_once_its_case_is_open(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1))
    with counted_looks() as looks:
        async with collecting(intake, mailbox_of(dovecot), poll=0.05):
            await eventually(lambda: intake.payloads())
            await looks.whole(3)
            assert dovecot.count() == 1
            await settle_all(intake)
            await eventually(lambda: dovecot.count() == 0)
    assert await rows(intake, "taken") == 0
    assert len(intake.payloads()) == 1


async def test_what_was_read_but_not_noted_is_the_same_submission(
    dovecot: Dovecot, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(*_: object) -> None:
        raise ConnectionError

    dovecot.deliver(mail(1))
    with monkeypatch.context() as patch:
        patch.setattr("intake_email.taken.remember", killed)
        async with collecting(intake, mailbox_of(dovecot)):
            await eventually(lambda: intake.payloads())
    async with collecting(intake, mailbox_of(dovecot)):

        async def noted() -> bool:
            return await rows(intake, "taken") == 1

        await eventually(noted)
    assert len(intake.payloads()) == 1


async def test_idle_wakes_at_once(dovecot: Dovecot, intake: Intake) -> None:
    dovecot.deliver(mail(1))
    async with collecting(intake, mailbox_of(dovecot), poll=600):
        await eventually(lambda: len(intake.payloads()) == 1)
        for number in range(2, 5):
            start = time.monotonic()
            await asyncio.to_thread(dovecot.deliver, mail(number))
            await eventually(lambda n=number: len(intake.payloads()) == n)  # type: ignore[misc]
            assert time.monotonic() - start < 5


async def test_a_mailbox_that_was_away_is_read_when_it_is_back_and_says_so_meanwhile(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1))
    async with collecting(intake, mailbox_of(dovecot)) as (collector,):
        await eventually(lambda: intake.payloads())
        await asyncio.to_thread(dovecot.stop)

        async def noticed() -> bool:
            return "mailbox 0" in (await collector.notice() or "")

        await eventually(noticed)
        await asyncio.to_thread(dovecot.start)
        dovecot.deliver(mail(2))
        await eventually(lambda: len(intake.payloads()) == 2)
        assert await collector.notice() is None


async def test_a_mailbox_that_fails_does_not_stop_the_others(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1))
    wrong = mailbox_of(dovecot).model_copy(update={"folder": "not-there"})
    async with collecting(intake, wrong, mailbox_of(dovecot)) as (first, second):
        await eventually(lambda: intake.payloads())
        assert await first.notice()
        assert await second.notice() is None


async def test_after_a_new_uidvalidity_the_same_mails_are_the_same_submissions(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1), mail(2))
    async with collecting(intake, mailbox_of(dovecot)):
        await eventually(lambda: len(intake.payloads()) == 2)
    await settle_all(intake)
    dovecot.stop()
    dovecot.new_validity()
    dovecot.start()
    dovecot.deliver(mail(3))
    async with collecting(intake, mailbox_of(dovecot)):
        # What is settled goes, though it was accepted under the former numbers; what is new stays.
        await eventually(lambda: dovecot.count() == 1)
        await eventually(lambda: len(intake.payloads()) == 3)
    assert await rows(intake, "taken") == 1


async def test_a_mail_that_is_too_large_stays_and_is_spoken_of(
    dovecot: Dovecot, intake: Intake
) -> None:
    dovecot.deliver(mail(1, "x" * 70 + "\r\n" + "y" * 5000), mail(2))
    async with collecting(intake, mailbox_of(dovecot), most=2000) as (collector,):
        await eventually(lambda: intake.payloads())
        await settle_all(intake)
        await eventually(lambda: dovecot.count() == 1)
        assert "1 mails larger than 2000 bytes" in (await collector.notice() or "")
    assert len(intake.payloads()) == 1


async def test_a_mail_that_cannot_be_accepted_keeps_no_other_from_its_turn(
    dovecot: Dovecot, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = intake.acceptor.accept

    async def failing(raw: bytes, sender: str, recipient: str) -> object:
        if b"<1@" in raw:
            raise RuntimeError
        return await accept(raw, sender, recipient)

    monkeypatch.setattr(intake.acceptor, "accept", failing)
    dovecot.deliver(mail(1), mail(2), mail(3))
    async with collecting(intake, mailbox_of(dovecot)):
        await eventually(lambda: len(intake.payloads()) == 2)
        await settle_all(intake)
        await eventually(lambda: dovecot.count() == 1)


async def test_an_answer_to_a_cases_own_address_is_a_follow_up(
    dovecot: Dovecot, intake: Intake
) -> None:
    address = intake.addresses.for_case("2941080236")
    dovecot.deliver(mail(1, extra=f"X-Original-To: {address}\r\n"))
    async with collecting(intake, mailbox_of(dovecot)):
        await eventually(lambda: intake.payloads())
    assert isinstance(intake.payloads()[0], SubmissionFollowUp)


async def test_without_uidplus_nobody_elses_deleted_mail_is_removed(
    dovecot: Dovecot, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "imapclient.IMAPClient.has_capability", lambda _self, name: name not in ("UIDPLUS", "IDLE")
    )
    dovecot.deliver(mail(1), mail(2, "x" * 5000))
    with dovecot.client() as client:
        client.select("INBOX")
        client.store("2", "+FLAGS", "\\Deleted")
    async with collecting(intake, mailbox_of(dovecot), most=2000):
        await eventually(lambda: intake.payloads())
        await settle_all(intake)
        await eventually(lambda: dovecot.count("DELETED") == 2)
        assert dovecot.count() == 2
        with dovecot.client() as client:
            client.select("INBOX")
            client.store("2", "-FLAGS", "\\Deleted")
        await eventually(lambda: dovecot.count() == 1)


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_tls_is_used_and_its_certificate_verified(
    intake: Intake, tmp_path: Path, security: str
) -> None:
    settings = Settings(var=tmp_path, smtp_hostname="localhost")
    server_context(settings)
    certificate = tmp_path / "tls" / "smtp.crt", tmp_path / "tls" / "smtp.key"
    with run_dovecot(certificate) as dovecot:
        dovecot.deliver(mail(1))
        known = Mailbox.model_validate(
            {
                "host": "localhost",
                "port": dovecot.tls_port if security == "tls" else dovecot.port,
                "security": security,
                "ca_file": certificate[0],
                "user": USER,
                "password": PASSWORD,
            }
        )
        unknown = known.model_copy(update={"ca_file": None})
        async with collecting(intake, unknown) as (collector,):

            async def noticed() -> bool:
                return "SSLCertVerificationError" in (await collector.notice() or "")

            await eventually(noticed)
        assert intake.payloads() == []
        async with collecting(intake, known):
            await eventually(lambda: intake.payloads())
