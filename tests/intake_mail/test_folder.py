"""The watched folder: what is whole is taken, what has its case is cleared away, what can't be taken is put aside."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from intake_mail import folder as watched
from tests.intake_mail.letters_desk import ENTRY, Mailroom, scan


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is whole when it was seen twice."""
    monkeypatch.setattr(watched, "STEADY_SECONDS", 0.0)


@pytest.fixture
async def scans(mailroom: Mailroom) -> Path:
    """The folder; today's pile is said."""
    today = datetime.now(mailroom.settings.timezone).date().isoformat()
    put = await mailroom.client.put(
        "/api/v1/letters/defaults",
        json=ENTRY | {"received_on": today},
        headers=mailroom.token(),
    )
    assert put.status_code == 200
    folder = mailroom.settings.scan_folder
    assert folder is not None
    return folder


async def test_a_scan_is_taken_and_stays_until_its_case_is_open(
    mailroom: Mailroom, scans: Path
) -> None:
    (scans / "scan0001.pdf").write_bytes(scan("They sell our diesel."))
    await mailroom.folder.look()
    await mailroom.folder.look()
    (line,) = await mailroom.register()
    await mailroom.work()
    await mailroom.post(f"/{line['letter_id']}/send")
    await mailroom.work()
    await mailroom.folder.look()
    assert (scans / "scan0001.pdf").exists()
    await mailroom.execute("UPDATE letters SET opened_at = now()")
    await mailroom.folder.look()
    assert list(scans.iterdir()) == []
    assert len(mailroom.sent()) == 1


async def test_a_file_that_grows_is_left_alone(
    mailroom: Mailroom, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watched, "STEADY_SECONDS", 1e9)
    (scans / "scan.pdf").write_bytes(scan("One."))
    await mailroom.folder.look()
    await mailroom.folder.look()
    assert await mailroom.register() == []


async def test_nothing_is_taken_before_the_desk_has_said_who_opens_letters_today(
    mailroom: Mailroom, scans: Path
) -> None:
    await mailroom.execute("UPDATE pile SET received_on = received_on - 1")
    (scans / "scan.pdf").write_bytes(scan("One."))
    await mailroom.folder.look()
    assert await mailroom.register() == []
    counts = (await mailroom.get("/defaults")).json()["folder"]
    assert counts == {"watched": True, "waiting": 1, "refused": 0}


async def test_a_file_of_which_all_letters_are_void_is_put_aside(
    mailroom: Mailroom, scans: Path
) -> None:
    (scans / "scan.pdf").write_bytes(scan("An advertisement."))
    await mailroom.folder.look()
    (line,) = await mailroom.register()
    await mailroom.post(f"/{line['letter_id']}/void", {"reason": "an advertisement"})
    await mailroom.folder.look()
    assert [path.name for path in scans.iterdir()] == ["refused"]


async def test_what_can_be_no_scan_is_put_aside_with_the_reason(
    mailroom: Mailroom, scans: Path
) -> None:
    (scans / "scan.pdf").write_bytes(b"bad:void")
    (scans / "good.pdf").write_bytes(scan("One."))
    await mailroom.folder.look()
    aside = sorted(path.name.split("-", 1)[1] for path in (scans / "refused").iterdir())
    assert aside == ["scan.pdf", "scan.pdf.txt"]
    assert len(await mailroom.register()) == 1
    counts = (await mailroom.get("/defaults")).json()["folder"]
    assert counts["refused"] == 1


async def test_a_link_leads_nowhere_and_a_pipe_holds_nobody_up(
    mailroom: Mailroom, scans: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(scan("One."))
    (scans / "link.pdf").symlink_to(tmp_path / "secret")
    os.mkfifo(scans / "pipe.pdf")
    await mailroom.folder.look()
    assert await mailroom.register() == []


async def test_the_same_scan_dropped_twice_is_taken_once(mailroom: Mailroom, scans: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (scans / name).write_bytes(scan("One."))
    await mailroom.folder.look()
    assert len(await mailroom.register()) == 1
