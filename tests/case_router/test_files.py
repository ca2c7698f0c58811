"""Files from strangers: as downloads, under harmless names, each one audited."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from case_router.api.downloads import download, safe_name
from speakup.blobs import close_blob
from speakup.submission import Attachment, Blob, Content
from tests.case_router.world import World


async def stored(world: World, plain: bytes) -> Blob:
    blob, ciphertext = close_blob(plain)
    await world.blobs.put(blob.digest, ciphertext)
    return blob


async def case_with(world: World, content: Content) -> str:
    """The path of its submission."""
    number = await world.add_case(content)
    ((submission,),) = await world.rows("SELECT submission_id FROM submissions")
    return f"/cases/{number}/submissions/{submission}"


async def test_an_attachment_is_a_download_whatever_it_says_it_is(world: World) -> None:
    blob = await stored(world, b"<script>alert(1)</script>")
    file = Attachment(name="шот.html", content_type="text/html", blob=blob)
    path = await case_with(world, Content(attachments=(file,)))
    answer = await world.get(f"{path}/attachments/0")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-disposition"].endswith(
        "filename*=UTF-8''%D1%88%D0%BE%D1%82.html"
    )
    assert answer.headers["cache-control"] == "no-store"
    ((action, subject),) = await world.rows("SELECT action, object FROM audit")
    assert action == "file.read"
    assert subject.endswith("/attachment/0")


async def test_an_index_beyond_the_last_is_not_found(world: World) -> None:
    path = await case_with(world, Content(text="nothing attached"))
    for index in ("0", "7"):
        assert (await world.get(f"{path}/attachments/{index}")).status_code == 404


async def test_the_whole_of_a_long_text_can_be_had(world: World) -> None:
    whole = "ұзын " * 30_000
    path = await case_with(
        world, Content(text=whole[:1000], full_text=await stored(world, whole.encode()))
    )
    assert (await world.get(f"{path}/text")).content.decode() == whole


async def test_a_short_text_is_a_file_as_well(world: World) -> None:
    path = await case_with(world, Content(text="қысқа"))
    assert (await world.get(f"{path}/text")).content.decode() == "қысқа"


@pytest.mark.parametrize("inline", [True, False])
async def test_the_message_as_it_came_can_be_had(world: World, inline: bool) -> None:
    raw = b"Subject: x\r\n\r\n\xff\x00"
    content = Content(raw=raw) if inline else Content(raw_blob=await stored(world, raw))
    path = await case_with(world, content)
    assert (await world.get(f"{path}/raw")).content == raw


async def test_a_submission_of_another_case_is_not_found_under_this_one(world: World) -> None:
    mine = await world.add_case(handler="handler")
    other = await world.add_case(Content(text="not for handlers"))
    ((submission,),) = await world.rows(
        "SELECT submission_id FROM submissions WHERE case_number = :n", n=other
    )
    answer = await world.get(f"/cases/{mine}/submissions/{submission}/text", "handler")
    assert answer.status_code == 404


async def test_a_file_that_is_lost_is_gone_not_unavailable(world: World) -> None:
    blob, _ = close_blob(b"never stored")
    file = Attachment(name="x", content_type="x", blob=blob)
    path = await case_with(world, Content(attachments=(file,)))
    answer = await world.get(f"{path}/attachments/0")
    assert answer.status_code == 410
    assert "object store" in answer.json()["detail"]


async def test_a_file_that_was_damaged_is_not_given_out(world: World) -> None:
    blob, ciphertext = close_blob(b"whole")
    await world.blobs.put(blob.digest, ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]))
    file = Attachment(name="x", content_type="x", blob=blob)
    path = await case_with(world, Content(attachments=(file,)))
    assert (await world.get(f"{path}/attachments/0")).status_code == 410


async def test_nothing_is_left_of_an_erased_case(world: World) -> None:
    path = await case_with(world, Content(text="erased"))
    async with world.vault_engine.begin() as connection:
        await connection.execute(text("DELETE FROM case_keys"))
    answer = await world.get(f"{path}/text")
    assert answer.status_code == 410


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\report.docx", "report.docx"),
        ('a"; filename="evil.exe', "a__ filename=_evil.exe"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("line\r\nSet-Cookie: x=1", "lineSet-Cookie_ x=1"),
        ("...", ""),
        (".htaccess", "htaccess"),
    ],
)
def test_a_name_is_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text())
def test_any_name_makes_one_header_that_can_be_sent(name: str) -> None:
    value = download(b"", name, "file").headers["content-disposition"]
    assert value.isascii()
    assert value.isprintable()
    assert value.count('"') == 2
    quoted = value.split("UTF-8''")[1]
    assert unquote(quoted) == (safe_name(name) or "file")
    assert not set(quoted) & set("\"';/ ")
