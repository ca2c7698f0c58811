"""No automatic mail goes to robots, lists or nobody; one goes to people."""

from __future__ import annotations

import pytest

from intake_email.parse import parse

PERSON = "Asel <asel@example.kz>"


def answerable(
    header: str = "", sender: str = PERSON, envelope_from: str = "asel@example.kz"
) -> bool:
    raw = f"From: {sender}\r\n{header}\r\n\r\nHello" if header else f"From: {sender}\r\n\r\nHello"
    return parse(raw.encode(), envelope_from).answerable


@pytest.mark.parametrize(
    "header",
    [
        "Subject: Question",
        "Auto-Submitted: no",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "Subject: Out of office parties and who pays for them",
        "X-Loop: somebody@example.com",
    ],
)
def test_a_person_is_answered(header: str) -> None:
    assert answerable(header)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: AUTO-GENERATED; reason=x",
        "Precedence: bulk",
        "Precedence: Junk",
        "Precedence: list",
        "Return-Path: <>",
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, OOF, AutoReply",
        "List-Id: <x.example.com>",
        "List-Unsubscribe: <mailto:x@example.com>",
        "X-Autoreply: yes",
        "X-Autorespond: yes",
        "X-Loop: speakup",
        "Content-Type: multipart/report; boundary=x",
        "Subject: Automatic reply: Question",
        "Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGCOiDRjyDQsiDQvtGC0L/Rg9GB0LrQtQ==?=",
        "Reply-To: noreply@example.kz",
    ],
)
def test_what_a_robot_sent_is_not_answered(header: str) -> None:
    assert not answerable(header)


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.kz",
        "Postmaster <postmaster@example.kz>",
        "no-reply@example.kz",
        "noreply+123@example.kz",
        "donotreply@example.kz",
        "info-noreply@example.kz",
        "bounces@example.kz",
        "nobody",
        "",
    ],
)
def test_a_robots_address_is_not_answered(sender: str) -> None:
    assert not answerable(sender=sender)


@pytest.mark.parametrize("envelope_from", ["", "<>", "MAILER-DAEMON@example.kz"])
def test_a_bounces_envelope_is_not_answered(envelope_from: str) -> None:
    assert not answerable(envelope_from=envelope_from)


def test_a_person_behind_a_form_that_takes_no_answers_is_answered() -> None:
    assert answerable(f"Reply-To: {PERSON}", sender="noreply@forms.example.kz")
