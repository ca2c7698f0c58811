"""Every route of a case, as the OpenAPI document tells of them: what it shows or changes is in the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from speakup.blobs import close_blob
from speakup.events import Amendment
from speakup.submission import Amended, Attachment, Blob, Content, Recording
from tests.case_router import asking
from tests.case_router.staff import add_unit
from tests.case_router.test_replies import ANSWER, upload
from tests.case_router.world import Spoken, World, amend

BODIES: dict[str, Any] = {
    "concerned": {"unit": "works"},
    "files": upload(b"minutes"),
    "links": {"relation": "same_event"},
    "status": {
        "status": "closed",
        "disposition": "considered",
        "finding": "unsubstantiated",
        "action": "none",
    },
    "tasks": {"title": "Ask the foreman", "due_on": "2026-12-01"},
    "triage": {"kind": "breach_report", "retaliation_risk": "none"},
    "{concerned_id}": {"state": "confirmed"},
}
"""By the path's last word, where examples name what isn't there."""
ELSEWHERE = {
    ("get", "/api/v1/cases/{number}/replies/{reply_id}/letter.pdf"): "test_letters",
    ("get", "/api/v1/cases/{number}/recordings/{recording_id}"): "test_recordings",
    ("post", "/api/v1/cases/{number}/erasure"): "test_erasure",
    ("post", "/api/v1/cases/{number}/concerned/readings"): "test_approvals",
}
"""What the chair's open case by mail doesn't have, and the file that tests it."""


async def a_case_with_everything(world: World) -> dict[str, object]:
    """The chair's; the ids of what belongs to it."""
    blob = await kept(world)
    file = Attachment(name="scan.pdf", content_type="application/pdf", blob=blob)
    content = Content(
        text="The foreman sells our diesel.",
        full_text=blob,
        raw_blob=blob,
        attachments=(file,),
        originals=(file,),
    )
    number = await world.add_case(content, restricted=True, urgent=True, kind="breach_report")
    ((submission,),) = await world.rows(
        "SELECT submission_id FROM submissions WHERE case_number = :n", n=number
    )
    spoken = Spoken(number, submission, uuid4())
    recording = Recording(
        recording_id=spoken.recording_id, content_type="audio/wav", seconds=1, blob=blob
    )
    await amend(world, spoken, Amendment.recording, Amended(recording=recording))
    ids: dict[str, object] = {
        "number": number,
        "submission_id": submission,
        "recording_id": spoken.recording_id,
    }
    await open_to_the_chair(world, number)
    for what, body in {
        "replies": ANSWER | {"attachments": [upload(b"%PDF-1.7")]},
        "files": BODIES["files"],
        "tasks": BODIES["tasks"],
        "links": {"relation": "same_event", "other": await world.add_case(restricted=True)},
        "concerned": {"unit": "mine"},
    }.items():
        answer = await world.change(number, what, body, by="chair")
        assert answer.status_code == 201, (what, answer.text)
    for table, column in {
        "replies": "reply_id",
        "case_files": "file_id",
        "tasks": "task_id",
        "case_links": "link_id",
        "concerned": "concerned_id",
    }.items():
        found = await world.rows(f"SELECT {column} FROM {table} WHERE case_number = :n", n=number)
        ids[column] = found[0][0]
    return ids


async def kept(world: World) -> Blob:
    blob, ciphertext = close_blob(b"what was attached")
    await world.blobs.put(blob.digest, ciphertext)
    return blob


async def open_to_the_chair(world: World, number: str) -> None:
    """Who the reporter is; and an alert."""
    for what in ("contact", "voice", "scan"):
        await world.execute(
            "INSERT INTO approvals (approval_id, action, case_number, detail, asked_by, decided_by, decided_at, "
            "approved, expires_at) VALUES (:i, 'unseal', :n, :w, :c, :o, now(), true, now() + interval '1 hour')",
            i=uuid4(),
            n=number,
            w=what,
            c=world.accounts["chair"],
            o=world.accounts["officer"],
        )
    await world.execute(
        "INSERT INTO alerts (alert_id, case_number) VALUES (:i, :n)", i=uuid4(), n=number
    )


async def test_every_route_of_a_case_notes_what_it_shows_or_changes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unit in ("works", "mine"):
        await add_unit(world.engine, unit)
    monkeypatch.setattr(asking, "BODIES", asking.BODIES | BODIES)
    silent, unasked = [], []
    for route in await asking.case_routes(world):
        ids = await a_case_with_everything(world)
        number = str(ids["number"])
        if route.path.endswith("/links") and route.body:
            route.body["other"] = await world.add_case(restricted=True)
        since = datetime.now(UTC)
        answer = await asking.ask(world, route, "chair", number, ids)
        if answer.status_code >= 300:
            unasked.append((route.method, route.path, answer.status_code, answer.text[:200]))
            continue
        entries = await world.rows(
            "SELECT account_id FROM audit WHERE case_number = :n AND at >= :s", n=number, s=since
        )
        if world.accounts["chair"] not in {UUID(str(one.account_id)) for one in entries}:
            silent.append((route.method, route.path))
    assert silent == []
    assert {one[:2] for one in unasked} == {*ELSEWHERE}, unasked
