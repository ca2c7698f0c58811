"""The watched folder when its files are odd: one that is in the way holds up no other, and none is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from intake_mail.folder import FileError
from intake_mail.opening import Probe
from speakup.postgres import is_unavailable
from speakup.sandbox import SandboxError
from tests.intake_mail.letters_desk import Mailroom, scan
from tests.intake_mail.test_folder import scans, steady

__all__ = ["scans", "steady"]


async def test_a_file_that_cant_be_read_holds_up_no_other(
    mailroom: Mailroom, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1.pdf", "2.pdf"):
        (scans / name).write_bytes(scan(name))
    read = os.open

    def forbidden(path: Path, flags: int) -> int:
        if Path(path).name == "1.pdf":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, flags)

    with monkeypatch.context() as patched:
        patched.setattr("intake_mail.folder.os.open", forbidden)
        with pytest.raises(FileError) as raised:
            await mailroom.folder.look()
    assert is_unavailable(raised.value)
    assert "1.pdf" not in str(raised.value)
    assert len(await mailroom.register()) == 1


@pytest.mark.parametrize(
    "name",
    [
        b"n" * 251 + b".pdf",
        "ж".encode() * 125 + b".pdf",
        b"\xff\xfe\xed\xa0\x80.pdf",
        "\u202efdp.exe\n.pdf".encode(),
    ],
)
async def test_whatever_a_file_is_called_it_is_taken_or_put_aside(
    mailroom: Mailroom, scans: Path, name: bytes
) -> None:
    path = os.path.join(os.fsencode(scans), name)  # noqa: PTH118 - bytes
    Path(os.fsdecode(path)).write_bytes(scan("One."))
    await mailroom.folder.look()
    (line,) = await mailroom.register()
    (file,) = (await mailroom.draft(line["letter_id"]))["files"]
    assert file["name"].isprintable()
    Path(os.fsdecode(path)).write_bytes(b"bad:not_a_scan")
    await mailroom.folder.look()
    assert [one.name for one in scans.iterdir()] == ["refused"]
    aside = sorted((scans / "refused").iterdir())
    assert [one.name.endswith(".pdf.txt") for one in aside] == [False, True]
    assert aside[0].read_bytes() == b"bad:not_a_scan"


@pytest.mark.parametrize("then", ["sent", "void"])
async def test_a_scan_that_came_under_the_name_of_a_finished_one_is_left_where_it_is(
    mailroom: Mailroom, scans: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    path = scans / "scan0001.pdf"
    path.write_bytes(scan("One."))
    await mailroom.folder.look()
    await mailroom.execute(f"UPDATE letters SET state = '{then}', opened_at = now()")
    known = mailroom.folder._known

    async def overtaken(sha256: bytes) -> str | None:
        found = await known(sha256)
        monkeypatch.undo()
        path.unlink()
        path.write_bytes(scan("Two, of another letter."))
        return found

    monkeypatch.setattr(mailroom.folder, "_known", overtaken)
    await mailroom.folder.look()
    assert path.read_bytes() == scan("Two, of another letter.")


async def test_no_scan_is_put_aside_because_nothing_can_look_at_it_now(
    mailroom: Mailroom, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cannot(_content: bytes) -> Probe:
        raise SandboxError("unstartable")

    monkeypatch.setattr(mailroom.parts.opener, "probe", cannot)
    (scans / "1.pdf").write_bytes(scan("One."))
    with pytest.raises(OSError, match="unstartable"):
        await mailroom.folder.look()
    assert [one.name for one in scans.iterdir()] == ["1.pdf"]


async def test_the_pile_can_be_read_and_set_while_the_folder_is_away(
    mailroom: Mailroom, scans: Path
) -> None:
    scans.rmdir()
    told = await mailroom.get("/defaults")
    assert told.json()["folder"] == {"watched": False, "waiting": 0, "refused": 0}
    put = await mailroom.client.put(
        "/api/v1/letters/defaults", json={"storage_place": "Safe 2"}, headers=mailroom.token()
    )
    assert put.status_code == 200
