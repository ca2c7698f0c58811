"""No field of a stranger's mail gets a header, a line or a hiding mark into what is stored, shown or sent."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import uuid4

import pytest

from intake_email.addresses import Addresses
from intake_email.compose import UNWRITABLE, compose
from intake_email.mail import File
from speakup.events import Language, Purpose
from speakup.i18n import texts
from speakup.submission import Contact, Content, Reply
from tests.intake_email.intake import HOTLINE, Intake, open_intake
from tests.intake_email.post import Post

ADDRESSES = Addresses("speakup@hotline.example.kz", b"k" * 32)
INJECTED = "Bcc: stranger@x.kz\r\nX-Injected: 1\r\n\r\ninjected body"
ENCODED = base64.b64encode(f"a\r\n{INJECTED}\0\u2028\u202e".encode()).decode()
INSERTS = {
    "CRLF": f"a\r\n{INJECTED}",
    "folded": f"a\r\n {INJECTED}",
    "CR": f"a\r{INJECTED}".replace("\r\n", "\r"),
    "LF": f"a\n{INJECTED}".replace("\r\n", "\n"),
    "NUL": f"a\0{INJECTED}\0",
    "an encoded word": f"=?utf-8?b?{ENCODED}?=",
    "an encoded word in letters": "=?utf-8?q?a=0D=0ABcc:_stranger@x.kz=0D=0A=0D=0Ainjected?=",
    "percent signs": "a%0d%0aBcc:%20stranger@x.kz",
    "line separators": f"a\u2028{INJECTED}\u2029\u0085\x0b\x0c",
    "hiding marks": "a\u202eexe\u2066\u2069\u200f",
    "length": "a" * 50_000,
    "length in words": "a b " * 10_000,
    "bytes that are no text": "a\udcff\udcfe\udc80",
    "quotes": '"a\\"\r\n' + INJECTED,
}
FIELDS = {
    "Subject": "Subject: {}",
    "the name in From": "From: {} <a@example.kz>",
    "the quoted name in From": 'From: "{}" <a@example.kz>',
    "the address in From": "From: <a{}@example.kz>",
    "the domain in From": "From: <a@example.kz{}>",
    "Reply-To": "Reply-To: {} <b@example.kz>",
    "Message-ID": "Message-ID: <{}@x.kz>",
    "References": "References: <0@x.kz> <{}@x.kz>",
    "In-Reply-To": "In-Reply-To: <{}>",
    "a file's name": 'Content-Type: application/x-y; name="{}"',
    "a file's name, percent-encoded": "Content-Disposition: attachment; filename*=utf-8''{}",
    "a type": "Content-Type: application/{}",
    "a charset": "Content-Type: text/plain; charset={}",
    "Content-Language": "Content-Language: {}",
}

ALLOWED = {
    "From",
    "To",
    "Date",
    "Message-ID",
    "Reply-To",
    "Subject",
    "In-Reply-To",
    "References",
    "X-Loop",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
}
PART_ALLOWED = {
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "MIME-Version",
}
_NO_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f/\\\\\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
async def shared(
    postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Intake]:
    async with open_intake(postgres_url, tmp_path_factory.mktemp("injection")) as opened:
        yield opened


def mail_with(field: str, insert: str) -> bytes:
    line = FIELDS[field].format(insert)
    own = "" if line.startswith("From:") else "From: Asel <a@example.kz>\r\n"
    return f"{own}{line}\r\n\r\nwords".encode("utf-8", "surrogateescape")


async def accepted(intake: Intake, raw: bytes) -> tuple[Content, Contact]:
    intake.published.records.clear()
    await intake.acceptor.accept(raw, f"{uuid4()}@example.kz", HOTLINE)
    (payload,) = intake.payloads()
    assert not payload.unparsed
    assert await intake.raw(payload) == raw
    return intake.content(payload), intake.contact(payload)


def is_clean(mail: EmailMessage, raw: bytes) -> None:
    """It holds the headers that we write, each once, and nobody else gets it."""
    head, _, _ = raw.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0].decode() for line in re.split(rb"\r\n(?![ \t])", head)]
    assert sorted(names) == sorted(mail.keys())
    assert len(set(names)) == len(names)
    assert set(names) <= ALLOWED
    assert len(mail["To"].addresses) == 1
    for part in mail.walk():
        assert not part.defects
        if part is not mail:
            assert set(part.keys()) <= PART_ALLOWED
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\0", raw)
    assert raw.isascii()


def composed(contact: Contact, purpose: Purpose, files: Sequence[File]) -> None:
    try:
        raw = compose(
            texts=texts(),
            addresses=ADDRESSES,
            reply_id=uuid4(),
            case_number="2941080236",
            purpose=purpose,
            language=Language.ru,
            contact=contact,
            reply=Reply(text="Да.", pin="042917"),
            files=files,
        ).as_bytes()
    except UNWRITABLE:
        # There is no such address: then nothing is sent at all.
        return
    is_clean(message_from_bytes(raw, policy=default), raw)


@pytest.mark.parametrize("field", FIELDS)
async def test_nothing_is_injected_through(shared: Intake, field: str) -> None:
    for name, insert in INSERTS.items():
        content, contact = await accepted(shared, mail_with(field, insert))
        for line in (content.subject, contact.name, contact.address, contact.message_id):
            assert not _NO_LINE.search(line), name
        for one in (contact.message_id, *contact.references):
            assert not one or re.fullmatch(r"<[!-;=?-~]{1,500}>", one), name
        assert len(content.subject) <= 1000
        files = []
        for file in content.attachments:
            assert 1 <= len(file.name) <= 255
            assert not _NO_NAME.search(file.name), name
            assert re.fullmatch(r"[!-~]+/[!-~]+", file.content_type), name
            files.append(File(file.name, file.content_type, b"x"))
        for purpose in (Purpose.acknowledgement, Purpose.answer):
            composed(contact, purpose, files)


@pytest.mark.parametrize("insert", INSERTS)
async def test_a_contact_that_was_stored_hostile_injects_nothing_either(insert: str) -> None:
    # As if the child had been taken over: what composes trusts no word of it.
    bad = INSERTS[insert]
    file = File(bad, bad, b"x")
    for contact in (
        Contact(address=bad, name=bad, message_id=bad, references=(bad,)),
        Contact(address=f"{bad}@x.kz"),
        Contact(address=f"a@{bad}.kz"),
        Contact(address="a@x.kz", name=bad, message_id=f"<{bad}>", references=(f"<{bad}>",) * 3),
    ):
        composed(contact, Purpose.acknowledgement, ())
        composed(contact, Purpose.answer, (file, file))


async def test_what_a_hostile_mail_is_answered_with_goes_to_one_person(
    shared: Intake, post: Post
) -> None:
    for name in ("Message-ID", "References", "In-Reply-To", "the name in From"):
        _, contact = await accepted(shared, mail_with(name, INSERTS["an encoded word"]))
        await post.ask(contact=contact, purpose=Purpose.question, reply=Reply(text="Who?"))
    await post.send_all()
    assert len(post.mailbox.mails) == 4
    for envelope, (recipient, mail) in zip(post.mailbox.envelopes, post.mailbox.mails, strict=True):
        assert envelope.rcpt_tos == [recipient] == ["a@example.kz"]
        is_clean(mail, envelope.content)
