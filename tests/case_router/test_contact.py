"""Staff say themselves where they are told of cases, and in which language."""

from __future__ import annotations

import pytest

from tests.case_router.world import World

CONTACT = {"email": "officer@company.kz", "language": "kk"}


async def test_one_sets_ones_own_contact(world: World) -> None:
    assert (await world.get("/account/contact")).json() == {"email": None, "language": None}
    answer = await world.put("/account/contact", CONTACT, "officer")
    assert answer.json() == CONTACT
    assert (await world.get("/account/contact")).json() == CONTACT
    assert (await world.get("/account/contact", "chair")).json()["email"] is None
    assert (await world.audit())[-1] == ("account.contact_changed", "officer", None)


@pytest.mark.parametrize(
    "address",
    ["officer", "a b@company.kz", "a@company.kz\nBcc: x@example.kz", "<a@company.kz>", "a@", ""],
)
async def test_what_is_no_address_is_refused_and_not_repeated(world: World, address: str) -> None:
    answer = await world.put("/account/contact", {"email": address}, "officer")
    assert answer.status_code == 422
    assert "company" not in answer.text
