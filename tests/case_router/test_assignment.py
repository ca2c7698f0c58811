"""Who gets a case: by hand, by rules at triage, and the chair where nobody is eligible; never who is excluded."""

from __future__ import annotations

from typing import Any

import pytest

from speakup.events import CaseAssigned, CaseTriaged
from speakup.staff import Role
from tests.case_router.world import World

TRIAGE: dict[str, Any] = {
    "kind": "breach_report",
    "category": "fraud_theft",
    "subject": "other",
    "retaliation_risk": "none",
}


async def exclude(world: World, number: str, name: str) -> None:
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:number, :account)",
        number=number,
        account=world.accounts[name],
    )


async def set_rules(world: World, *rules: dict[str, Any]) -> None:
    answer = await world.put("/assignment-rules", {"items": list(rules)})
    assert answer.status_code == 200, answer.text


async def triaged(world: World, **facts: Any) -> str:
    """A case that has just been triaged by an officer."""
    number = await world.add_case(triaged_at=None, **facts)
    await triage(world, number)
    return number


async def triage(world: World, number: str, by: str = "officer", **facts: Any) -> None:
    answer = await world.change(number, "triage", TRIAGE | facts, by)
    assert answer.is_success, answer.text


async def handler_of(world: World, number: str, by: str = "officer") -> str | None:
    handler: str | None = (await world.get(f"/cases/{number}", by)).json()["handler"]
    return handler


async def handlers_of(world: World, number: str) -> list[str]:
    answer = await world.get(f"/handlers?case={number}")
    return [one["name"] for one in answer.json()["items"]]


async def test_who_is_excluded_is_neither_offered_nor_accepted(world: World) -> None:
    await world.add_account("handler2", Role.handler)
    number = await world.add_case()
    await exclude(world, number, "handler")
    assert await handlers_of(world, number) == ["handler2"]
    refused = await world.change(number, "assignment", {"handler": "handler"})
    unknown = await world.change(number, "assignment", {"handler": "nobody"})
    assert refused.status_code == unknown.status_code == 422
    assert refused.json() == unknown.json()
    assert await handler_of(world, number) is None


async def test_who_has_left_is_offered_no_more(world: World) -> None:
    await world.execute("UPDATE accounts SET disabled_at = now() WHERE name = 'handler'")
    number = await world.add_case()
    assert await handlers_of(world, number) == []
    answer = await world.change(number, "assignment", {"handler": "handler"})
    assert answer.status_code == 422


async def test_handlers_of_a_case_that_one_may_not_see_are_not_told(world: World) -> None:
    number = await world.add_case(restricted=True)
    hidden = await world.get(f"/handlers?case={number}")
    missing = await world.get("/handlers?case=2000000008")
    assert hidden.status_code == missing.status_code == 404
    assert hidden.content == missing.content


async def test_a_new_handler_sees_the_case_instead_of_the_one_before(world: World) -> None:
    await world.add_account("handler2", Role.handler)
    number = await world.add_case(handler="handler")
    await world.change(number, "assignment", {"handler": "handler2"})
    assert (await world.get(f"/cases/{number}", "handler2")).status_code == 200
    assert (await world.get(f"/cases/{number}", "handler")).status_code == 404


async def test_a_case_isnt_given_away_before_it_is_triaged(world: World) -> None:
    number = await world.add_case(triaged_at=None)
    answer = await world.change(number, "assignment", {"handler": "handler"})
    assert answer.status_code == 409
    assert "triage" in answer.json()["detail"]


async def test_without_rules_officers_give_cases_away_by_hand(world: World) -> None:
    number = await triaged(world)
    assert await handler_of(world, number) is None
    assert (await world.get(f"/cases/{number}", "chair")).status_code == 404


async def test_a_rule_gives_the_case_away_at_triage(world: World) -> None:
    await set_rules(world, {"category": "fraud_theft", "handlers": ["handler"]})
    number = await triaged(world)
    assert await handler_of(world, number) == "handler"
    assert (await world.get(f"/cases/{number}", "handler")).status_code == 200
    assert [type(event.payload) for event in await world.events()] == [CaseTriaged, CaseAssigned]
    noted = await world.rows("SELECT object FROM audit WHERE action = 'case.assigned_by_rule'")
    assert [row.object for row in noted] == [str(world.accounts["handler"])]


@pytest.mark.parametrize(
    "condition",
    [{"kind": "policy_inquiry"}, {"category": "other"}, {"unit": "fuel"}, {"language": "en"}],
)
async def test_a_rule_holds_for_what_it_says_only(world: World, condition: dict[str, str]) -> None:
    await world.execute("INSERT INTO units (unit, name) VALUES ('fuel', 'Fuel depot')")
    await set_rules(world, condition | {"handlers": ["handler"]})
    number = await triaged(world)
    assert await handler_of(world, number) is None


async def test_a_rule_can_be_of_all_four(world: World) -> None:
    await world.execute("INSERT INTO units (unit, name) VALUES ('fuel', 'Fuel depot')")
    conditions = {"kind": "breach_report", "category": "fraud_theft", "unit": "fuel"}
    await set_rules(world, conditions | {"language": "kk", "handlers": ["handler"]})
    number = await world.add_case(triaged_at=None, language="kk")
    await triage(world, number, unit="fuel")
    assert await handler_of(world, number) == "handler"


