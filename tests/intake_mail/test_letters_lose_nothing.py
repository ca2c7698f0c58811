"""No letter is lost, doubled or half there: whatever fails, and whoever does what at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from intake_mail import submit
from intake_mail.api import uploads
from intake_mail.desk import PAGES_AND_FILES, NotNowError, require_finished
from intake_mail.drafts import Draft, File, FileState, Page, PageState
from intake_mail.opening import LostPage, OpenedPage, Probe, ScanError
from intake_mail.register import Entry
from speakup.blobs import BlobStore, close_blob
from speakup.sandbox import SandboxError
from speakup.submission import INLINE_TEXT
from tests.intake_mail.letters_desk import ENTRY, TODAY, Mailroom, scan, sweep


async def test_a_file_that_is_added_while_the_letter_is_being_opened_is_there_afterwards(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter_id = (await mailroom.bring(scan("One."))).json()["letters"][0]["letter_id"]
    put = mailroom.parts.blobs.put

    async def put_and_be_overtaken(digest: str, ciphertext: bytes) -> None:
        await put(digest, ciphertext)
        monkeypatch.undo()
        await mailroom.work()

    monkeypatch.setattr(mailroom.parts.blobs, "put", put_and_be_overtaken)
    await mailroom.bring(scan("Two."), path=f"/{letter_id}/scans")
    await mailroom.work()
    pages = (await mailroom.draft(letter_id))["pages"]
    assert [page["text"] for page in pages] == ["One.", "Two."]


@pytest.mark.parametrize("why", ["unstartable", "closed"])
async def test_a_scan_isnt_refused_because_nothing_can_look_at_it_now(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    async def cannot(_content: bytes) -> Probe:
        raise SandboxError(why)

    letter_id = (await mailroom.bring(scan("One."))).json()["letters"][0]["letter_id"]
    monkeypatch.setattr(mailroom.parts.opener, "probe", cannot)
    assert (await mailroom.bring(scan("Two."))).status_code == 503
    await mailroom.worker.step()
    monkeypatch.undo()
    await mailroom.execute("UPDATE letters SET due_at = now(), tries = 0")
    await mailroom.work()
    draft = await mailroom.draft(letter_id)
    assert [file["state"] for file in draft["files"]] == ["opened"]
    assert len(await mailroom.register()) == 1


async def test_a_file_that_proves_to_be_no_scan_when_it_is_opened_is_refused(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_content: bytes, _probe: Probe) -> AsyncIterator[OpenedPage | LostPage]:
        yield OpenedPage(b"One.", 10, 10, ())
        raise ScanError("broken")

    monkeypatch.setattr(mailroom.parts.opener, "pages", broken)
    letter_id = await mailroom.letter("One.")
    (file,) = (await mailroom.draft(letter_id))["files"]
    assert (file["state"], file["problem"]["code"]) == ("refused", "broken")


async def test_a_letter_that_nobody_can_open_holds_up_no_other(mailroom: Mailroom) -> None:
    broken = (await mailroom.bring(scan("One."))).json()["letters"][0]["letter_id"]
    other = (await mailroom.bring(scan("Two."))).json()["letters"][0]["letter_id"]
    await mailroom.execute(f"UPDATE letters SET draft = 'x' WHERE letter_id = '{broken}'")
    while await mailroom.worker.step():
        pass
    assert [page["text"] for page in (await mailroom.draft(other))["pages"]] == ["Two."]


async def test_the_same_scan_twice_in_one_letter_leaves_one_original_when_it_is_split(
    mailroom: Mailroom,
) -> None:
    letter_id = (
        await mailroom.bring(scan("One.", "Two."), scan("One.", "Two."), together="true")
    ).json()["letters"][0]["letter_id"]
    await mailroom.work()
    for place in (3, 1):
        page = (await mailroom.draft(letter_id))["pages"][place]
        split = await mailroom.post(f"/{letter_id}/split", {"page_id": page["page_id"]})
        assert split.status_code == 201
    for line in await mailroom.register():
        await mailroom.post(f"/{line['letter_id']}/void", {"reason": "of a test"})
    await sweep(mailroom)
    assert len(await mailroom.rows("SELECT 1 FROM scans WHERE original IS NOT NULL")) == 2
    assert len(mailroom.blobs()) == 1


async def test_a_repeated_request_is_known_when_the_piles_defaults_have_changed_meanwhile(
    mailroom: Mailroom,
) -> None:
    put = {"received_on": TODAY.isoformat(), "opened_by": "A. S.", "witnessed_by": "B. I."}
    first = await mailroom.bring(scan("One."), key="k")
    await mailroom.client.put(
        "/api/v1/letters/defaults",
        json=put | {"storage_place": "Safe 2"},
        headers=mailroom.token(),
    )
    again = await mailroom.bring(scan("One."), key="k")
    assert (again.status_code, again.json()) == (201, first.json())


async def test_the_same_request_several_times_at_once_is_one_letter(mailroom: Mailroom) -> None:
    answers = await asyncio.gather(*(mailroom.bring(scan("One."), key="k") for _ in range(4)))
    assert len({answer.text for answer in answers}) == 1
    assert len(await mailroom.register()) == 1
    assert len(mailroom.blobs()) == 1


async def test_numbers_have_no_gap_and_no_double_when_many_come_and_fail_at_once(
    mailroom: Mailroom,
) -> None:
    bad = b"bad:broken"
    await asyncio.gather(*(mailroom.bring(scan("a"), *([bad] * (n % 2))) for n in range(8)))
    numbers = [line["number"] for line in await mailroom.register()]
    assert numbers == [f"{TODAY.year}-M-{n:06d}" for n in range(1, 5)]


async def test_two_who_join_crosswise_and_split_at_once_lose_no_page(mailroom: Mailroom) -> None:
    one, two = await mailroom.letter("One.", "Two."), await mailroom.letter("Three.", "Four.")
    last = (await mailroom.draft(one))["pages"][1]["page_id"]
    answers = await asyncio.gather(
        mailroom.post(f"/{one}/join", {"into": two}),
        mailroom.post(f"/{two}/join", {"into": one}),
        mailroom.post(f"/{one}/split", {"page_id": last}),
        mailroom.work(),
    )
    assert all(a is None or a.status_code in (200, 201, 404) for a in answers)
    await mailroom.work()
    await sweep(mailroom)
    texts = []
    for line in await mailroom.register():
        if line["state"] == "draft":
            for page in (await mailroom.draft(line["letter_id"]))["pages"]:
                texts.append(page["text"])
                path = f"/{line['letter_id']}/pages/{page['page_id']}/picture"
                assert (await mailroom.get(path)).content == page["text"].encode()
    assert sorted(texts) == ["Four.", "One.", "Three.", "Two."]


async def test_a_letter_that_is_joined_while_it_is_opened_is_opened_there(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await mailroom.letter("One.")
    letter_id = (await mailroom.bring(scan("Two."))).json()["letters"][0]["letter_id"]
    probe = mailroom.parts.opener.probe

    async def overtaken(content: bytes) -> Probe:
        monkeypatch.undo()
        assert (await mailroom.post(f"/{letter_id}/join", {"into": other})).status_code == 200
        return await probe(content)

    monkeypatch.setattr(mailroom.parts.opener, "probe", overtaken)
    await mailroom.work()
    await sweep(mailroom)
    assert [page["text"] for page in (await mailroom.draft(other))["pages"]] == ["One.", "Two."]
    # Two files and two pages, and nothing of the try that was overtaken.
    assert len(mailroom.blobs()) == 4


async def test_an_object_store_that_is_away_is_told_and_forgotten(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = BlobStore((tmp_path / "away").as_uri())
    (tmp_path / "away").rmdir()
    (tmp_path / "away").write_text("no folder")
    monkeypatch.setattr(mailroom.parts.blobs, "put", store.put)
    assert (await mailroom.bring(scan("One."), key="k")).status_code == 503
    monkeypatch.undo()
    assert (await mailroom.bring(scan("One."), key="k")).status_code == 201
    assert [line["number"][-1] for line in await mailroom.register()] == ["1"]
    await mailroom.execute("UPDATE pieces SET noted_at = now() - interval '2 hours'")
    await sweep(mailroom)
    assert len(await mailroom.rows("SELECT 1 FROM pieces")) == len(mailroom.blobs()) == 1


async def test_who_is_cut_off_in_the_middle_of_a_file_keeps_nobody_out(
    mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stalled() -> AsyncIterator[bytes]:
        yield b"--x\r\n"
        await asyncio.Event().wait()

    monkeypatch.setattr(uploads, "SECONDS", 0.01)
    headers = mailroom.token() | {"content-type": "multipart/form-data; boundary=x"}
    for _ in range(uploads.AT_A_TIME + 1):
        answer = await mailroom.client.post(
            "/api/v1/letters",
            content=stalled(),
            headers=headers | {"idempotency-key": uuid4().hex},
        )
        assert answer.status_code == 408
    monkeypatch.undo()
    assert (await mailroom.bring(scan("One."))).status_code == 201


async def test_the_longest_letter_fits_into_a_message(mailroom: Mailroom) -> None:
    blob, _ = close_blob(b"x")
    file = File(
        file_id=uuid4(),
        name="n" * 100,
        content_type="application/pdf",
        sha256="0" * 64,
        size=10**8,
        blob=blob,
        state=FileState.opened,
    )
    page = Page(page_id=uuid4(), file_id=file.file_id, blob=blob, state=PageState.read)
    # As many files as that many pages can have come in at the worst, and text that doubles in JSON.
    pages = PAGES_AND_FILES // 2
    longest = Draft(
        files=(file,) * pages,
        pages=(page.model_copy(update={"text": '"' * INLINE_TEXT}), *[page] * (pages - 1)),
        address="Ж" * 1000,
    )
    require_finished(longest)
    with pytest.raises(NotNowError, match="too_many_pages"):
        require_finished(longest.model_copy(update={"pages": (*longest.pages, page)}))
    letter_id, keys = uuid4(), mailroom.parts.keys
    content = submit.content_of(longest, "2026-M-000123", archive=blob, full_text=blob)
    event = submit.event(
        letter_id,
        Entry.model_validate(ENTRY),
        longest,
        content,
        "1234567890",
        zone=ZoneInfo("Asia/Almaty"),
        intake=keys.intake(),
        contact=keys.contact(),
        unsealing=keys.unsealing(),
    )
    assert len(submit.record(event).value) < 950_000


async def test_a_draft_that_cant_be_opened_hides_no_other_letter_and_can_be_voided(
    mailroom: Mailroom,
) -> None:
    broken = (await mailroom.bring(scan("One."))).json()["letters"][0]["letter_id"]
    await mailroom.execute("UPDATE letters SET draft = 'damaged'")
    await mailroom.bring(scan("Two."))
    lines = await mailroom.register()
    assert [line["progress"] is None for line in lines] == [True, False]
    voided = await mailroom.post(f"/{broken}/void", {"reason": "damaged"})
    assert voided.status_code == 200
    assert [line["state"] for line in await mailroom.register()] == ["void", "draft"]
