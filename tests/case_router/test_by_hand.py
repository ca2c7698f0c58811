"""Cases added by hand: opened like all others, told once."""

from __future__ import annotations

from typing import Any

import pytest

from speakup import case_number
from speakup.events import CaseAcknowledged, CaseOpened
from tests.case_router.world import World

BODY: dict[str, Any] = {
    "text": "A driver came by: the foreman sells our diesel.",
    "received_at": "2026-03-01T09:00:00+05:00",
    "language": "ru",
    "relation": "employee",
}


async def test_a_case_added_by_hand_is_opened_like_all_others(world: World) -> None:
    answer = await world.post("/cases", BODY)
    assert answer.status_code == 201, answer.text
    number = answer.json()["case_number"]
    assert case_number.is_valid(number)
    assert number.startswith("4")
    case = (await world.get(f"/cases/{number}")).json()
    assert (case["channel"], case["triaged_at"], case["relation"]) == ("hand", None, "employee")
    assert case["submissions"][0]["narrative"]["text"] == BODY["text"]
    (event,) = await world.events()
    assert isinstance(event.payload, CaseOpened)
    assert ("case.added", "officer", number) in await world.audit()
    (row,) = await world.rows("SELECT to_classify FROM cases")
    assert row.to_classify is True


async def test_the_same_request_adds_one_case_and_tells_the_pin_once(world: World) -> None:
    body = BODY | {"give_pin": True}
    first = (await world.post("/cases", body, Idempotency_Key="visit-1")).json()
    second = (await world.post("/cases", body, Idempotency_Key="visit-1")).json()
    assert first["case_number"] == second["case_number"]
    assert (len(first["pin"]), second["pin"]) == (6, None)
    assert len(await world.rows("SELECT 1 FROM cases")) == 1


async def test_a_reporter_who_was_told_their_pin_has_been_acknowledged(world: World) -> None:
    answer = await world.post("/cases", BODY | {"give_pin": True})
    (row,) = await world.rows("SELECT pin_locked, pin_hmac, acknowledged_at, sequence FROM cases")
    assert row.pin_locked is None
    assert row.pin_hmac is not None
    assert row.acknowledged_at is not None
    assert answer.json()["sequence"] == row.sequence == 2
    assert [type(e.payload) for e in await world.events()] == [CaseOpened, CaseAcknowledged]


async def test_a_contact_is_sealed_and_shown_to_nobody(world: World) -> None:
    number = (await world.post("/cases", BODY | {"contact": "+7 701 000 00 00"})).json()[
        "case_number"
    ]
    assert "701" not in (await world.get(f"/cases/{number}")).text
    (row,) = await world.rows("SELECT contact_reply, contact_unsealing FROM submissions")
    assert row.contact_reply is None
    assert b"701" not in row.contact_unsealing


async def test_what_is_said_to_have_come_tomorrow_is_refused(world: World) -> None:
    later = {"received_at": "2099-01-01T00:00:00Z"}
    assert (await world.post("/cases", BODY | later)).status_code == 422


@pytest.mark.parametrize("role", ["handler", "auditor", "admin", "mailroom"])
async def test_officers_and_the_chair_add_cases_and_nobody_else(world: World, role: str) -> None:
    assert (await world.post("/cases", BODY, role)).status_code == 404
