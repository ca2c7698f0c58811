"""What a person says that a case is: checked, kept beside the model's word, and needed before anything else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from case_router.corruption import STEPS
from case_router.triage import Category, RetaliationRisk, Triage, refusal
from speakup.events import CaseTriaged, Kind
from tests.case_router.world import World

SAID: dict[str, Any] = {"kind": "breach_report", "retaliation_risk": "possible"}
GUESSED: dict[str, Any] = {
    "triaged_at": None,
    "kind": "policy_inquiry",
    "kind_by": "m1",
    "category": "other",
}


def refused(today: date = date(2026, 3, 10), **facts: Any) -> str | None:
    said = Triage(**{"kind": Kind.breach_report, "retaliation_risk": RetaliationRisk.none} | facts)
    return refusal(said, guess=None, reason="", reported_on=date(2026, 3, 5), today=today)


@pytest.mark.parametrize(
    ("breached", "discovered", "right"),
    [
        (date(2026, 3, 1), date(2026, 3, 2), True),
        (date(2026, 3, 5), date(2026, 3, 5), True),
        (None, date(2026, 3, 5), True),
        (date(2026, 3, 5), None, True),
        (date(2026, 3, 3), date(2026, 3, 2), False),
        (None, date(2026, 3, 6), False),
        (date(2026, 3, 6), None, False),
        (date(2026, 3, 11), None, False),
    ],
)
def test_a_breach_happens_then_is_discovered_then_reported(
    breached: date | None, discovered: date | None, *, right: bool
) -> None:
    assert (refused(breached_on=breached, discovered_on=discovered) is None) is right


def test_the_category_none_is_for_what_is_out_of_scope_alone() -> None:
    assert refused(category=Category.none) is not None
    assert refused(kind=Kind.out_of_scope, category=Category.none) is None
    assert refused(kind=Kind.out_of_scope, category=Category.other) is not None


async def test_the_model_s_word_is_kept_beside_a_person_s(world: World) -> None:
    number = await world.add_case(**GUESSED)
    said = SAID | {"reason": "It tells of a theft.", "category": "fraud_theft"}
    answer = await world.change(number, "triage", said)
    assert answer.status_code == 200, answer.text
    case = (await world.get(f"/cases/{number}")).json()
    assert (case["kind"], case["kind_by"], case["category"]) == (
        "breach_report",
        "person",
        "fraud_theft",
    )
    assert (case["guessed_kind"], case["guessed_category"]) == ("policy_inquiry", "other")
    again = await world.change(number, "triage", said | {"priority": "high"})
    assert again.status_code == 200
    assert (await world.get(f"/cases/{number}")).json()["guessed_kind"] == "policy_inquiry"


async def test_another_kind_than_the_model_s_needs_a_reason(world: World) -> None:
    number = await world.add_case(**GUESSED)
    answer = await world.change(number, "triage", SAID)
    assert answer.status_code == 422
    assert "reason" in answer.json()["detail"]


async def test_the_risk_for_the_reporter_must_be_answered(world: World) -> None:
    number = await world.add_case(**GUESSED)
    assert (await world.change(number, "triage", {"kind": "policy_inquiry"})).status_code == 422


async def test_a_reason_is_read_by_who_sees_the_case_and_lies_nowhere_in_plain(
    world: World,
) -> None:
    number = await world.add_case(**GUESSED)
    await world.change(number, "triage", SAID | {"reason": "canary-of-a-reason"})
    (read,) = (await world.get(f"/cases/{number}/triages")).json()["items"]
    assert (read["by"], read["reason"]) == ("officer", "canary-of-a-reason")
    assert (await world.get(f"/cases/{number}/triages", "handler")).status_code == 404
    kept = await world.rows("SELECT triages::text, audit::text FROM triages, audit")
    assert "canary" not in str(kept)


async def test_what_is_told_has_no_word_that_was_typed(world: World) -> None:
    await world.execute("INSERT INTO units (unit, name) VALUES ('m3', 'Mine 3')")
    number = await world.add_case(**GUESSED)
    said = {"unit": "m3", "site": "by the old gate", "subject": "procurement", "loss_tenge": 5}
    answer = await world.change(number, "triage", SAID | said | {"reason": "r"})
    assert answer.status_code == 200, answer.text
    (told,) = [e.payload for e in await world.events() if isinstance(e.payload, CaseTriaged)]
    assert (told.unit, told.subject, told.loss_tenge) == ("m3", "procurement", 5)
    assert "gate" not in told.model_dump_json()


async def test_a_unit_that_there_isnt_is_refused(world: World) -> None:
    number = await world.add_case(**GUESSED)
    answer = await world.change(number, "triage", SAID | {"unit": "moon", "reason": "r"})
    assert (answer.status_code, "no unit" in answer.json()["detail"]) == (422, True)


async def test_corruption_opens_the_steps_of_the_law_once(world: World) -> None:
    number = await world.add_case(**GUESSED)
    said = SAID | {"reason": "r", "corruption": True}
    assert (await world.change(number, "triage", said)).status_code == 200
    assert (await world.change(number, "triage", said)).status_code == 200
    (count,) = (await world.rows("SELECT count(*) FROM tasks WHERE done_at IS NULL"))[0]
    assert count == len(STEPS)


@pytest.mark.parametrize(
    ("what", "body"),
    [("assignment", {"handler": "handler"}), ("status", {"status": "in_review"})],
)
async def test_before_triage_a_case_is_neither_given_away_nor_moved_on(
    world: World, what: str, body: dict[str, str]
) -> None:
    number = await world.add_case(triaged_at=None)
    answer = await world.change(number, what, body)
    assert (answer.status_code, "triage" in answer.json()["detail"]) == (409, True)


async def test_whoever_is_kept_out_of_a_case_is_not_given_it(world: World) -> None:
    number = await world.add_case()
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:n, :a)",
        n=number,
        a=world.accounts["handler"],
    )
    answer = await world.change(number, "assignment", {"handler": "handler"})
    assert answer.status_code == 422


async def test_a_closed_case_is_reopened_with_a_reason_and_triaged_only_then(world: World) -> None:
    number = await world.add_case(status="closed", kind="policy_inquiry")
    assert (await world.change(number, "triage", SAID | {"reason": "r"})).status_code == 409
    assert (await world.change(number, "status", {"status": "reopened"})).status_code == 409
    body = {"status": "reopened", "reason": "New facts came."}
    assert (await world.change(number, "status", body)).status_code == 200
    (read,) = (await world.get(f"/cases/{number}/triages")).json()["items"]
    assert (read["triage"], read["reason"]) == (None, "New facts came.")
    assert (await world.change(number, "triage", SAID | {"reason": "r"})).status_code == 200
