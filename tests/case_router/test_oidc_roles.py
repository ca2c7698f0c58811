"""What an identity provider's claim can give, and what it can't."""

from __future__ import annotations

import pytest

from case_router.oidc_roles import claimed, decide
from case_router.oidc_sign_in import account_name
from speakup.staff import Role

MEANINGS = {"ethics": Role.officer, "handlers": Role.handler}


@pytest.mark.parametrize("guarded", [Role.officer, Role.chair])
@pytest.mark.parametrize("local", [None, Role.handler, Role.auditor, Role.mailroom, Role.admin])
def test_a_claim_makes_nobody_an_officer_or_chair(guarded: Role, local: Role | None) -> None:
    assert decide(frozenset({guarded}), local) is Role.handler


@pytest.mark.parametrize("local", [None, *(role for role in Role if role is not Role.admin)])
def test_a_claim_makes_nobody_an_admin(local: Role | None) -> None:
    assert decide(frozenset({Role.admin}), local) is None


def test_all_claims_together_make_a_handler() -> None:
    assert decide(frozenset(Role), None) is Role.handler


@pytest.mark.parametrize("role", list(Role))
def test_a_role_given_here_stays_while_it_is_claimed(role: Role) -> None:
    assert decide(frozenset({role}), role) is role


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_is_no_longer_claimed_is_over(role: Role) -> None:
    assert decide(frozenset(), role) is None


def test_an_officer_who_is_claimed_a_handler_becomes_one() -> None:
    assert decide(frozenset({Role.handler}), Role.officer) is Role.handler


def test_a_chair_who_is_claimed_an_officer_is_neither_until_people_say_so() -> None:
    assert decide(frozenset({Role.officer}), Role.chair) is Role.handler


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        ({"roles": ["handlers", "cooks"]}, "roles"),
        ({"roles": "handlers"}, "roles"),
        ({"realm_access": {"roles": ["handlers"]}}, "realm_access.roles"),
        ({"https://example.kz/roles": ["handlers"]}, "https://example.kz/roles"),
    ],
)
def test_the_claim_is_read_where_the_setting_says(claims: dict[str, object], path: str) -> None:
    assert claimed(claims, path, MEANINGS) == {Role.handler}


@pytest.mark.parametrize(
    "claims",
    [{}, {"roles": None}, {"roles": {"handlers": True}}, {"roles": 7}, {"roles": [["handlers"]]}],
)
def test_a_claim_of_another_shape_is_none(claims: dict[str, object]) -> None:
    assert claimed(claims, "roles", MEANINGS) == frozenset()
    assert claimed(claims, "roles.of.mine", MEANINGS) == frozenset()


def test_words_that_mean_nothing_here_give_nothing() -> None:
    assert claimed({"roles": ["officer", "admin"]}, "roles", MEANINGS) == frozenset()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "Aigerim.S"}, "aigerim.s"),
        ({"email": "d.akhmetov@example.kz"}, "d.akhmetov"),
        ({"preferred_username": "EXAMPLE\\aigerim"}, "example-aigerim"),
    ],
)
def test_an_account_is_called_as_the_provider_calls_the_person(
    claims: dict[str, object], name: str
) -> None:
    assert account_name(claims) == name


@pytest.mark.parametrize("name", ["Әйгерім", "", None, 7, "007", "<script>"])
def test_a_name_that_cannot_be_written_here_is_made_up(name: object) -> None:
    made = account_name({"preferred_username": name})
    assert made.startswith("user-") or made == "script"
