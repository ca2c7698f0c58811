"""The list of cases: filters, pages, and not a word of what anybody wrote."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from speakup.submission import Content
from tests.case_router.world import START, World


async def numbers(world: World, query: str = "", by: str = "officer") -> list[str]:
    answer = await world.get(f"/cases{query}", by)
    assert answer.status_code == 200, answer.text
    return [item["case_number"] for item in answer.json()["items"]]


async def test_the_newest_case_comes_first(world: World) -> None:
    made = [await world.add_case() for _ in range(3)]
    assert await numbers(world) == made[::-1]


@pytest.mark.parametrize(
    "facts",
    [
        {"kind": "policy_inquiry"},
        {"status": "in_review"},
        {"channel": "phone"},
        {"language": "ru"},
        {"needs_triage": True},
        {"urgent": True},
    ],
)
async def test_each_filter_finds_what_it_says(world: World, facts: dict[str, object]) -> None:
    await world.add_case()
    wanted = await world.add_case(None, **facts)
    ((name, value),) = facts.items()
    assert await numbers(world, f"?{name}={str(value).lower()}") == [wanted]


async def test_handler_me_finds_what_is_assigned_to_the_caller(world: World) -> None:
    await world.add_case()
    mine = await world.add_case(handler="officer")
    assert await numbers(world, "?handler=me") == [mine]


async def test_pages_show_every_case_once(world: World) -> None:
    made = [await world.add_case(opened_at=START) for _ in range(7)]
    seen: list[str] = []
    cursor = None
    pages = 0
    while True:
        query = "?limit=3" + (f"&cursor={cursor}" if cursor else "")
        page = (await world.get(f"/cases{query}")).json()
        seen += [item["case_number"] for item in page["items"]]
        pages += 1
        if (cursor := page["next"]) is None:
            break
    assert seen == sorted(made, reverse=True)
    assert pages == 3


async def test_urgent_cases_come_first_on_whatever_page(world: World) -> None:
    made = [await world.add_case(None, urgent=place in (1, 3)) for place in range(5)]
    wanted = [made[place] for place in (3, 1, 4, 2, 0)]
    assert await numbers(world) == wanted
    for limit in (1, 2, 3):
        page = (await world.get(f"/cases?limit={limit}")).json()
        assert await numbers(world, f"?cursor={page['next']}") == wanted[limit:]


async def test_a_page_that_is_just_full_is_the_last(world: World) -> None:
    for _ in range(2):
        await world.add_case()
    assert (await world.get("/cases?limit=2")).json()["next"] is None


async def test_a_case_opened_between_two_pages_shifts_nothing(world: World) -> None:
    made = [await world.add_case() for _ in range(4)]
    page = (await world.get("/cases?limit=2")).json()
    await world.add_case()
    assert await numbers(world, f"?cursor={page['next']}") == [made[1], made[0]]


def word(place: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "",
        "a",
        "%D0%B0",
        word(None),
        word([]),
        word([1, 2]),
        word([0, "2026-01-01T00:00:00+00:00"]),
        word([0, "yesterday", "2000000008"]),
        word([0, "2026-01-01T00:00:00+00:00", "' OR true"]),
        word([0, "0001-01-01T00:00:00+14:00", "2000000008"]),
        word([2, "2026-01-01T00:00:00+00:00", "2000000008"]),
        word(["2026-01-01T00:00:00+00:00", "2000000008"]),
        word({"opened_at": 1}),
    ],
)
async def test_a_cursor_of_somebody_elses_is_refused_in_words(world: World, cursor: str) -> None:
    for path in ("/cases", "/dead-letters"):
        answer = await world.get(f"{path}?cursor={cursor}")
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith("The cursor isn't one that this list gave out")


@pytest.mark.parametrize("query", ["kind=crime", "limit=0", "limit=201", "sort=size", "status=NEW"])
async def test_a_filter_that_does_not_exist_is_refused(world: World, query: str) -> None:
    answer = await world.get(f"/cases?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == f"query.{query.split('=')[0]}"


async def test_a_list_has_facts_only(world: World) -> None:
    await world.add_case(Content(subject="Topsecret", text="Narrative", pin="271828"))
    await world.execute("UPDATE cases SET pin_locked = 'x', hint = 'breach_report'")
    answer = await world.get("/cases")
    (item,) = answer.json()["items"]
    assert not {"pin_locked", "pin_hmac", "hint", "submissions"} & item.keys()
    for word in ("Topsecret", "Narrative", "271828", "reporter@example.kz"):
        assert word not in answer.text


async def test_without_a_token_the_answer_says_how_to_sign_in(world: World) -> None:
    answer = await world.client.get("/api/v1/cases")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert "/api/v1/token" in answer.json()["detail"]


@pytest.mark.parametrize("sort", ["newest", "oldest", "due", "priority"])
async def test_each_order_shows_every_case_once_page_by_page(world: World, sort: str) -> None:
    priorities = ["low", "urgent", "normal", "high", "normal"]
    numbers = {
        await world.add_case(priority=priority, acknowledge_by=START, urgent=priority == "low")
        for priority in priorities
    }
    seen: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await world.get(f"/cases?sort={sort}&limit=2{cursor}")).json()
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert {case["case_number"] for case in seen} == numbers
    assert len(seen) == len(numbers)
    if sort == "priority":
        assert [case["priority"] for case in seen] == ["urgent", "high", "normal", "normal", "low"]
    if sort == "oldest":
        assert seen == sorted(seen, key=lambda case: str(case["opened_at"]))


async def test_a_cursor_of_one_order_is_refused_in_another(world: World) -> None:
    for _ in range(3):
        await world.add_case()
    cursor = (await world.get("/cases?limit=1")).json()["next"]
    assert (await world.get(f"/cases?sort=oldest&cursor={cursor}")).status_code == 422


async def test_cases_are_counted_by_what_they_are_among_those_that_one_may_see(
    world: World,
) -> None:
    await world.add_case(kind="breach_report", channel="mail")
    await world.add_case(kind="policy_inquiry")
    await world.add_case(handler="handler")
    await world.add_case(restricted=True)
    counts = (await world.get("/cases/counts")).json()
    assert counts["kind"] == {"breach_report": 1, "policy_inquiry": 1, "none": 1}
    assert counts["channel"] == {"mail": 1, "email": 2}
    assert (await world.get("/cases/counts", "handler")).json()["channel"] == {"email": 1}
    mail = (await world.get("/cases/counts?channel=mail")).json()
    assert mail["kind"] == {"breach_report": 1}


@pytest.mark.parametrize(
    ("facts", "query"),
    [
        ({"category": "fraud_theft"}, "category=fraud_theft"),
        ({"unit": "m3"}, "unit=m3"),
        ({"priority": "high"}, "priority=high"),
        ({"triaged_at": None}, "triaged=false"),
        ({"handler": "handler"}, "handler=handler"),
    ],
)
async def test_more_filters_find_what_they_say(
    world: World, facts: dict[str, Any], query: str
) -> None:
    wanted = await world.add_case(**facts)
    await world.add_case(handler="handler2" if "handler2" in world.accounts else None)
    found = (await world.get(f"/cases?{query}")).json()["items"]
    assert [case["case_number"] for case in found] == [wanted]
