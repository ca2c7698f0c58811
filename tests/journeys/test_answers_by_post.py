"""An answer by post on a running system: the officer prints the letter, the mailroom its label, and posted is delivered."""

from __future__ import annotations

import re
from typing import Any

import pytest

from intake_mail import page_reader
from speakup.events import Language
from tests.clerk import Clerk, pile
from tests.intake_mail.rendered import FONTS, LETTERS, letter
from tests.intake_mail.test_mailroom_learns_nothing import said, told
from tests.journeys.test_letters import case_of
from tests.system import System
from tests.waiting import eventually

ADDRESS = "Aigul Serikova\nLenin St 5\nTemirtau"
LABELS = "/api/v1/letters/labels"


@pytest.fixture
async def clerk(system: System) -> Clerk:
    if missing := await page_reader.notice():
        pytest.skip(missing)
    if not all(font.exists() for font in FONTS.values()):
        pytest.skip("install fonts-noto-core fonts-dejavu-core")
    return Clerk(system)


async def sent(system: System, clerk: Clerk) -> dict[str, Any]:
    """The case of a letter whose writer gave an address."""
    page, _ = letter(LETTERS[Language.en])
    before = len(await clerk.register())
    (letter_id,) = await clerk.bring(pile([[page]]))
    await clerk.read(before + 1)
    path = f"/api/v1/letters/{letter_id}"
    noted = {"address": ADDRESS, "language": "en"}
    assert (await clerk.surely("PATCH", f"{path}/draft", json=noted)).status_code == 200
    await clerk.send(letter_id)
    return await case_of(system, clerk, letter_id)


async def reply(system: System, number: str, state: str) -> dict[str, Any]:
    """The acknowledgement, once it has got so far."""

    async def look() -> dict[str, Any] | None:
        (found,) = (await system.get(f"/api/v1/cases/{number}")).json()["replies"]
        return dict(found) if found["state"] == state else None

    return dict(await eventually(look, seconds=60, every=0.3) or {})


async def test_an_acknowledgement_goes_by_post_in_two_halves(system: System, clerk: Clerk) -> None:
    number = (await sent(system, clerk))["case_number"]
    asked = await reply(system, number, "accepted")
    printed = said(await system.get(asked["letter"]["pdf"]))
    found = re.search(r"PIN\s+(\d{6})\b", printed)
    assert found is not None
    pin = found[1]
    assert told(printed, number, *ADDRESS.split("\n")) == {number}

    code = asked["letter"]["post_code"]
    label = said(await clerk.surely("GET", f"{LABELS}/{code}/label.pdf"))
    assert told(label, ADDRESS, code, number, pin) == {ADDRESS, code}

    path = f"{LABELS}/{code}/posted"
    posted = {"registered_mail_number": "RR123456785KZ"}
    assert (await clerk.surely("POST", path, json=posted)).json()["state"] == "posted"
    await reply(system, number, "delivered")
    case = (await system.get(f"/api/v1/cases/{number}")).json()
    assert case["acknowledged_at"] is not None
    assert (await system.get(asked["letter"]["pdf"])).status_code == 409

    await clerk.surely("POST", f"{LABELS}/{code}/returned", json={"reason": "unclaimed"})
    back = await reply(system, number, "failed")
    assert "post office" in back["failure"]

    # All that the installation answers a mailroom account, by its own description.
    known = {"number": number, "reply_id": asked["reply_id"], "code": code, "index": 0}
    paths = (await clerk.call("GET", "/openapi.json")).json()["paths"]
    other = "00000000-0000-0000-0000-000000000007"
    for path, methods in paths.items():
        if "get" in methods:
            filled = re.sub(r"{(\w+)}", lambda place: str(known.get(place[1], other)), path)
            answer = said(await clerk.call("GET", filled))
            assert told(answer, number, pin, *ADDRESS.split("\n")) == set(), path
