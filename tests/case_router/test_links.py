"""Links between cases: only for who may see both."""

from __future__ import annotations

import pytest

from tests.case_router.world import World


async def link(world: World, number: str, other: str) -> str:
    body = {"other": other, "relation": "same_event"}
    answer = await world.change(number, "links", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["link_id"])


async def test_a_link_is_read_from_both_its_cases(world: World) -> None:
    one, other = await world.add_case(), await world.add_case()
    await link(world, one, other)
    for here, there, outgoing in ((one, other, True), (other, one, False)):
        (item,) = (await world.get(f"/cases/{here}/links")).json()["items"]
        assert (item["other"], item["outgoing"]) == (there, outgoing)


async def test_a_linked_case_that_a_reader_may_not_see_is_not_shown_at_all(world: World) -> None:
    one, other = await world.add_case(handler="handler"), await world.add_case()
    link_id = await link(world, one, other)
    answer = await world.get(f"/cases/{one}/links", "handler")
    assert answer.json() == {"items": []}
    gone = await world.client.delete(
        f"/api/v1/cases/{one}/links/{link_id}", headers=world.bearer("handler")
    )
    assert gone.status_code == 404
    assert len((await world.get(f"/cases/{one}/links")).json()["items"]) == 1


async def test_a_case_that_one_may_not_see_is_refused_like_one_that_is_not_there(
    world: World,
) -> None:
    one, unseen = await world.add_case(handler="handler"), await world.add_case()
    answers = [
        await world.change(one, "links", {"other": n, "relation": "repeat_of"}, "handler")
        for n in (unseen, "2000000008", one)
    ]
    assert [answer.status_code for answer in answers] == [422] * 3
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_the_same_link_is_made_once(world: World) -> None:
    one, other = await world.add_case(), await world.add_case()
    await link(world, one, other)
    body = {"other": other, "relation": "same_event"}
    assert (await world.change(one, "links", body)).status_code == 409


async def test_a_link_is_taken_back(world: World) -> None:
    one, other = await world.add_case(), await world.add_case()
    link_id = await link(world, one, other)
    gone = await world.client.delete(f"/api/v1/cases/{one}/links/{link_id}", headers=world.bearer())
    assert gone.status_code == 204
    assert (await world.get(f"/cases/{other}/links")).json()["items"] == []


@pytest.mark.parametrize("role", ["handler", "chair", "auditor", "admin", "mailroom"])
async def test_links_are_read_by_nobody_who_may_not_see_the_case(world: World, role: str) -> None:
    number = await world.add_case()
    assert (await world.get(f"/cases/{number}/links", role)).status_code == 404
