"""A mail becomes a case that is answered and counted: the whole way, on real servers."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from speakup.case_number import is_valid
from tests.mailbox import Mailbox, text_of
from tests.system import System
from tests.waiting import eventually

REPORT = {
    "kk": "Біздің цех бастығы дизель отынын ұрлап сатып жүр, кеше түнде тағы екі бөшке әкетті.",
    "ru": "Начальник цеха ворует дизельное топливо и продаёт его, вчера ночью вывез две бочки.",
    "en": "Our shop manager steals diesel fuel and sells it, last night he took two more barrels.",
}


def mail(text: str, *, subject: str = "Hello", message_id: str = "", extra: str = "") -> bytes:
    return (
        f"From: Reporter <reporter@example.kz>\r\nTo: speakup@localhost\r\nSubject: {subject}\r\n"
        f"Message-ID: <{message_id or abs(hash(text))}@example.kz>\r\n{extra}"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    ).encode()


_READ: dict[tuple[str, str, int], dict[str, Any]] = {}
"""Cases by system, number and newest event: one that hasn't changed isn't read again, of which there are many."""


async def read_all(system: System) -> list[dict[str, Any]]:
    """All cases, whole, as they are now."""
    found = []
    for item in await system.cases():
        key = (system.url, item["case_number"], item["sequence"])
        if key not in _READ:
            _READ[key] = (await system.get(f"/api/v1/cases/{key[1]}")).json()
        found.append(_READ[key])
    return found


async def case_with(system: System, words: str) -> dict[str, Any]:
    """The case whose narrative has the words."""

    async def look() -> list[dict[str, Any]]:
        return [case for case in await read_all(system) if words in str(case.get("submissions"))]

    found: list[dict[str, Any]] = await eventually(look, every=0.2)
    return found[0]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
async def test_a_report_is_a_case_is_acknowledged_and_is_counted(
    system: System, mailbox: Mailbox, language: str
) -> None:
    sender = f"{language}@example.kz"
    before = (await system.summary()).get("total", 0)
    message = mail(REPORT[language]).replace(b"reporter@example.kz", sender.encode())
    assert await system.send(message, sender=sender)

    case = await case_with(system, REPORT[language])
    number = case["case_number"]
    assert is_valid(number)

    (acknowledgement,) = await eventually(lambda: mailbox.to(sender))
    body = text_of(acknowledgement)
    assert number in body
    assert re.search(r"PIN[^\d]*\d{6}\b", body)
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert REPORT[language][:20] not in acknowledgement.as_string()

    async def settled() -> bool:
        facts = (await system.get(f"/api/v1/cases/{number}")).json()
        return facts["kind"] is not None and facts["acknowledged_at"] is not None

    await eventually(settled, seconds=30)
    await eventually(lambda: _counted(system, before + 1), seconds=30)
    facts = (await system.get(f"/api/v1/cases/{number}")).json()
    assert facts["language"] == language
    assert facts["kind"] == "breach_report"


async def _counted(system: System, total: int) -> bool:
    return bool((await system.summary()).get("total", 0) >= total)


async def test_a_handlers_answer_reaches_the_reporter_whose_reply_joins_the_case(
    system: System, mailbox: Mailbox
) -> None:
    sender = "asks@example.kz"
    message = mail("May I accept a calendar from a supplier?", message_id="calendar-question")
    assert await system.send(message.replace(b"reporter@", b"asks@"), sender=sender)
    case = await case_with(system, "calendar from a supplier")
    number = case["case_number"]
    token = await system.token("officer")
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:
        # The case may be classified meanwhile, which changes its version: ask again, as a person would.
        async def answered() -> bool:
            etag = (await system.get(f"/api/v1/cases/{number}")).headers["etag"]
            answer = await client.post(
                f"/api/v1/cases/{number}/replies",
                json={"purpose": "answer", "text": "Yes, one worth less than 2 MCI."},
                headers={"Authorization": f"Bearer {token}", "If-Match": etag},
            )
            assert answer.status_code in (201, 412), answer.text
            return answer.status_code == 201

        await eventually(answered)

    def arrived() -> Any:
        return [m for m in mailbox.to(sender) if "2 MCI" in text_of(m)]

    (answer,) = await eventually(arrived)
    assert answer["In-Reply-To"] == "<calendar-question@example.kz>"
    assert answer["Subject"].endswith(number)

    thanks = mail("Thank you, and a pen?", message_id="thanks").replace(b"reporter@", b"asks@")
    assert await system.send(thanks, sender=sender, to=answer["Reply-To"])
    joined = await case_with(system, "and a pen?")
    assert joined["case_number"] == number
    assert [s["follow_up"] for s in joined["submissions"]] == [False, True]


async def test_the_same_mail_sent_again_is_the_same_case(system: System) -> None:
    message = mail("Sent twice, since the first answer was lost.", message_id="twice")
    assert await system.send(message)
    assert await system.send(message)
    await case_with(system, "Sent twice")
    again = mail("A later mail.", message_id="later")
    assert await system.send(again)
    await case_with(system, "A later mail.")
    assert len([case for case in await read_all(system) if "Sent twice" in str(case)]) == 1


async def test_an_autoreply_is_kept_but_never_answered(system: System, mailbox: Mailbox) -> None:
    sender = "robot@example.kz"
    message = mail("I am on holiday.", message_id="robot", extra="Auto-Submitted: auto-replied\r\n")
    assert await system.send(message.replace(b"reporter@", b"robot@"), sender=sender)
    await case_with(system, "I am on holiday.")
    person = mail("I write myself.", message_id="person").replace(b"reporter@", b"person@")
    assert await system.send(person, sender="person@example.kz")
    await eventually(lambda: mailbox.to("person@example.kz"))
    assert mailbox.to(sender) == []


@pytest.mark.parametrize("role", ["auditor", "admin", "mailroom", "handler", "chair"])
async def test_whoever_may_not_see_a_case_finds_nothing(system: System, role: str) -> None:
    assert await system.send(mail(f"Not for {role}.", message_id=f"not-{role}"))
    case = await case_with(system, f"Not for {role}.")
    answer = await system.get(f"/api/v1/cases/{case['case_number']}", by=role)
    nothing = await system.get("/api/v1/cases/2000000008", by=role)
    assert answer.status_code == 404
    assert answer.json() == nothing.json()
