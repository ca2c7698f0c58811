"""Mails that go out: neutral, threaded, and only to addresses that can be written to."""

from __future__ import annotations

from uuid import uuid4

import pytest

from intake_email.addresses import Addresses
from intake_email.compose import UNWRITABLE, compose, deliverable
from speakup.events import Language, Purpose
from speakup.i18n import texts
from speakup.submission import Contact, Reply

ADDRESSES = Addresses("speakup@example.kz", b"k" * 32)


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
