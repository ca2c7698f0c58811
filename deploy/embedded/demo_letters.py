"""The letters of the demonstration: two on one scan with separator sheets, one by itself, from the scanner to their cases."""

from __future__ import annotations

import asyncio
import hashlib
import io
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import pypdfium2

from embedded.screen import say
from intake_mail.papers import separator_sheets
from speakup import paper
from speakup.events import Language

LETTERS = (
    "Құрметті комиссия! Қоймадан материалдар құжатсыз шығарылып жатыр, оны күзет бастығы біледі. Тексеріп көріңіздерші.",
    "Уважаемая комиссия! На складе подписывают приёмку товара, которого никто не видел. Прошу проверить.",
    "Dear committee, the foreman asks new workers for money before he puts them on the list. Please look into it.",
)
T = TypeVar("T")
PATH = "/api/v1/letters"
WAIT_SECONDS = 240
"""Reading and the archive copy take some ten seconds a page on a slow machine."""

_PAGE = """
#set page(paper: "a4", margin: 25mm)
#set text(font: "Libertinus Serif", size: 13pt)
#sys.inputs.text
"""


class LettersError(Exception):
    """It can't go on; the text says why."""


async def post_letters(client: httpx.AsyncClient) -> list[str]:
    """Bring letters in as the mailroom, whose token `client` carries; their register numbers, once their cases are open.

    Raises LettersError.
    """
    pile = await asyncio.to_thread(_scan, LETTERS[:2])
    # No two demonstrations send the same scan.
    alone = await asyncio.to_thread(_page, f"№ {secrets.randbelow(10**6)}. {LETTERS[2]}")
    answer = await client.post(
        PATH,
        files=[("files", ("scan0001.pdf", pile)), ("files", ("scan0002.pdf", alone))],
        data={
            # A day that has begun wherever the mailroom is.
            "received_on": (datetime.now(UTC) - timedelta(days=1)).date().isoformat(),
            "opened_by": "A. Serikova",
            "witnessed_by": "B. Ivanov",
        },
        headers={"Idempotency-Key": secrets.token_hex(8)},
    )
    if answer.status_code != 201:
        raise LettersError(f"The letters were not taken: {answer.json()['detail']}")
    first = [one["number"] for one in answer.json()["letters"]]
    say(
        f"  two scans are in the register from {first[0]} on; waiting until they are split and read …"
    )
    # Others may bring letters meanwhile: ours are known by their scans.
    ours = {hashlib.sha256(scan).hexdigest() for scan in (pile, alone)}
    letters = await _until(lambda: _read(client, ours))
    for letter in letters:
        await _finish(client, letter)
    numbers = [letter["number"] for letter in letters]
    say("  sent; waiting for their archive copies and cases …")
    await _until(lambda: _opened(client, ours))
    return numbers


def _page(text: str) -> bytes:
    return paper.compile(_PAGE, {"text": text})


def _scan(texts: Sequence[str]) -> bytes:
    """A separator sheet before each letter."""
    sheets = pypdfium2.PdfDocument(separator_sheets(len(texts), Language.ru))
    made = pypdfium2.PdfDocument.new()
    for place, text in enumerate(texts):
        made.import_pages(sheets, [place])
        made.import_pages(pypdfium2.PdfDocument(_page(text)))
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


async def _lines(client: httpx.AsyncClient, scans: Collection[str]) -> list[dict[str, Any]]:
    """Those that came on these scans (SHA-256 in hex), oldest first."""
    items = (await client.get(PATH, params={"limit": 200})).json()["items"]
    return [line for line in reversed(items) if set(line["sha256"]) & set(scans)]


async def _read(client: httpx.AsyncClient, scans: Collection[str]) -> list[dict[str, Any]]:
    lines = await _lines(client, scans)
    waiting = any(line["progress"] is None or line["progress"]["waiting"] for line in lines)
    return lines if len(lines) == len(LETTERS) and not waiting else []


async def _finish(client: httpx.AsyncClient, line: dict[str, Any]) -> None:
    path = f"{PATH}/{line['letter_id']}"
    draft = (await client.get(path)).json()["draft"]
    pages = [page for page in draft["pages"] if not page["dropped"]]
    words = " ".join(page["text"] for page in pages).split()
    if words:
        say(f"  letter {line['number']}: {' '.join(words)[:60]}…")
    else:
        why = next((page["problem"]["what"] for page in pages if page["problem"]), "")
        say(f"  letter {line['number']} goes unread. {why}")
        await client.patch(f"{path}/draft", json={"unread": True})
    answer = await client.post(f"{path}/send")
    if answer.status_code != 200:
        raise LettersError(f"Letter {line['number']}: {answer.json()['detail']}")


async def _opened(client: httpx.AsyncClient, scans: Collection[str]) -> bool:
    return all(line["opened_at"] for line in await _lines(client, scans))


async def _until(look: Callable[[], Awaitable[T]]) -> T:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = await look()
                if found:
                    return found
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise LettersError("It takes longer than it should: see var/log/services.log.") from None
