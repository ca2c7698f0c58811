"""Dead letters over HTTP: their outside only, and another try."""

from __future__ import annotations

import pytest

from speakup.consume import LaterError
from speakup.dead_letters import RawMessage
from speakup.topics import UnreadableRecordError
from tests.case_router.world import World


def message(offset: int = 0) -> RawMessage:
    return RawMessage(
        "speakup.submissions", 1, offset, b"2000000008", b"secret words", (("ce_type", b"kz.x"),)
    )


async def put(world: World, count: int = 1) -> None:
    for offset in range(count):
        letter = message(offset)
        different = RawMessage(
            letter.topic, 1, offset, letter.key, b"secret words %d" % offset, letter.headers
        )
        await world.parts.dead_letters.put(different, None, "unknown_type")


@pytest.mark.parametrize("role", ["officer", "admin"])
async def test_the_outside_of_a_dead_letter_is_shown(world: World, role: str) -> None:
    await put(world)
    (item,) = (await world.get("/dead-letters", role)).json()["items"]
    one = await world.get(f"/dead-letters/{item['id']}", role)
    assert one.json() == item
    assert (item["topic"], item["partition"], item["reason"], item["times"]) == (
        "speakup.submissions",
        1,
        "unknown_type",
        1,
    )
    assert "secret" not in one.text
    assert "2000000008" not in one.text


@pytest.mark.parametrize("role", ["handler", "chair", "auditor", "mailroom"])
async def test_others_find_no_dead_letters(world: World, role: str) -> None:
    await put(world)
    for path in ("/dead-letters", "/dead-letters/1", "/dead-letters/99"):
        assert (await world.get(path, role)).status_code == 404
    assert (await world.post("/dead-letters/1/replay", by=role)).status_code == 404
    assert world.replayed == []


async def test_dead_letters_come_in_pages(world: World) -> None:
    await put(world, 5)
    ids: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await world.get(f"/dead-letters?limit=2{cursor}")).json()
        ids += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}" if page["next"] else None
    assert ids == [5, 4, 3, 2, 1]


async def test_a_replayed_letter_is_marked_and_audited(world: World) -> None:
    await put(world)
    answer = await world.post("/dead-letters/1/replay", by="admin")
    assert answer.status_code == 200
    assert answer.json()["replayed_at"] is not None
    assert [m.value for m in world.replayed] == [b"secret words 0"]
    assert await world.audit() == [("dead_letter.replayed", "admin", None)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(UnreadableRecordError("unknown_type"), "unknown_type"), (ValueError("secret"), "ValueError")],
)
async def test_a_letter_that_fails_again_stays_with_the_reason(
    world: World, error: Exception, reason: str
) -> None:
    await put(world)
    world.replay_error = error
    answer = await world.post("/dead-letters/1/replay")
    assert answer.status_code == 409
    assert answer.json()["reason"] == reason
    assert "secret" not in answer.text
    assert (await world.get("/dead-letters/1")).json()["replayed_at"] is None


@pytest.mark.parametrize("error", [LaterError(), OSError("no route"), TimeoutError()])
async def test_a_letter_whose_time_has_not_come_can_be_tried_later(
    world: World, error: Exception
) -> None:
    await put(world)
    world.replay_error = error
    assert (await world.post("/dead-letters/1/replay")).status_code == 503


@pytest.mark.parametrize("letter_id", ["99", "0", "-1", "x", str(2**63), str(2**80)])
async def test_a_letter_that_is_not_there_is_not_found(world: World, letter_id: str) -> None:
    answer = await world.get(f"/dead-letters/{letter_id}")
    assert answer.status_code in (404, 422)
    answer = await world.post(f"/dead-letters/{letter_id}/replay")
    assert answer.status_code in (404, 422)
