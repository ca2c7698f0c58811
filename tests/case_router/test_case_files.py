"""Files that staff add to a case: sealed, given to who sees the case, erased with it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from case_router.api import case_files
from tests.case_router.test_replies import upload
from tests.case_router.world import World

CANARY = b"minutes of the talk with the foreman"


async def added(world: World, number: str, by: str = "officer", **more: Any) -> str:
    answer = await world.change(number, "files", upload(CANARY, "хаттама.pdf"), by, **more)
    assert answer.status_code == 201, answer.text
    return f"/cases/{number}/files/{answer.json()['file_id']}"


async def test_a_file_comes_back_as_it_was_as_a_download(world: World) -> None:
    number = await world.add_case()
    answer = await world.get(await added(world, number))
    assert (answer.content, answer.headers["content-type"]) == (CANARY, "application/octet-stream")
    (shown,) = (await world.get(f"/cases/{number}/files")).json()["items"]
    assert (shown["name"], shown["size"], shown["by"]) == ("хаттама.pdf", len(CANARY), "officer")
    actions = [action for action, _, _ in await world.audit()]
    assert actions[-3:] == ["file.added", "file.read", "case.files_read"]


async def test_neither_the_database_nor_the_store_holds_a_word_of_it(world: World) -> None:
    await added(world, await world.add_case())
    kept = [path for path in (world.parts.settings.var / "blobs").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert CANARY not in path.read_bytes()
        assert "хаттама" not in str(path)
    ((locked,),) = await world.rows("SELECT file_locked FROM case_files")
    assert "хаттама".encode() not in bytes(locked)


async def test_who_does_not_see_the_case_finds_no_file(world: World) -> None:
    number = await world.add_case()
    path = await added(world, number)
    for by in ("handler", "chair", "auditor", "admin", "mailroom"):
        assert (await world.get(path, by)).status_code == 404
        assert (await world.get(f"/cases/{number}/files", by)).status_code == 404
    other = await world.add_case(handler="handler")
    assert (await world.get(path.replace(number, other), "handler")).status_code == 404
    assert (await world.get(f"/cases/{number}/files/{uuid4()}")).status_code == 404


async def test_the_same_request_twice_adds_one_file(world: World) -> None:
    number = await world.add_case()
    first = await added(world, number, Idempotency_Key="once")
    assert await added(world, number, Idempotency_Key="once") == first
    assert len(await world.rows("SELECT file_id FROM case_files")) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"content": "no base64!"},
        {"content": ""},
        {"name": "../../etc/passwd"},
        {"name": ""},
        {"content_type": "text/html\r\nx: y"},
    ],
)
async def test_what_does_not_fit_is_refused_and_nothing_is_kept(
    world: World, wrong: dict[str, str]
) -> None:
    number = await world.add_case()
    assert (await world.change(number, "files", upload(CANARY) | wrong)).status_code == 422
    assert not any(path.is_file() for path in (world.parts.settings.var / "blobs").rglob("*"))


async def test_too_large_a_file_and_too_many_are_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await world.add_case()
    monkeypatch.setattr(case_files, "FILE_BYTES", 10)
    assert (await world.change(number, "files", upload(b"a" * 11))).status_code == 422
    monkeypatch.setattr(case_files, "MOST", 1)
    assert (await world.change(number, "files", upload(b"a"))).status_code == 201
    assert (await world.change(number, "files", upload(b"a"))).status_code == 409


async def test_of_a_case_that_is_erased_no_file_is_left_to_open(world: World) -> None:
    number = await world.add_case()
    path = await added(world, number)
    await world.erase()
    assert (await world.get(path)).status_code == 410
    (shown,) = (await world.get(f"/cases/{number}/files")).json()["items"]
    assert shown["name"] is None


async def test_a_store_that_is_away_is_said_and_leaves_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise OSError

    number = await world.add_case()
    monkeypatch.setattr(world.parts.blobs, "put", away)
    assert (await world.change(number, "files", upload(CANARY))).status_code == 503
    assert await world.rows("SELECT file_id FROM case_files") == []
