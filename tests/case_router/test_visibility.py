"""Nobody learns anything of a case that isn't for them: every route, every role."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from case_router.store import replies
from case_router.store.narratives import lock_reply
from speakup.blobs import close_blob
from speakup.events import Amendment, Channel, Purpose
from speakup.staff import Role
from speakup.submission import Amended, Attachment, Content, Recording, Reply
from tests.case_router.asking import NOT_THERE, ask, case_routes
from tests.case_router.world import Spoken, World, amend

# Of cases: restricted or not, whose; and who sees it.
CASES: dict[str, tuple[dict[str, object], set[str]]] = {
    "ordinary": ({}, {"officer"}),
    "assigned": ({"handler": "handler"}, {"officer", "handler"}),
    "another's": ({"handler": "handler2"}, {"officer"}),
    "restricted": ({"restricted": True}, {"chair"}),
    "restricted and assigned": ({"restricted": True, "handler": "handler"}, {"chair", "handler"}),
}


async def add_reply(world: World, number: str, reply: Reply) -> UUID:
    reply_id = uuid4()
    key = (await world.vault.keys_of([number]))[number]
    async with world.engine.begin() as connection:
        await replies.add(
            connection,
            reply_id=reply_id,
            case_number=number,
            channel=Channel.mail,
            purpose=Purpose.answer,
            account_id=str(world.accounts["officer"]),
            content_locked=lock_reply(key, number, reply_id, reply),
        )
    return reply_id


@pytest.mark.parametrize("kind", CASES)
async def test_what_one_may_not_see_is_answered_like_what_is_not_there(
    world: World, kind: str
) -> None:
    await world.add_account("handler2", Role.handler)
    facts, seeing = CASES[kind]
    blob, _ = close_blob(b"secret")
    file = Attachment(name="secret.pdf", content_type="application/pdf", blob=blob)
    number = await world.add_case(Content(text="secret", attachments=(file,)), **facts)
    ((submission,),) = await world.rows("SELECT submission_id FROM submissions")
    reply = await add_reply(world, number, Reply(text="secret", attachments=(file,)))
    spoken = Spoken(number, submission, uuid4())
    recording = Recording(
        recording_id=spoken.recording_id, content_type="audio/wav", seconds=3, blob=blob
    )
    await amend(world, spoken, Amendment.recording, Amended(recording=recording))
    known = {
        "submission_id": submission,
        "reply_id": reply,
        "recording_id": spoken.recording_id,
    }
    for role in set(Role) - seeing:
        for route in await case_routes(world):
            there = await ask(world, route, role, number, known)
            missing = await ask(world, route, role, NOT_THERE)
            assert there.status_code == missing.status_code == 404, (role, route)
            assert there.content == missing.content
            assert there.headers == missing.headers
        listed = await world.get("/cases", role)
        assert number not in listed.text
        assert listed.status_code == (200 if role in ("officer", "handler", "chair") else 404)
    assert await world.audit() == []
    assert await world.events() == []


@pytest.mark.parametrize("kind", CASES)
async def test_who_may_see_a_case_finds_it_in_the_list_and_reads_it(
    world: World, kind: str
) -> None:
    await world.add_account("handler2", Role.handler)
    facts, seeing = CASES[kind]
    number = await world.add_case(None, **facts)
    for role in seeing:
        assert [c["case_number"] for c in (await world.get("/cases", role)).json()["items"]] == [
            number
        ]
        assert (await world.get(f"/cases/{number}", role)).status_code == 200


async def test_every_route_of_the_api_asks_who_is_calling(world: World) -> None:
    paths = (await world.client.get("/openapi.json")).json()["paths"]
    asked = []
    for path, methods in paths.items():
        for method in methods:
            if path == "/api/v1/token":
                continue
            filled = re.sub(r"\{\w+\}", "1", path.replace("{number}", NOT_THERE))
            body = {"code": "1", "current": "1", "new": "1"} if method == "post" else None
            answer = await world.client.request(method, filled, json=body)
            assert answer.status_code == 401, (method, path)
            asked.append(path)
    assert len(asked) > 21


async def test_a_false_token_is_no_token(world: World) -> None:
    token = world.token()
    head, body, signature = token.split(".")
    for false in ("", "x", f"{head}.{body}.", f"{head}.{body}.{signature[:-4]}AAAA"):
        answer = await world.client.get(
            "/api/v1/cases", headers={"Authorization": f"Bearer {false}"}
        )
        assert answer.status_code == 401


async def test_a_cookie_alone_changes_nothing(world: World) -> None:
    number = await world.add_case()
    world.client.cookies.set("speakup_session", world.token())
    read = await world.client.get(f"/api/v1/cases/{number}")
    assert read.status_code == 200
    answer = await world.client.post(
        f"/api/v1/cases/{number}/status",
        json={"status": "in_review"},
        headers={"If-Match": read.headers["etag"]},
    )
    assert answer.status_code == 401


async def test_our_own_page_changes_what_its_reader_may_change(world: World) -> None:
    number = await world.add_case()
    world.client.cookies.set("speakup_session", world.token())
    answer = await world.client.post(
        f"/api/v1/cases/{number}/status",
        json={"status": "in_review"},
        headers={"If-Match": "*", "Speak-Up-Page": "1"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("role", ["handler", "auditor", "admin", "mailroom"])
async def test_only_who_assigns_cases_learns_the_handlers_names(world: World, role: str) -> None:
    assert (await world.get("/handlers", role)).status_code == 404
    assert (await world.get("/handlers", "officer")).json() == {"items": [{"name": "handler"}]}
