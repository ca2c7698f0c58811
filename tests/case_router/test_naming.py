"""Staff are found in texts however they are written; who isn't named is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from case_router.naming import Finder, parts
from case_router.transliteration import sound

STAFF = {
    "Ахметов Серік Маратұлы": uuid4(),
    "Жұмабаева Айгүл Қайратқызы": uuid4(),
    "Вишневский Сергей Павлович": uuid4(),
    "Ким Ольга Сергеевна": uuid4(),
    "Марат Дәулет": uuid4(),
    "Соловьёв Пётр Ильич": uuid4(),
}
GIVEN = ("Марат", "Серік", "Айгүл", "Сергей", "Ольга", "Дәулет")
FINDER = Finder({person: name for name, person in STAFF.items()}, GIVEN)
SURNAMES = {name.split()[0]: person for name, person in STAFF.items()}


def found(text: str) -> set[str]:
    names = {person: name.split()[0] for name, person in STAFF.items()}
    return {names[person] for person in FINDER.find(text)}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("Серік Ахметовтың інісі тендерді ұтты", "Ахметов"),
        ("Ахметовке ақша бердік, Ахметовпен келіскен", "Ахметов"),
        ("АХМЕТОВҚА ШАҒЫМ", "Ахметов"),
        ("Деньги передали Ахметову в кабинете", "Ахметов"),
        ("это всё с ведома Серика Маратовича Ахметова", "Ахметов"),
        ("начальник серик маратулы всё знает", "Ахметов"),
        ("у С.М. Ахметова есть доля", "Ахметов"),
        ("Our chief, S. Akhmetov, signs whatever he is given", "Ахметов"),
        ("Akhmetov's brother is the supplier", "Ахметов"),
        ("Ахме\u0301товым подписано", "Ахметов"),
        ("Ax\u00adметов", "Ахметов"),
        ("пишите на s.akhmetov@example.kz", "Ахметов"),
        ("Серік Ахметовтерге барып жүр", "Ахметов"),
        ("Айгүл Жұмабаеваның туысы", "Жұмабаева"),
        ("Жумабаевой отдали премию", "Жұмабаева"),
        ("Zhumabayeva hired her nephew", "Жұмабаева"),
        ("Jumabaeva Aigul", "Жұмабаева"),
        ("Jumabayevağa bardym", "Жұмабаева"),
        ("Айгуль Кайратовна велела молчать", "Жұмабаева"),
        ("Вишневского видели с подрядчиком", "Вишневский"),
        ("Vishnevskiy and Vishnevsky are one man", "Вишневский"),
        ("к Вишневскому С. П. обращались", "Вишневский"),
        ("Вишневскийдің көлігі", "Вишневский"),
        ("инженер Ким требует откат", "Ким"),
        ("Ольге Ким занесли конверт", "Ким"),
        ("O. Kim from finance", "Ким"),
        ("Дәулет Марат бәрін біледі", "Марат"),
        ("Dauletke Maratov emes, Daulet Marat dedi", "Марат"),
        ("Соловьева Петра уволить", "Соловьёв"),
        ("Solovyov takes money", "Соловьёв"),
        ("Solov'ev takes money", "Соловьёв"),
        ("Петру Ильичу всё равно", "Соловьёв"),
    ],
)
def test_a_name_is_found_in_whatever_form(text: str, who: str) -> None:
    assert who in found(text), text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Тендерді кім ұтты? Кімге хабарлаймыз? Ешкім білмейді.",
        "Марат кеше келді",
        "Сергей Петрович из цеха, Ольга из столовой",
        "А.Б. Ахметов приехал из Астаны",
        "соловьи поют",
        "The foreman sells our diesel, twice a week since May.",
        "Серик, здравствуйте! Ольга, добрый день.",
        "Кому: Ольга\nОт кого: ким",
    ],
)
def test_who_is_not_named_is_left_alone(text: str) -> None:
    assert found(text) == set(), text


def test_all_who_are_named_are_found() -> None:
    assert found("Ахметов и Вишневский делят с Жумабаевой") == {
        "Ахметов",
        "Вишневский",
        "Жұмабаева",
    }


def test_namesakes_are_all_possible() -> None:
    one, other = uuid4(), uuid4()
    finder = Finder({one: "Омаров Болат", other: "Омарова Динара"})
    assert finder.find("Омарова видели на складе") == {one, other}


@pytest.mark.parametrize(
    ("one", "other"),
    [("Жұмабаев", "Zhumabayev"), ("Қасым", "Qasym"), ("Шәкәрім", "Shakarim"), ("Щербаков", "Shcherbakov"),
     ("Джумабаев", "Жумабаев"), ("Сергей", "Sergej"), ("Александр", "Alexandr"), ("Мария", "Maria")],
)  # fmt: skip
def test_alphabets_come_down_to_the_same(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(
    ("written", "surname"),
    [
        ("Ахметов Серік Маратұлы", "Ахметов"),
        ("Marat Akhmetov", "Akhmetov"),
        ("Серік Болат", "Серік"),
        ("Ким Ольга Сергеевна", "Ким"),
    ],
)
def test_the_surname_is_known_by_its_place_or_its_ending(written: str, surname: str) -> None:
    assert parts(written).surnames == (surname,)


def test_nobody_to_look_for_is_nobody_found() -> None:
    assert Finder({}).find("Ахметов") == frozenset()


CORPUS = Path(os.environ.get("SPEAKUP_CORPORA", "../shared/corpora")) / "messages/train.jsonl"


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora aren't on this machine")
def test_real_texts_rarely_name_somebody_by_mistake() -> None:
    surnames = [
        "Ахметов",
        "Жұмабаев",
        "Иванов",
        "Оспанов",
        "Смағұлов",
        "Каримов",
        "Касымов",
        "Ким",
        "Петров",
        "Бекенов",
    ]
    given = [
        "Серік",
        "Марат",
        "Ерлан",
        "Асхат",
        "Бақыт",
        "Айгүл",
        "Мадина",
        "Гүлнар",
        "Асель",
        "Ольга",
    ]
    people: dict[UUID, str] = {uuid4(): f"{s} {g}" for s in surnames for g in given}
    finder = Finder(people, given)
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    named = sum(bool(finder.find(json.loads(line)["text"])) for line in lines)
    # One of them in a hundred says a surname of ours, of somebody else.
    assert named / len(lines) < 0.01
