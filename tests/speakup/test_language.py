from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from speakup.events import Language
from speakup.language import FILE, in_own_letters, language_of
from speakup.language_fit import fit

ROWS = (
    Path(__file__).parents[2] / "services" / "case-router" / "case_router" / "data" / "train.jsonl"
)
WITHOUT_NINE = str.maketrans("әғқңөұүһіӘҒҚҢӨҰҮҺІ", "агкноуухиАГКНОУУХИ")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Здравствуйте, подскажите, пожалуйста", Language.ru),
        ("За жалобу лишили вахты", Language.ru),
        ("Взятка", Language.ru),
        ("Директор Әбілқасов Қайрат подписал акт и забрал премию бригады", Language.ru),
        ("see https://example.com/very/long/latin/path/of/words приказ", Language.ru),
        ("Письмо не доставлено: host said 550 5.1.1 mailbox unavailable", Language.ru),
        ("Сәлеметсіз бе, кімге хабарласамын?", Language.kk),
        ("Жұмыста қауіпсіздік ережесі бұзылды", Language.kk),
        ("Сыйлық", Language.kk),
        ("Please tell me who approves gifts", Language.en),
        ("The foreman sells our diesel", Language.en),
        ("Gift", Language.en),
    ],
)
def test_our_languages_are_known(text: str, language: Language) -> None:
    assert language_of(text) is language
    assert in_own_letters(text, language)


@pytest.mark.parametrize(
    "text", ["Салеметсиз бе, бастык жумыста акша сурайды", "Откен айда еки рет айыппул салды"]
)
def test_kazakh_without_its_nine_letters_is_known(text: str) -> None:
    assert language_of(text) is Language.kk


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Dobryi den, master trebuet dengi, chto mne delat esli on uvolit", Language.ru),
        ("Zdravstvuite, podskajite kuda obratitsya", Language.ru),
        ("Salemetsiz be, bastyq jumysta aqsha suraidy", Language.kk),
    ],
)
def test_what_is_typed_in_latin_letters_is_known(text: str, language: Language) -> None:
    assert language_of(text) is language
    assert not in_own_letters(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "я",
        "12 345",
        "😀😀😀",
        "\ud800\ud800",
        "Guten Tag, unser Chef nimmt Geld vom Lieferanten.",
        "Merhaba, müdürümüz tedarikçiden rüşvet alıyor",
        "Доброго дня, наш керівник бере хабарі від постачальника.",
        "您好，我们的经理收受供应商的贿赂。",
        "ご注文商品",
    ],
)
def test_what_is_not_in_our_languages_is_none(text: str) -> None:
    assert language_of(text) is None


@pytest.mark.parametrize("letters", ["as typed", "without the nine Kazakh letters"])
def test_the_labelled_texts_are_known(letters: str) -> None:
    right, total = Counter[str](), Counter[str]()
    for row in map(json.loads, ROWS.read_text("utf-8").splitlines()):
        text = row["text"].translate(WITHOUT_NINE) if letters != "as typed" else row["text"]
        if row["language"] in Language.__members__:
            total[row["language"]] += 1
            right[row["language"]] += language_of(text) == row["language"]
    assert all(right[language] >= 0.98 * total[language] for language in Language)


def test_the_groups_are_those_of_the_labelled_texts() -> None:
    rows = [json.loads(line) for line in ROWS.read_text("utf-8").splitlines()]
    entries = [group.replace(" ", "_") + digits for group, digits in fit(rows).items()]
    assert FILE.read_text().split() == entries


def test_telling_a_language_needs_no_number_cruncher() -> None:
    code = "import sys, speakup.language; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