async def test_of_those_a_rule_lists_the_one_with_the_fewest_open_cases_gets_it(
    world: World,
) -> None:
    await world.add_account("handler2", Role.handler)
    await set_rules(world, {"handlers": ["handler", "handler2"]})
    await world.add_case(handler="handler")
    # What is closed is no load.
    await world.add_case(handler="handler2", status="closed")
    await world.add_case(handler="handler2", status="closed")
    first, second = await triaged(world), await triaged(world)
    assert [await handler_of(world, one) for one in (first, second)] == ["handler2", "handler"]


async def test_the_first_rule_with_somebody_eligible_decides(world: World) -> None:
    await world.add_account("handler2", Role.handler)
    await set_rules(
        world,
        {"category": "fraud_theft", "handlers": ["handler"]},
        {"handlers": ["handler2"]},
    )
    number = await world.add_case(triaged_at=None)
    await exclude(world, number, "handler")
    await triage(world, number)
    assert await handler_of(world, number) == "handler2"


async def test_a_case_that_nobody_may_have_goes_to_the_chair(world: World) -> None:
    await set_rules(world, {"handlers": ["handler"]})
    number = await world.add_case(triaged_at=None)
    await exclude(world, number, "handler")
    await triage(world, number)
    case = (await world.get(f"/cases/{number}", "chair")).json()
    assert (case["for_chair"], case["handler"]) == (True, None)
    assert number in (await world.get("/cases", "chair")).text
    assert (await world.get(f"/cases/{number}")).status_code == 200
    assert ("case.offered_to_chair", "officer", number) in await world.audit()


async def test_a_case_whose_every_handler_is_excluded_goes_to_the_chair_without_rules_too(
    world: World,
) -> None:
    number = await world.add_case(triaged_at=None)
    await exclude(world, number, "handler")
    await triage(world, number)
    assert (await world.get(f"/cases/{number}", "chair")).status_code == 200


async def test_a_chair_who_is_excluded_is_not_offered_the_case(world: World) -> None:
    number = await world.add_case(triaged_at=None)
    await exclude(world, number, "handler")
    await exclude(world, number, "chair")
    await triage(world, number)
    assert (await world.get(f"/cases/{number}", "chair")).status_code == 404
    assert (await world.get(f"/cases/{number}")).status_code == 200


async def test_what_the_chair_gives_away_is_the_chairs_no_more(world: World) -> None:
    await world.add_account("handler2", Role.handler)
    await set_rules(world, {"category": "other", "handlers": ["handler"]})
    number = await triaged(world)
    given = await world.change(number, "assignment", {"handler": "handler2"}, "chair")
    assert given.status_code == 200
    assert await handler_of(world, number) == "handler2"
    assert (await world.get(f"/cases/{number}", "chair")).status_code == 404


async def test_rules_take_no_case_from_its_handler(world: World) -> None:
    await world.add_account("handler2", Role.handler)
    await set_rules(world, {"handlers": ["handler2"]})
    number = await world.add_case(handler="handler")
    await triage(world, number)
    assert await handler_of(world, number) == "handler"


async def test_what_is_out_of_scope_is_nobodys_work(world: World) -> None:
    await set_rules(world, {"handlers": ["handler"]})
    number = await world.add_case(triaged_at=None)
    nothing: dict[str, Any] = {"kind": "out_of_scope", "category": "none", "subject": None}
    await triage(world, number, **nothing)
    assert await handler_of(world, number) is None
    assert (await world.get(f"/cases/{number}", "chair")).status_code == 404


async def test_no_rule_gives_a_restricted_case_away(world: World) -> None:
    await set_rules(world, {"handlers": ["handler"]})
    number = await world.add_case(triaged_at=None, restricted=True)
    await triage(world, number, "chair")
    assert await handler_of(world, number, "chair") is None


@pytest.mark.parametrize("role", ["admin", "officer"])
async def test_admins_and_officers_set_the_rules(world: World, role: str) -> None:
    rules = {"items": [{"kind": "policy_inquiry", "language": "kk", "handlers": ["handler"]}]}
    answer = await world.put("/assignment-rules", rules, role)
    whole = {"category": None, "unit": None}
    assert answer.json()["items"] == [rules["items"][0] | whole]
    assert (await world.get("/assignment-rules", role)).json() == answer.json()
    assert ("assignment_rules.changed", role, None) in await world.audit()


@pytest.mark.parametrize("role", ["handler", "chair", "auditor", "mailroom"])
async def test_others_learn_nothing_of_the_rules(world: World, role: str) -> None:
    assert (await world.get("/assignment-rules", role)).status_code == 404
    assert (await world.put("/assignment-rules", {"items": []}, role)).status_code == 404


@pytest.mark.parametrize(
    "rule",
    [
        {"handlers": ["officer"]},
        {"handlers": []},
        {"handlers": ["handler"], "unit": "moon"},
        {"handlers": ["handler"], "category": "weather"},
    ],
)
async def test_a_rule_that_can_give_a_case_to_nobody_is_refused(
    world: World, rule: dict[str, Any]
) -> None:
    await set_rules(world, {"handlers": ["handler"]})
    assert (await world.put("/assignment-rules", {"items": [rule]})).status_code == 422
    assert len((await world.get("/assignment-rules", "admin")).json()["items"]) == 1
