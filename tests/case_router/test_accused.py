"""Two hundred invented cases that name staff in three languages: none is seen by whom it names."""

from __future__ import annotations

import itertools
import json

from speakup.staff import Role
from tests.building import submission_event
from tests.case_router.staff import add_person
from tests.case_router.world import World, opening

STAFF = {
    "officer": "Ахметов Серік Маратұлы",
    "handler": "Жұмабаева Айгүл Қайратқызы",
    "chair": "Вишневский Сергей Павлович",
    "auditor": "Қасымова Динара Болатқызы",
    "admin": "Соловьёв Пётр Ильич",
}
FORMS = {
    "officer": [
        "Ахметов", "Ахметовтың", "Ахметовке", "Ахметову", "Серика Ахметова", "С.М. Ахметовым", "Akhmetov",
        "Mr Serik Akhmetov's", "Serik Maratovich", "АХМЕТОВТАН",
    ],
    "handler": [
        "Жұмабаева", "Жұмабаеваның", "Жұмабаевамен", "Жумабаевой", "Айгуль Жумабаеву", "А. Жумабаева",
        "Zhumabayeva", "Aigul Jumabaeva", "Айгуль Кайратовна", "Zhumabaevaga",
    ],
    "chair": [
        "Вишневский", "Вишневскийге", "Вишневскийдің", "Вишневского", "Сергея Вишневского", "Вишневским С.П.",
        "Vishnevsky", "Sergey Vishnevskiy", "Сергеем Павловичем", "Vishnevskij",
    ],
    "auditor": [
        "Қасымова", "Қасымованың", "Қасымоваға", "Касымовой", "Динару Касымову", "Д.Б. Касымовой", "Kassymova",
        "Qasymova Dinara", "Динара Болатовна", "Kasymova's",
    ],
    "admin": [
        "Соловьёв", "Соловьевтің", "Соловьёвпен", "Соловьеву", "Петра Соловьева", "П.И. Соловьёва", "Solovyov",
        "Pyotr Solovyev", "Петра Ильича", "SOLOVYOV",
    ],
}  # fmt: skip
TEXTS = [
    "Кеше кеңседе {} туралы сөз болды: тендер алдын ала бөлініп қойған.",
    "Хочу сообщить, что {} связан с поставщиком кабеля и получает откат.",
    "I want to report {} who signs acts for work that was never done.",
    "Анонимно. {} Больше ничего не скажу, боюсь за семью.",
]


async def test_no_accused_finds_or_reads_the_case_that_names_them(world: World) -> None:
    await world.add_account("officer2", Role.officer)
    for account, name in STAFF.items():
        await add_person(world.engine, name, account=world.accounts[account])
    accused: dict[str, str] = {}
    batch = []
    for account in STAFF:
        for form, text in itertools.product(FORMS[account], TEXTS):
            event = submission_event(world.keys, text=text.format(form))
            accused[event.subject] = account
            batch.append(event)
    assert len(batch) == 200
    await opening(world).handle(batch)
    # The worst that can follow: released, triaged, and given to whom it names.
    await world.execute("UPDATE cases SET triaged_at = now(), restricted = false")
    await world.execute(
        "UPDATE cases SET handler = :handler", handler=str(world.accounts["handler"])
    )
    told = {who: await everything(world, who) for who in (*STAFF, "officer2")}
    assert [number for number, who in accused.items() if number in told[who]] == []
    for number, who in accused.items():
        assert (await world.get(f"/cases/{number}", who)).status_code == 404
    assert all(number in told["officer2"] for number in accused)


async def everything(world: World, who: str) -> str:
    """All that the API tells somebody without asking for one case: lists, searches, counts."""
    document = (await world.client.get("/openapi.json")).json()
    return "\n".join(
        [
            await _all_pages(world, path.removeprefix("/api/v1"), who)
            for path, operations in document["paths"].items()
            if "get" in operations and "{" not in path
        ]
    )


async def _all_pages(world: World, path: str, who: str) -> str:
    pages, cursor = "", ""
    while True:
        answer = await world.get(f"{path}?limit=200{cursor}", who)
        pages += answer.text
        try:
            following = json.loads(answer.text).get("next")
        except (ValueError, AttributeError):
            return pages
        if not following:
            return pages
        cursor = f"&cursor={following}"
