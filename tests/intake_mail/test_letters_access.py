"""Who may call which route of letters: every route there is, for every role there is."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from speakup.staff import Role
from tests.intake_mail.letters_desk import Mailroom

LETTERS = "/api/v1/letters"
REGISTER = {("get", LETTERS), ("get", f"{LETTERS}/register.pdf")}
"""What an auditor may call, too."""
NO_WORDS = REGISTER | {
    ("get", f"{LETTERS}/defaults"),
    ("put", f"{LETTERS}/defaults"),
    ("get", f"{LETTERS}/separators.pdf"),
    ("post", LETTERS),
    ("post", f"{LETTERS}/{{letter_id}}/scans"),
    ("patch", f"{LETTERS}/{{letter_id}}/entry"),
    ("get", f"{LETTERS}/labels"),
    ("post", f"{LETTERS}/labels/{{code}}/posted"),
    ("post", f"{LETTERS}/labels/{{code}}/returned"),
}
"""What shows nothing that a letter says, nor where an answer goes: no second factor is asked for."""


async def routes(mailroom: Mailroom) -> list[tuple[str, str]]:
    document: dict[str, Any] = (await mailroom.client.get("/openapi.json")).json()
    return [
        (method, path)
        for path, methods in document["paths"].items()
        if path.startswith(LETTERS)
        for method in methods
    ]


async def call(
    mailroom: Mailroom, route: tuple[str, str], headers: dict[str, str] | None = None
) -> Response:
    """With nothing in it that would be right; the letter's id is of one that isn't there."""
    method, path = route
    path = path.format(letter_id=UUID(int=1), page_id=UUID(int=2), code="000-0000")
    return await mailroom.client.request(method, path, headers=headers)


async def test_the_table_names_only_routes_that_there_are(mailroom: Mailroom) -> None:
    there = await routes(mailroom)
    assert len(there) == 21
    assert set(there) >= NO_WORDS


async def test_nobody_comes_in_without_a_token(mailroom: Mailroom) -> None:
    token = mailroom.token()["authorization"]
    forged = {"authorization": token[:-8] + "AAAAAAAA"}
    for route in await routes(mailroom):
        for headers in (None, forged, {"authorization": "Bearer"}):
            assert (await call(mailroom, route, headers)).status_code == 401, route


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.mailroom])
async def test_others_than_the_mailroom_find_nothing_there(mailroom: Mailroom, role: Role) -> None:
    for route in await routes(mailroom):
        answer = await call(mailroom, route, mailroom.token(role))
        may = role is Role.auditor and route in REGISTER
        assert answer.status_code == (200 if may else 404), route


async def test_without_a_second_factor_no_route_shows_what_letters_say(mailroom: Mailroom) -> None:
    for route in await routes(mailroom):
        answer = await call(mailroom, route, mailroom.token(narratives=False))
        assert (answer.status_code == 403) == (route not in NO_WORDS), route
        assert answer.status_code not in (401, 500)


async def test_who_corrects_the_register_without_a_second_factor_is_shown_no_draft(
    mailroom: Mailroom,
) -> None:
    letter_id = await mailroom.letter("They sell our diesel.")
    answer = await mailroom.client.patch(
        f"{LETTERS}/{letter_id}/entry",
        json={"reason": "It lay elsewhere.", "storage_place": "Safe 2"},
        headers=mailroom.token(narratives=False) | {"if-match": '"1"'},
    )
    assert answer.status_code == 200
    assert answer.json()["entry"]["storage_place"] == "Safe 2"
    assert answer.json()["draft"] is None
    assert "diesel" not in answer.text
