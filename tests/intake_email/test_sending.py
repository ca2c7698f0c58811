"""What the sending worker hands to the relay, and what it says became of it."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from io import BytesIO
from typing import Any, cast

import pytest
from pypdf import PdfReader

from intake_email.employer import EmployerMail, is_employers
from intake_email.sending_settings import SendingSettings
from speakup.events import Language, Purpose, ReplyDelivered, ReplyFailed
from speakup.submission import REPLY_BYTES, Reply
from tests.intake_email.post import Post

FORMAL: dict[str, Any] = {
    "signatory": "А. Оспанова",
    "provision": "#4.2 Іскерлік этика кодексі",
    "dated": date(2026, 11, 24),
}


def files(mail: EmailMessage) -> dict[str, bytes]:
    return {
        str(part.get_filename()): bytes(part.get_payload(decode=True))
        for part in mail.iter_attachments()
    }


async def test_a_handlers_files_reach_the_reporter_byte_by_byte(post: Post) -> None:
    content = bytes(range(256)) * 4000
    attachment = await post.attach("Приказ.bin", "application/x-odd", content)
    await post.ask(
        purpose=Purpose.question, reply=Reply(text="Is it this one?", attachments=(attachment,))
    )
    await post.send_all()
    ((_, mail),) = post.mailbox.mails
    assert files(mail) == {"Приказ.bin": content}


@pytest.mark.parametrize(
    ("language", "text", "title"),
    [
        (Language.kk, "Иә, құны 2 АЕК-тен аспайтын күнтізбе алуға рұқсат. ӘҒҚҢӨҰҮҺІ", "Түсіндірме"),
        (Language.ru, "Да, календарь дешевле 2 МРП принять можно. Ёё", "Разъяснение"),
        (Language.en, '#read("/etc/passwd") *Yes* $x$ <b> \\ "', "Explanation"),
    ],
)
async def test_an_explanation_is_a_numbered_pdf_that_says_what_was_written(
    post: Post, language: Language, text: str, title: str
) -> None:
    request = await post.ask(
        purpose=Purpose.answer, language=language, reply=Reply(text=text, explanation=2, **FORMAL)
    )
    await post.send_all()
    ((_, mail),) = post.mailbox.mails
    number = f"{request.case_number}-2"
    ((name, pdf),) = files(mail).items()
    assert name == f"{number}.pdf"
    read = PdfReader(BytesIO(pdf))
    shown = read.pages[0].extract_text()
    assert text in shown
    assert f"{title} " in shown
    for formal in ("2026", FORMAL["signatory"], f": {FORMAL['provision']}"):
        assert formal in shown
    assert shown.rstrip().endswith(f"{number} · 1/1")


async def test_every_page_of_an_explanation_has_its_number_and_the_count(post: Post) -> None:
    reply = Reply(text="Түсіндірме мәтіні. " * 1000, explanation=1)
    request = await post.ask(purpose=Purpose.answer, language=Language.kk, reply=reply)
    await post.send_all()
    ((_, mail),) = post.mailbox.mails
    (pdf,) = files(mail).values()
    read = PdfReader(BytesIO(pdf))
    count = len(read.pages)
    assert count > 2
    for page, shown in enumerate(read.pages, 1):
        assert shown.extract_text().rstrip().endswith(f"{request.case_number}-1 · {page}/{count}")
    assert b"CreationDate" not in pdf
    for font in _fonts(read):
        assert {"/FontFile2", "/FontFile3"} & font["/FontDescriptor"].get_object().keys()


def _fonts(read: PdfReader) -> list[Any]:
    return [
        font.get_object()["/DescendantFonts"][0].get_object()
        for page in read.pages
        for font in cast("Any", page)["/Resources"]["/Font"].values()
    ]


async def test_a_file_that_is_lost_is_told_the_handler(post: Post) -> None:
    attachment = await post.attach("a.txt", "text/plain", b"a")
    await post.sender.blobs.delete(attachment.blob.digest)
    await post.ask(purpose=Purpose.answer, reply=Reply(text="x", attachments=(attachment,)))
    await post.send_all()
    (failed,) = post.said(ReplyFailed)
    assert "isn't in the object store" in failed.reason
    assert post.mailbox.mails == []


async def test_files_larger_than_a_mail_may_be_are_told_the_handler(post: Post) -> None:
    attachment = await post.attach("a.txt", "text/plain", b"a")
    huge = attachment.model_copy(
        update={"blob": attachment.blob.model_copy(update={"size": REPLY_BYTES + 1})}
    )
    await post.ask(purpose=Purpose.answer, reply=Reply(text="x", attachments=(huge,)))
    await post.send_all()
    (failed,) = post.said(ReplyFailed)
    assert "larger" in failed.reason


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_withheld_from_the_employers_domains_nothing_is_sent_and_the_handler_knows(
    post: Post, purpose: Purpose
) -> None:
    withholding = post.with_settings(
        employer_domains=("Company.kz",), employer_mail=EmployerMail.withheld
    )
    await withholding.ask("asel@almaty.company.KZ", purpose=purpose)
    await withholding.send_all()
    assert post.mailbox.mails == []
    (failed,) = post.said(ReplyFailed)
    assert "employer" in failed.reason
    assert "asel" not in failed.reason


async def test_to_the_employers_domains_mails_are_neutral_by_default(post: Post) -> None:
    to_employer = post.with_settings(employer_domains=("company.kz",))
    request = await to_employer.ask("asel@company.kz")
    await to_employer.ask("asel@mail.kz")
    await to_employer.send_all()
    (_, neutral), (_, usual) = post.mailbox.mails
    assert neutral["Subject"] == f"Message {request.case_number}"
    assert "hotline" not in neutral.as_string()
    assert "hotline" in usual.as_string()


async def test_the_employers_mails_are_like_any_where_that_is_set(post: Post) -> None:
    usual = post.with_settings(employer_domains=("company.kz",), employer_mail=EmployerMail.normal)
    await usual.ask("asel@company.kz")
    await usual.send_all()
    assert "hotline" in post.mailbox.mails[0][1].as_string()


@pytest.mark.parametrize(
    ("domain", "own"),
    [
        ("company.kz", True),
        ("a.b.company.kz", True),
        ("COMPANY.KZ.", True),
        ("mycompany.kz", False),
        ("company.kz.evil.com", False),
        ("xn--80aswg.xn--p1ai", True),
    ],
)
def test_a_domain_below_the_employers_is_the_employers(domain: str, own: bool) -> None:
    assert is_employers(domain, ("company.kz", "сайт.рф")) is own


def test_domains_are_set_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEAKUP_EMPLOYER_DOMAINS", "company.kz, сайт.рф,")
    monkeypatch.setenv("SPEAKUP_EMPLOYER_MAIL", "withheld")
    settings = SendingSettings()
    assert settings.employer_domains == ("company.kz", "сайт.рф")
    assert settings.employer_mail is EmployerMail.withheld


async def test_the_relay_is_greeted_by_the_hotlines_domain_and_acknowledged_from_nobody(
    post: Post,
) -> None:
    await post.ask()
    request = await post.ask(purpose=Purpose.question, reply=Reply(text="Which?"))
    await post.send_all()
    assert set(post.mailbox.greetings) == {"example.kz"}
    senders = [envelope.mail_from for envelope in post.mailbox.envelopes]
    own = post.sender.addresses.for_case(request.case_number)
    assert senders == ["<>", own]


async def test_delivered_is_said_once_the_relay_took_it(post: Post) -> None:
    request = await post.ask()
    post.mailbox.answers = ["451 later"]
    await post.send_all()
    assert post.said(ReplyDelivered) == []
    await post.day_later()
    await post.send_all()
    assert post.ids(ReplyDelivered) == [request.reply_id]


async def test_why_a_mail_failed_is_said_in_plain_words_without_the_address(post: Post) -> None:
    post.mailbox.answers = ["550 5.1.1 <asel@mail.kz> unknown"]
    await post.ask()
    await post.send_all()
    (failed,) = post.said(ReplyFailed)
    assert failed.reason == "The mail was refused for good (SMTP reply 550)."
