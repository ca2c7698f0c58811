"""deploy/twilio-fallback.xml: what Twilio says when nobody answers it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from embedded import practice_credentials
from intake_phone.fallback import NAMES, document, in_russian_letters
from speakup.events import Language
from speakup.i18n import texts
from tests.twilio_double import TwilioDouble

FILE = Path(__file__).parents[2] / "deploy/twilio-fallback.xml"


def test_the_file_holds_the_texts_of_today() -> None:
    written = FILE.read_text(encoding="utf-8")
    assert written == document(texts()), "run: python -m intake_phone.fallback"


async def test_a_caller_hears_of_the_other_channels_in_three_languages_and_the_call_ends() -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=FILE.read_bytes(), headers={"content-type": "text/xml"})

    line = TwilioDouble(
        practice_credentials.make(),
        "http://fallback.example/",
        pace=0,
        transport=httpx.MockTransport(answer),
    )
    async with line.call() as caller:
        heard = caller.said
        assert caller.is_over
    await line.aclose()
    for name in NAMES:
        assert in_russian_letters(texts()(Language.kk, name)) in heard
        assert texts()(Language.ru, name) in heard
        assert texts()(Language.en, name) in heard


@pytest.mark.parametrize(
    ("kazakh", "russian"),
    [("Қазір қоңырауыңызды", "Казир конырауынызды"), ("үш, төрт, жүз", "уш, торт, жуз")],
)
def test_kazakh_is_written_in_russian_letters_for_a_russian_voice(
    kazakh: str, russian: str
) -> None:
    assert in_russian_letters(kazakh) == russian
