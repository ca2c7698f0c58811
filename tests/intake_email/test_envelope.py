"""Who sent a mail and to whom, when only its headers can say it."""

from __future__ import annotations

import pytest

from intake_email.addresses import Addresses
from intake_email.envelope import envelope_of

HOTLINE = "speakup@example.kz"
ADDRESSES = Addresses(HOTLINE, b"k" * 32)
CASE = ADDRESSES.for_case("2941080236")


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ("Return-Path: <a@x.kz>\r\nFrom: b@x.kz", "a@x.kz"),
        ("Return-Path: <a@x.kz>\r\nReturn-Path: <forged@x.kz>", "a@x.kz"),
        ("Return-Path: <>\r\nFrom: MAILER-DAEMON@x.kz", ""),
        ("From: Asel <b@x.kz>", "b@x.kz"),
        ("Subject: nobody", ""),
        ("Return-Path: nonsense", ""),
    ],
)
def test_the_sender_is_the_uppermost_return_path_or_else_the_author(
    headers: str, sender: str
) -> None:
    assert envelope_of(f"{headers}\r\n\r\nx".encode(), ADDRESSES)[0] == sender


@pytest.mark.parametrize(
    ("headers", "recipient"),
    [
        (f"Delivered-To: {HOTLINE}", HOTLINE),
        (f"Delivered-To: {HOTLINE}\r\nTo: <{CASE}>", CASE),
        (f"To: Somebody <s@x.kz>,\r\n\tSpeak Up <{CASE}>", CASE),
        ("X-Original-To: speakup+2941080236.aaaaaaaaaa@example.kz\r\nTo: x@x.kz", None),
        ("Delivered-To: shared-mailbox@example.kz", HOTLINE),
        ("Subject: a blind copy", HOTLINE),
        (f"To: {'<' * 9000}@{HOTLINE}", HOTLINE),
    ],
)
def test_the_recipient_is_a_cases_own_address_before_any_other_of_ours(
    headers: str, recipient: str | None
) -> None:
    found = envelope_of(f"{headers}\r\n\r\nx".encode(), ADDRESSES)[1]
    if recipient is None:
        assert ADDRESSES.case_of(found) is None
    else:
        assert found == recipient


def test_what_stands_in_the_body_says_nothing() -> None:
    raw = f"Subject: x\r\n\r\nReturn-Path: <f@x.kz>\r\nDelivered-To: {CASE}\r\n".encode()
    assert envelope_of(raw, ADDRESSES) == ("", HOTLINE)
