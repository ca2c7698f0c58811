"""Six mails between a reporter and a handler, through real mail servers both ways: one case, one thread."""

from __future__ import annotations

import re
from base64 import b64encode
from email.message import EmailMessage
from io import BytesIO
from typing import Any, cast

from pypdf import PdfReader

from speakup.case_number import is_valid
from tests.journeys.test_replies import write
from tests.mailbox import text_of
from tests.peers.whole.post import HOTLINE, Post
from tests.waiting import eventually

NAME, ADDRESS = "Айгүл Серікқызы", "aigul@reporters.kz"
REPORT = "Қойма меңгерушісі дизель отынын ұрлап сатып жүр, кеше түнде екі бөшке әкетті."
QUESTION = "Бұл қай қоймада болды?"
ANSWER = "Солтүстік қоймада, кешкі ауысымда."
EXPLANATION = "Тексеру басталды. Бұйрықтың көшірмесі қоса берілді."
THANKS = "Рахмет, түсіндім."
OWN_WORDS = {
    # Ours, and what mail servers write on the way.
    *("from", "to", "date", "message-id", "in-reply-to", "references", "x-loop", "reply-to"),
    *("subject", "auto-submitted", "x-auto-response-suppress", "mime-version", "content-type"),
    *("received", "return-path", "delivered-to", "x-original-to"),
}


def mail(number: int, words: str, *, answered: EmailMessage | None = None) -> bytes:
    """As a mail program writes it, with the thread where it is an answer."""
    message = EmailMessage()
    message["From"] = f"{NAME} <{ADDRESS}>"
    message["To"] = HOTLINE if answered is None else answered["Reply-To"]
    message["Message-ID"] = f"<reporter-{number}@reporters.kz>"
    message["Subject"] = "Дизель" if answered is None else f"Re: {answered['Subject']}"
    if answered is not None:
        message["In-Reply-To"] = answered["Message-ID"]
        message["References"] = f"{answered['References']} {answered['Message-ID']}"
        words += "\n\n> " + "\n> ".join(text_of(answered).splitlines())
    message.set_content(words)
    return message.as_bytes()


async def test_six_mails_between_a_reporter_and_a_handler_are_one_case_and_one_thread(
    post: Post,
) -> None:
    before = await post.numbers()
    await post.write(ADDRESS, mail(1, REPORT))
    number = await post.new_case(before)
    assert is_valid(number)
    (acknowledged,) = await post.mails(ADDRESS, 1)
    pin = re.search(r"PIN\D*(\d{6})\b", text_of(acknowledged))
    assert pin

    await write(post.system, number, {"purpose": "question", "text": QUESTION})
    _, question = await post.mails(ADDRESS, 2)
    await post.write(ADDRESS, mail(4, ANSWER, answered=question), to=question["Reply-To"])
    await _has_come(post, number, 2)

    await write(post.system, number, {"text": EXPLANATION, "purpose": "answer"} | _files())
    *_, explained = await post.mails(ADDRESS, 3)
    await post.write(ADDRESS, mail(6, THANKS, answered=explained), to=explained["Reply-To"])
    await _has_come(post, number, 3)

    async def all_delivered() -> bool:
        return set((await post.states(number)).values()) == {"delivered"}

    await eventually(all_delivered)
    assert set(await post.numbers()) - set(before) == {number}
    case = await post.case(number)
    assert [s["follow_up"] for s in case["submissions"]] == [False, True, True]
    words = [s["narrative"]["text"].strip() for s in case["submissions"]]
    assert words == [REPORT, ANSWER, THANKS]
    assert [r["purpose"] for r in case["replies"]] == ["acknowledgement", "question", "answer"]
    assert case["acknowledged_at"] is not None
    assert case["language"] == "kk"

    assert QUESTION in text_of(question)
    assert EXPLANATION in text_of(explained)
    _explains(explained, number)
    # A robot's answer to the handler's mails is harmless; none is asked for by the acknowledgement.
    assert acknowledged["Return-Path"] == "<>"
    for sent in (acknowledged, question, explained):
        assert sent["References"].split()[0] == "<reporter-1@reporters.kz>"
        assert sent["In-Reply-To"] == sent["References"].split()[-1]
        _tells_nothing(sent, number, pin[1])


async def _has_come(post: Post, number: str, count: int) -> None:
    async def there() -> bool:
        return len((await post.case(number))["submissions"]) == count

    await eventually(there, seconds=30, every=0.1)


def _files() -> dict[str, Any]:
    order = {"name": "Бұйрық.txt", "content_type": "text/plain"}
    return {
        "as_pdf": True,
        "signatory": "А. Оспанова",
        "provision": "Іскерлік этика кодексі, 4.2",
        "attachments": [order | {"content": b64encode("№ 7 бұйрық".encode()).decode()}],
    }


def _explains(mail: EmailMessage, number: str) -> None:
    files = {
        part.get_filename(): bytes(cast("Any", part).get_payload(decode=True))
        for part in mail.iter_attachments()
    }
    assert set(files) == {f"{number}-1.pdf", "Бұйрық.txt"}
    assert files["Бұйрық.txt"].decode() == "№ 7 бұйрық"
    assert (
        "Тексеру басталды" in PdfReader(BytesIO(files[f"{number}-1.pdf"])).pages[0].extract_text()
    )


def _tells_nothing(mail: EmailMessage, number: str, pin: str) -> None:
    """Of reporter, handler and matter: the headers have the number, and the address it goes to."""
    assert {name.lower() for name in mail.keys()} <= OWN_WORDS  # noqa: SIM118 - not a dict
    assert mail["To"] == ADDRESS
    assert number in mail["Subject"]
    assert re.findall(r"\d+", mail["Subject"]) == [number]
    said = "\n".join(str(value) for value in mail.values()) + mail.as_string().partition("\n\n")[0]
    told = (*NAME.split(), "Дизель", pin, "officer", "handler", *REPORT.split()[:4])
    assert [word for word in told if word.lower() in said.lower()] == []
