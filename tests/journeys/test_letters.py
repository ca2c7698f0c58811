"""Letters: a pile on one scan becomes cases; what the mailroom sees of them afterwards is their line."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import pytest

from intake_mail import page_reader
from speakup.events import Language
from tests.clerk import Clerk, pile
from tests.intake_mail.rendered import FONTS, LETTERS, letter
from tests.system import System
from tests.waiting import eventually


@pytest.fixture
async def clerk(system: System) -> Clerk:
    if missing := await page_reader.notice():
        pytest.skip(missing)
    if not all(font.exists() for font in FONTS.values()):
        pytest.skip("install fonts-noto-core fonts-dejavu-core")
    return Clerk(system)


async def case_of(system: System, clerk: Clerk, letter_id: str) -> dict[str, Any]:
    """The case whose pages are named by the letter's number."""
    number = (await clerk.letter(letter_id))["number"]

    async def look() -> dict[str, Any] | None:
        for case in await system.cases():
            if case["channel"] == "mail":
                path = f"/api/v1/cases/{case['case_number']}"
                found: dict[str, Any] = (await system.get(path)).json()
                if number in str(found):
                    return found
        return None

    return dict(await eventually(look, seconds=60, every=0.5) or {})


async def test_a_pile_on_one_scan_becomes_cases_with_the_right_text(
    system: System, clerk: Clerk
) -> None:
    texts = [LETTERS[language] for language in Language]
    pages = [[letter(text)[0]] for text in texts]
    before = len(await clerk.register())
    await clerk.bring(pile(pages))
    lines = (await clerk.read(before + len(texts)))[before:]
    for line in lines:
        await clerk.send(line["letter_id"])
    for line, text in zip(lines, texts, strict=True):
        case = await case_of(system, clerk, line["letter_id"])
        (submission,) = case["submissions"]
        said = submission["narrative"]["text"].replace("\n", " ")
        assert SequenceMatcher(None, said, text, autojunk=False).ratio() > 0.98
        names = [one["name"] for one in submission["narrative"]["attachments"]]
        assert sorted(name.rpartition(".")[2] for name in names) == ["pdf", "png"]


async def test_after_sending_the_mailroom_sees_the_line_and_nothing_else(
    system: System, clerk: Clerk
) -> None:
    page, _ = letter(LETTERS[Language.ru])
    before = len(await clerk.register())
    (letter_id,) = await clerk.bring(pile([[page]]))
    await clerk.read(before + 1)
    draft = (await clerk.letter(letter_id))["draft"]
    picture = f"/api/v1/letters/{letter_id}/pages/{draft['pages'][-1]['page_id']}/picture"
    assert (await clerk.call("GET", picture)).status_code == 200
    await clerk.send(letter_id)
    case = await case_of(system, clerk, letter_id)
    assert (await clerk.call("GET", picture)).status_code == 404
    assert (await clerk.letter(letter_id))["draft"] is None
    number = case["case_number"]
    for path in (f"/api/v1/cases/{number}", "/api/v1/cases", f"/api/v1/cases/{number}/files"):
        assert (await clerk.call("GET", path)).status_code == 404
    assert number not in str(await clerk.register())
