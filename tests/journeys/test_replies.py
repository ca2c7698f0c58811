"""What a handler writes reaches the reporter's mailbox: text, HTML, files and a numbered PDF, in one thread."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO
from typing import Any, cast

import httpx
from pypdf import PdfReader

from tests.journeys.test_mail_to_case import case_with, mail
from tests.mailbox import Mailbox, text_of
from tests.system import System
from tests.waiting import eventually


async def write(system: System, number: str, body: dict[str, Any]) -> None:
    """As the officer; asked again where the case was changed meanwhile."""
    token = await system.token("officer")
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as client:

        async def written() -> bool:
            etag = (await system.get(f"/api/v1/cases/{number}")).headers["etag"]
            answer = await client.post(
                f"/api/v1/cases/{number}/replies",
                json=body,
                headers={"Authorization": f"Bearer {token}", "If-Match": etag},
            )
            assert answer.status_code in (201, 412), answer.text
            return answer.status_code == 201

        await eventually(written)


async def test_an_explanation_with_a_file_and_as_a_pdf_reaches_the_reporter(
    system: System, mailbox: Mailbox
) -> None:
    sender = "explained@example.kz"
    question = mail("Можно ли принять от поставщика чайник?", message_id="kettle")
    assert await system.send(question.replace(b"reporter@", b"explained@"), sender=sender)
    number = (await case_with(system, "принять от поставщика чайник"))["case_number"]
    order = b"%PDF-1.4 order" * 100_000
    await write(
        system,
        number,
        {
            "purpose": "answer",
            "text": "Чайник дешевле 2 МРП принять можно.",
            "as_pdf": True,
            "signatory": "А. Оспанова",
            "provision": "Кодекс деловой этики, 4.2",
            "attachments": [
                {
                    "name": "Приказ.pdf",
                    "content_type": "application/pdf",
                    "content": b64encode(order).decode(),
                }
            ],
        },
    )
    (answer,) = await eventually(lambda: [m for m in mailbox.to(sender) if "2 МРП" in text_of(m)])
    html = answer.get_body(("html",))
    assert html is not None
    assert "2 МРП" in html.get_content()
    files = {
        f.get_filename(): bytes(cast("Any", f).get_payload(decode=True))
        for f in answer.iter_attachments()
    }
    assert set(files) == {f"{number}-1.pdf", "Приказ.pdf"}
    assert files["Приказ.pdf"] == order
    shown = PdfReader(BytesIO(files[f"{number}-1.pdf"])).pages[0].extract_text()
    assert "Чайник дешевле 2 МРП принять можно." in shown
    assert f"{number}-1" in shown
    assert "Основание: Кодекс деловой этики, 4.2" in shown
    assert "А. Оспанова" in shown
    assert answer["References"].split()[-1] == "<kettle@example.kz>"

    async def delivered() -> bool:
        case = (await system.get(f"/api/v1/cases/{number}")).json()
        return [r["state"] for r in case["replies"]] == ["delivered", "delivered"]

    await eventually(delivered)


async def test_who_writes_three_times_in_a_day_gets_one_automatic_mail_and_three_cases(
    system: System, mailbox: Mailbox
) -> None:
    sender = "often@example.kz"
    for n in range(3):
        words = f"Report number {n} about the same warehouse door."
        message = mail(words, message_id=f"often-{n}").replace(b"reporter@", b"often@")
        assert await system.send(message, sender=sender)
    numbers = [
        (await case_with(system, f"Report number {n} about"))["case_number"] for n in range(3)
    ]
    assert len(set(numbers)) == 3

    async def states() -> list[str]:
        found = []
        for number in numbers:
            case = (await system.get(f"/api/v1/cases/{number}")).json()
            found += [reply["state"] for reply in case["replies"]]
        return sorted(found)

    async def settled() -> bool:
        return await states() == ["accepted", "accepted", "delivered"]

    await eventually(settled)
    assert len(mailbox.to(sender)) == 1
