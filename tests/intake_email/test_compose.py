"""Mails that go out: neutral, threaded, and only to addresses that can be written to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from socket import gethostname
from uuid import uuid4

import pytest

from intake_email.addresses import Addresses
from intake_email.compose import UNWRITABLE, compose, deliverable
from intake_email.mail import File
from speakup.events import Language, Purpose
from speakup.i18n import Texts, texts
from speakup.submission import Contact, Reply

ADDRESSES = Addresses("speakup@hotline.example.kz", b"k" * 32, neutral="post@example.kz")


def mail(address: str = "asel@example.kz", language: Language | None = Language.ru) -> str:
    return compose(
        texts=texts(),
        addresses=ADDRESSES,
        reply_id=uuid4(),
        case_number="2941080236",
        purpose=Purpose.acknowledgement,
        language=language,
        contact=Contact(address=address, message_id="<1@example.kz>"),
        reply=Reply(pin="042917"),
    ).as_string()


def test_no_header_tells_more_than_the_number() -> None:
    headers = mail().replace("\r\n", "\n").split("\n\n")[0]
    assert "042917" not in headers
    assert "In-Reply-To: <1@example.kz>" in headers
    assert "Auto-Submitted: auto-replied" in headers


def test_an_unknown_language_is_answered_in_all_three() -> None:
    assert mail(language=None).count("042917") == 3 * 2  # as text and as HTML


def test_an_internationalised_domain_is_written_in_ascii() -> None:
    assert deliverable("ivan@пример.рф") == "ivan@xn--e1afmkfd.xn--p1ai"
    assert "xn--e1afmkfd" in mail("ivan@пример.рф")


@pytest.mark.parametrize(
    "address", ["", "x", "@x.kz", "a@", "иван@example.kz", "a@x.kz\r\nBcc: b@x.kz", "a\ufffd@x.kz"]
)
def test_an_address_that_cannot_be_written_to_is_said_to_be_none(address: str) -> None:
    with pytest.raises(UNWRITABLE):
        mail(address)


CASE = "2941080236"
HOSTILE = "x\r\nBcc: b@x.kz\r\n\r\nbody\n\x00\u202e\ud800"


def written(
    *,
    purpose: Purpose = Purpose.answer,
    language: Language | None = Language.ru,
    contact: Contact | None = None,
    reply: Reply | None = None,
    files: Sequence[File] = (),
    neutral: bool = False,
    words: Texts | None = None,
) -> EmailMessage:
    """As a mail program reads it."""
    raw = compose(
        texts=words or texts(),
        addresses=ADDRESSES,
        reply_id=uuid4(),
        case_number=CASE,
        purpose=purpose,
        language=language,
        contact=contact or Contact(address="asel@example.kz", message_id="<1@example.kz>"),
        reply=reply or Reply(text="Да, можно."),
        files=files,
        neutral=neutral,
    ).as_bytes()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    return message_from_bytes(raw, policy=default)


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content: str = found.get_content()
    return content.replace("\r\n", "\n")


def test_text_and_html_say_the_same_and_the_html_is_escaped() -> None:
    mail = written(reply=Reply(text='<script>a</script> & "b"\n\nДа,\nможно.'))
    assert mail.get_content_type() == "multipart/alternative"
    assert '<script>a</script> & "b"' in part(mail, "plain")
    page = part(mail, "html")
    assert "&lt;script&gt;a&lt;/script&gt; &amp; &quot;b&quot;" in page
    assert "<p>Да,<br>\nможно.</p>" in page
    assert "<script" not in page


def test_the_html_fetches_nothing_and_leads_nowhere() -> None:
    page = part(written(reply=Reply(text="<img src=//x.kz> http://x.kz")), "html")
    assert not re.search(r"<[^>]*(src|href|url|style)", page)


def test_files_go_along_under_harmless_names() -> None:
    files = [
        File("Приказ.pdf", "application/pdf", b"%PDF"),
        File("../../etc/" + HOSTILE, "text/html", b"<b>"),
        File("", "message/rfc822", b"From: a\n\nb"),
        File("a", "multipart/mixed; boundary=x\r\nBcc: b@x.kz", b"c"),
    ]
    mail = written(files=files)
    assert mail.get_content_type() == "multipart/mixed"
    assert mail["Bcc"] is None
    sent = list(mail.iter_attachments())
    assert [f.get_content_type() for f in sent] == ["application/pdf", "text/html"] + [
        "application/octet-stream"
    ] * 2
    assert sent[0].get_filename() == "Приказ.pdf"
    assert all(set(f.get_filename() or "").isdisjoint("\r\n/\x00\u202e") for f in sent)
    assert [f.get_payload(decode=True) for f in sent] == [b"%PDF", b"<b>", b"From: a\n\nb", b"c"]


@pytest.mark.parametrize("where", ["message_id", "references", "name", "text"])
def test_nothing_that_is_echoed_adds_a_header(where: str) -> None:
    hostile = f"<a@x.kz>{HOSTILE}"
    contact = Contact(
        address="asel@example.kz",
        name=HOSTILE.replace("\ud800", "") if where == "name" else "",
        message_id=hostile.replace("\ud800", "") if where == "message_id" else "<1@x.kz>",
        references=(hostile.replace("\ud800", ""),) if where == "references" else (),
    )
    mail = written(contact=contact, reply=Reply(text=HOSTILE.replace("\ud800", "")))
    assert mail["Bcc"] is None
    assert set(mail.keys()) <= ALLOWED


ALLOWED = {
    "From",
    "To",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "X-Loop",
    "Reply-To",
    "Subject",
    "MIME-Version",
    "Content-Type",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Transfer-Encoding",
}


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("neutral", [False, True])
def test_the_headers_tell_nothing_of_the_machine_and_no_word_of_the_case(
    purpose: Purpose, neutral: bool
) -> None:
    mail = written(purpose=purpose, neutral=neutral, reply=Reply(text="дизель", pin="042917"))
    assert set(mail.keys()) <= ALLOWED
    headers = "".join(f"{name}: {value}\n" for name, value in mail.items())
    for word in ("дизель", "042917", gethostname(), "python", "===="):
        assert not re.search(rf"(?<!\w){re.escape(word)}(?!\w)", headers, re.IGNORECASE)
    assert mail["Date"].endswith(" +0000")
    for boundary in (p.get_boundary() for p in mail.walk() if p.is_multipart()):
        assert re.fullmatch(r"[0-9a-f]{32}", boundary or "")


def test_a_thread_of_long_ids_is_kept_as_it_is() -> None:
    ids = tuple(f"<{n}{'a' * 300}@example.kz>" for n in range(60))
    mail = written(contact=Contact(address="a@x.kz", message_id=ids[-1], references=ids[:-1]))
    assert mail["In-Reply-To"] == ids[-1]
    assert mail["References"].split() == list(ids[-21:])


def test_a_neutral_mail_tells_nothing_of_a_hotline_but_the_answer_itself() -> None:
    for purpose in Purpose:
        mail = written(purpose=purpose, neutral=True, language=None, reply=Reply(text="Да."))
        whole = str(mail).lower() + part(mail, "plain").lower()
        for word in ("speakup", "hotline", "ethics", "compliance", "этик", "комплаенс", "желі"):
            assert word not in whole
    assert mail["From"].addresses[0].display_name


def test_answers_to_neutral_mails_find_their_case_and_their_bounces_the_mail() -> None:
    neutral, reply_id = ADDRESSES.neutral, uuid4()
    assert ADDRESSES.accepts(neutral.for_case(CASE))
    assert ADDRESSES.case_of(neutral.for_case(CASE)) == CASE
    assert ADDRESSES.reply_of(neutral.message_id(reply_id)) == reply_id
    assert not ADDRESSES.accepts("other@example.kz")


def test_a_companys_own_text_is_used_and_its_line_ends_stay_out_of_the_subject(
    tmp_path: Path,
) -> None:
    (tmp_path / "ru.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "mail.subject"\nmsgstr "Письмо\\nBcc: b@x.kz {number}"\n'
    )
    mail = written(words=Texts(tmp_path))
    assert mail["Subject"] == f"Письмо Bcc: b@x.kz {CASE}"
    assert mail["Bcc"] is None


def test_a_companys_text_with_an_unknown_placeholder_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "en.po").write_text('msgid "mail.answer"\nmsgstr "{text} {name}"\n')
    with pytest.raises(ValueError, match=r"mail\.answer"):
        Texts(tmp_path)
