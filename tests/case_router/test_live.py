"""Following what changes: server-sent events, of what the reader may see."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from case_router import live
from case_router.chainer import Chainer
from tests.case_router.world import World


class Line:
    """The service's tasks that a stream needs, and how streams are read."""

    def __init__(self, world: World, chainer: Chainer) -> None:
        self._world, self._chainer = world, chainer

    async def chain(self) -> None:
        while await self._chainer.step():
            pass

    async def read(self, by: str = "officer", **headers: str) -> list[dict[str, Any]]:
        """All that a stream says until it ends."""
        await self.chain()
        answer = await self._world.get("/events", by, **headers)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return [_event(one) for one in answer.text.split("\n\n") if "event:" in one]


def _event(written: str) -> dict[str, Any]:
    fields = dict(line.split(": ", 1) for line in written.splitlines())
    told: dict[str, Any] = json.loads(fields["data"])
    return {"id": int(fields["id"]), "event": fields["event"]} | told


@pytest.fixture
async def line(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Line]:
    monkeypatch.setattr(live, "EVERY_SECONDS", 0.01)
    world.parts.live.lasts = 0.3
    stop = asyncio.Event()
    running = asyncio.create_task(world.parts.live.run(stop))
    yield Line(world, Chainer(world.engine, Ed25519PrivateKey.generate(), tmp_path))
    stop.set()
    await running


async def test_a_change_is_told_while_one_listens(world: World, line: Line) -> None:
    number = await world.add_case()
    world.parts.live.lasts = 2.0
    reading = asyncio.create_task(line.read(last_event_id="0"))
    await world.change(number, "status", {"status": "in_review"})
    told: list[dict[str, Any]] = []
    while not reading.done():
        await line.chain()
        await asyncio.wait([reading], timeout=0.05)
    told = await reading
    assert [(one["event"], one["case_number"], one["change"]) for one in told] == [
        ("case", number, "case.status_changed")
    ]


async def test_who_was_away_goes_on_behind_what_they_read_last(world: World, line: Line) -> None:
    number = await world.add_case()
    await world.change(number, "status", {"status": "in_review"})
    await world.change(number, "notes", {"text": "to be asked"})
    first, second = await line.read(last_event_id="0")
    assert (first["change"], second["change"]) == ("case.status_changed", "note.written")
    (again,) = await line.read(last_event_id=str(first["id"]))
    assert again == second


async def test_readings_are_no_news(world: World, line: Line) -> None:
    number = await world.add_case()
    await world.get(f"/cases/{number}")
    await world.get(f"/cases/{number}/contact")
    assert await line.read(last_event_id="0") == []


async def test_of_what_one_may_not_see_nothing_is_told(world: World, line: Line) -> None:
    number = await world.add_case(handler="handler")
    await world.change(number, "status", {"status": "in_review"})
    assert len(await line.read("handler", last_event_id="0")) == 1
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:n, :a)",
        n=number,
        a=world.accounts["handler"],
    )
    assert await line.read("handler", last_event_id="0") == []
    assert await line.read("chair", last_event_id="0") == []


async def test_who_missed_too_much_is_told_to_load_anew(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await world.add_case()
    for _ in range(3):
        await world.change(number, "notes", {"text": "to be asked"})
    monkeypatch.setattr(live, "FURTHEST", 1)
    assert [one["event"] for one in await line.read(last_event_id="0")] == ["reset"]
    # From another database, before this one was restored.
    assert [one["event"] for one in await line.read(last_event_id="999999")] == ["reset"]


async def test_a_stream_ends_when_the_service_stops(world: World) -> None:
    world.parts.live.lasts = 60.0
    stop = asyncio.Event()
    running = asyncio.create_task(world.parts.live.run(stop))
    reading = asyncio.create_task(world.get("/events"))
    await asyncio.wait([reading], timeout=0.05)
    stop.set()
    assert (await asyncio.wait_for(reading, 10)).status_code == 200
    await running


async def test_one_person_has_so_many_streams_and_no_more(
    world: World, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MOST_OF_ONE", 2)
    answers = await asyncio.gather(*(world.get("/events") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
    assert await line.read() == []


@pytest.mark.parametrize("role", ["admin", "auditor", "mailroom"])
async def test_who_sees_no_cases_follows_none(world: World, role: str) -> None:
    assert (await world.get("/events", role)).status_code == 404
