from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from speakup.events import Language
from speakup.language import detect

CORPORA = Path(
    os.environ.get("SPEAKUP_CORPORA", Path(__file__).parents[2].parent / "shared" / "corpora")
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Здравствуйте, подскажите, пожалуйста", Language.ru),
        ("За жалобу лишили вахты", Language.ru),
        ("Сәлеметсіз бе, кімге хабарласамын?", Language.kk),
        ("Жұмыста қауіпсіздік ережесі бұзылды", Language.kk),
        ("Please tell me who approves gifts", Language.en),
    ],
)
def test_our_languages_are_known(text: str, language: Language) -> None:
    assert detect(text) is language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "12 345",
        "😀😀😀",
        "Guten Tag, unser Chef nimmt Geld vom Lieferanten.",
        "Доброго дня, наш керівник бере хабарі від постачальника.",
        "您好，我们的经理收受供应商的贿赂。",
        "Zdravstvuite, podskajite kuda obratitsya",
        "\ud800\ud800",
    ],
)
def test_what_is_not_in_our_languages_is_none(text: str) -> None:
    assert detect(text) is None


def test_nearly_all_labelled_texts_are_known() -> None:
    path = CORPORA / "messages" / "train.jsonl"
    if not path.exists():
        pytest.skip("corpora are not here")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    plain = [row for row in rows if row["language"] != "mixed" and row["style"] != "translit"]
    right = sum(detect(row["text"]) == row["language"] for row in plain)
    assert right / len(plain) > 0.985
