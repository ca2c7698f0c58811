"""Erasing: decided by two, done whole, once, over every kill; no backup opens it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from case_router import tables
from case_router.erasing import Erasing
from case_router.store import erasure
from case_router.store.narratives import open_contact, open_content
from speakup import seal
from speakup.blobs import close_blob
from speakup.events import CaseErased, CaseStatusChanged, Status
from speakup.keys import UNSEALING
from speakup.submission import Attachment, Content
from tests.building import submission_event
from tests.case_router.test_approvals import decide
from tests.case_router.test_recordings import SOUND
from tests.case_router.test_replies import upload
from tests.case_router.world import World, add_call, opening

CANARY = "kenaryquokka"
WHY = {"reason": f"Kept for as long as it may be, {CANARY}."}


def erasing(world: World) -> Erasing:
    return Erasing(
        engine=world.engine,
        vault=world.vault,
        blobs=world.blobs,
        relay=world.parts.relay,
        retry=300,
    )


async def blob_of(world: World, plain: bytes) -> Attachment:
    blob, ciphertext = close_blob(plain)
    await world.blobs.put(blob.digest, ciphertext)
    return Attachment(name=f"{CANARY}.pdf", content_type="application/pdf", blob=blob)


async def full_case(world: World, **facts: object) -> str:
    """With everything that leaves a trace."""
    files = (await blob_of(world, CANARY.encode()),)
    content = Content(text=CANARY, attachments=files, originals=files)
    number = await world.add_case(content, kind="breach_report", category="theft", **facts)
    said = {"purpose": "answer", "text": f"We looked at it: {CANARY}."}
    answer = await world.change(number, "replies", said, Idempotency_Key=number)
    assert answer.status_code == 201, answer.text
    added = await world.change(number, "files", upload(CANARY.encode(), f"{CANARY}.txt"))
    assert added.status_code == 201, added.text
    await world.execute(
        "UPDATE cases SET status = 'closed', closed_at = now(), disposition = 'considered', "
        "finding = 'substantiated', action = 'training' WHERE case_number = :n",
        n=number,
    )
    return number


async def ask(world: World, number: str) -> str:
    answer = await world.change(number, "erasure", WHY)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["approval_id"])


async def erase(world: World, number: str) -> None:
    assert await decide(world, await ask(world, number), "chair") == 200


def blobs_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def all_rows(world: World) -> str:
    found: list[Any] = []
    for table in tables.metadata.sorted_tables:
        found += await world.rows(f"SELECT {table.name}::text FROM {table.name}")
    return str(found)


async def test_what_two_people_erase_is_gone_and_its_facts_stay(
    world: World, tmp_path: Path
) -> None:
    number = await full_case(world)
    folder = Path(world.parts.settings.blobs.removeprefix("file://"))
    assert blobs_in(folder)
    await erase(world, number)
    case = (await world.get(f"/cases/{number}")).json()
    assert case["erased"]
    assert case["erased_at"] is not None
    facts = ("kind", "category", "status", "finding", "disposition", "action", "channel")
    assert [case[name] for name in facts] == [
        "breach_report",
        "theft",
        "closed",
        "substantiated",
        "considered",
        "training",
        "email",
    ]
    assert [one["narrative"] for one in case["submissions"]] == [None]
    assert [one["text"] for one in case["replies"]] == [None]
    assert blobs_in(folder) == []
    assert await world.vault.keys_of([number]) == {}
    rows = await all_rows(world)
    for trace in (CANARY, CANARY.encode().hex(), "reporter@example.kz"):
        assert trace not in rows
    assert ("case.erased", None, number) in await world.audit()
    assert isinstance((await world.events())[-1].payload, CaseErased)


async def test_a_backup_from_before_does_not_open(world: World) -> None:
    number = await full_case(world)
    backup = list(await world.rows("SELECT * FROM submissions"))
    before = (await world.vault.keys_of([number]))[number]
    (row,) = backup
    content = open_content(before, number, row.submission_id, row.content_locked)
    assert content is not None
    assert content.text == CANARY
    await erase(world, number)
    # All keys that are left, and all that is in the backup: neither words nor address.
    assert await world.vault.keys_of([number]) == {}
    (unsealing,) = world.keys.private(UNSEALING).values()
    info = seal.contact_info(row.submission_id)
    sealed = open_contact(before, number, row.submission_id, "unsealing", row.contact_unsealing)
    assert b"reporter@" in unsealing.open(sealed, info)
    with pytest.raises(seal.CannotOpenError):
        open_contact(seal.new_key(), number, row.submission_id, "unsealing", row.contact_unsealing)


async def test_a_call_is_erased_with_its_recording(world: World) -> None:
    call = await add_call(world, SOUND, status="closed")
    folder = Path(world.parts.settings.blobs.removeprefix("file://"))
    assert len(blobs_in(folder)) == 1
    await erase(world, call.number)
    assert blobs_in(folder) == []
    assert (await world.get(call.path)).status_code in (404, 410)


async def test_the_outbox_keeps_no_word_that_is_still_on_its_way(world: World) -> None:
    number = await full_case(world)
    assert "speakup.replies" in str(await world.rows("SELECT topic FROM outbox"))
    await erase(world, number)
    assert "speakup.replies" not in str(await world.rows("SELECT topic FROM outbox"))


async def test_nothing_is_added_to_what_was_erased(world: World) -> None:
    number = await full_case(world)
    await erase(world, number)
    for what, body in (("erasure", WHY), ("status", {"status": "reopened"})):
        answer = await world.change(number, what, body)
        assert answer.status_code == 410, answer.text


async def test_only_a_closed_case_is_erased(world: World) -> None:
    answer = await world.change(await world.add_case(), "erasure", WHY)
    assert answer.status_code == 409


async def test_what_is_refused_stays(world: World) -> None:
    number = await full_case(world)
    assert await decide(world, await ask(world, number), "chair", approved=False) == 200
    assert not (await world.get(f"/cases/{number}")).json()["erased"]


class Killed(BaseException):
    """As kill -9 ends it."""


@pytest.mark.parametrize("step", ["destroy", "delete", "clear"])
async def test_what_a_kill_interrupted_is_finished_later(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    number = await full_case(world)
    approval = await ask(world, number)

    async def kill(*_: object) -> None:
        raise Killed

    owner: Any = {"destroy": world.vault, "delete": world.blobs, "clear": erasure}[step]
    with monkeypatch.context() as patch:
        if step == "clear":
            patch.setattr(erasure, "clear", kill)
        else:
            patch.setattr(type(owner), step, kill)
        with pytest.raises(Killed):
            await decide(world, approval, "chair")
    case = (await world.get(f"/cases/{number}")).json()
    assert case["erased"]
    for _ in range(2):
        await erasing(world).finish_all()
    assert await world.vault.keys_of([number]) == {}
    assert CANARY not in await all_rows(world)
    erased = [e for e in await world.events() if isinstance(e.payload, CaseErased)]
    assert len(erased) == 1


async def test_two_processes_erase_a_case_once(world: World) -> None:
    number = await full_case(world)
    async with world.engine.begin() as connection:
        await erasure.begin(connection, number, [])
    await asyncio.gather(*(erasing(world).finish(number) for _ in range(4)))
    erased = [e for e in await world.events() if isinstance(e.payload, CaseErased)]
    assert len(erased) == 1


async def test_a_reporter_who_writes_again_begins_the_erased_case_anew(world: World) -> None:
    number = await full_case(world)
    await erase(world, number)
    more = submission_event(world.keys, number=number, follow_up=True, text="It goes on.")
    await opening(world).handle([more])
    case = (await world.get(f"/cases/{number}")).json()
    assert (case["erased"], case["status"], case["needs_triage"]) == (False, "reopened", True)
    texts = [one["narrative"] and one["narrative"]["text"] for one in case["submissions"]]
    assert texts == [None, "It goes on."]
    last = (await world.events())[-1].payload
    assert isinstance(last, CaseStatusChanged)
    assert (last.status, last.sequence) == (Status.reopened, case["sequence"])


async def test_a_follow_up_to_a_case_that_is_being_erased_waits(world: World) -> None:
    number = await full_case(world)
    async with world.engine.begin() as connection:
        await erasure.begin(connection, number, [])
    more = submission_event(world.keys, number=number, follow_up=True, text="It goes on.")
    await opening(world).handle([more])
    assert len(await world.rows("SELECT 1 FROM waiting_follow_ups")) == 1
    await erasing(world).finish(number)
    # Its adapter sends it again.
    await opening(world).handle([more])
    assert await world.rows("SELECT 1 FROM waiting_follow_ups") == []
    assert not (await world.get(f"/cases/{number}")).json()["erased"]


async def test_cases_are_proposed_when_their_time_is_over(world: World) -> None:
    old, young, foreign = [await full_case(world) for _ in range(3)]
    inquiry = await full_case(world)
    await world.execute(
        "UPDATE cases SET kind = 'policy_inquiry' WHERE case_number = :n", n=inquiry
    )
    for number, months in ((old, 61), (young, 59), (foreign, 61), (inquiry, 37)):
        await world.execute(
            "UPDATE cases SET closed_at = now() - make_interval(months => :m) WHERE case_number = :n",
            n=number,
            m=months,
        )
    await world.execute(
        "INSERT INTO exclusions VALUES (:n, :a)", n=foreign, a=world.accounts["officer"]
    )
    items = (await world.get("/erasures/proposals")).json()["items"]
    assert [item["case_number"] for item in items] == [old, inquiry]
    assert (await world.get("/erasures/proposals", "handler")).status_code == 404


async def test_erasing_one_case_leaves_the_others(world: World) -> None:
    number, other = await full_case(world), await full_case(world)
    await erase(world, number)
    case = (await world.get(f"/cases/{other}")).json()
    assert case["submissions"][0]["narrative"]["text"] == CANARY
    submission = UUID(case["submissions"][0]["submission_id"])
    answer = await world.get(f"/cases/{other}/submissions/{submission}/attachments/0")
    assert answer.content == CANARY.encode()
